"""The short way to PostgreSQL as a whole: its connections and what goes over each."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.batch import Line
from bot.store.batch_messages import BatchMessages
from bot.store.batch_outbox import BatchOutbox
from bot.store.batch_platform import BatchPlatform
from bot.store.statistics import Statistics
from bot.store.turns import BatchTurns


class Batches:
    """Opened and closed by SqlStore; five connections, each opened when it is first needed, the last for a moment only."""

    def __init__(self, engine: AsyncEngine, shown: str, me: str) -> None:
        """`shown` names the database in errors, `me` this process in it."""
        # reads never wait for a commit, and what one part writes never for another's
        looking, writing, platform, outbox, beside = self._lines = tuple(Line(engine) for _ in range(5))
        self.messages = BatchMessages(looking, writing, shown)
        self.platform = BatchPlatform(platform, shown)
        self.outbox = BatchOutbox(outbox, shown, me)
        self.turns = BatchTurns(outbox, shown)
        self.statistics = Statistics(beside, lambda: self.messages.finished)
        parts = (self.messages, self.platform, self.outbox, self.turns)
        self._all = [batch for part in parts for batch in part.batches]

    def start(self) -> None:
        """Take work; the schema must stand."""
        for batch in self._all:
            batch.start()
        self.statistics.start()

    async def close(self) -> None:
        """Write what waits, then hang up; safe to call twice."""
        await self.statistics.close()
        for batch in self._all:
            await batch.close()
        for line in self._lines:
            await line.close()
