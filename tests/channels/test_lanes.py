"""Order within a chat, chats side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bot.channels.lanes import Lanes


def recorder(into: list[str], name: str, gate: asyncio.Event | None = None) -> Callable[[], Awaitable[None]]:
    """A job that notes its name, after the gate opened."""

    async def job() -> None:
        if gate is not None:
            await gate.wait()
        into.append(name)

    return job


async def test_a_slow_chat_holds_up_only_itself() -> None:
    """While one chat waits, another is served; the first keeps its order."""
    lanes, done, gate = Lanes(), list[str](), asyncio.Event()
    lanes.put("a", 1, recorder(done, "a1", gate))
    lanes.put("a", 2, recorder(done, "a2"))
    lanes.put("b", 3, recorder(done, "b3"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert (["b3"], 2) == (done, lanes.waiting)
    gate.set()
    await lanes.close()
    assert ["b3", "a1", "a2"] == done


async def test_what_overtook_is_put_right() -> None:
    """Deliveries that arrive out of order are answered in order while they wait together."""
    lanes, done, gate = Lanes(), list[str](), asyncio.Event()
    lanes.put("a", 1, recorder(done, "1", gate))
    await asyncio.sleep(0)
    for number in (4, 2, 3):
        lanes.put("a", number, recorder(done, str(number)))
    gate.set()
    await lanes.close()
    assert ["1", "2", "3", "4"] == done


async def test_a_job_that_fails_is_passed_over() -> None:
    """The next of the same chat is still done, and nothing counts as waiting at the end."""
    lanes, done = Lanes(), list[str]()

    async def fails() -> None:
        raise RuntimeError("a bug")

    lanes.put("a", 1, fails)
    lanes.put("a", 2, recorder(done, "a2"))
    await lanes.close()
    assert (["a2"], 0) == (done, lanes.waiting)


async def test_what_goes_beside_waits_for_no_other() -> None:
    """However many lanes are at work, and whatever its own chat waits for."""
    lanes, done, gate = Lanes(at_once=1), list[str](), asyncio.Event()
    lanes.put("a", 1, recorder(done, "a1", gate))
    await asyncio.sleep(0)
    lanes.beside(recorder(done, "first"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert (["first"], 1) == (done, lanes.waiting)
    gate.set()
    await lanes.close()
    assert ["first", "a1"] == done


async def test_room_is_waited_for() -> None:
    """More than may wait holds back whoever brings more."""
    lanes, done, gate = Lanes(), list[str](), asyncio.Event()
    for number in range(3):
        lanes.put(str(number), number, recorder(done, str(number), gate))
    waiting = asyncio.create_task(lanes.room(2))
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.set()
    await waiting
    assert 2 <= len(done)
