"""`python -m bench.kills [N]`: the whole loop killed N times (100) at random moments; then what was promised is counted.

Nothing acknowledged may be missing, nobody may have an answer twice, and the knowledge must be whole. The same runs in
the test suite with fewer kills.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa

from bench.kill_worker import now
from bot.desk.publishing import MARKER
from bot.store import open_store
from bot.store.desk_schema import answers, clusters, deliveries, proposals, publications
from bot.store.schema import outbox, tickets
from intents import KnowledgeBase
from tests.sample import ROOT, write_sample


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
    faults: list[str] = field(default_factory=list)
    """Every promise that was not kept, in a sentence."""


async def life(place: Path, seed: int, random: Random, longest: float) -> bool:
    """One process, killed within `longest` seconds of its work; whether it had begun to work."""
    process = await _start(place, seed)
    assert process.stdout is not None
    ready = asyncio.create_task(process.stdout.readline())
    # one life in eight is killed while it starts and repairs what the last one left
    if random.random() < 0.125:
        await asyncio.wait([ready], timeout=random.random() * 4)
    else:
        await ready
        await asyncio.sleep(random.random() * longest)
    worked = ready.done() and ready.result() == b"ready\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    ready.cancel()
    return worked


async def _start(place: Path, seed: int, *more: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.kill_worker", str(place), str(seed), *more,
        stdout=asyncio.subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


async def run(place: Path, kills: int, seed: int, longest: float = 3.0) -> Count:
    """Kill so many lives, drain, count."""
    write_sample(place / "knowledge")
    random, count = Random(seed), Count()
    for n in range(kills):
        count.kills += 1
        count.killed_before_ready += not await life(place, seed * 1000 + n, random, longest)
    process = await _start(place, 0, "drain")
    if await process.wait():
        count.faults.append("the last life, which only finishes, ended with an error")
    await examine(place, count)
    return count


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
            count.faults.append(f"ticket {number} was promised and is not there")
        elif not ticket.answer or ticket.state not in ("answered", "published"):
            count.faults.append(f"ticket {number} has no answer in the end: {ticket.state}")
    count.faults += [f"answer {a} was acknowledged and is not there" for a in acks["answer"] if int(a) not in said]
    for key in acks["published"]:
        if int(key) not in done or done[int(key)].state not in ("published", "rolled_back"):
            count.faults.append(f"publication {key} was acknowledged and is not in force")
    _deliveries(place, count, sent, kept, homes)
    _knowledge(place, count, done, stored)


def _deliveries(
    place: Path, count: Count, sent: Sequence[sa.Row[Any]], kept: dict[str, Any], homes: dict[int, Any]
) -> None:
    arrived = Counter((chat, ref) for chat, key, ref, _ in _lines(place / "sent") if key.startswith("late_"))
    texts = Counter((chat, text) for chat, key, _, text in _lines(place / "sent") if key.startswith("late_"))
    count.faults += [f"{who} got one answer {n} times" for who, n in [*arrived.items(), *texts.items()] if n > 1]
    people = Counter((row.answer, row.channel, row.person) for row in sent)
    count.faults += [f"answer {key} has {n} deliveries to one person" for key, n in people.items() if n > 1]
    for row in sent:
        here = arrived[row.chat, row.ticket]
        if row.state == "sent":
            count.delivered += 1
            if not here:
                count.faults.append(f"delivery {row.id} counts as sent and never arrived")
        elif row.state == "uncertain":
            count.uncertain += 1
        else:
            count.faults.append(f"delivery {row.id} is {row.state} in the end")
    have = {(row.cluster, row.person) for row in sent}
    for ticket in kept.values():
        if ticket.cluster not in homes:
            count.faults.append(f"ticket {ticket.number} stands in no cluster")
        elif (ticket.cluster, ticket.person) not in have:
            count.faults.append(f"the asker of {ticket.number} was sent no answer")
    first = Counter(ref for _, key, ref, _ in _lines(place / "sent") if not key.startswith("late_"))
    count.faults += [f"message {ref} was answered {n} times" for ref, n in first.items() if n > 1]


def _knowledge(place: Path, count: Count, done: dict[int, Any], stored: dict[int, Any]) -> None:
    directory = place / "knowledge"
    problems = [p for p in KnowledgeBase.check(directory) if p.severity == "error"]
    count.faults += [f"knowledge: {p}" for p in problems]
    if (directory / MARKER).exists():
        count.faults.append("the marker of a half published change is still there")
    count.faults += [f"publication {p.id} is {p.state}" for p in done.values() if p.state in ("publishing", "failed")]
    if problems:
        return
    questions = Counter(KnowledgeBase.load(directory).entries["legal_aid.what"].questions)
    for proposal in stored.values():
        wanted = 1 if proposal.state == "published" else 0
        held = questions[proposal.operation["question"]]
        others = [p for p in stored.values() if p.operation["question"] == proposal.operation["question"]]
        if len(others) == 1 and held != wanted:
            count.faults.append(f"proposal {proposal.id} is {proposal.state}, its question stands {held} times")


def _lines(path: Path) -> list[list[str]]:
    """Whole lines; a kill may have cut the last one, whose promise was then not made."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [line.split("\t") for line in text.split("\n")[:-1]]


def main() -> None:
    """Print the counts; exit 1 when a promise was broken."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as place:
        count = asyncio.run(run(Path(place), kills, seed=11))
    print(f"{count.kills} kills, {count.killed_before_ready} of them while starting")
    print(f"promised: {count.tickets} tickets, {count.answers} answers, {count.published} publications")
    print(
        f"delivered once: {count.delivered}; uncertain, never repeated: {count.uncertain}; broken: {len(count.faults)}"
    )
    for fault in count.faults[:20]:
        print(f"  {fault}")
    sys.exit(1 if count.faults else 0)


if __name__ == "__main__":
    main()
