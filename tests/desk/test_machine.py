"""Claim, reply, ticket, staff's answer, delivery, crash and restart in any order: nothing lost, nothing twice.

FAWEN_MACHINE=200 runs so many histories of a hundred acts with new random numbers instead of the suite's few; with
`-s` the counts are printed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bot.messages import Kind, Message
from bot.store.desk_base import Page
from bot.store.desk_parts import SUPERSEDED
from intents import Matcher
from tests.desk.machine import PEOPLE, PUSHED, Village
from tests.desk.mortal import MOODS, Fate

HISTORIES = int(os.environ.get("FAWEN_MACHINE", "0"))
TEXTS = (
    "法律援助收费吗",
    "转人工",
    "楼上漏水没人管",
    "楼上漏水没人管怎么办",
    "押金不退",
    "路灯坏了",
    "邻居养鸡吵",
    "你好",
)
fates = st.one_of(st.none(), st.tuples(st.integers(0, 6), st.booleans()))
"""Lives end within the next seven steps, or do not."""
some = st.integers(0, 999)


class Machine(RuleBasedStateMachine):
    """Acts of people, platforms, staff and fate on one village."""

    matcher: ClassVar[Matcher]
    place: ClassVar[Path]
    counts: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        shutil.rmtree(self.place, ignore_errors=True)
        self.village = Village(self.place, self.matcher)
        self.run(self.village.begin())

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """One act, to its end."""
        self.runner.run(work)

    @rule(who=st.sampled_from(PEOPLE), text=st.sampled_from(TEXTS), fate=fates)
    def says(self, who: tuple[str, str, str], text: str, fate: Fate) -> None:
        """Somebody sends a message."""
        notes, clock = self.village.notes, self.village.clock
        clock.pass_by(seconds=1)
        message = Message(*who, text, Kind.TEXT, clock(), f"m{len(notes.said)}")
        notes.said.append(message)
        self.run(self.village.bring(message, fate))

    @rule(who=st.sampled_from(PEOPLE), text=st.sampled_from(TEXTS[2:]), fate=fates)
    def pleads(self, who: tuple[str, str, str], text: str, fate: Fate) -> None:
        """Somebody wants a person and says what for: a ticket, if the process lives."""
        self.says(who, "转人工", None)
        self.says(who, text, fate)

    @rule(which=some, fate=fates)
    def comes_again(self, which: int, fate: Fate) -> None:
        """A platform repeats a delivery, an old one or one whose receipt was lost."""
        if said := self.village.notes.said:
            self.village.notes.given["repeats"] += 1
            self.run(self.village.bring(said[-1 - which % len(said)], fate))

    @rule(mood=st.sampled_from(MOODS), minutes=st.integers(0, 10), fate=fates)
    def sends(self, mood: str, minutes: int, fate: Fate) -> None:
        """The sender empties what is due into a platform of some mood."""
        self.village.clock.pass_by(minutes=minutes)
        self.run(self.village.deliver(mood, fate))

    @rule()
    def gathers(self) -> None:
        """Tickets are placed."""
        self.run(gather(self.village))

    @rule(which=some, correction=st.booleans(), lost=st.booleans())
    def answers(self, which: int, correction: bool, lost: bool) -> None:
        """Staff answer or correct."""
        self.run(self.village.answer(which, correction, lost))

    @rule(fate=fates)
    def crashes(self, fate: Fate) -> None:
        """The process is killed between two acts."""
        self.run(self.village.crash(fate))

    @invariant()
    def acknowledged_is_on_disk(self) -> None:
        """Whatever was acknowledged, promised or answered is there, once; nothing arrived twice."""
        self.run(on_disk(self.village))

    def teardown(self) -> None:
        """One more crash; then all is brought to its end and counted."""
        try:
            self.run(self.village.crash())
            self.run(to_the_end(self.village))
            self.run(all_is_settled(self.village))
            self.counts.update(self.village.notes.given)
        finally:
            self.run(self.village.real.close())
            self.runner.close()


async def gather(village: Village) -> None:
    """Place whatever waits."""
    while await village.gatherer.once():
        pass


async def on_disk(village: Village) -> None:
    """Holds after every act."""
    notes = village.notes
    stored = {(c, m) for c, m in await village.rows("SELECT channel, message_id FROM messages")}
    assert set() == notes.accepted - stored
    asked = Counter(await village.rows("SELECT channel, message_id FROM exchanges"))
    assert {} == {key: n for key, n in asked.items() if n > 1}
    assert [] == [key for key in notes.heard if asked[key] != 1]
    tickets = {n: (c, chat) for n, c, chat in await village.rows("SELECT number, channel, chat FROM tickets")}
    assert notes.promised == {number: tickets.get(number) for number in notes.promised}
    said = dict(await village.rows("SELECT id, text FROM answers"))
    assert notes.answers == {key: said.get(key) for key in notes.answers}
    assert {} == {key: n for key, n in village.platform.arrived.items() if n > 1}
    assert [] == village.platform.faults


async def to_the_end(village: Village) -> None:
    """Deliveries without a receipt come again, staff answer what is open, everybody speaks once more, all is sent."""
    for message in village.notes.said:
        if (message.channel, message.message_id) not in village.notes.accepted:
            await village.bring(message, None)
    await everybody_speaks(village, "first")  # who had asked for a person gets a ticket for this
    await gather(village)
    for _ in (await village.desk.clusters(page=Page(1000))).rows:
        await village.answer(0, correction=False, lost=False)
    village.platform.mood = "well"
    waiting = f"""SELECT 1 FROM outbox o JOIN deliveries d ON d.outbox = o.id
        WHERE o.state IN ('pending', 'failed') AND o.note <> '{SUPERSEDED}'"""
    for number in range(12):
        while await village.sender.once():
            village.clock.pass_by(minutes=10)
        if not await village.rows(waiting):
            break
        await everybody_speaks(village, f"round {number}")


async def everybody_speaks(village: Village, name: str) -> None:
    """One question of everybody, which has an answer."""
    for channel, chat, person in PEOPLE:
        village.clock.pass_by(minutes=10)
        key = f"{name} {chat} {person}"
        message = Message(channel, chat, person, "法律援助收费吗", Kind.TEXT, village.clock(), key)
        await village.bring(message, None)


async def all_is_settled(village: Village) -> None:
    """Every message answered once, every ticket answered, every answer with every asker once, or known to be unsure."""
    await on_disk(village)
    notes = village.notes
    asked = Counter(await village.rows("SELECT channel, message_id FROM exchanges"))
    assert dict.fromkeys(notes.accepted, 1) == {key: asked[key] for key in notes.accepted}
    open_ones = "SELECT number, state FROM tickets WHERE apart = '' AND (answer = '' OR cluster IS NULL)"
    assert [] == await village.rows(open_ones)
    missing = """SELECT t.number FROM tickets t JOIN clusters c ON c.id = t.cluster WHERE t.apart = '' AND NOT EXISTS
        (SELECT 1 FROM deliveries d WHERE d.answer = c.answer AND d.channel = t.channel AND d.person = t.person)"""
    assert [] == await village.rows(missing)
    sent = f"""SELECT d.channel, d.chat, d.ticket, a.text, o.state FROM deliveries d JOIN answers a ON a.id = d.answer
        JOIN outbox o ON o.id = d.outbox WHERE o.note <> '{SUPERSEDED}'"""
    for channel, chat, ticket, text, state in await village.rows(sent):
        came = times_it_came(village, channel, chat, ticket, text)
        assert state in ("sent", "uncertain"), f"{text} to {channel} {chat} is {state} in the end"
        assert came == 1 if state == "sent" else came <= 1, f"{text} came {came} times to {channel} {chat}"
        notes.given[f"late answers {state}"] += 1
    notes.given["messages"] += len(notes.said)
    notes.given["tickets"] += len(await village.rows("SELECT 1 FROM tickets"))


def times_it_came(village: Village, channel: str, chat: str, ticket: str, text: str) -> int:
    """How often an answer reached a chat, by the platform or with another reply."""
    if channel == PUSHED:
        found = village.platform.arrived.items()
        return sum(n for (where, ref, body), n in found if (where, ref) == (chat, ticket) and text in body)
    heard = village.notes.heard.items()
    return sum(body.count(text) for key, body in heard if key in village.notes.chats[channel, chat])


def test_any_history_with_crashes_keeps_every_promise(sample_matcher: Matcher, tmp_path: Path) -> None:
    """Acknowledged is on disk; one reply a message, each ticket there, each answer once an asker, unsure never repeated."""
    Machine.matcher, Machine.place, Machine.counts = sample_matcher, tmp_path / "lives", Counter()
    profile = settings(
        max_examples=HISTORIES or 6,
        stateful_step_count=100 if HISTORIES else 25,
        deadline=None,
        derandomize=not HISTORIES,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Machine, settings=profile)
    counts = Machine.counts
    sys.stdout.write(", ".join(f"{name} {n}" for name, n in sorted(counts.items())) + "\n")
    happened = ("messages", "crashes", "killed in the middle", "repeats", "answers", "late answers sent")
    assert [] == [name for name in happened if not counts[name]]
