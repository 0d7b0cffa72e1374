"""Flood limits kept: per chat, per group, overall, and what Telegram itself asks for."""

from __future__ import annotations

import asyncio

import pytest

from bot.channels.telegram_pace import Pace
from bot.errors import DeliveryDelayed
from tests.channels.running import FastTime


def most_within(times: list[float], seconds: float) -> int:
    """The largest number of times in any window of this length."""
    return max(sum(start <= t < start + seconds for t in times) for start in times)


async def test_one_a_second_in_a_chat() -> None:
    """The second message of a chat waits a second, another chat does not."""
    time = FastTime()
    pace = Pace(time, time.sleep)
    times = []
    for _ in range(4):
        await pace.turn("42")
        times.append(time.time)
    assert 0 == pace.wait("43")
    assert 1 == most_within(times, 0.99)


async def test_twenty_a_minute_in_a_group() -> None:
    """The twenty-first goes back to the outbox until the minute is over."""
    time = FastTime()
    pace = Pace(time, time.sleep)
    for _ in range(20):
        await pace.turn("-5")
    with pytest.raises(DeliveryDelayed) as delayed:
        await pace.turn("-5")
    assert 41 == round(delayed.value.retry_after or 0)
    assert 0 == pace.wait("42")


async def test_thirty_a_second_overall() -> None:
    """However many chats, any second holds at most thirty."""
    time = FastTime()
    pace = Pace(time, time.sleep)
    times = []
    for chat in range(200):
        await pace.turn(str(chat + 1))
        times.append(time.time)
    assert 30 == most_within(times, 1.0)


async def test_what_is_allowed_overall_is_shared() -> None:
    """Three processes send ten a second each; a process that is alone again sends thirty."""
    for processes, most in ((3, 10), (1, 30), (100, 1)):
        time = FastTime()
        pace = Pace(time, time.sleep)
        pace.shared_by(2)
        pace.shared_by(processes)
        times = []
        for chat in range(4 * most):
            await pace.turn(str(chat + 1))
            times.append(time.time)
        assert most == most_within(times, 1.0)


async def test_a_shorter_hold_never_shortens_a_longer_one() -> None:
    """429 with 30 s, then 429 with 2 s: nobody sends before the 30 s are over."""
    time = FastTime()
    pace = Pace(time, time.sleep)
    pace.hold(30)
    pace.hold(2)
    time.time += 5
    with pytest.raises(DeliveryDelayed) as delayed:
        await pace.turn("42")
    assert 25 == delayed.value.retry_after
    time.time += 25
    assert 0 == pace.wait("42")


async def test_a_turn_that_others_have_is_waited_for_and_not_counted() -> None:
    """What was refused leaves what is allowed overall, in the chat and in the group as it was."""
    time = FastTime()
    pace = Pace(time, time.sleep)
    waits, asked = [0.5, 41.0, 0.0], []

    async def turns(name: str, most: int, window: float, gap: float) -> float:
        asked.append((name, most, window, gap))
        return waits.pop(0)

    pace.agree(turns)
    with pytest.raises(DeliveryDelayed) as delayed:
        await pace.turn("-5")
    assert (41.0, [0.5]) == (delayed.value.retry_after, time.slept)
    assert 0 == pace.wait("-5")
    assert 0 == len(pace._all)
    await pace.turn("-5")
    assert (1.0, 1) == (pace.wait("-5"), len(pace._all))
    waits.append(0.0)
    await pace.turn("42")
    assert [("telegram -5", 20, 60.0, 1.0)] * 3 + [("telegram 42", 1, 1.0, 1.0)] == asked


async def test_nobody_takes_a_turn_while_the_others_are_asked() -> None:
    """However slowly they answer, any second holds at most thirty here."""
    time = FastTime()
    pace = Pace(time, time.sleep)
    times = []

    async def turns(name: str, most: int, window: float, gap: float) -> float:
        times.append(time.time)
        await asyncio.sleep(0)
        return 0.0

    pace.agree(turns)
    await asyncio.gather(*(pace.turn(str(chat + 1)) for chat in range(60)))
    assert 30 == most_within(times, 1.0)
