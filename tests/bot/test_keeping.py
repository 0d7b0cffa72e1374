"""A replica gives signs of life, and takes over only when it was steadily heard of itself."""

from __future__ import annotations

import asyncio

from bot.errors import StoreUnavailable
from bot.keeping import Keeper
from bot.store.replicas import Replicas
from bot.store.sql import SqlStore
from tests.fakes import FakeClock


class _Enough(Exception):
    """Ends a run that otherwise has no end."""


class Beats(Replicas):
    """Counts; `broken` beats fail."""

    def __init__(self) -> None:
        super().__init__(SqlStore("sqlite+aiosqlite:///:memory:", now=FakeClock()).shared)
        self.given, self.broken = 0, set[int]()

    async def beat(self) -> None:
        """See Replicas."""
        self.given += 1
        if self.given in self.broken:
            raise StoreUnavailable("away")


async def worked_at(broken: set[int], beats: int, failing: bool = False) -> list[int]:
    """At which beats the work of others was looked for."""
    replicas, found = Beats(), list[int]()
    replicas.broken = broken

    async def job() -> None:
        found.append(replicas.given)
        if failing:
            raise ValueError("a bug")

    async def sleep(seconds: float) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        if replicas.given == beats:
            raise _Enough

    keeper = Keeper(replicas, sleep)
    keeper.care(job)
    try:
        await keeper.run()
    except _Enough:
        return found
    raise AssertionError("unreachable")


async def test_others_work_is_taken_only_after_steady_signs() -> None:
    """Every living replica had the time to give its own sign first; after an outage the count begins again."""
    assert [5, 6, 7] == await worked_at(set(), 7)
    assert [5, 11] == await worked_at({6}, 11)


async def test_a_failing_job_stops_nothing() -> None:
    """A bug in one look is logged, and the next look comes."""
    assert [5, 6] == await worked_at(set(), 6, failing=True)
