"""How long a message that was certainly not sent is tried again, whatever the platform says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.desk.sender import Sender
from bot.errors import DeliveryDelayed
from bot.messages import Reply
from bot.store.base import OutboxState, Outgoing
from tests.fakes import MemoryStore


class Outbox(MemoryStore):
    """One message, due whenever it is asked for; how long it was to rest is added up."""

    def __init__(self) -> None:
        super().__init__()
        self.one = Outgoing(1, "telegram", "42", Reply("entry", "说明", "answer"), "r1")
        self.rested: list[float] = []

    async def take(self, channel: str, limit: int = 20) -> list[Outgoing]:
        """See Store."""
        return [self.one]

    async def settle(
        self, outgoing_id: int, state: OutboxState, retry_after: float | None = None, note: str = ""
    ) -> None:
        """See Store."""
        self.one = replace(self.one, attempts=self.one.attempts + 1, state=state)
        self.rested.append(retry_after or 0.0)


@pytest.mark.parametrize("said", [None, 5.0, 60.0, 3600.0])
async def test_what_was_not_sent_is_tried_for_more_than_a_day(said: float | None) -> None:
    """A platform that says the same short pause each time is asked less and less often; a longer one is kept to."""
    outbox = Outbox()

    async def send(chat: str, reply: Reply, ref: str) -> None:
        raise DeliveryDelayed("later", said)

    sender = Sender("telegram", outbox, send)
    while outbox.one.state is not OutboxState.FAILED:
        await sender.once()
    assert timedelta(days=1) < timedelta(seconds=sum(outbox.rested))
    assert min(outbox.rested[:-1]) >= (said or 1.0)
    assert outbox.rested[0] == (said or 1.0)
