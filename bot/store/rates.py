"""How often one person, and all together, may write: counted for every process on one PostgreSQL.

One row a key with the present and the last window; the last one counts less the further the present has come. What
waits at the same moment is counted by one statement, on a connection of its own and in a table without a log: lost
counts after a crash of the database are no loss. While it cannot be asked, each process counts by itself. A key is a
hash: no person stands in the table, and a row goes an hour after its last message.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from bot.limits import RateLimit
from bot.store.line import connect, failures, hang_up
from bot.store.shared import Shared

log = logging.getLogger(__name__)

ASK_SECONDS = 1.0
"""A message never waits longer for its count."""
AWAY_SECONDS = 2.0
"""After a failure each process counts by itself for so long."""
TIDY_SECONDS = 60.0
_KEPT_SECONDS = 3600
"""More than machines' clocks differ."""
# a row two windows ahead comes of a clock that ran ahead: it counts no more
_COUNT = """
INSERT INTO rates AS r (key, slot, used, before, most, until)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::int[], $4::int[], $5::int[], $6::bigint[])
ON CONFLICT (key) DO UPDATE SET
  slot = CASE WHEN r.slot IN (excluded.slot, excluded.slot + 1) THEN r.slot ELSE excluded.slot END,
  used = CASE WHEN r.slot IN (excluded.slot, excluded.slot + 1) THEN r.used ELSE 0 END + excluded.used,
  before = CASE WHEN r.slot IN (excluded.slot, excluded.slot + 1) THEN r.before
                WHEN r.slot = excluded.slot - 1 THEN LEAST(r.used, r.most) ELSE 0 END,
  most = excluded.most, until = GREATEST(r.until, excluded.until)
RETURNING key, used, before
"""
_TIDY = "DELETE FROM rates WHERE until < extract(epoch FROM clock_timestamp())"


@dataclass
class _Asked:
    """Messages of one key that wait for their count."""

    slot: int
    most: int
    until: int
    """When the row means nothing any more, seconds since 1970."""
    places: list[tuple[float, asyncio.Future[bool]]] = field(default_factory=list)
    """How much of the window has passed, and who waits."""


class SharedRates:
    """Counts what several processes see; closed with the store."""

    def __init__(self, shared: Shared, within: float = ASK_SECONDS) -> None:
        """`within`: seconds after which a message is counted by this process alone."""
        self._shared, self._within = shared, within
        self._asked: dict[str, _Asked] = {}
        self._pump: asyncio.Task[None] | None = None
        self._connection: Any = None
        self._away = self._tidied = 0.0

    def limiter(self, name: str, limit: int, window: timedelta) -> SharedLimit:
        """At most `limit` messages in `window` for each key; `name` keeps limits apart."""
        return SharedLimit(self, name, limit, window)

    async def start(self) -> None:
        """Connect, so that the first message need not wait for it; a failure is told when one comes."""
        with contextlib.suppress(*failures()):
            self._connection = await connect(self._shared.engine)

    async def close(self) -> None:
        """End what is asked and the connection; safe to call twice."""
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        await self._leave()

    async def ask(self, key: str, limit: int, window: float, at: float) -> bool | None:
        """Count one message at a time (seconds since 1970); None when the database cannot be asked."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._away:
            return None
        slot, passed = divmod(at, window)
        until = int((slot + 2) * window) + _KEPT_SECONDS
        one = self._asked.setdefault(key, _Asked(int(slot), limit, until))
        one.slot, one.until = max(one.slot, int(slot)), max(one.until, until)
        future: asyncio.Future[bool] = loop.create_future()
        one.places.append((passed / window, future))
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._run(), name="rates")
        try:
            async with asyncio.timeout(self._within):
                return await future
        except (TimeoutError, _Unknown):
            return None

    async def _run(self) -> None:
        while self._asked:
            asked, self._asked = self._asked, {}
            try:
                counted = await self._count(asked)
            except failures() as error:
                log.warning("messages are counted by each process alone for now (%s)", type(error).__name__)
                self._away = asyncio.get_running_loop().time() + AWAY_SECONDS
                await self._leave()
                counted = {}
            for key, one in asked.items():
                _answer(one, counted.get(key))

    async def _count(self, asked: dict[str, _Asked]) -> dict[str, tuple[int, int]]:
        if self._connection is None:
            self._connection = await connect(self._shared.engine)
        # in one order everywhere: two processes never wait for each other
        columns: dict[str, list[Any]] = defaultdict(list)
        for key in sorted(asked):
            one = asked[key]
            row = {"key": key, "slot": one.slot, "used": len(one.places), "before": 0, "most": one.most}
            for name, value in {**row, "until": one.until}.items():
                columns[name].append(value)
        found = await self._connection.fetch(_COUNT, *columns.values(), timeout=self._within)
        now = asyncio.get_running_loop().time()
        self._tidied = self._tidied or now
        if now > self._tidied + TIDY_SECONDS:
            self._tidied = now
            await self._connection.execute(_TIDY, timeout=self._within)
        return {row["key"]: (row["used"], row["before"]) for row in found}

    async def _leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await hang_up(connection)


class _Unknown(Exception):
    """The database did not count."""


def _answer(one: _Asked, counted: tuple[int, int] | None) -> None:
    first = counted[0] - len(one.places) if counted else 0
    for number, (passed, future) in enumerate(one.places, 1):
        if future.done():
            continue
        if counted is None:
            future.set_exception(_Unknown())
        else:
            future.set_result(int(counted[1] * (1 - passed)) + first + number <= one.most)


class SharedLimit:
    """Implements bot.limits.Limiter."""

    def __init__(self, rates: SharedRates, name: str, limit: int, window: timedelta) -> None:
        self._rates, self._name, self._limit, self._window = rates, name, limit, window.total_seconds()
        self._own = RateLimit(limit, window)

    async def allow(self, key: str, at: datetime) -> bool:
        """See Limiter."""
        hashed = blake2b(f"{self._name}\0{key}".encode(), digest_size=16).hexdigest()
        found = await self._rates.ask(hashed, self._limit, self._window, at.timestamp())
        return self._own.allow(key, at) if found is None else found
