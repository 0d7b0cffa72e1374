"""Limits that hold for all replicas on one PostgreSQL together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.limits import Limiter
from bot.store.rates import SharedRates
from bot.store.replica_schema import rates as table
from bot.store.sql import SqlStore
from tests.fakes import FakeClock

pytestmark = pytest.mark.postgres
MINUTE = timedelta(minutes=1)
Two = tuple[SharedRates, SharedRates]


@pytest.fixture
async def two(pair: tuple[SqlStore, SqlStore]) -> AsyncIterator[Two]:
    """The counts of both replicas."""
    made = SharedRates(pair[0].shared, 60.0), SharedRates(pair[1].shared, 60.0)
    yield made
    for rates in made:
        await rates.close()


def limits(two: Two, most: int) -> list[Limiter]:
    return [rates.limiter("person", most, MINUTE) for rates in two]


async def test_a_person_has_one_limit_on_both(two: Two, clock: FakeClock) -> None:
    """Twenty a minute, however they are spread and however many come at once."""
    both = limits(two, 20)
    found = await asyncio.gather(*(limit.allow("web\0p1", clock()) for _ in range(30) for limit in both))
    assert 20 == sum(found)
    assert await both[0].allow("web\0p2", clock())


async def test_the_window_glides(two: Two, clock: FakeClock) -> None:
    """What was written late in a minute counts in the next one, less and less; an hour later nothing is left."""
    one, other = limits(two, 20)
    clock.pass_by(seconds=59)
    assert 20 == sum([await one.allow("web\0p1", clock()) for _ in range(25)])
    clock.pass_by(seconds=16)
    assert 5 == sum([await other.allow("web\0p1", clock()) for _ in range(25)])
    clock.pass_by(hours=1)
    assert 20 == sum([await one.allow("web\0p1", clock()) for _ in range(25)])


async def test_a_clock_that_ran_ahead_locks_nobody_out(two: Two, clock: FakeClock) -> None:
    """A count from a machine an hour ahead does not stand for an hour."""
    one, other = limits(two, 2)
    for _ in range(3):
        await one.allow("web\0p1", clock() + timedelta(hours=1))
    assert await other.allow("web\0p1", clock())


async def test_nobody_stands_in_the_table(two: Two, pair: tuple[SqlStore, SqlStore], clock: FakeClock) -> None:
    """Only a hash; and the row goes by itself."""
    await limits(two, 2)[0].allow("telegram\x004711", clock())
    async with pair[0].shared.reading() as connection:
        (row,) = (await connection.execute(sa.select(table))).all()
    assert ("4711" in row.key, 32, 1) == (False, len(row.key), row.used)
    two[0]._tidied = -1e9
    await limits(two, 2)[0].allow("telegram\x00other", clock())
    async with pair[0].shared.reading() as connection:
        # the clock of the tests lies in the past: both are over
        assert 0 == len((await connection.execute(sa.select(table))).all())


async def test_without_the_database_each_counts_alone(
    two: Two, pair: tuple[SqlStore, SqlStore], clock: FakeClock
) -> None:
    """The limit still holds within a process, and is shared again when the connection is there again."""
    one, other = limits(two, 3)
    assert await one.allow("web\0p1", clock())
    await two[0]._connection.close()
    assert 3 == sum([await one.allow("web\0p1", clock()) for _ in range(6)])
    two[0]._away = 0.0
    assert [True, True, False] == [await limit.allow("web\0p1", clock()) for limit in (one, other, one)]
