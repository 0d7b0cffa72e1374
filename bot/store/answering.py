"""How long tickets waited for their answer: counted by days and minutes in the order of an index, so that hundreds of
thousands need no sorting; only the few minutes that hold a wanted rank are looked into."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store.facts import day_of
from bot.store.schema import ANSWERED_DAY, ANSWERED_PART, tickets

Rows = Callable[[Any], Awaitable[Sequence[sa.Row[Any]]]]
# in the words of the index
_DAY: sa.ColumnElement[int] = sa.literal_column(ANSWERED_DAY)
_PART: sa.ColumnElement[int] = sa.literal_column(ANSWERED_PART)
_SPAN = sa.type_coerce(tickets.c.answered_at, sa.BigInteger) - sa.type_coerce(tickets.c.opened_at, sa.BigInteger)


async def waits(
    rows: Rows, since: datetime, until: datetime, ranks: Callable[[int], Sequence[int]]
) -> tuple[int, list[int]]:
    """How many tickets were answered in [since, until), and the waits in microseconds at the ranks, from 1 and rising, that
    `ranks` names of so many; none without tickets. `rows` asks the store."""
    days = range(day_of(since), day_of(until) + 1)
    inside = (tickets.c.answered_at >= since, tickets.c.answered_at < until)
    counted = sa.select(_PART.label("part"), sa.func.count().label("n"))
    counted = counted.where(_DAY >= days[0], _DAY <= days[-1], *inside).group_by(_DAY, _PART)
    parts: dict[int, int] = {}
    for row in await rows(counted):
        parts[row.part] = parts.get(row.part, 0) + row.n
    total, below, found = sum(parts.values()), 0, list[int]()
    wanted = ranks(total) if total else ()
    for part in sorted(parts):
        while len(found) < len(wanted) and wanted[len(found)] <= below + parts[part]:
            one = sa.select(_SPAN.label("span")).where(_DAY.in_(days), _PART == part, *inside).order_by(_SPAN)
            found.append(int((await rows(one.limit(1).offset(wanted[len(found)] - below - 1)))[0][0]))
        below += parts[part]
    return total, found
