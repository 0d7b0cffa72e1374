"""Rows for every table of the store, made from the tables themselves, so that a new table is never forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.store.schema import Utc
from bot.store.shared import Shared
from bot.store.tables import every_table

ROWS = 3
_START = datetime(2026, 11, 1, 8, 30, 0, 123456, tzinfo=UTC)


def _value(column: sa.Column[Any], n: int) -> Any:
    """A value that is different in every row, near the edges of its type; every second nullable one is NULL."""
    if column.nullable and n % 2:
        return None
    if isinstance(column.type, Utc):
        return _START + timedelta(days=n, microseconds=n)
    if isinstance(column.type, sa.Boolean):
        return bool(n % 2)
    if isinstance(column.type, sa.JSON):
        return [{"文": "𠮷 ~é\n", "b": [None, True, 0.1, n]}, None, []][n % 3]
    if isinstance(column.type, sa.Float):
        return 0.1 + n / 3
    if isinstance(column.type, sa.BigInteger):
        return 2**53 + n
    if isinstance(column.type, sa.Integer):
        return 2**31 - 1 - n
    if isinstance(column.type, sa.LargeBinary):
        return bytes([0, 255, 10, n])
    text = f"{'aZ'[n % 2]}{n}𠮷~é\t'\"\\"
    return text[: column.type.length or None] if isinstance(column.type, sa.String) else text


def a_row(table: sa.Table, n: int) -> dict[str, Any]:
    """The nth row of a table, without the id that the database gives."""
    return {column.name: _value(column, n) for column in table.columns if column.name != "id" or not _numbers(table)}


def _numbers(table: sa.Table) -> bool:
    return "id" in table.columns and isinstance(table.c.id.type, sa.BigInteger)


def numbered() -> list[sa.Table]:
    """The tables whose rows the database numbers."""
    return [table for table in every_table().values() if _numbers(table)]


async def fill(shared: Shared) -> None:
    """ROWS rows in each table."""
    async with shared.engine.execution_options(write=True).begin() as connection:
        for table in every_table().values():
            await connection.execute(sa.insert(table), [a_row(table, n) for n in range(ROWS)])


async def content(shared: Shared) -> dict[str, list[Any]]:
    """Every row of every table."""
    found = {}
    async with shared.reading() as connection:
        for table in every_table().values():
            rows = await connection.execute(sa.select(table).order_by(*table.primary_key))
            found[table.name] = sorted((tuple(row) for row in rows), key=repr)
    return found
