"""A job that one process at a time does: taken over when the other one dies, stopped when its connection is cut."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from bot.store.alone import Alone
from bot.store.locks import Lock
from bot.store.sql import SqlStore
from tests.waiting import patiently as until

pytestmark = pytest.mark.postgres
KEY = Lock.POLLING


class Work:
    """Does something for ever, and knows whether it is at it."""

    def __init__(self, store: SqlStore, again: float = 0.05, wait: float = 0.05) -> None:
        self.alone = Alone(store.shared, KEY, "a job", again=again, look=0.05, wait=wait)
        self.busy, self.begun = False, 0
        self.task = asyncio.create_task(self.alone.run(self.job))

    async def job(self) -> None:
        """Busy until it is stopped."""
        self.busy, self.begun = True, self.begun + 1
        try:
            await asyncio.Event().wait()
        finally:
            self.busy = False

    async def end(self) -> None:
        """As a killed process: everything is gone at once."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def cut(store: SqlStore) -> None:
    """End the connection that holds the lock, as a router or a restarted database does."""
    holder = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key AND granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    async with store.shared.reading() as connection:
        assert [(True,)] == [tuple(row) for row in await connection.execute(holder, {"key": KEY})]


async def test_one_at_a_time_and_the_next_takes_over(pair: tuple[SqlStore, SqlStore]) -> None:
    """The second waits as long as the first is at it, and begins when it has died."""
    first = Work(pair[0])
    assert await until(lambda: first.busy)
    second = Work(pair[1])
    await asyncio.sleep(0.3)
    assert (True, False) == (first.busy, second.busy)
    assert (True, False) == (first.alone.held, second.alone.held)
    await first.end()
    assert await until(lambda: second.busy)
    await second.end()


async def test_who_waits_need_not_ask(pair: tuple[SqlStore, SqlStore]) -> None:
    """The server wakes who waits when the lock is free: nothing is left to how often it is asked for."""
    first = Work(pair[0])
    assert await until(lambda: first.busy)
    second = Work(pair[1], again=3600, wait=3600)
    await asyncio.sleep(0.3)
    await first.end()
    assert await until(lambda: second.busy)
    await second.end()


async def test_a_cut_connection_ends_the_job(pair: tuple[SqlStore, SqlStore]) -> None:
    """Whoever lost the lock stops by itself; one of them has it again, and only one."""
    works = [Work(store) for store in pair]
    assert await until(lambda: any(work.busy for work in works))
    holder = next(work for work in works if work.busy)
    begun = sum(work.begun for work in works)
    await cut(pair[0])
    assert await until(lambda: not holder.busy or holder.begun > 1)
    assert await until(lambda: sum(work.begun for work in works) > begun and sum(work.busy for work in works) == 1)
    for work in works:
        await work.end()


async def test_a_job_that_ends_ends(pair: tuple[SqlStore, SqlStore]) -> None:
    """Its result is awaited, its failure is told, and the lock is free afterwards."""
    done: list[int] = []

    async def job() -> None:
        done.append(1)
        if len(done) == 2:
            raise ValueError("a bug")

    alone = [Alone(store.shared, KEY, "a job", again=0.05, look=0.05) for store in pair]
    await alone[0].run(job)
    with pytest.raises(ValueError, match="a bug"):
        await alone[1].run(job)
    await alone[0].run(job)
    assert [1, 1, 1] == done


async def test_sqlite_is_one_process(tmp_path_factory: pytest.TempPathFactory) -> None:
    """There the job is done at once."""
    store = SqlStore(
        f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('s')}/fawen.db", now=lambda: pytest.fail("no clock")
    )
    done: list[int] = []

    async def job() -> None:
        done.append(1)

    alone = Alone(store.shared, KEY, "a job")
    await alone.run(job)
    assert ([1], True) == (done, alone.held)
    await store.close()
