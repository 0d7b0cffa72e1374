"""Keeping the sums of the log: what is new is added in small steps, what is erased or changed is taken back.

An exchange is in the sums when its number is not above the mark. Both change in one transaction, so a stop in between
counts nothing twice, and so do two replicas at once: on PostgreSQL whoever changes sums, or an exchange that may be in
them, holds one lock (SQLite has one writer anyhow). At any moment the sums are those of the rows up to the mark, so
nothing personal outlives its row: texts and askers are taken back with it.

Numbers are given out in order but committed in any. Before the mark moves on PostgreSQL, everybody who is just writing an exchange
is waited for (`recording`, shared by them; alone for a moment here).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.facts import asked, facts
from bot.store.locks import Lock
from bot.store.schema import exchanges
from bot.store.shared import Shared
from bot.store.sums_schema import asked_days, asked_texts, askers, day_entries, day_took, day_topics, sums_mark

STEP = 1000
"""Exchanges added in one transaction: some tens of milliseconds."""
_WAIT = "2s"
"""How long a step waits for those who write; after that it is tried again later."""


class Sums:
    """Made of `store.shared`."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def advance(self, most: int = STEP) -> int:
        """Add the next exchanges, at most so many; how many there were. Raises StoreUnavailable."""
        last = await self._given_out()
        async with self._shared.reading() as connection:
            # most looks find nothing: they must not cost a write
            if last <= await mark(connection):
                return 0

        async def work(connection: AsyncConnection) -> int:
            await self._shared.lock(connection, Lock.SUMMING)
            low = await mark(connection)
            numbers = sa.select(exchanges.c.id).where(exchanges.c.id > low, exchanges.c.id <= last)
            part = numbers.order_by(exchanges.c.id).limit(most).subquery()
            high, count = (await connection.execute(sa.select(sa.func.max(part.c.id), sa.func.count()))).one()
            if count:
                await add(self._shared, connection, (exchanges.c.id > low, exchanges.c.id <= high))
                # not further than what is there: a number that is free may be given out again
                await _set_mark(self._shared, connection, high)
            return int(count)

        return await (self._shared.apart(work) if self._shared.postgres else self._shared.writer.write(work))

    async def _given_out(self) -> int:
        """A number up to which every exchange that will ever be there is there."""

        async def alone(connection: AsyncConnection) -> int:
            await connection.execute(sa.text(f"SET LOCAL lock_timeout = '{_WAIT}'"))
            await self._shared.lock(connection, Lock.RECORDING)
            return await newest(connection)

        if self._shared.postgres:
            return await self._shared.apart(alone)
        async with self._shared.reading() as connection:
            return await newest(connection)


async def recording(shared: Shared, connection: AsyncConnection) -> None:
    """Say, before an exchange is written, that this transaction writes one."""
    if shared.postgres:
        await connection.execute(sa.text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": Lock.RECORDING.value})


async def newest(connection: AsyncConnection) -> int:
    """The highest number of an exchange; 0 without any."""
    return int((await connection.execute(sa.select(sa.func.max(exchanges.c.id)))).scalar() or 0)


async def mark(connection: AsyncConnection) -> int:
    """The number of the last exchange that is in the sums; 0 before any."""
    return int((await connection.execute(sa.select(sums_mark.c.upto))).scalar() or 0)


async def _set_mark(shared: Shared, connection: AsyncConnection, upto: int) -> None:
    row = shared.insert(sums_mark).values(one=1, upto=upto)
    await connection.execute(row.on_conflict_do_update(index_elements=["one"], set_={"upto": upto}))


async def settled(shared: Shared, connection: AsyncConnection, *which: sa.ColumnElement[bool]) -> tuple[Any, ...]:
    """Conditions for those of `which` that are in the sums; they stay so until the transaction ends."""
    await shared.lock(connection, Lock.SUMMING)
    return (*which, exchanges.c.id <= await mark(connection))


async def add(shared: Shared, connection: AsyncConnection, which: tuple[Any, ...], sign: int = 1) -> None:
    """Add these exchanges to the sums; with -1 take them back."""
    rows = facts(shared.postgres, *which)
    n = (sign * sa.func.count()).label("n")
    topics = sa.select(rows.c.day, rows.c.channel, rows.c.topic, rows.c.outcome, n).where(rows.c.asked == 1)
    await _upsert(shared, connection, day_topics, topics, ("n",))
    took = sa.select(rows.c.day, rows.c.tenths, n).where(sa.true())
    await _upsert(shared, connection, day_took, took, ("n",))
    await add_entries(shared, connection, which, sign)
    await add_texts(shared, connection, which, sign)


async def add_entries(shared: Shared, connection: AsyncConnection, which: tuple[Any, ...], sign: int) -> None:
    """Only the sums by entry, which hold the thumbs."""
    rows = facts(shared.postgres, *which)
    up, down = (sign * sa.func.sum(column) for column in (rows.c.up, rows.c.down))
    given = sa.select(
        rows.c.day, rows.c.entry, rows.c.channel, rows.c.outcome, rows.c.asked,
        (sign * sa.func.count()).label("n"), up.label("up"), down.label("down"),
    ).where(rows.c.entry != "")  # fmt: skip
    await _upsert(shared, connection, day_entries, given, ("n", "up", "down"))


async def _upsert(
    shared: Shared, connection: AsyncConnection, table: sa.Table, grouped: sa.Select[Any], sums: tuple[str, ...]
) -> None:
    keys = [column.name for column in table.primary_key]
    query = grouped.group_by(*(column for column in grouped.selected_columns if column.name in keys))
    statement = shared.insert(table).from_select([*keys, *sums], query)
    new = {name: table.c[name] + statement.excluded[name] for name in sums}
    await connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=new))


