"""A backup holds every row, and a store restored from it is the same, on either database and from one to the other."""

from __future__ import annotations

import asyncio
import errno
import gzip
import itertools
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from bot.cli import main
from bot.errors import StoreConflict, StoreError
from bot.messages import Kind, Message, Reply
from bot.store import open_store
from bot.store.backup import _put, back_up, restore, summed
from bot.store.base import Ticket, Turn
from bot.store.sql import SqlStore
from bot.store.switches import Switches
from bot.store.tables import every_table
from tests.databases import a_database
from tests.fakes import FakeClock
from tests.store.every_table import ROWS, a_row, content, fill, numbered

CLOCK = FakeClock()


def _url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that is empty."""
    if kind == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/{secrets.token_hex(4)}.db"
    return a_database(request.getfixturevalue("postgres"))


POSTGRES = pytest.param("postgresql", marks=pytest.mark.postgres)


@pytest.mark.parametrize("target", ["sqlite", POSTGRES])
@pytest.mark.parametrize("source", ["sqlite", POSTGRES])
async def test_what_is_restored_is_what_was_there(
    source: str, target: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Every row of every table is equal, taken while the store is open; then each table numbers on, and a message goes in."""
    url, backup = _url(source, request, tmp_path), tmp_path / "backup.gz"
    store = open_store(url, now=CLOCK)
    await store.start()
    await fill(store.shared)
    expected = await content(store.shared)
    sums = await back_up(url, backup, CLOCK())
    await store.close()
    url = _url(target, request, tmp_path)
    assert sums == await restore(url, backup)
    assert dict.fromkeys(every_table(), ROWS) == {name: count for name, (count, _) in sums.items()}
    again = open_store(url, now=CLOCK)
    await again.start()
    assert expected == await content(again.shared)
    async with again.shared.engine.execution_options(write=True).begin() as connection:
        for table in numbered():
            given = (await connection.execute(sa.insert(table).values(a_row(table, ROWS)))).inserted_primary_key
            assert given is not None
            assert given[0] > max(row[0] for row in expected[table.name])
    await again.receive(Message("web", "new", "new", "新", Kind.TEXT, CLOCK(), "new"))
    await again.close()


