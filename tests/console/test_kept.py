"""Figures that take long are counted once for all who look, and anew beside them."""

from __future__ import annotations

import asyncio

import pytest

from bot.console.kept import OLDEST_SECONDS, QUICK_SECONDS, TIMES, Kept


class Counter:
    """Counts its calls; each takes so many seconds by its own clock and waits for `gate`."""

    def __init__(self, takes: float) -> None:
        self.now, self.takes, self.calls = 0.0, takes, 0
        self.gate = asyncio.Event()
        self.gate.set()

    def clock(self) -> float:
        return self.now

    async def count(self) -> int:
        self.calls += 1
        number = self.calls
        await self.gate.wait()
        self.now += self.takes
        return number


async def test_what_is_quick_is_counted_for_everybody() -> None:
    """On a small store every figure is of this moment."""
    counter = Counter(QUICK_SECONDS)
    kept = Kept[int](counter.clock)
    assert [1, 2, 3] == [await kept.get("a", counter.count) for _ in range(3)]


async def test_what_is_slow_is_kept_in_proportion() -> None:
    """A slow figure is good for so many times as long as it took, then given once more while it is counted anew."""
    counter = Counter(2.0)
    kept = Kept[int](counter.clock)
    assert 1 == await kept.get("a", counter.count)
    counter.now += TIMES * 2.0
    assert (1, 1) == (await kept.get("a", counter.count), counter.calls)
    counter.now += 1
    counter.gate.clear()
    assert 1 == await kept.get("a", counter.count)
    counter.gate.set()
    await asyncio.sleep(0.01)
    assert (2, 2) == (await kept.get("a", counter.count), counter.calls)


async def test_what_is_old_is_waited_for() -> None:
    """Nobody is shown figures of yesterday."""
    counter = Counter(2.0)
    kept = Kept[int](counter.clock)
    await kept.get("a", counter.count)
    counter.now += OLDEST_SECONDS + 1
    assert 2 == await kept.get("a", counter.count)


async def test_one_count_for_all_who_wait() -> None:
    """Ten pages opened together cost one count, and one that is closed ends it for no other."""
    counter = Counter(2.0)
    kept = Kept[int](counter.clock)
    counter.gate.clear()
    waiting = [asyncio.create_task(kept.get("a", counter.count)) for _ in range(10)]
    await asyncio.sleep(0.01)
    waiting.pop().cancel()
    counter.gate.set()
    assert ([1] * 9, 1) == (await asyncio.gather(*waiting), counter.calls)


async def test_a_failure_is_told_and_not_kept() -> None:
    """Who waits hears what went wrong; the next one has it counted again."""
    counter = Counter(2.0)
    kept = Kept[int](counter.clock)

    async def broken() -> int:
        raise ValueError("away")

    with pytest.raises(ValueError, match="away"):
        await kept.get("a", broken)
    assert 1 == await kept.get("a", counter.count)
