"""Open or closed, room or none, and what is counted: the same for every channel."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.config import Dialogue as Rules
from bot.config import Limits
from bot.dialogue import Dialogue
from bot.gate import Gate
from bot.messages import Kind, Message, Reply
from bot.metrics import Metrics
from bot.store.base import Switch
from bot.store.sql import SqlStore
from bot.store.switches import Switches
from bot.switching import Switchboard
from intents import Matcher
from tests.fakes import FakeClock, MemoryStore, a_message

Make = Callable[[Gate], tuple[Dialogue, MemoryStore, FakeClock]]


@pytest.fixture
def make(sample_matcher: Matcher) -> Make:
    """A dialogue behind a gate."""

    def making(gate: Gate) -> tuple[Dialogue, MemoryStore, FakeClock]:
        store, clock = MemoryStore(), FakeClock()
        return Dialogue(lambda: sample_matcher, store, Rules(), clock, gate=gate), store, clock

    return making


@pytest.mark.parametrize("channel", ["web", "telegram", "wechat", "terminal"])
async def test_a_closed_channel_says_so_and_records_it(make: Make, channel: str) -> None:
    """The operator's words or the text `closed`, on every channel, once recorded, with the question kept."""
    switches = {channel: Switch(channel, False, "维护中。")}
    dialogue, store, clock = make(Gate(switches=lambda: switches))
    message = Message(channel, "c", "c", "公证收费标准", Kind.TEXT, clock(), "m1")
    first, again = await dialogue.handle(message), await dialogue.handle(message)
    assert ("closed", "维护中。") == (first.key, first.text)
    assert first == again
    assert ["公证收费标准"] == [t.message.text for t in store.turns]
    switches[channel] = Switch(channel, False)
    assert "110" in (await dialogue.handle(Message(channel, "c", "c", "公证收费", Kind.TEXT, clock(), "m2"))).text
    switches[channel] = Switch(channel, True)
    assert "entry" == (await dialogue.handle(Message(channel, "c", "c", "公证收费", Kind.TEXT, clock(), "m3"))).key


def test_typing_has_room_of_its_own() -> None:
    """Three suggestions for each message that is let in, in each second; without limits any number."""
    clock = FakeClock()
    gate, unlimited = Gate(Limits(per_second=10)), Gate()
    assert 30 == sum(gate.typing(clock()) for _ in range(100))
    clock.pass_by(seconds=1)
    assert 30 == sum(gate.typing(clock()) for _ in range(100))
    assert all(unlimited.typing(clock()) for _ in range(100))


async def test_other_channels_stay_open(make: Make) -> None:
    """One switch closes one channel."""
    dialogue, _, clock = make(Gate(switches=lambda: {"telegram": Switch("telegram", False)}))
    assert "entry" == (await dialogue.handle(a_message("公证收费标准", clock))).key


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.VOICE])
async def test_an_emergency_passes_every_limit(make: Make, kind: Kind) -> None:
    """Closed, full or too fast: who is being beaten gets the number, whether it is typed or spoken."""
    gate = Gate(Limits(per_second=1, in_work=1), lambda: {"web": Switch("web", False)})
    dialogue, _, clock = make(gate)
    with gate.working():
        keys = [(await dialogue.handle(a_message("他现在又打我了", clock, n, kind))).entry for n in range(30)]
    assert ["safety.violence"] * 30 == keys


async def test_more_than_there_is_room_for_is_told_so(make: Make) -> None:
    """By number in work and by rate: a text, nothing stored, nothing promised; a moment later it is answered."""
    gate = Gate(Limits(per_second=2, in_work=1))
    dialogue, store, clock = make(gate)
    with gate.working():
        busy = await dialogue.handle(a_message("公证收费标准", clock, 1))
    assert ("busy", None, {}) == (busy.key, busy.ticket, store.messages)
    keys = [(await dialogue.handle(a_message("公证收费标准", clock, n))).key for n in (1, 2, 3)]
    assert ["entry", "entry", "busy"] == keys
    clock.pass_by(seconds=1)
    assert "entry" == (await dialogue.handle(a_message("公证收费标准", clock, 3))).key


