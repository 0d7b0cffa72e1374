"""The group commit on SQLite: who writes alone waits for nobody, many at once share transactions; and JSON as the store keeps it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.errors import StoreConflict
from bot.store import fast
from bot.store.connect import decoded, encoded
from bot.store.fast import FastPath


@pytest.fixture
async def path(tmp_path: Path) -> AsyncIterator[FastPath]:
    """The short way to a file with one table."""
    file = tmp_path / "pace.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE noted (n INTEGER)")
    connection.close()
    found = FastPath(str(file), "pace.db", asyncio.Lock())
    found.start()
    yield found
    await found.close()


def _note(number: int) -> Callable[[sqlite3.Connection], int]:
    def work(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO noted VALUES (?)", (number,))
        return number

    return work


async def _commits(path: FastPath, work: Callable[[], Awaitable[None]]) -> list[int]:
    """Sizes of the groups that are committed meanwhile."""
    sizes: list[int] = []
    commit = path._commit

    async def counting(group: Any) -> None:
        sizes.append(len(group))
        await commit(group)

    path._commit = counting  # type: ignore[method-assign]
    await work()
    return sizes


async def test_who_writes_alone_is_not_kept_waiting(path: FastPath, monkeypatch: pytest.MonkeyPatch) -> None:
    """One write after another: each its own transaction, at once, whatever the pace."""
    monkeypatch.setattr(fast, "PACE", 60.0)

    async def work() -> None:
        for number in range(20):
            assert number == await path.write(_note(number))

    async with asyncio.timeout(30):
        assert [1] * 20 == await _commits(path, work)


async def test_many_at_once_share_transactions(path: FastPath, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writers that come one by one while others write: far fewer transactions than writes, every write done once."""
    monkeypatch.setattr(fast, "PACE", 0.05)

    async def work() -> None:
        async def one(number: int) -> None:
            await asyncio.sleep(number / 1000)
            assert number == await path.write(_note(number))

        await asyncio.gather(*(one(number // 2) for number in range(200)))

    sizes = await _commits(path, work)
    assert 200 == sum(sizes)
    assert 20 > len(sizes)
    count = path.one_row("SELECT count(*) FROM noted")
    assert count == (200,)


@pytest.mark.parametrize(
    "value", [{"字": ["公证", 1, 2.5, None, True], "": {}}, [], "x", {"half": "\ud83d"}, {"large": 2**70}]
)
def test_json_comes_back_as_it_was(value: object) -> None:
    """Also halves of characters, which Telegram lets through, and numbers that are too large for 64 bits."""
    assert value == decoded(encoded(value))
    assert value == json.loads(encoded(value))


async def test_what_was_written_before_is_read(tmp_path: Path) -> None:
    """Rows of an earlier version have their characters escaped; through SQLAlchemy, too, both forms are read."""
    from bot.store.connect import make_engine, parse_url

    engine = make_engine(parse_url(f"sqlite+aiosqlite:///{tmp_path}/old.db"))
    table = sa.Table("t", sa.MetaData(), sa.Column("v", sa.JSON))
    async with engine.begin() as connection:
        await connection.run_sync(table.metadata.create_all)
        await connection.execute(sa.text("INSERT INTO t VALUES (:v)"), {"v": json.dumps({"字": "半\ud83d"})})
        await connection.execute(sa.insert(table).values(v={"字": "全"}))
        assert [{"字": "半\ud83d"}, {"字": "全"}] == list((await connection.execute(sa.select(table.c.v))).scalars())
    await engine.dispose()


async def test_a_failing_write_never_fails_its_neighbours(path: FastPath) -> None:
    """One of a group breaks a key, one a rule of ours: the others are written once each, and say what they say."""
    await path.write(lambda connection: connection.execute("CREATE UNIQUE INDEX once ON noted (n)"))

    def refused(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO noted VALUES (99)")
        raise ValueError("not like this")

    works = [_note(1), _note(2), _note(1), refused, _note(3)]
    sizes: list[list[Any]] = []

    async def work() -> None:
        sizes.append(await asyncio.gather(*(path.write(w) for w in works), return_exceptions=True))

    assert await _commits(path, work) == [5]
    first, second, same, rule, third = sizes[0]
    assert (first, second, third) == (1, 2, 3)
    assert isinstance(same, StoreConflict)
    assert isinstance(rule, ValueError)
    assert path.one_row("SELECT count(*), sum(n) FROM noted") == (3, 6)
