"""What staff do with questions that the bot could not answer. `Desk` is the one way in, for console and command line.

Every method that changes something takes `by`, the user's name, and leaves a line of history in the same transaction.
All raise StoreUnavailable when the database cannot be reached; then nothing was changed. DeskError and its three kinds
carry a Chinese sentence to be shown as it is. Who may do what is decided by the caller (the console's roles); only the
second person for law content is held here (`bot.desk.changes.Changes.approve`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.desk.wording import late_reply
from bot.errors import DeskNotFound, DeskRefused
from bot.messages import Reply
from bot.store.base import Ticket
from bot.store.desk import DeskStore
from bot.store.desk_base import (
    Answer,
    Asker,
    ClusterPage,
    ClusterRow,
    Delivery,
    DeskNumbers,
    Event,
    Filter,
    Listing,
    Page,
    TicketPage,
)
from bot.store.numbers import parse_number
from intents.model import KnowledgeData

LONGEST_ANSWER = 4_000
"""Characters of an answer to a ticket; channels cut it into pages."""


class Desk:
    """Clusters, tickets, answers and their delivery."""

    def __init__(self, store: DeskStore, knowledge: Callable[[], KnowledgeData], now: Callable[[], datetime]) -> None:
        """`knowledge` gives the one in force (its texts word the replies); `now` aware UTC."""
        self._store, self._knowledge, self._now = store, knowledge, now

    # ---- looking -------------------------------------------------------------------------------------------------

    async def clusters(self, which: Filter | None = None, page: Page | None = None) -> Listing[ClusterRow]:
        """The queue: open clusters, most people first. An empty Listing when nothing fits."""
        return await self._store.clusters(which or Filter(), page or Page(), self._now())

    async def tickets(self, which: Filter | None = None, page: Page | None = None) -> Listing[Ticket]:
        """Single tickets, oldest first (`newest`: newest first). An empty Listing when nothing fits."""
        return await self._store.tickets(which or Filter(), page or Page(), self._now())

    async def cluster(self, cluster: int) -> ClusterPage:
        """One cluster; one that was merged away leads to the one it went into. Raises DeskNotFound."""
        found = await self._store.cluster(cluster)
        if found is None:
            raise DeskNotFound(f"没有编号 {cluster} 的问题组。用列表里的编号，例如 fawen review list。")
        return found

    async def ticket(self, number: str) -> TicketPage:
        """One ticket with the conversation around it; `number` as people type it. Raises DeskNotFound."""
        exact = parse_number(number)
        found = await self._store.ticket_page(exact) if exact else None
        if found is None:
            raise DeskNotFound(f"没有工单“{number}”。工单号形如 K7-3F9Q，请核对。")
        return found

    async def overdue(self, page: Page | None = None) -> Listing[ClusterRow]:
        """What is past its promise, the longest first; for reminders to staff."""
        return await self.clusters(Filter(overdue=True, order="due"), page)

    async def deliveries(self, cluster: int) -> tuple[Delivery, ...]:
        """How far each answer of a cluster is on its way to each asker, oldest first; empty before an answer."""
        return await self._store.deliveries(cluster)

    async def events(self, cluster: int | None = None, ticket: str = "", page: Page | None = None) -> Listing[Event]:
        """History, newest first: of one cluster, of one ticket, or of everything."""
        return await self._store.events(cluster, ticket, page or Page())

    async def numbers(self) -> DeskNumbers:
        """Counts for the first page, the digest and /metrics."""
        return await self._store.numbers(self._now())

    # ---- deciding ------------------------------------------------------------------------------------------------

    async def assign(self, cluster: int, owner: str, by: str) -> None:
        """Give a cluster to somebody; `owner` empty puts it back. Raises DeskNotFound, DeskConflict (not open)."""
        await self._store.assign(cluster, owner, by)

    async def answer(self, cluster: int, text: str, by: str, *, correction: bool = False) -> Answer:
        """Answer everybody in a cluster: the answer and one outbox row an asker stand in one transaction.

        A second answer is refused unless it is a `correction`, which goes to everybody again.
        Raises DeskNotFound, DeskRefused (empty, too long, a correction without an answer before), DeskConflict
        (answered or ignored already).
        """
        text = text.strip()
        if not text:
            raise DeskRefused("答复是空的。请写下要发给提问人的话。")
        if len(text) > LONGEST_ANSWER:
            raise DeskRefused(f"答复有 {len(text)} 个字，最多 {LONGEST_ANSWER} 个字，请缩短。")
        return await self._store.answer(cluster, text, by, correction, self.reply)

    async def ignore(self, cluster: int, reason: str, by: str) -> None:
        """Close a cluster without an answer. Raises DeskNotFound, DeskRefused (no reason), DeskConflict (not open)."""
        if not reason.strip():
            raise DeskRefused("请写明不处理的理由，例如“与本局业务无关，已引导 12345”。")
        await self._store.ignore(cluster, reason.strip(), by)

    async def release(self, cluster: int, by: str) -> None:
        """Put what was set apart or ignored back into the queue. Raises DeskNotFound, DeskConflict (in the queue)."""
        await self._store.release(cluster, by)

    async def merge(self, into: int, others: Sequence[int], by: str) -> None:
        """Move all tickets of `others` into one cluster; askers new to an answered one get its answer.

        The machine never takes this apart again. Raises DeskNotFound, DeskRefused (nothing to merge), DeskConflict
        (one of `others` has an answer of its own, or one is set apart and the other not).
        """
        rest = [other for other in dict.fromkeys(others) if other != into]
        if not rest:
            raise DeskRefused("请至少给出一个要并入的问题组。")
        await self._store.merge(into, rest, by, self.reply)

    async def split(self, cluster: int, numbers: Sequence[str], by: str) -> int:
        """Take tickets out into a cluster of their own, open again; its id.

        The machine never puts them back. Raises DeskNotFound, DeskRefused (no such tickets in it, or all of them).
        """
        exact = [found for number in numbers if (found := parse_number(number))]
        if len(exact) != len(numbers) or not exact:
            raise DeskRefused("请给出要拆出的工单号，形如 K7-3F9Q。")
        return await self._store.split(cluster, exact, by)

    async def send_again(self, delivery: int, by: str) -> None:
        """Put one uncertain or failed delivery on its way again: a person's decision, never the machine's.

        Raises DeskNotFound, DeskConflict (it is not uncertain, failed or blocked).
        """
        await self._store.send_again(delivery, by)

    def reply(self, asker: Asker, answer: str, correction: bool) -> Reply:
        """What one asker gets; also for those whom the gatherer answers late."""
        return late_reply(self._knowledge(), asker, answer, correction)
