"""A database of the very first schema, filled by the program of that time, comes up to date with all that is in it.

tests/store/oldest/ holds its dumps: 24 answered messages on three channels (answers, options, 都不是, tickets, feedback, a
person who had their records deleted), one message left unanswered, five tickets of which one is answered, an outbox.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.messages import Kind, Message, Reply
from bot.store import open_store
from bot.store.backup import back_up, restore, summed
from bot.store.base import TicketState, Turn
from bot.store.connect import make_engine, parse_url
from bot.store.desk_place import PlacingStore
from tests.databases import a_database
from tests.fakes import FakeClock

OLDEST = Path(__file__).with_name("oldest")
TABLES = ("alembic_version", "conversations", "exchanges", "messages", "outbox", "tickets")
ROWS = {"conversations": 6, "exchanges": 24, "messages": 25, "outbox": 7, "tickets": 5}
"""Counted in the dumps by hand."""
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A live copy of the oldest database."""
    script = (OLDEST / f"{request.param}.sql").read_text(encoding="utf-8")
    if request.param == "sqlite":
        await asyncio.to_thread(_load_sqlite, tmp_path / "old.db", script)
        return f"sqlite+aiosqlite:///{tmp_path}/old.db"
    import asyncpg

    made = a_database(request.getfixturevalue("postgres"))
    connection = await asyncpg.connect(made.replace("+asyncpg", ""))
    await connection.execute(script)
    await connection.close()
    return made


def _load_sqlite(file: Path, script: str) -> None:
    connection = sqlite3.connect(file)
    connection.executescript(script)
    connection.close()


async def _rows(url: str) -> Rows:
    """Every row of the first schema's tables as they are on disk."""
    engine = make_engine(parse_url(url))
    found = {}
    async with engine.connect() as connection:
        for name in TABLES:
            rows = (await connection.execute(sa.text(f"SELECT * FROM {name}"))).mappings()  # noqa: S608  # a name of ours
            found[name] = [dict(row) for row in rows]
    await engine.dispose()
    return found


async def test_the_oldest_database_comes_up_to_date_with_all_its_data(url: str) -> None:
    """Every column of every row of then is there as it was."""
    before = await _rows(url)
    assert [{"version_num": "0001"}] == before.pop("alembic_version")
    assert {name: len(rows) for name, rows in before.items()} == ROWS
    store = open_store(url, now=FakeClock())
    await store.start()
    await store.close()
    after = await _rows(url)
    assert [{"version_num": "0001"}] != after.pop("alembic_version")
    kept = {name: [{column: row[column] for column in before[name][0]} for row in rows] for name, rows in after.items()}
    for name, rows in before.items():
        assert sorted(rows, key=repr) == sorted(kept[name], key=repr)


async def test_the_program_of_today_works_on_it(url: str) -> None:
    """Tickets, conversation, history, what was left unanswered and the outbox are found; new tickets wait for the desk."""
    store = open_store(url, now=FakeClock())
    await store.start()
    tickets = await store.tickets()
    assert ["web", "web", "telegram", "telegram", "wechat"] == [ticket.channel for ticket in tickets]
    assert (TicketState.ANSWERED, "快递柜收费由市场监管部门管，可拨打 12315。") == (tickets[0].state, tickets[0].answer)
    assert tickets == [await store.ticket(ticket.number) for ticket in tickets]
    assert ["仲裁和调解有什么不同"] == [m.text for m in await store.left_over("telegram")]
    history = await store.history("web", "s1")
    assert ["start", "申请法律援助要带什么材料", "那要等多久才知道批不批"] == [
        message.text for message, _ in history if message.kind is not Kind.FEEDBACK
    ]
    state = await store.conversation("web", "s1")
    assert state is not None
    assert "legal_aid.timeline" == state["entry"]
    assert {"42", "-100200"} == {out.chat for out in await store.take("telegram")}
    assert {t.number for t in tickets} == {t.number for t in await PlacingStore(store.shared).unplaced(10)}
    message = Message("web", "s1", "s1", "今天的问题", Kind.TEXT, FakeClock()(), "new")
    assert "now" == (await store.finish(Turn(message, Reply("now", "now", "answer"), {}))).key
    await store.close()


async def test_a_backup_of_the_oldest_goes_into_the_newest(url: str, tmp_path: Path) -> None:
    """Restored and brought up to date in one go: the same as bringing the database itself up to date."""
    await back_up(url, tmp_path / "old.gz", FakeClock()())
    target = f"sqlite+aiosqlite:///{tmp_path}/new.db"
    await restore(target, tmp_path / "old.gz")
    for one in (url, target):
        store = open_store(one, now=FakeClock())
        await store.start()
        await store.close()
    assert await summed(url) == await summed(target)
