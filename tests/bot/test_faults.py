"""The ground gives way: a locked file, a full disk, a clock that jumps, a platform that is away.

Residents get their answer or the outage text, what was acknowledged is there afterwards, once.
"""

from __future__ import annotations

import asyncio
import resource
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import make_desk
from bot.config import Dialogue as Limits
from bot.config import Limits as Overall
from bot.desk.sender import Sender
from bot.dialogue import Dialogue
from bot.errors import DeliveryDelayed, StoreUnavailable
from bot.gate import Gate
from bot.messages import Kind, Message, Reply
from bot.store.desk_base import DeliveryState
from bot.store.sql import SqlStore
from intents import Matcher
from tests.fakes import FakeClock


class Town:
    """A dialogue on a store, and people who send a message again until it is answered."""

    def __init__(self, store: SqlStore, matcher: Matcher, clock: FakeClock) -> None:
        self.store, self.clock = store, clock
        self.dialogue = Dialogue(lambda: matcher, store, Limits(per_minute=1000), clock)
        self.desk, self.gatherer = make_desk(store, lambda: matcher, clock)

    async def say(self, number: int, text: str = "法律援助收费吗", channel: str = "web") -> Reply:
        """Message `number`, for the first time or again."""
        message = Message(channel, "c", "c", text, Kind.TEXT, self.clock(), f"m{number}")
        return await self.dialogue.handle(message, deliver=channel != "web")

    async def records(self) -> Counter[str]:
        """How many records each message has."""
        return Counter(e.message_id for e in await self.store.exchanges(limit=1000))


@pytest.fixture
async def town(tmp_path: Path, sample_matcher: Matcher, clock: FakeClock) -> AsyncIterator[Town]:
    """On an SQLite file that waits a fifth of a second for another program."""
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/fawen.db", now=clock)
    await store.start()
    yield Town(store, sample_matcher, clock)
    await store.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program writes and does not come to an end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def full(path: Path) -> Iterator[None]:
    """No file of this process can grow beyond the size that SQLite's log has now: its next write fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name(f"{path.name}-wal").stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_file_locked_for_a_moment_only_makes_people_wait(town: Town, tmp_path: Path) -> None:
    """Three ask while another program holds the file for a second: all are answered when it lets go."""
    with locked(tmp_path / "fawen.db"):
        asked = [asyncio.create_task(town.say(n)) for n in range(3)]
        await asyncio.sleep(1)
        assert [False] * 3 == [task.done() for task in asked]
    assert ["entry"] * 3 == [(await task).key for task in asked]
    assert {"m0": 1, "m1": 1, "m2": 1} == await town.records()


async def test_a_file_locked_for_long_gives_the_outage_text_and_recovers(
    tmp_path: Path, sample_matcher: Matcher, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than the store waits (shortened here): nothing is promised; the same message again is answered once."""
    monkeypatch.setattr("bot.store.fast.BUSY_SECONDS", 0.1)
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/fawen.db", now=clock)
    await store.start()
    town = Town(store, sample_matcher, clock)
    before = await town.say(0, "转人工")
    with locked(tmp_path / "fawen.db"):
        outage = [await town.say(1, "路灯坏了"), await town.say(1, "路灯坏了")]
    assert [("outage", None)] * 2 == [(r.key, r.ticket) for r in outage]
    told = await town.say(1, "路灯坏了")
    again = [await town.say(0, "转人工"), await town.say(1, "路灯坏了")]
    assert ([before, told], True) == (again, told.ticket is not None)
    assert {"m0": 1, "m1": 1} == await town.records()
    await store.close()


async def test_a_full_disk_loses_nothing_and_recovers(town: Town, tmp_path: Path) -> None:
    """The outage text instead of a promise, staff are told too; with room again everything goes on, once."""
    await town.say(0, "转人工")
    told = await town.say(1, "路灯坏了")
    await town.gatherer.once()
    with full(tmp_path / "fawen.db"):
        assert ["outage", "outage"] == [(await town.say(2)).key for _ in range(2)]
        with pytest.raises(StoreUnavailable):
            await town.desk.answer(1, "已报修。", "li")
    assert "entry" == (await town.say(2)).key.replace("late_answer", "entry")
    await town.desk.answer(1, "已报修。", "li")
    late = await town.say(3)
    assert ({"m0": 1, "m1": 1, "m2": 1, "m3": 1}, 1) == (await town.records(), late.text.count("已报修。"))
    assert [DeliveryState.SENT] == [d.state for d in await town.desk.deliveries(1)]
    assert told.ticket is not None
    assert told.ticket == (await town.desk.deliveries(1))[0].ticket


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(days=1), timedelta(days=-1)])
async def test_a_clock_that_jumps_shuts_nobody_out(
    tmp_path: Path, sample_matcher: Matcher, clock: FakeClock, jump: timedelta
) -> None:
    """Half a minute after the jump the limits of a person and of the service let people in as before."""
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/fawen.db", now=clock)
    await store.start()
    gate = Gate(Overall(per_second=2, in_work=10))
    dialogue = Dialogue(lambda: sample_matcher, store, Limits(per_minute=3), clock, gate=gate)

    async def ask(number: int) -> str:
        message = Message("web", "c", "c", "法律援助收费吗", Kind.TEXT, clock(), f"m{number}")
        return (await dialogue.handle(message)).key

    assert ["entry", "entry", "busy"] == [await ask(n) for n in (1, 2, 3)]
    clock.time += jump
    await ask(4)
    keys = []
    for number in range(5, 9):
        clock.pass_by(seconds=30)
        keys.append(await ask(number))
    assert ["entry"] * 4 == keys
    await store.close()


async def test_a_clock_set_back_holds_up_no_reply(town: Town) -> None:
    """What was put in the outbox before the jump goes out at once, and what comes after it in the same chat too."""
    sent: list[str] = []

    async def send(chat: str, reply: Reply, ref: str) -> None:
        sent.append(ref)

    await town.say(1, channel="telegram")
    town.clock.pass_by(hours=-1)
    await town.say(2, channel="telegram")
    sender = Sender("telegram", town.store, send)
    while await sender.once():
        pass
    assert ["m1", "m2"] == sent


@pytest.mark.parametrize("channel", ["telegram", "wechat"])
async def test_a_platform_away_for_an_hour_gets_everything_once(town: Town, channel: str) -> None:
    """Tries are spaced out while it is away; afterwards every reply and every answer by staff arrives, once, in order."""
    tries: Counter[str] = Counter()
    arrived: list[str] = []
    back = town.clock() + timedelta(hours=1)

    async def send(chat: str, reply: Reply, ref: str) -> None:
        tries[ref] += 1
        if town.clock() < back:
            raise DeliveryDelayed("connection refused")
        arrived.append(reply.text)

    sender = Sender(channel, town.store, send)
    await town.say(1, "转人工", channel)
    number = (await town.say(2, "路灯坏了", channel)).ticket
    await town.gatherer.once()
    await town.desk.answer(1, "已报修。", "li")
    while town.clock() < back + timedelta(minutes=30):
        await sender.once()
        town.clock.pass_by(seconds=5)
    assert 3 == len(arrived)
    assert (1, True) == (sum("已报修。" in text for text in arrived), "已报修。" in arrived[-1])
    # 1, 2, 5, 15, 60 s, then every five minutes
    assert 12 <= tries["m1"] <= 20
    assert number is not None
    assert 1 == tries[number]
