"""Kept sums give the very figures that counting row by row gives, whatever happens to the rows, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Kind, Message, Reply
from bot.store import counts, favourites, rows
from bot.store.backup import back_up, restore
from bot.store.base import Turn
from bot.store.counts import viewing
from bot.store.erasing import Eraser, Terms
from bot.store.facts import CHINA, tenths
from bot.store.reports import Reports
from bot.store.schema import exchanges
from bot.store.sql import SqlStore
from bot.store.sums import Sums, mark, recording
from bot.store.sums_schema import asked_days, asked_texts, askers, day_entries, day_took, day_topics
from tests.databases import a_database
from tests.fakes import FakeClock
from tests.store.naive import figures, reported

MIDNIGHT = datetime(2026, 11, 23, tzinfo=CHINA)
SPANS = [(MIDNIGHT - timedelta(days=before), MIDNIGHT + timedelta(days=2)) for before in (0, 2, 40)]
TEXTS = ("押金不退", "公证收费", "公证", "𠮷", "Zz", "zz", "押金 不退", "")
PERSONS = ("p1", "p2", "p3", "p4")
ENTRIES = ("notary.fee", "notary.time", "legal_aid.cost", "plain")


def a_turn(draw: random.Random, number: int, at: datetime) -> Turn:
    """Any exchange; most are questions."""
    outcome: Literal["answer", "options", "none"] = draw.choice(("answer", "answer", "options", "none"))
    key = {"answer": "entry", "options": "options", "none": "no_answer"}[outcome]
    reply = Reply(
        key if draw.random() < 0.8 else "greeting", "…", outcome,
        entry=draw.choice(ENTRIES) if outcome == "answer" and draw.random() < 0.9 else None,
    )  # fmt: skip
    person, channel = draw.choice(PERSONS), draw.choice(("web", "telegram"))
    kind = Kind.TEXT if draw.random() < 0.9 else Kind.CHOICE
    message = Message(channel, person, person, draw.choice(TEXTS), kind, at, f"m{number}")
    nearest = ((draw.choice(ENTRIES), 0.4),) if draw.random() < 0.7 else ()
    took = draw.choice((0.0, draw.uniform(0, 12), draw.uniform(90, 110), draw.uniform(900, 20_000)))
    return Turn(message, reply, {}, None, nearest, "v1", took)


async def one_step(store: SqlStore, draw: random.Random, number: int, clock: FakeClock) -> None:
    """Something that happens to the log."""
    what = draw.random()
    if what < 0.62:
        # late deliveries and clocks that were set back give times of days long summed
        at = MIDNIGHT + timedelta(hours=draw.choice((-900, -30, 1, 5, 23, 24, 47)), minutes=draw.randrange(60))
        await store.finish(a_turn(draw, number, at))
    elif what < 0.78:
        verdict = draw.choice(("helpful", "unhelpful"))
        channel, message = draw.choice(("web", "telegram")), f"m{draw.randrange(number + 1)}"
        for person in PERSONS:
            await store.feedback(channel, message, person, verdict)
    elif what < 0.81:
        await store.forget(draw.choice(("web", "telegram")), draw.choice(PERSONS))
    elif what < 0.84:
        kept = timedelta(days=draw.choice((1, 3, 30)))
        await Eraser(store.shared).purge(Terms(kept, kept, kept))
    else:
        await Sums(store.shared).advance(draw.randrange(1, 30))


async def same(store: SqlStore) -> None:
    """Every figure of every span is the naive one."""
    log = await store.exchanges(limit=10_000)
    for since, until in SPANS:
        async with Reports(store.shared).together() as reports:
            assert figures(log, since, until) == await reported(reports, since, until)


@pytest.mark.parametrize("seed", range(4))
async def test_sums_are_the_rows_counted(store: SqlStore, clock: FakeClock, seed: int) -> None:
    """New rows, late ones, thumbs, erased persons, erased texts, summed up to anywhere: no figure differs."""
    draw = random.Random(seed)
    clock.time = MIDNIGHT + timedelta(days=2)
    for number in range(160):
        await one_step(store, draw, number, clock)
        if number % 40 == 39:
            await same(store)
    while await Sums(store.shared).advance():
        pass
    await same(store)


async def test_few_texts_at_a_time_give_the_same_favourites(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked at two by two, ties and texts of a single asker in between, the first five are the same."""
    monkeypatch.setattr(favourites, "_MORE", -3)
    draw = random.Random(5)
    for number in range(120):
        await store.finish(a_turn(draw, number, MIDNIGHT + timedelta(hours=1)))
        if number in (60, 100):
            await Sums(store.shared).advance()
    await same(store)


