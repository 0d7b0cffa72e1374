"""`python -m bench.clusters`: 100,000 tickets into clusters, with the database; and how good the clusters are.

The tickets are made from the stored questions of the knowledge base: each is asked by several people, some of them in
other words (a filler, a character left out or doubled, two parts swapped), with a popularity that falls off as it does
among people. How good: on the curated questions alone, which are kept apart on purpose, the share of joins that stay
within one entry.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter, process_time

import sqlalchemy as sa

from bot.desk.desk import Desk
from bot.desk.gather import JOIN, SAME, Gatherer
from bot.desk.wording import late_reply
from bot.paths import knowledge_dir
from bot.store import open_store
from bot.store.base import Ticket
from bot.store.desk import DeskStore
from bot.store.desk_base import Filter
from bot.store.desk_place import PlacingStore
from bot.store.numbers import new_number
from bot.store.rows import of_ticket
from bot.store.schema import tickets
from intents import KnowledgeBase, Matcher
from intents.nearby import Nearby, rarity

START = datetime(2026, 11, 1, tzinfo=UTC)


def asked(random: Random, question: str) -> str:
    """The question as one more person types it."""
    way, at = random.random(), random.randrange(len(question))
    if way < 0.35:
        return question
    if way < 0.55:
        return random.choice(["请问", "我想问下", "你好，", "麻烦问一下"]) + question
    if way < 0.7:
        return question + random.choice(["？", "呢", "，谢谢", "啊"])
    if way < 0.85:
        return question[:at] + question[at + 1 :] or question
    return question[:at] + question[at : at + 1] + question[at:]


def make_tickets(base: KnowledgeBase, count: int) -> list[Ticket]:
    """So many tickets; question n is asked about 1 / (n + 20) as often."""
    random = Random(7)
    questions = [q for e in base.entries.values() for q in e.questions] + [b.question for b in base.background]
    random.shuffle(questions)
    chosen = random.choices(questions, [1 / (n + 20) for n in range(len(questions))], k=count)
    numbers: set[str] = set()
    while len(numbers) < count:
        numbers.add(new_number(random.choice))
    made = []
    for n, (number, question) in enumerate(zip(sorted(numbers), chosen, strict=True)):
        at = START + timedelta(seconds=9 * n)
        person = f"p{random.randrange(count // 3 + 1)}"
        channel = random.choice(["web", "telegram", "wechat"])
        text = asked(random, question)
        made.append(Ticket(number, channel, person, person, text, "none", (("notary.fee", 0.3),), at, due_at=at))
    return made


async def gather(base: KnowledgeBase, matcher: Matcher, count: int) -> None:
    """Store, gather, look."""
    with tempfile.TemporaryDirectory() as place:
        store = open_store(f"sqlite+aiosqlite:///{place}/bench.db", now=lambda: datetime.now(UTC))
        await store.start()
        made = make_tickets(base, count)
        async with store.shared.engine.begin() as connection:
            await connection.execute(sa.insert(tickets), [of_ticket(t) for t in made])
        gatherer = Gatherer(
            PlacingStore(store.shared), lambda: matcher, lambda a, text, again: late_reply(base, a, text, again)
        )
        started, worked = perf_counter(), process_time()
        while await gatherer.once():
            pass
        seconds, worked = perf_counter() - started, process_time() - worked
        desk = Desk(DeskStore(store.shared), lambda: base, lambda: datetime.now(UTC))
        listing = await desk.clusters()
        print(f"{count} tickets, {len({t.text for t in made})} different texts: {listing.total} clusters")
        print(f"  gathered in {seconds:.1f} s ({worked:.1f} s of processor time)")
        for name, which in {
            "queue": Filter(),
            "queue by age": Filter(order="age"),
            "queue by channel and word": Filter(channel="web", text="公证"),
            "tickets": Filter(states=()),
        }.items():
            times = []
            for _ in range(5):
                started = perf_counter()
                await (desk.tickets(which) if name == "tickets" else desk.clusters(which))
                times.append(1000 * (perf_counter() - started))
            print(f"  {name}: {sorted(times)[2]:.0f} ms")
        await store.close()


def quality(base: KnowledgeBase, matcher: Matcher) -> None:
    """On the curated questions: joins within one entry and across."""
    normalizer = matcher.normalizer
    items = [(normalizer.concepts(normalizer(q)), e.id) for e in base.entries.values() for q in e.questions]
    weight = rarity([form for form, _ in items])
    Random(1).shuffle(items)
    for least in (JOIN - 5, JOIN, JOIN + 5, SAME):
        index, right, wrong = Nearby(weight), 0, 0
        for n, (form, entry) in enumerate(items):
            near = index.nearest(form, least)
            if near is None:
                index.add(str(n), form)
            elif items[int(near.key)][1] == entry:
                right += 1
            else:
                wrong += 1
        share = f"{100 * right / (right + wrong):.0f} %" if right + wrong else "-"
        print(f"likeness {least:.0f}: {right + wrong} of {len(items)} join, {share} of them within one entry")


def main() -> None:
    """Print the figures; the number of tickets may be given."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    base = KnowledgeBase.load(knowledge_dir())
    matcher = Matcher(base, cache=Path(".cache"))
    quality(base, matcher)
    asyncio.run(gather(base, matcher, count))


if __name__ == "__main__":
    main()
