"""`python -m bench.kills [N]`: the whole loop killed N times (100) at random moments; then what was promised is counted.

Nothing acknowledged may be missing, nobody may have an answer twice, and the knowledge must be whole. The same runs in
the test suite with fewer kills.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa

from bench.forks import Lives
from bench.kill_worker import now
from bot.desk.publishing import MARKER
from bot.store import open_store
from bot.store.desk_schema import answers, clusters, deliveries, proposals, publications
from bot.store.schema import outbox, tickets
from intents import KnowledgeBase
from tests.sample import write_sample

STARTING_SECONDS = 0.4
"""Within which a life is killed that is not to begin its work."""
READY_SECONDS = 120.0


@dataclass
class Count:
    """What was found after the last life."""

    kills: int = 0
    killed_before_ready: int = 0
    tickets: int = 0
    answers: int = 0
    published: int = 0
    delivered: int = 0
    uncertain: int = 0
    seconds: float = 0.0
    lost: list[str] = field(default_factory=list)
    """What was acknowledged and is not there, or never arrived; a sentence each."""
    doubled: list[str] = field(default_factory=list)
    """What somebody got twice."""
    broken: list[str] = field(default_factory=list)
    """Every other promise that was not kept."""

    @property
    def faults(self) -> list[str]:
        """All of them."""
        return [*self.lost, *self.doubled, *self.broken]


async def life(lives: Lives, seed: int, random: Random, longest: float) -> bool:
    """One process, killed within `longest` seconds of its work; whether it had begun to work."""
    await lives.tell(f"start {seed}")
    ready = asyncio.create_task(lives.said())
    # one life in eight is killed while it starts and repairs what the last one left
    if random.random() < 0.125:
        await asyncio.wait([ready], timeout=random.random() * STARTING_SECONDS)
    else:
        await asyncio.wait_for(asyncio.shield(ready), READY_SECONDS)
        await asyncio.sleep(random.random() * longest)
    worked = ready.done() and ready.result() == "ready"
    ready.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await ready
    await lives.tell("kill")
    return worked


async def run(
    place: Path, kills: int, seed: int, longest: float = 3.0, say: Callable[[str], None] | None = None
) -> Count:
    """Kill so many lives, drain, count; `say` hears of every tenth kill. Raises TimeoutError when a life does not begin."""
    write_sample(place / "knowledge")
    random, count, started = Random(seed), Count(), time.monotonic()
    lives = Lives("bench.kill_worker", str(place))
    await lives.begin()
    try:
        for n in range(kills):
            count.killed_before_ready += not await life(lives, seed * 1000 + n, random, longest)
            count.kills += 1
            if say and count.kills % 10 == 0:
                say(f"{count.kills} kills, {so_far(place)}, {time.monotonic() - started:.0f} s")
        if code := await lives.tell("finish 0 drain"):
            count.broken.append(f"the last life, which only finishes, ended with {code}")
    finally:
        await lives.end()
    await examine(place, count)
    count.seconds = time.monotonic() - started
    return count


def so_far(place: Path) -> str:
    """Between two lives: what was promised, and what of it is not there or was sent twice."""
    acks = _lines(place / "acks")
    with contextlib.closing(sqlite3.connect(f"file:{place}/fawen.db?mode=ro", uri=True)) as reading:
        kept = {number for (number,) in reading.execute("SELECT number FROM tickets")}
        said = {str(key) for (key,) in reading.execute("SELECT id FROM answers")}
    promised = {what: {key for kind, key in acks if kind == what} for what in ("ticket", "answer")}
    lost = len(promised["ticket"] - kept) + len(promised["answer"] - said)
    arrived = Counter((chat, ref) for chat, key, ref, _ in _lines(place / "sent") if key.startswith("late_"))
    doubled = sum(n > 1 for n in arrived.values())
    return f"{len(promised['ticket'])} tickets, {len(promised['answer'])} answers, lost {lost}, doubled {doubled}"


async def examine(place: Path, count: Count) -> None:
    """Hold what was acknowledged and what the platform received against the database and the files."""
    acks: dict[str, list[str]] = {"ticket": [], "answer": [], "published": []}
    for line in _lines(place / "acks"):
        acks[line[0]].append(line[1])
    store = open_store(f"sqlite+aiosqlite:///{place}/fawen.db", now=now)
    await store.start()
    async with store.shared.engine.connect() as connection:
        kept = {r.number: r for r in await connection.execute(sa.select(tickets))}
        said = {r.id: r for r in await connection.execute(sa.select(answers))}
        done = {r.id: r for r in await connection.execute(sa.select(publications))}
        stored = {r.id: r for r in await connection.execute(sa.select(proposals))}
        sent = (await connection.execute(
            sa.select(deliveries, outbox.c.state).join(outbox, outbox.c.id == deliveries.c.outbox)
        )).all()  # fmt: skip
        homes = {r.id: r for r in await connection.execute(sa.select(clusters))}
    await store.close()
    count.tickets, count.answers, count.published = len(acks["ticket"]), len(acks["answer"]), len(acks["published"])
    for number in acks["ticket"]:
        ticket = kept.get(number)
        if ticket is None:
            count.lost.append(f"ticket {number} was promised and is not there")
        elif not ticket.answer or ticket.state not in ("answered", "published"):
            count.lost.append(f"ticket {number} has no answer in the end: {ticket.state}")
    count.lost += [f"answer {a} was acknowledged and is not there" for a in acks["answer"] if int(a) not in said]
    for key in acks["published"]:
        if int(key) not in done or done[int(key)].state not in ("published", "rolled_back"):
            count.lost.append(f"publication {key} was acknowledged and is not in force")
    _deliveries(place, count, sent, kept, homes)
    _knowledge(place, count, done, stored)


def _deliveries(
    place: Path, count: Count, sent: Sequence[sa.Row[Any]], kept: dict[str, Any], homes: dict[int, Any]
) -> None:
    arrived = Counter((chat, ref) for chat, key, ref, _ in _lines(place / "sent") if key.startswith("late_"))
    texts = Counter((chat, text) for chat, key, _, text in _lines(place / "sent") if key.startswith("late_"))
    count.doubled += [f"{who} got one answer {n} times" for who, n in [*arrived.items(), *texts.items()] if n > 1]
    people = Counter((row.answer, row.channel, row.person) for row in sent)
    count.doubled += [f"answer {key} has {n} deliveries to one person" for key, n in people.items() if n > 1]
    for row in sent:
        here = arrived[row.chat, row.ticket]
        if row.state == "sent":
            count.delivered += 1
            if not here:
                count.lost.append(f"delivery {row.id} counts as sent and never arrived")
        elif row.state == "uncertain":
            count.uncertain += 1
        else:
            count.broken.append(f"delivery {row.id} is {row.state} in the end")
    have = {(row.cluster, row.person) for row in sent}
    for ticket in kept.values():
        if ticket.cluster not in homes:
            count.broken.append(f"ticket {ticket.number} stands in no cluster")
        elif (ticket.cluster, ticket.person) not in have:
            count.lost.append(f"the asker of {ticket.number} was sent no answer")
    first = Counter(ref for _, key, ref, _ in _lines(place / "sent") if not key.startswith("late_"))
    count.doubled += [f"message {ref} was answered {n} times" for ref, n in first.items() if n > 1]


def _knowledge(place: Path, count: Count, done: dict[int, Any], stored: dict[int, Any]) -> None:
    directory = place / "knowledge"
    problems = [p for p in KnowledgeBase.check(directory) if p.severity == "error"]
    count.broken += [f"knowledge: {p}" for p in problems]
    if (directory / MARKER).exists():
        count.broken.append("the marker of a half published change is still there")
    count.broken += [f"publication {p.id} is {p.state}" for p in done.values() if p.state in ("publishing", "failed")]
    if problems:
        return
    questions = Counter(KnowledgeBase.load(directory).entries["legal_aid.what"].questions)
    for proposal in stored.values():
        wanted = 1 if proposal.state == "published" else 0
        held = questions[proposal.operation["question"]]
        others = [p for p in stored.values() if p.operation["question"] == proposal.operation["question"]]
        if len(others) == 1 and held != wanted:
            count.broken.append(f"proposal {proposal.id} is {proposal.state}, its question stands {held} times")


def _lines(path: Path) -> list[list[str]]:
    """Whole lines; a kill may have cut the last one, whose promise was then not made."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [line.split("\t") for line in text.split("\n")[:-1]]


def main() -> None:
    """Print a line every ten kills, then the counts; exit 1 when a promise was broken."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as place:
        count = asyncio.run(run(Path(place), kills, seed=11, say=lambda line: print(line, flush=True)))
    print(f"{count.kills} kills, {count.killed_before_ready} of them while starting, {count.seconds:.0f} s")
    print(f"promised: {count.tickets} tickets, {count.answers} answers, {count.published} publications")
    print(f"delivered once: {count.delivered}; uncertain, never repeated: {count.uncertain}")
    print(f"lost {len(count.lost)}, doubled {len(count.doubled)}, otherwise broken {len(count.broken)}")
    for fault in count.faults[:20]:
        print(f"  {fault}")
    sys.exit(1 if count.faults else 0)


if __name__ == "__main__":
    main()
