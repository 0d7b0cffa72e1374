"""What one process does the others hear of at once; after a cut connection everybody looks once."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.console.pulse import Pulse
from bot.desk.changes import Changes
from bot.desk.desk import Desk
from bot.store.ear import Ear
from bot.store.knowledge import KnowledgeVersions
from bot.store.shared import DESK, KNOWLEDGE, tell
from bot.store.sql import SqlStore
from tests.fakes import FakeClock
from tests.waiting import patiently as until

pytestmark = pytest.mark.postgres
Pair = tuple[SqlStore, SqlStore]


@contextlib.asynccontextmanager
async def listening(store: SqlStore) -> AsyncIterator[tuple[Ear, Counter[str]]]:
    """An ear that hears, and what it has heard since."""
    ear, heard = Ear(store.shared, again=0.05), Counter[str]()
    for what in (DESK, KNOWLEDGE):
        ear.on(what, lambda what=what: heard.update([what]))  # type: ignore[misc]  # a default, as lambdas bind late
    task = asyncio.create_task(ear.run())
    assert await until(lambda: ear.hears)
    heard.clear()
    yield ear, heard
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_new_knowledge_is_heard_of(pair: Pair) -> None:
    """A version that one replica adds wakes the other; one that is in force already does not."""
    async with listening(pair[1]) as (_, heard):
        versions = KnowledgeVersions(pair[0].shared)
        first = await versions.push("a" * 64, "v1", b"files", "甲", "开始", None)
        assert await until(lambda: heard[KNOWLEDGE] == 1)
        assert first == await versions.push("a" * 64, "v1", b"files", "甲", "再来", first.id)
        await versions.push("b" * 64, "v2", b"more", "甲", "改", first.id)
        assert await until(lambda: heard[KNOWLEDGE] == 2)
        assert 0 == heard[DESK]


async def test_a_change_at_the_desk_is_heard_of(pair: Pair) -> None:
    """What leaves a line in the desk's history is told with its transaction."""
    from bot.store.desk_parts import note

    async with listening(pair[1]) as (_, heard):
        await pair[0].shared.writer.write(lambda connection: note(connection, FakeClock()(), "li", "assigned"))
        assert await until(lambda: heard[DESK] == 1)


async def test_after_a_cut_everybody_looks_once(pair: Pair) -> None:
    """Nobody knows what was said meanwhile; then it is heard again."""
    async with listening(pair[1]) as (ear, heard):
        async with pair[0].shared.reading() as connection:
            mine = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            await connection.execute(sa.text(mine))
        assert await until(lambda: heard[DESK] == 1 and heard[KNOWLEDGE] == 1 and ear.hears)
        await pair[0].shared.writer.write(lambda connection: tell(connection, DESK))
        assert await until(lambda: heard[DESK] == 2)


class Counting(Pulse):
    """Numbers that grow with each count."""

    def __init__(self, desk: Desk, changes: Changes, clock: Callable[[], float]) -> None:
        super().__init__(desk, changes, clock)
        self.counts = 0

    async def _count(self) -> dict[str, int]:
        self.counts += 1
        return {"open": self.counts}


async def test_an_open_page_moves_when_something_is_told() -> None:
    """It waits for nothing else, counts anew once a second at most, and moves by itself where nothing is told."""
    time = [100.0]
    pulse = Counting(None, None, lambda: time[0])  # type: ignore[arg-type]  # what counts is replaced
    assert ({"open": 1}, {"open": 1}) == (await pulse.numbers(), await pulse.numbers())
    waiting = asyncio.create_task(pulse.moved(60.0))
    await asyncio.sleep(0)
    time[0] += 2
    pulse.stir()
    await waiting
    assert {"open": 2} == await pulse.numbers()
    pulse.stir()
    assert {"open": 2} == await pulse.numbers()
    time[0] += 1
    assert {"open": 3} == await pulse.numbers()
    await pulse.moved(0.01)


async def test_sqlite_has_nothing_to_hear(tmp_path: Path) -> None:
    """There it ends at once."""
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/fawen.db", now=FakeClock())
    await Ear(store.shared).run()
    await store.close()
