"""Gathering: what is alike comes together, what people decided stays, and several processes do not disturb each other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.app import make_desk
from bot.desk.desk import Desk
from bot.desk.gather import Gatherer
from bot.store.base import Ticket, TicketState
from bot.store.desk_base import Filter
from bot.store.numbers import ALPHABET, new_number
from bot.store.rows import of_ticket
from bot.store.schema import tickets
from bot.store.sql import SqlStore
from intents import Matcher
from tests.fakes import FakeClock


class Bench:
    """A desk with a gatherer, and questions to put before it."""

    def __init__(self, store: SqlStore, matcher: Matcher, clock: FakeClock) -> None:
        self.store, self.matcher, self.clock = store, matcher, clock
        self.desk, self.gatherer = make_desk(store, lambda: matcher, clock)
        self.count = 0

    def another(self) -> tuple[Desk, Gatherer]:
        """A second process on the same database."""
        return make_desk(self.store, lambda: self.matcher, self.clock)

    async def ask(self, *texts: str, apart: str = "") -> list[str]:
        """Tickets of so many different people; their numbers."""
        made = []
        for text in texts:
            self.count += 1
            letters = iter(ALPHABET[self.count // 31 ** (4 - i) % 31] for i in range(5))
            number = new_number(lambda _, letters=letters: next(letters))  # type: ignore[misc]
            person = f"p{self.count}"
            made.append(
                Ticket(number, "web", person, person, text, "none", (), self.clock(), due_at=self.clock(), apart=apart)
            )
            self.clock.pass_by(seconds=1)
        async with self.store.shared.engine.begin() as connection:
            await connection.execute(sa.insert(tickets), [of_ticket(t) for t in made])
        return [t.number for t in made]

    async def groups(self, which: Filter | None = None) -> list[list[str]]:
        """Texts of each cluster, in the order of the queue."""
        rows: Sequence[int] = [r.id for r in (await self.desk.clusters(which or Filter(states=()))).rows]
        return [[t.text for t in (await self.desk.cluster(i)).tickets] for i in rows]


@pytest.fixture
async def bench(tmp_path: Path, sample_matcher: Matcher) -> AsyncIterator[Bench]:
    """On SQLite, empty."""
    clock = FakeClock()
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/fawen.db", now=clock)
    await store.start()
    lexicon = replace(sample_matcher.knowledge.lexicon, fillers=("请问", "呢", "呀", "啊"), cantonese={"咋": "怎么"})
    yield Bench(store, Matcher(replace(sample_matcher.knowledge, lexicon=lexicon)), clock)
    await store.close()


async def test_what_is_alike_comes_together(bench: Bench) -> None:
    """In one batch and over several; other matters begin clusters of their own; then nothing is left to do."""
    await bench.ask("房产证丢了怎么补办", "请问房产证丢了怎么补办", "小区电梯老坏找谁")
    assert 3 == await bench.gatherer.once()
    await bench.ask("房产证丢了咋补办啊", "楼下烧烤店油烟太大")
    assert (2, 0) == (await bench.gatherer.once(), await bench.gatherer.once())
    assert [
        ["房产证丢了怎么补办", "请问房产证丢了怎么补办", "房产证丢了咋补办啊"],
        ["小区电梯老坏找谁"],
        ["楼下烧烤店油烟太大"],
    ] == await bench.groups()


async def test_what_was_split_stays_split(bench: Bench) -> None:
    """After a split the ticket is never put back, and who asks like it joins it."""
    await bench.ask("小榄镇哪里可以补办房产证")
    (moved,) = await bench.ask("古镇镇哪里可以补办房产证")
    await bench.gatherer.once()
    ((first, second),) = await bench.groups()
    row = (await bench.desk.clusters()).rows[0]
    await bench.desk.split(row.id, [moved], "li")
    await bench.ask("古镇镇哪里可以补办房产证呢")
    while await bench.gatherer.once():
        pass
    assert [[second, "古镇镇哪里可以补办房产证呢"], [first]] == await bench.groups()


async def test_what_was_merged_stays_merged(bench: Bench) -> None:
    """Who asks like either joins the one cluster."""
    await bench.ask("房产证丢了怎么补办", "楼下烧烤店油烟太大")
    await bench.gatherer.once()
    a, b = (await bench.desk.clusters()).rows
    await bench.desk.merge(a.id, [b.id], "li")
    await bench.ask("楼下烧烤店的油烟太大", "房产证丢了怎么补办呀")
    await bench.gatherer.once()
    assert [4] == [len(group) for group in await bench.groups()]


async def test_only_the_same_question_is_answered_without_a_person(bench: Bench) -> None:
    """Nearly equal: answered. Alike, or with another figure: a cluster of its own, open."""
    await bench.ask("房产证丢了30天能不能补办")
    await bench.gatherer.once()
    await bench.desk.answer((await bench.desk.clusters()).rows[0].id, "可以，带身份证。", "li")
    same, other, alike = await bench.ask(
        "请问房产证丢了30天能不能补办？", "房产证丢了60天能不能补办", "房产证丢了30天补办要交多少费用"
    )
    await bench.gatherer.once()
    states = [(await bench.desk.ticket(number)).ticket.state for number in (same, other, alike)]
    assert [TicketState.ANSWERED, TicketState.NEW, TicketState.NEW] == states


async def test_set_apart_and_queue_never_mix(bench: Bench) -> None:
    """An advert gathers with adverts only."""
    await bench.ask("出售二手房产证办理服务")
    await bench.ask("出售二手房产证办理服务", "出售二手房产证办理服务", apart="advert")
    await bench.gatherer.once()
    assert [2] == [len(g) for g in await bench.groups(Filter(apart=True))]
    assert [1] == [len(g) for g in await bench.groups()]


async def test_two_processes_gather_into_the_same_clusters(bench: Bench) -> None:
    """Each sees what the other placed; one that lost the race looks again."""
    desk, other = bench.another()
    for text in ("房产证丢了怎么补办", "房产证丢了怎么补办呢", "请问房产证丢了怎么补办"):
        await bench.ask(text)
        gatherer = other if text.endswith("呢") else bench.gatherer
        while await gatherer.once():
            pass
    assert [3] == [len(group) for group in await bench.groups()]
    assert 0 == (await desk.numbers()).unplaced


async def test_new_words_in_the_lexicon_are_used(bench: Bench) -> None:
    """After a reload the index is made anew: a synonym joins what it did not before."""
    await bench.ask("房本遗失怎样补发")
    await bench.gatherer.once()
    lexicon = bench.matcher.knowledge.lexicon
    richer = replace(
        lexicon, synonyms={"房产证": ("房本",), "丢失": ("丢了", "遗失"), "补办": ("补发",), "怎么": ("怎样",)}
    )
    knowledge = replace(bench.matcher.knowledge, lexicon=richer)
    bench.matcher = Matcher(knowledge)
    bench.gatherer._matcher = lambda: bench.matcher
    await bench.ask("房产证丢了怎么补办")
    await bench.gatherer.once()
    assert [2] == [len(group) for group in await bench.groups()]