@pytest.mark.parametrize("kind", ["sqlite", POSTGRES])
async def test_a_backup_under_way_is_of_one_moment(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """While messages are answered, each backup has for every answered message its exchange and its ticket, and no more."""
    url = _url(kind, request, tmp_path)
    store = open_store(url, now=CLOCK)
    await store.start()
    writing = asyncio.create_task(_write_on(store))
    seen = []
    for n in range(4):
        await back_up(url, tmp_path / f"{n}.gz", CLOCK())
        rows = _rows(tmp_path / f"{n}.gz")
        answered = {row["message_id"]: row["reply"]["ticket"] for row in rows["messages"] if row["done"]}
        assert answered == {row["message_id"]: row["ticket"] for row in rows["exchanges"]}
        assert set(answered.values()) == {row["number"] for row in rows["tickets"]}
        seen.append(len(answered))
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    await store.close()
    assert seen[0] < seen[-1], "nothing was written meanwhile"


async def _write_on(store: SqlStore) -> None:
    """Messages with tickets, without end."""
    for n in itertools.count():
        message = Message("web", f"c{n}", f"p{n}", f"问题 {n}", Kind.TEXT, CLOCK(), f"m{n}")
        await store.receive(message)
        number = await store.free_ticket_number()
        ticket = Ticket(number, "web", f"c{n}", f"p{n}", message.text, "none", (), CLOCK())
        await store.finish(Turn(message, Reply("no_answer", number, "none", ticket=number), {"n": n}, ticket))


def _rows(file: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows in a backup by table."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in every_table()}
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for data in map(json.loads, lines):
            if "t" in data:
                found[data["t"]].append(data["r"])
    return found


async def _filled(tmp_path: Path, url: str = "") -> tuple[str, Path]:
    """A store that holds rows, and a backup of it."""
    url = url or f"sqlite+aiosqlite:///{tmp_path}/full.db"
    store = open_store(url, now=CLOCK)
    await store.start()
    await fill(store.shared)
    await store.close()
    await back_up(url, tmp_path / "backup.gz", CLOCK())
    return url, tmp_path / "backup.gz"


@pytest.mark.parametrize("kind", ["sqlite", POSTGRES])
async def test_a_store_with_rows_is_replaced_only_when_told(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Without `replace` nothing changes; with it the store is as the backup, and tables of others stay."""
    url, file = await _filled(tmp_path, _url(kind, request, tmp_path))
    store = open_store(url, now=CLOCK)
    await store.start()
    expected = await content(store.shared)
    await Switches(store.shared).set("web", False, "later")
    async with store.shared.engine.execution_options(write=True).begin() as connection:
        await connection.execute(sa.text("CREATE TABLE of_others (id INTEGER)"))
    changed = await content(store.shared)
    with pytest.raises(StoreConflict, match="--replace"):
        await restore(url, file)
    assert changed == await content(store.shared)
    await store.close()
    await restore(url, file, replace=True)
    store = open_store(url, now=CLOCK)
    await store.start()
    assert expected == await content(store.shared)
    async with store.shared.reading() as connection:
        assert [] == (await connection.execute(sa.text("SELECT * FROM of_others"))).all()
    await store.close()


async def test_a_damaged_backup_is_refused(tmp_path: Path) -> None:
    """Cut off, a row altered, no backup at all: named, and the store keeps what it has."""
    url, file = await _filled(tmp_path)
    lines = gzip.decompress(file.read_bytes()).decode().splitlines(keepends=True)
    damaged = {
        "cut": file.read_bytes()[:-40],
        "short": gzip.compress("".join(lines[:-1]).encode()),
        "altered": gzip.compress("".join(lines).replace("aZ"[:1] + "0𠮷", "b0𠮷").encode()),
        "text": b"no backup",
    }
    for name, bytes_ in damaged.items():
        bad = tmp_path / name
        bad.write_bytes(bytes_)
        with pytest.raises(StoreError, match=name):
            await restore(url, bad, replace=True)
    store = open_store(url, now=CLOCK)
    await store.start()
    assert [ROWS] * len(every_table()) == [len(rows) for rows in (await content(store.shared)).values()]
    await store.close()


async def test_a_backup_is_private_and_never_overwritten(tmp_path: Path) -> None:
    """Only its owner reads it; a file that exists stays; no half file is left behind."""
    url, file = await _filled(tmp_path)
    before = file.read_bytes()
    with pytest.raises(StoreConflict, match="已经有了"):
        await back_up(url, file, CLOCK())
    assert (before, 0o600) == (file.read_bytes(), file.stat().st_mode & 0o777)
    assert [] == await asyncio.to_thread(lambda: list(tmp_path.glob("*.part")))


@pytest.mark.parametrize("how", ["restore", "move"])
def test_what_is_made_by_restoring_is_private(how: str, tmp_path: Path) -> None:
    """A new SQLite database and its journals are readable by their owner only, whatever the umask lets through."""
    here, file = asyncio.run(_filled(tmp_path))
    new = tmp_path / "new" / "fawen.db"
    new.parent.mkdir()
    url = f"sqlite+aiosqlite:///{new}"
    before = os.umask(0o022)
    try:
        if how == "restore":
            code, said = _run("restore", str(file), FAWEN_STORE__URL=url)
        else:
            code, said = _run("move", url, FAWEN_STORE__URL=here)
        assert (0, True) == (code, new.exists()), said
        modes = asyncio.run(_modes_in_use(url, new.parent))
    finally:
        os.umask(before)
    assert {"fawen.db", "fawen.db-wal"} <= set(modes)
    assert {0o600} == {mode for name, mode in modes.items() if name.startswith("fawen.db") and "lock" not in name}


def test_the_copy_of_a_move_is_beside_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder of its owner's, not in /tmp, which may be small and in memory; or where `--temp` says. It does not stay."""
    here, _ = asyncio.run(_filled(tmp_path))
    seen = list[tuple[Path, int]]()

    async def watched(url: str, file: Path, replace: bool = False) -> dict[str, list[Any]]:
        seen.append((file.parent.parent, file.parent.stat().st_mode & 0o777))
        return await restore(url, file, replace)

    monkeypatch.setattr("bot.store.backup.restore", watched)
    new, other = tmp_path / "new", tmp_path / "other"
    new.mkdir()
    other.mkdir()
    for n, more in enumerate(((), ("--temp", str(other)))):
        code, said = _run("move", f"sqlite+aiosqlite:///{new}/{n}.db", *more, FAWEN_STORE__URL=here)
        assert 0 == code, said
    assert [(new, 0o700), (other, 0o700)] == seen
    assert [] == [*new.glob("fawen-move-*"), *other.iterdir()]
    code, said = _run("move", f"sqlite+aiosqlite:///{tmp_path}/nowhere/x.db", FAWEN_STORE__URL=here)
    assert (1, True, True) == (code, f"{tmp_path}/nowhere" in said, "--temp" in said), said


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the copy is written: where, and that another place may be given. While the new database is filled: which one."""
    here, _ = asyncio.run(_filled(tmp_path))
    new = tmp_path / "new"
    new.mkdir()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("bot.store.backup.os.fsync", full)
        code, said = _run("move", f"sqlite+aiosqlite:///{new}/x.db", FAWEN_STORE__URL=here)
    assert (1, True, True) == (code, f"{new}/fawen-move-" in said, "磁盘满了" in said and "--temp" in said), said
    assert [] == list(new.iterdir())

    def small(*arguments: Any) -> None:
        # SQLite itself says that there is no room when a file may not grow
        arguments[0].exec_driver_sql("PRAGMA max_page_count = 20")
        _put(*arguments)

    monkeypatch.setattr("bot.store.backup._put", small)
    code, said = _run("move", f"sqlite+aiosqlite:///{new}/x.db", FAWEN_STORE__URL=here)
    assert (1, True) == (code, f"{new}/x.db 所在的磁盘满了" in said), said


async def _modes_in_use(url: str, folder: Path) -> dict[str, int]:
    """Permissions of the files of a database that is written to, by name."""
    store = open_store(url, now=CLOCK)
    await store.start()
    await Switches(store.shared).set("web", False, "later")
    found = {path.name: path.stat().st_mode & 0o777 for path in await asyncio.to_thread(lambda: list(folder.iterdir()))}
    await store.close()
    return found


async def test_a_backup_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """Named, with the remedy; the empty database stays empty."""
    _, file = await _filled(tmp_path)
    lines = gzip.decompress(file.read_bytes()).decode().splitlines(keepends=True)
    head = json.loads(lines[0])
    newer = tmp_path / "newer.gz"
    newer.write_bytes(gzip.compress("".join([json.dumps({**head, "revision": "9999"}) + "\n", *lines[1:]]).encode()))
    with pytest.raises(StoreError, match="9999 比程序新"):
        await restore(f"sqlite+aiosqlite:///{tmp_path}/empty.db", newer)
    with pytest.raises(StoreError, match="没有可备份的"):
        await back_up(f"sqlite+aiosqlite:///{tmp_path}/empty.db", tmp_path / "of-empty.gz", CLOCK())


def _run(*arguments: str, **environ: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, arguments, env=environ)
    return done.exit_code, done.output


@pytest.mark.postgres
def test_the_commands_move_a_store_there_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """A wrong place is named; to PostgreSQL and back every row is there; what holds rows is not overwritten unless told."""
    monkeypatch.chdir(tmp_path)
    code, said = _run("backup", "none.gz")
    assert (1, True) == (code, "找不到数据库文件 fawen.db" in said)
    assert not Path("fawen.db").exists()
    here, _ = asyncio.run(_filled(tmp_path))
    there, back = _url("postgresql", request, tmp_path), f"sqlite+aiosqlite:///{tmp_path}/back.db"
    total = f"{len(every_table())} 个表，{ROWS * len(every_table())} 行"
    for source, target in ((here, there), (there, back)):
        code, said = _run("move", FAWEN_STORE__URL=source, FAWEN_MOVE_TO=target)
        assert (0, True) == (code, total in said), said
    assert asyncio.run(summed(here)) == asyncio.run(summed(back))
    code, said = _run("move", there, FAWEN_STORE__URL=here)
    assert (1, True) == (code, "--replace" in said)
    assert 0 == _run("move", there, "--replace", FAWEN_STORE__URL=here)[0]
    code, said = _run("move", here, "--replace", FAWEN_STORE__URL=here)
    assert (1, True) == (code, "就是现在的" in said)
    assert 0 == _run("backup", "again.gz", FAWEN_STORE__URL=here)[0]
    assert 0 == _run("restore", "again.gz", FAWEN_STORE__URL=f"sqlite+aiosqlite:///{tmp_path}/restored.db")[0]
    assert asyncio.run(summed(here)) == asyncio.run(summed(f"sqlite+aiosqlite:///{tmp_path}/restored.db"))


async def test_a_program_that_has_loaded_nothing_else_knows_every_table(tmp_path: Path) -> None:
    """What the migrations make is what a backup carries, whichever parts of the store a command happens to use."""
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/fawen.db", now=CLOCK)
    await store.start()
    async with store.shared.reading() as connection:
        made = await connection.run_sync(lambda plain: set(sa.inspect(plain).get_table_names()))
    await store.close()
    asked = "from bot.store.tables import every_table; print(*every_table())"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", asked, stdout=subprocess.PIPE)
    said, _ = await process.communicate()
    assert made - {"alembic_version"} == set(said.decode().split())