async def test_without_sums_the_rows_are_counted(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """While an old log is still being summed the figures are those of the rows."""
    draw = random.Random(6)
    for number in range(30):
        await store.finish(a_turn(draw, number, MIDNIGHT + timedelta(hours=1)))
    await Sums(store.shared).advance(10)
    monkeypatch.setattr(counts, "BEHIND", 5)
    async with viewing(store.shared) as view:
        assert view.of(*SPANS[0]).mark is None
    await same(store)


async def test_nothing_of_a_forgotten_person_stays_in_the_sums(store: SqlStore, clock: FakeClock) -> None:
    """Neither name nor words; and after a purge those of nobody."""
    for number, person in enumerate(("p1", "p2", "p1")):
        message = Message("web", person, person, f"{person} 说的", Kind.TEXT, MIDNIGHT, f"m{number}")
        await store.finish(Turn(message, Reply("entry", "…", "answer", entry="notary.fee"), {}))
    assert 3 == await Sums(store.shared).advance()
    await store.forget("web", "p1")
    assert [["p2 说的"], ["p2"]] == [await _column(store, column) for column in (asked_texts.c.text, askers.c.person)]
    clock.time = MIDNIGHT + timedelta(days=400)
    year = timedelta(days=365)
    await Eraser(store.shared).purge(Terms(year, year, year))
    for column in (asked_texts.c.text, askers.c.person, asked_days.c.n):
        assert [] == await _column(store, column)
    assert [1] == await _column(store, day_topics.c.n)


async def _column(store: SqlStore, column: sa.Column[object]) -> list[object]:
    async with store.shared.reading() as connection:
        return list((await connection.execute(sa.select(column))).scalars())


async def test_a_number_given_out_again_is_counted(store: SqlStore) -> None:
    """SQLite gives the number of a deleted last row to the next one: it is summed all the same."""
    draw = random.Random(7)
    for number in range(20):
        await store.finish(a_turn(draw, number, MIDNIGHT))
    await Sums(store.shared).advance()
    for channel in ("web", "telegram"):
        for person in ("p1", "p2"):
            await store.forget(channel, person)
    for number in range(20, 40):
        await store.finish(a_turn(draw, number, MIDNIGHT))
    await Sums(store.shared).advance()
    await same(store)


async def test_sums_travel_with_a_backup(store: SqlStore, clock: FakeClock, tmp_path: Path) -> None:
    """Restored into another database they go on where they were."""
    draw = random.Random(8)
    for number in range(40):
        await store.finish(a_turn(draw, number, MIDNIGHT))
    await Sums(store.shared).advance(25)
    await back_up(store._url.render_as_string(hide_password=False), tmp_path / "b.gz", clock())
    url = f"sqlite+aiosqlite:///{tmp_path}/moved.db"
    await restore(url, tmp_path / "b.gz")
    moved = SqlStore(url, now=clock)
    await moved.start()
    try:
        await same(moved)
        await moved.finish(a_turn(draw, 41, MIDNIGHT))
        assert 16 == await Sums(moved.shared).advance()
        await same(moved)
    finally:
        await moved.close()


async def test_zeros_are_dropped(store: SqlStore, clock: FakeClock) -> None:
    """What was taken back whole leaves no row behind the next purge."""
    message = Message("web", "p1", "p1", "问", Kind.TEXT, MIDNIGHT, "m1")
    await store.finish(Turn(message, Reply("entry", "…", "answer", entry="notary.fee"), {}))
    await Sums(store.shared).advance()
    await store.forget("web", "p1")
    year = timedelta(days=365)
    await Eraser(store.shared).purge(Terms(year, year, year))
    assert [[], [], []] == [await _column(store, table.c.n) for table in (day_topics, day_entries, day_took)]


@given(st.floats(0, 1e7), st.floats(0, 1e7))
def test_rounding_times_keeps_their_order(one: float, other: float) -> None:
    """So the nearest rank of the rounded times is the rounded nearest rank; and three figures stay."""
    low, high = sorted((one, other))
    assert tenths(low) <= tenths(high)
    assert abs(tenths(high) / 10 - high) <= max(0.051, high * 0.0051)


@pytest.mark.postgres
async def test_two_replicas_sum_while_both_write(pair: tuple[SqlStore, SqlStore]) -> None:
    """Nothing is missing and nothing is counted twice."""
    draw = random.Random(9)

    async def write(store: SqlStore, first: int) -> None:
        for number in range(first, first + 60):
            await store.finish(a_turn(draw, number, MIDNIGHT + timedelta(hours=1)))

    async def count(store: SqlStore) -> None:
        for _ in range(25):
            await Sums(store.shared).advance(7)

    one, other = pair
    await asyncio.gather(write(one, 0), write(other, 100), count(one), count(other))
    while await Sums(one.shared).advance():
        pass
    await same(other)
    assert 120 == sum(int(str(n)) for n in await _column(one, day_took.c.n))


@pytest.mark.postgres
async def test_a_row_that_is_still_being_written_is_waited_for(pair: tuple[SqlStore, SqlStore]) -> None:
    """A lower number that is committed after a higher one is in the sums."""
    one, other = pair
    draw = random.Random(10)
    async with one.shared.engine.begin() as connection:
        await recording(one.shared, connection)
        await connection.execute(sa.insert(exchanges).values(**rows.of_turn(a_turn(draw, 1, MIDNIGHT))))
        await other.finish(a_turn(draw, 2, MIDNIGHT))
        counting = asyncio.create_task(Sums(other.shared).advance())
        await asyncio.sleep(0.2)
        assert not counting.done()
    assert 2 == await counting
    async with one.shared.reading() as reading:
        assert 2 == await mark(reading)


@pytest.mark.postgres
async def test_a_move_to_postgresql_takes_the_sums_along(postgres: object, clock: FakeClock, tmp_path: Path) -> None:
    """From SQLite, whose last rows were deleted: the numbers that PostgreSQL gives next are above the mark."""
    url = f"sqlite+aiosqlite:///{tmp_path}/fawen.db"
    store = SqlStore(url, now=clock)
    await store.start()
    draw = random.Random(11)
    for number in range(20):
        await store.finish(a_turn(draw, number, MIDNIGHT))
    await Sums(store.shared).advance()
    await store.forget("web", "p1")
    await store.close()
    await back_up(url, tmp_path / "b.gz", clock())
    there = a_database(postgres)
    await restore(there, tmp_path / "b.gz")
    moved = SqlStore(there, now=clock)
    await moved.start()
    try:
        for number in range(30, 45):
            await moved.finish(a_turn(draw, number, MIDNIGHT))
        await Sums(moved.shared).advance(7)
        await same(moved)
    finally:
        await moved.close()
