"""Turns that the processes on one PostgreSQL take from each other: at most so many in any time, a least time between two.

A name has as many places as turns in its time. A place is a row of `rates` with the moment of its last turn, by the
database's clock; the next turn takes the place that was used longest ago. A key is a hash, and a row goes a minute or two
after it means nothing any more. While the database cannot be asked a process is alone with its turns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from bot.errors import StoreUnavailable
from bot.store.batch import Batch, Line

ASK_SECONDS = 1.0
"""Nobody waits longer to hear whether it is their turn."""
_AHEAD = 60_000_000
"""A place used later than so many microseconds from now was used by a clock that has been set back since: it is free."""
# of two who want the same place at the same moment the second finds it used
_TURN = f"""WITH
    clock AS MATERIALIZED (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now),
    places AS MATERIALIZED (SELECT p.key, CASE WHEN r.slot <= now + {_AHEAD} THEN r.slot ELSE 0 END AS at, now
        FROM clock CROSS JOIN unnest($1::text[]) AS p (key) LEFT JOIN rates AS r ON r.key = p.key),
    turn AS MATERIALIZED (SELECT GREATEST(min(at) + $2::bigint, max(at) + $3::bigint) - max(now) AS wait FROM places),
    taken AS (INSERT INTO rates AS r (key, slot, used, before, most, until)
        SELECT key, now, 1, 0, 1, (now + $2 + {_AHEAD}) / 1000000 FROM places, turn WHERE wait <= 0 ORDER BY at, key LIMIT 1
        ON CONFLICT (key) DO UPDATE SET slot = excluded.slot, until = excluded.until
        WHERE r.slot <= excluded.slot - $2 OR r.slot > excluded.slot + {_AHEAD} RETURNING key)
    SELECT CASE WHEN EXISTS (SELECT FROM taken) THEN 0 WHEN wait > 0 THEN wait ELSE $3 END FROM turn"""  # noqa: S608  # nosec B608  # numbers of ours


class _Turn(NamedTuple):
    places: tuple[str, ...]
    window: int
    gap: int


class BatchTurns:
    """Asked over the connection of the outbox, whose rows are sent by turns."""

    def __init__(self, line: Line, shown: str) -> None:
        # each turn is a statement of its own
        self._turns = Batch(line, shown, self._turn, lambda row: ("turn",))
        self.batches = (self._turns,)

    async def ask(self, name: str, most: int, window: float, gap: float) -> float:
        """Take a turn of this name, of which there are `most` in any `window` seconds, with `gap` seconds between two.

        0.0 when it is taken, or nobody can be asked; else the seconds until there may be one, and none is taken.
        """
        places = tuple(blake2b(f"turn\0{name}\0{n}".encode(), digest_size=16).hexdigest() for n in range(most))
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return await self._turns.ask(_Turn(places, _micros(window), _micros(gap))) / 1_000_000
        except (StoreUnavailable, TimeoutError):
            return 0.0

    @staticmethod
    async def _turn(connection: Any, asked: Sequence[_Turn]) -> list[int]:
        (one,) = asked
        return [await connection.fetchval(_TURN, one.places, one.window, one.gap)]


def _micros(seconds: float) -> int:
    return int(seconds * 1_000_000)
