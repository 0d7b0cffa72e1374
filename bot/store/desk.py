"""The desk on the database: what staff decide, each in one transaction with its line of history."""

from __future__ import annotations

from collections.abc import Sequence

from bot.store.desk_base import Answer, MakeReply
from bot.store.desk_read import DeskReader


class DeskStore(DeskReader):
    """Reads and writes; made of `store.shared`."""

    async def assign(self, cluster: int, owner: str, by: str) -> None:
        """See Desk.assign."""
        raise NotImplementedError("comes with the next step")

    async def answer(self, cluster: int, text: str, by: str, correction: bool, make: MakeReply) -> Answer:
        """See Desk.answer."""
        raise NotImplementedError("comes with the next step")

    async def ignore(self, cluster: int, reason: str, by: str) -> None:
        """See Desk.ignore."""
        raise NotImplementedError("comes with the next step")

    async def release(self, cluster: int, by: str) -> None:
        """See Desk.release."""
        raise NotImplementedError("comes with the next step")

    async def merge(self, into: int, others: Sequence[int], by: str, make: MakeReply) -> None:
        """See Desk.merge."""
        raise NotImplementedError("comes with the next step")

    async def split(self, cluster: int, numbers: Sequence[str], by: str) -> int:
        """See Desk.split."""
        raise NotImplementedError("comes with the next step")

    async def send_again(self, delivery: int, by: str) -> None:
        """See Desk.send_again."""
        raise NotImplementedError("comes with the next step")
