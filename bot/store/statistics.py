"""Statistics for PostgreSQL's planner as soon as there is something to learn from.

A table that was never analysed has none, and all indexes look alike: messages were found by walking through everything a
channel ever got, until autovacuum came by a minute later, and a plan once made stays until then.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from bot.store.batch import Line
from bot.store.desk_schema import deliveries
from bot.store.line import failures
from bot.store.platform_schema import knocks, owed, pages, quotas
from bot.store.replica_schema import rates
from bot.store.schema import conversations, exchanges, messages, outbox, tickets

log = logging.getLogger(__name__)

_TABLES = (messages, conversations, exchanges, outbox, deliveries, tickets, knocks, owed, pages, quotas, rates)
STEPS = (100, 1_000, 10_000)
"""Messages since the start after which is looked; after the last one autovacuum keeps up by itself."""
_SMALL = 20_000
"""Rows; a table with more by its statistics has been analysed when it was worth something."""
_LOOK_SECONDS = 1.0


class Statistics:
    """Has small tables analysed while they grow."""

    def __init__(self, line: Line, answered: Callable[[], int]) -> None:
        """`line` is a connection for this alone; `answered` counts the messages that this process has recorded."""
        self._line, self._answered = line, answered
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="store-statistics")

    async def close(self) -> None:
        """Stop; safe to call twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        for step in STEPS:
            # looked at once a second: a signal would cost every message something for ever
            while self._answered() < step:  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_SECONDS)
            with contextlib.suppress(*failures()):
                await self._analyse()
        await self._line.close()

    async def _analyse(self) -> None:
        names = [table.name for table in _TABLES]
        query = "SELECT relname FROM pg_class WHERE oid = ANY($1::regclass[]) AND reltuples < $2"
        async with self._line.use() as connection:
            small = sorted(row["relname"] for row in await connection.fetch(query, names, _SMALL))
            for name in small:
                # names come from the schema, never from outside
                await connection.execute(f"ANALYZE {name}")
        log.debug("statistics made of %s", ", ".join(small) or "nothing")