async def test_who_is_too_fast_is_told_once_a_minute(make: Make) -> None:
    """On channels that send by themselves the rest is recorded in silence: no flood of replies to a flood."""
    dialogue, store, clock = make(Gate())
    for number in range(40):
        await dialogue.handle(a_message("公证收费标准", clock, number), deliver=True)
    assert (40, 20, 1) == (
        len(store.turns),
        sum(o.reply.key == "entry" for o in store.outbox),
        sum(o.reply.key == "too_fast" for o in store.outbox),
    )


async def test_a_closed_channel_says_so_once_a_minute(make: Make) -> None:
    """Whoever goes on writing is recorded in silence; a minute later, and to others, it is said again."""
    dialogue, store, clock = make(Gate(switches=lambda: {"web": Switch("web", False)}))
    for number in range(200):
        await dialogue.handle(a_message("公证收费标准", clock, number), deliver=True)
    assert (200, ["closed"]) == (len(store.turns), [o.reply.key for o in store.outbox])
    other = Message("web", "visit-2", "visit-2", "公证收费标准", Kind.TEXT, clock(), "m200")
    await dialogue.handle(other, deliver=True)
    clock.pass_by(minutes=1)
    await dialogue.handle(a_message("公证收费标准", clock, 201), deliver=True)
    assert ["visit-1", "visit-2", "visit-1"] == [o.chat for o in store.outbox]


async def test_a_person_may_write_so_many_at_once_and_a_minute(make: Make) -> None:
    """`dialogue.per_minute` at once; then as many a minute, evenly."""
    dialogue, _, clock = make(Gate())
    keys = [(await dialogue.handle(a_message("公证收费标准", clock, n))).key for n in range(21)]
    assert ["entry"] * 20 + ["too_fast"] == keys
    clock.pass_by(seconds=3)
    keys = [(await dialogue.handle(a_message("公证收费标准", clock, n))).key for n in (21, 22)]
    assert ["entry", "too_fast"] == keys


async def test_messages_are_counted_by_channel_and_outcome(make: Make) -> None:
    """Answered, repeated, busy and outage each count once; no text and no person in the output."""
    metrics = Metrics()
    gate = Gate(Limits(per_second=3, in_work=5), meter=metrics)
    dialogue, store, clock = make(gate)
    await dialogue.handle(a_message("公证收费标准", clock, 1))
    await dialogue.handle(a_message("公证收费标准", clock, 1))
    store.broken = True
    await dialogue.handle(a_message("公证收费标准", clock, 2))
    await dialogue.handle(a_message("公证收费标准", clock, 3))
    said = metrics.show(
        {"outbox_sent": 2, "ticket_new": 1}, "v7", {"good": 1, "bad": 2}, {"web": {"open": False}}
    ).decode()
    for outcome, count in (("answer", 1), ("repeated", 1), ("outage", 1), ("busy", 1)):
        assert f'fawen_messages_total{{channel="web",outcome="{outcome}"}} {count}.0' in said
    for line in (
        'fawen_reply_seconds_count{channel="web"} 1.0', 'fawen_outbox{state="sent"} 2.0',
        'fawen_tickets{state="new"} 1.0', 'fawen_knowledge_info{version="v7"} 1.0',
        'fawen_knowledge_reloads{result="bad"} 2.0', 'fawen_channel_open{channel="web"} 0.0',
    ):  # fmt: skip
        assert line in said
    assert [False, False] == ["公证" in said, "visit-1" in said]


async def test_a_switch_thrown_elsewhere_is_seen(tmp_path: object) -> None:
    """Another process closes and opens a channel; the running service follows, and keeps the last known on an outage."""
    clock = FakeClock()
    url = f"sqlite+aiosqlite:///{tmp_path}/fawen.db"
    service, command = SqlStore(url, clock), SqlStore(url, clock)
    await service.start()
    await command.start()
    board = Switchboard(Switches(service.shared))
    await board.refresh()
    assert {} == board.current()
    await Switches(command.shared).set("web", False, "维护中。")
    await board.refresh()
    assert Switch("web", False, "维护中。", clock()) == board.current()["web"]
    await Switches(command.shared).set("web", True)
    await board.refresh()
    assert board.current()["web"].open
    await command.close()
    await service.close()


def test_a_reply_is_counted_by_what_it_says(sample_matcher: Matcher) -> None:
    """Closed and too fast are outcomes of their own."""
    metrics = Metrics()
    metrics.answered("web", Reply("too_fast", "慢一点", "none"), 0.2)
    assert 'outcome="too_fast"} 1.0' in metrics.show({}, "v", {}, {}).decode()
