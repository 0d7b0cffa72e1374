"""The service brings the sums forward by itself."""

from __future__ import annotations

import asyncio

import pytest

from bot.errors import StoreUnavailable
from bot.store.sums import Sums
from bot.summing import IDLE_SECONDS, REST_SECONDS, keep_summed


class FewSums(Sums):
    """Steps of the sizes given, then the end of the service; a size below zero is a database that does not answer."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes

    async def advance(self, most: int = 0) -> int:
        """See Sums."""
        size = self.sizes.pop(0)
        if size < 0:
            raise StoreUnavailable("away")
        return size


async def test_it_rests_between_steps_and_goes_on_after_an_outage() -> None:
    """Short rests while a whole step was there to count, long ones near the end of the log and while the database is away."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 5:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await keep_summed(FewSums([1000, 1000, 0, -1, 3]), sleep)
    assert [REST_SECONDS, REST_SECONDS, IDLE_SECONDS, IDLE_SECONDS, IDLE_SECONDS] == slept
