"""What is read of the log for reports: the kept sums of whole days, and what is not in them yet, counted row by row.

Both are read in one snapshot, so that nothing is missing and nothing is counted twice while sums are brought forward.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreUnavailable
from bot.store.facts import facts, whole_days
from bot.store.schema import exchanges
from bot.store.shared import Shared
from bot.store.sums import mark

BEHIND = 50_000
"""With more exchanges than this not summed yet, single rows are counted by their time."""


@dataclass(frozen=True, slots=True)
class View:
    """One consistent look at a span of time."""

    connection: AsyncConnection
    postgres: bool
    since: datetime
    until: datetime
    days: tuple[int, int]
    """[first, last) numbers of days; of no meaning without sums."""
    mark: int | None
    """Up to which exchange sums are used; None where only single rows are counted."""

    async def rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        """All rows of a query."""
        return list((await self.connection.execute(query)).all())

    def single(self, *which: sa.ColumnElement[bool]) -> sa.Subquery:
        """`facts` of the exchanges of the span that no sum holds."""
        if self.mark is None:
            return facts(self.postgres, exchanges.c.at >= self.since, exchanges.c.at < self.until, *which)
        rows = facts(self.postgres, exchanges.c.id > self.mark, *which)
        inside = sa.select(rows).where(rows.c.day >= self.days[0], rows.c.day < self.days[1])
        return inside.subquery("single")

    def inside(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """The rows of a table of sums that belong to the span."""
        return sa.and_(table.c.day >= self.days[0], table.c.day < self.days[1])

    async def totals(
        self, table: sa.Table, keys: Sequence[str], single: sa.Subquery, sums: Sequence[str] = ("n",), where: Any = None
    ) -> Sequence[sa.Row[Any]]:
        """`keys` and the sums of `sums` over both; groups without any `n` are left out. `where` makes a condition of
        the columns of either source."""
        sources: list[Any] = [single] if self.mark is None else [table, single]
        parts = []
        for source in sources:
            conditions = [] if source is single else [self.inside(table)]
            conditions += [where(source.c)] if where is not None else []
            parts.append(sa.select(*(source.c[name] for name in (*keys, *sums))).where(*conditions))
        both = sa.union_all(*parts).subquery("both")
        summed = [sa.func.sum(both.c[name]).label(name) for name in sums]
        query = sa.select(*(both.c[key] for key in keys), *summed).group_by(*(both.c[key] for key in keys))
        return [row for row in await self.rows(query) if row.n]


@contextlib.asynccontextmanager
async def viewing(shared: Shared, since: datetime, until: datetime) -> AsyncIterator[View]:
    """A look at [since, until): sums are used when both are midnights in China. Raises StoreUnavailable."""
    days = whole_days(since, until)
    # on SQLite every transaction that reads is one snapshot
    engine = shared.engine.execution_options(isolation_level="REPEATABLE READ") if shared.postgres else shared.engine
    try:
        async with engine.connect() as connection:
            upto = await _usable_mark(connection) if days else None
            yield View(connection, shared.postgres, since, until, days or (0, 0), upto)
    except (SQLAlchemyError, OSError) as error:
        raise StoreUnavailable(
            f"store {shared.shown} cannot be read ({type(error).__name__}): check that it runs and is reachable"
        ) from error


async def _usable_mark(connection: AsyncConnection) -> int | None:
    upto = await mark(connection)
    newest = (await connection.execute(sa.select(sa.func.max(exchanges.c.id)))).scalar() or 0
    return upto if newest - upto <= BEHIND else None