async def add_texts(shared: Shared, connection: AsyncConnection, which: tuple[Any, ...], sign: int) -> None:
    """Only the sums by text and asker; with -1, what nobody asked any more is gone."""
    rows = facts(shared.postgres, *which, asked(), exchanges.c.text != "")
    n = (sign * sa.func.count()).label("n")
    mark = _digest(shared.postgres, exchanges.c.text)
    texts = sa.select(mark.label("digest"), sa.func.max(exchanges.c.text).label("text"), n)
    texts = texts.join_from(rows, exchanges, exchanges.c.id == rows.c.id).where(sa.true()).group_by(mark)
    statement = shared.insert(asked_texts).from_select(["digest", "text", "n"], texts)
    more = {"n": asked_texts.c.n + statement.excluded.n}
    await connection.execute(statement.on_conflict_do_update(index_elements=["digest"], set_=more))

    def known(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
        found = sa.select(rows.c.day, asked_texts.c.id.label("asked"), *columns)
        found = found.join_from(rows, exchanges, exchanges.c.id == rows.c.id)
        return found.join(asked_texts, asked_texts.c.digest == mark).where(sa.true())

    for table, columns in (
        (asked_days, (rows.c.entry, rows.c.outcome)),
        (askers, (rows.c.channel, exchanges.c.person)),
    ):
        await _upsert(shared, connection, table, known(*columns, n), ("n",))
        if sign < 0:
            touched = sa.tuple_(table.c.day, table.c.asked).in_(known())
            await connection.execute(sa.delete(table).where(table.c.n <= 0, touched))
    if sign < 0:
        touched = asked_texts.c.digest.in_(texts.with_only_columns(mark))
        await connection.execute(sa.delete(asked_texts).where(asked_texts.c.n <= 0, touched))


def _digest(postgres: bool, text: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """`digest` in the database's words."""
    if not postgres:
        return sa.func.fawen_digest(text, type_=sa.String)
    return sa.func.encode(sa.func.sha256(sa.func.convert_to(text, "UTF8")), "hex", type_=sa.String)


async def lower_mark(shared: Shared, connection: AsyncConnection) -> None:
    """After rows were deleted: SQLite, and a restored PostgreSQL, give the highest numbers out again."""
    upto = await mark(connection)
    there = sa.select(sa.func.max(exchanges.c.id)).where(exchanges.c.id <= upto)
    last = int((await connection.execute(there)).scalar() or 0)
    if last < upto:
        await _set_mark(shared, connection, last)


async def drop_zeros(connection: AsyncConnection) -> int:
    """Rows of sums that were all taken back."""
    gone = 0
    for table in (day_topics, day_entries, day_took):
        gone += (await connection.execute(sa.delete(table).where(table.c.n == 0))).rowcount
    return gone
