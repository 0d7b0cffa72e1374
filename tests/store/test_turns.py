"""Turns that replicas on one PostgreSQL take from each other: never more than there are, whoever asks."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from bot.store.replica_schema import rates as table
from bot.store.sql import SqlStore
from bot.store.turns import BatchTurns

pytestmark = pytest.mark.postgres
Pair = tuple[SqlStore, SqlStore]
LONG = 1000.0
"""Seconds: longer than any test takes."""


def turns(pair: Pair) -> tuple[BatchTurns, BatchTurns]:
    one, other = (store.shared.batches for store in pair)
    assert one is not None
    assert other is not None
    return one.turns, other.turns


async def goes_back(store: SqlStore, seconds: float) -> None:
    """Every turn was taken so many seconds earlier."""
    async with store.shared.engine.begin() as connection:
        await connection.execute(sa.update(table).values(slot=table.c.slot - int(seconds * 1_000_000)))


async def test_a_turn_is_one_replicas(pair: Pair) -> None:
    """The other one is told how long it lasts, and has its turn after that; another name is another turn."""
    one, other = turns(pair)
    assert 0 == await one.ask("chat 1", 1, LONG, LONG)
    assert 0 < await other.ask("chat 1", 1, LONG, LONG) <= LONG
    assert 0 < await one.ask("chat 1", 1, LONG, LONG) <= LONG
    assert 0 == await other.ask("chat 2", 1, LONG, LONG)
    await goes_back(pair[0], LONG)
    assert 0 == await other.ask("chat 1", 1, LONG, LONG)
    assert 0 < await one.ask("chat 1", 1, LONG, LONG)


async def test_so_many_in_any_time_whoever_asks(pair: Pair) -> None:
    """Twenty, however they are spread; when the first of them is long enough ago there is one more, and only one."""
    both = turns(pair)
    assert [0.0] * 3 == [await one.ask("group", 20, LONG, 0.0) for one in (*both, both[0])]
    await goes_back(pair[0], LONG / 2)
    taken = [await both[n % 2].ask("group", 20, LONG, 0.0) for n in range(30)]
    assert 17 == taken.count(0.0)
    assert all(0 < wait <= LONG / 2 for wait in taken if wait)
    await goes_back(pair[0], LONG / 2)
    assert 3 == [await both[n % 2].ask("group", 20, LONG, 0.0) for n in range(6)].count(0.0)


async def test_a_least_time_lies_between_two(pair: Pair) -> None:
    """There are turns left, and yet the next one waits."""
    one, other = turns(pair)
    assert 0 == await one.ask("group", 20, 60 * LONG, LONG)
    assert LONG / 2 < await other.ask("group", 20, 60 * LONG, LONG) <= LONG
    await goes_back(pair[0], LONG)
    assert 0 == await other.ask("group", 20, 60 * LONG, LONG)


async def test_nobody_gets_a_turn_twice(pair: Pair) -> None:
    """Asked by both at once, a new name and a known one."""
    for _ in range(2):
        asked = [one.ask(f"chat {n}", 1, LONG, LONG) for n in range(40) for one in turns(pair)]
        assert 40 == (await asyncio.gather(*asked)).count(0.0)
        await goes_back(pair[0], LONG)


async def test_a_clock_that_was_set_back_holds_nobody(pair: Pair) -> None:
    """A turn of an hour to come is none."""
    one, other = turns(pair)
    assert 0 == await one.ask("chat 1", 1, LONG, LONG)
    await goes_back(pair[0], -3600)
    assert 0 == await other.ask("chat 1", 1, LONG, LONG)
    assert 0 < await one.ask("chat 1", 1, LONG, LONG) <= LONG


async def test_no_chat_stands_in_the_table(pair: Pair) -> None:
    """Only a hash; and the row is old within an hour."""
    await turns(pair)[0].ask("telegram 4711", 1, 1.0, 1.0)
    async with pair[0].shared.reading() as connection:
        (row,) = (await connection.execute(sa.select(table))).all()
    assert ("4711" in row.key, 32) == (False, len(row.key))
    assert 60 <= row.until - row.slot // 1_000_000 <= 3600


async def test_without_the_database_each_is_alone(pair: Pair) -> None:
    """Nothing waits for it."""
    one, other = turns(pair)
    assert 0 == await one.ask("chat 1", 1, LONG, LONG)
    await pair[1].close()
    assert 0 == await other.ask("chat 1", 1, LONG, LONG)
