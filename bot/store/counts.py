"""What is read of the log for reports: the kept sums of whole days, and what is not in them yet, counted row by row.

Both are read in one snapshot, so that nothing is missing and nothing is counted twice while sums are brought forward.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.facts import all_facts, whole_days
from bot.store.failures import failure
from bot.store.shared import Shared
from bot.store.sums import mark, newest

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

    def of(self, since: datetime, until: datetime) -> View:
        """The same look at another span: sums are used when both are midnights in China."""
        days = whole_days(since, until)
        return View(self.connection, self.postgres, since, until, days or (0, 0), self.mark if days else None)

    async def rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        """All rows of a query."""
        return list((await self.connection.execute(query)).all())

    @property
    def facts(self) -> sa.Subquery:
        """bot.store.facts of single exchanges."""
        return all_facts(self.postgres)

    def single(self) -> list[sa.ColumnElement[bool]]:
        """Which of `facts` belong to the span and are in no sum."""
        log = self.facts.c
        if self.mark is None:
            return [log.at >= self.since, log.at < self.until]
        return [log.id > self.mark, log.day >= self.days[0], log.day < self.days[1]]

    def inside(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """The rows of a table of sums that belong to the span."""
        return sa.and_(table.c.day >= self.days[0], table.c.day < self.days[1])

    async def single_totals(
        self, keys: Sequence[str], single: sa.ColumnElement[bool], sums: Sequence[str]
    ) -> Sequence[sa.Row[Any]]:
        """`keys` and the sums of `sums` over what is in no sum; `single` says of which exchanges."""
        log = self.facts.c
        of = [log[key] for key in keys]
        query = sa.select(*of, *(sa.func.sum(log[name]).label(name) for name in sums))
        return await self.rows(query.where(*self.single(), single).group_by(*of))

    async def totals(
        self, table: sa.Table, keys: Sequence[str], single: sa.ColumnElement[bool], sums: Sequence[str] = ("n",),
        where: Callable[[Any], sa.ColumnElement[bool]] | None = None,
    ) -> Sequence[sa.Row[Any]]:  # fmt: skip
        """`keys` and the sums of `sums` over both; groups without any `n` are left out.

        `single` says which exchanges `table` would hold; `where` makes a condition of the columns of either.
        """
        sources: list[tuple[Any, list[sa.ColumnElement[bool]]]] = [(self.facts.c, [*self.single(), single])]
        if self.mark is not None:
            sources.append((table.c, [self.inside(table)]))
        parts = []
        for columns, conditions in sources:
            wanted = [*conditions, where(columns)] if where is not None else conditions
            parts.append(sa.select(*(columns[name] for name in (*keys, *sums))).where(*wanted))
        both = sa.union_all(*parts).subquery("both")
        summed = [sa.func.sum(both.c[name]).label(name) for name in sums]
        query = sa.select(*(both.c[key] for key in keys), *summed).group_by(*(both.c[key] for key in keys))
        return [row for row in await self.rows(query) if row.n]


@contextlib.asynccontextmanager
async def viewing(shared: Shared) -> AsyncIterator[View]:
    """One look, at no time yet: `View.of` says at which. Raises StoreUnavailable."""
    # on SQLite every transaction that reads is one snapshot
    engine = shared.engine.execution_options(isolation_level="REPEATABLE READ") if shared.postgres else shared.engine
    now = shared.now()
    try:
        async with engine.connect() as connection:
            yield View(connection, shared.postgres, now, now, (0, 0), await _usable_mark(connection))
    except (SQLAlchemyError, OSError) as error:
        raise failure(shared.shown, "read", error) from error


async def _usable_mark(connection: AsyncConnection) -> int | None:
    upto = await mark(connection)
    return upto if await newest(connection) - upto <= BEHIND else None
