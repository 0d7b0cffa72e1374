"""What `fawen doctor` says of machine and settings: each trouble is named with its remedy, and nothing is changed by looking."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.checkup import (
    LEAST_DISK,
    Finding,
    check_clock,
    check_config,
    check_disk,
    check_knowledge,
    check_outside,
    check_place,
    check_port,
    check_schema,
    check_writing,
)
from bot.cli import main
from bot.config import Settings
from bot.store import open_store
from bot.store.connect import newest
from bot.store.sql import SqlStore
from tests.databases import a_database
from tests.fakes import FakeClock
from tests.sample import write_sample


def _made(path: Path, **sections: dict[str, Any]) -> Settings:
    """Settings on an empty directory."""
    store = {"url": f"sqlite+aiosqlite:///{path}/d.db"}
    return Settings.model_validate({"store": store, "knowledge": {"cache_dir": path, "encoder": "off"}, **sections})


def _bad(found: list[Finding]) -> str:
    return "\n".join(str(one) for one in found if not one.good)


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("telegram: {token: 't'}", 0o600, ["telegram.token", "环境变量"]),
        ("telegram: {token: 't'}", 0o644, ["telegram.token", "644", "chmod 600"]),
        ("web: {title: 甲}", 0o666, ["666", "别的用户能改"]),
        ("web: {title: 甲}", 0o644, []),
    ],
)
def test_the_settings_file(tmp_path: Path, text: str, mode: int, words: list[str]) -> None:
    """Secrets in it, readable with secrets, writable for others; readable without secrets is no fault."""
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    said = _bad([*check_config(Settings(), path)])
    assert ([], bool(words)) == ([word for word in words if word not in said], bool(said)), said


async def _started(url: str) -> None:
    store = open_store(url, now=FakeClock())
    await store.start()
    await store.close()


async def test_the_schema(tmp_path: Path) -> None:
    """Empty, up to date, older, not to be reached; looking makes no file and brings nothing up to date."""
    made, database = _made(tmp_path), tmp_path / "d.db"
    (found,) = await check_schema(made)
    assert (True, True) == (found.good, "还是空的" in found.said)
    assert not await asyncio.to_thread(database.exists)
    await _started(made.store.url.get_secret_value())
    (found,) = await check_schema(made)
    assert (True, True) == (found.good, newest() in found.said)
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.close()
    for _ in range(2):
        (found,) = await check_schema(made)
        assert (False, True) == (found.good, "0001" in found.said and "fawen backup" in found.said)
    away = Settings.model_validate({"store": {"url": "postgresql+asyncpg://u:geheim@127.0.0.1:9/d"}})
    (found,) = await check_schema(away)
    assert (False, True) == (found.good, "127.0.0.1:9" in found.said and "geheim" not in found.said)


async def test_disk_and_database_file(tmp_path: Path) -> None:
    """Too little room is named; a database that we made is its owner's only, and one that is not is named."""
    made, database = _made(tmp_path), tmp_path / "d.db"
    assert "" == _bad([*check_disk(made, free=LEAST_DISK)])
    assert 2 == _bad([*check_disk(made, free=LEAST_DISK - 1)]).count("不到 1 GB")
    await _started(made.store.url.get_secret_value())
    mode = (await asyncio.to_thread(database.stat)).st_mode
    assert 0o600 == stat.S_IMODE(mode)
    assert "" == _bad([*check_disk(made, free=LEAST_DISK)])
    await asyncio.to_thread(database.chmod, 0o644)
    assert "chmod 600" in _bad([*check_disk(made, free=LEAST_DISK)])


def test_knowledge_and_encoder(tmp_path: Path) -> None:
    """A base that loads is counted; a broken one is named with the command that tells more, a wrong encoder with its path."""
    base = write_sample(tmp_path / "knowledge")
    made = _made(tmp_path, knowledge={"dir": base, "encoder": "off"})
    good = [*check_knowledge(made)]
    assert ["✓ 知识库", "✓ 句向量"] == [str(one).partition("：")[0] for one in good]
    assert "8 条" in good[0].said
    (base / "entries" / "notary.yaml").write_text("topic: [", encoding="utf-8")
    broken = _made(tmp_path, knowledge={"dir": base, "encoder": f"onnx:{tmp_path}/nowhere"})
    said = _bad([*check_knowledge(broken)])
    assert [] == [word for word in ("notary.yaml", "fawen check", "句向量", "nowhere") if word not in said], said


@pytest.fixture
async def store(tmp_path: Path) -> Any:
    made = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/c.db", now=FakeClock())
    await made.start()
    yield made
    await made.close()


async def test_whether_it_can_be_written(store: SqlStore) -> None:
    """A store of ours takes writes; nothing is written by asking."""
    before = await store.counts()
    assert ["✓ 数据库：能读能写"] == [str(one) for one in await check_writing(store)]
    assert before == await store.counts()


@pytest.mark.postgres
async def test_a_database_that_only_gives_is_named(postgres: Any) -> None:
    """A standby, or one whose owner made it read-only."""
    url = a_database(postgres)
    await _started(url)
    name = url.partition("@/")[2].partition("?")[0]
    postgres.psql(f"ALTER DATABASE {name} SET default_transaction_read_only = on;")
    only_read = open_store(url, now=FakeClock())
    assert "写不进去" in _bad(await check_writing(only_read))
    await only_read.close()


def test_where_the_database_shall_be(tmp_path: Path) -> None:
    """A directory that is there is good, one that is not is named; PostgreSQL has none."""
    there, missing = _made(tmp_path), _made(tmp_path / "no" / "such")
    assert [f"✓ 数据库：{tmp_path} 可以写"] == [str(one) for one in check_place(there)]
    assert "建好目录" in _bad([*check_place(missing)])
    elsewhere = Settings.model_validate({"store": {"url": "postgresql+asyncpg://u@127.0.0.1:9/d"}})
    assert [] == [*check_place(elsewhere)]


async def test_the_clock(store: SqlStore) -> None:
    """A date that cannot be is named, with how to set it right."""
    assert "" == _bad(await check_clock(store, datetime(2026, 11, 26, tzinfo=UTC)))
    assert "timedatectl" in _bad(await check_clock(store, datetime(2001, 1, 1, tzinfo=UTC)))


@pytest.mark.postgres
async def test_the_clock_of_the_database_server(pair: tuple[SqlStore, SqlStore]) -> None:
    """Compared with ours: a minute apart is named."""
    now = datetime.now(UTC)
    assert "" == _bad(await check_clock(pair[0], now))
    assert "相差 60 秒" in _bad(await check_clock(pair[0], now + timedelta(seconds=60)))


async def test_the_port(tmp_path: Path) -> None:
    """Free; ours; another program's."""

    async def serve(body: bytes) -> tuple[asyncio.Server, int]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
            await writer.drain()
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        return server, server.sockets[0].getsockname()[1]

    for body, good, words in (
        (b'{"status": "ok", "channels": {}}', True, "正在运行"),
        (b"<h1>another</h1>", False, "server.port"),
    ):
        server, port = await serve(body)
        (found,) = await check_port(_made(tmp_path, server={"port": port}))
        assert (good, True) == (found.good, words in found.said), found
        server.close()
        await server.wait_closed()
    (found,) = await check_port(_made(tmp_path, server={"port": port}))
    assert (True, True) == (found.good, "空着" in found.said)


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"telegram": {"webhook_url": "http://a.gov.cn/telegram"}}, ["telegram.webhook_url", "http", "https"]),
        ({"wechat": {"callback_url": "http://a.gov.cn/wechat"}}, ["wechat.callback_url"]),
        ({"wechat": {"callback_url": "https://a.gov.cn/wechat"}}, ["web.secure_cookies", "console.secure_cookies"]),
        ({"server": {"host": "0.0.0.0"}}, ["web.secure_cookies"]),  # noqa: S104
        (
            {"server": {"host": "127.0.0.1"}, "web": {"embed_origins": ["https://a.gov.cn"]}},
            ["嵌入", "https://a.gov.cn", "web.secure_cookies", "设成 true"],
        ),
        ({"web": {"embed_origins": ["https://a.gov.cn"], "secure_cookies": True}}, []),
        ({"server": {"trusted_proxies": ["10.0.0.0/8"]}}, ["10.0.0.0/8", "太宽"]),
        ({"server": {"trusted_proxies": ["::/0"]}}, ["::/0", "太宽"]),
        ({"server": {"trusted_proxies": ["10.1.2.0/24"]}}, []),
        ({"server": {"trusted_proxies": []}}, []),
        (
            {
                "wechat": {"callback_url": "https://a.gov.cn/wechat"},
                "web": {"secure_cookies": True},
                "console": {"secure_cookies": True},
            },
            [],
        ),
    ],
)
def test_what_faces_outside(tmp_path: Path, sections: dict[str, Any], words: list[str]) -> None:
    """Plain HTTP, cookies in the clear, too many that are believed; what is as it should be is not complained of."""
    said = _bad([*check_outside(_made(tmp_path, **sections))])
    assert ([], bool(words)) == ([word for word in words if word not in said], bool(said)), said


def test_before_the_first_start_nothing_is_made(tmp_path: Path) -> None:
    """No database that would belong to whoever ran the command, and not to the service."""
    write_sample(tmp_path / "knowledge")
    before = sorted(tmp_path.rglob("*"))
    environ = {
        "FAWEN_STORE__URL": f"sqlite+aiosqlite:///{tmp_path}/d.db",
        "FAWEN_KNOWLEDGE__DIR": str(tmp_path / "knowledge"),
        "FAWEN_KNOWLEDGE__CACHE_DIR": str(tmp_path / "cache"),
        "FAWEN_KNOWLEDGE__ENCODER": "off",
        "FAWEN_SERVER__PORT": "0",
    }
    done = CliRunner().invoke(main, ["doctor"], env=environ)
    assert (0, True) == (done.exit_code, f"✓ 数据库：{tmp_path} 可以写" in done.output), done.output
    assert before == sorted(tmp_path.rglob("*"))


def test_a_store_of_another_version_is_left_alone(tmp_path: Path) -> None:
    """The command says it, ends with 1, and the database is as it was; everything fits one screen."""
    asyncio.run(_started(f"sqlite+aiosqlite:///{tmp_path}/d.db"))
    with sqlite3.connect(tmp_path / "d.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.close()
    environ = {
        "FAWEN_STORE__URL": f"sqlite+aiosqlite:///{tmp_path}/d.db",
        "FAWEN_KNOWLEDGE__DIR": str(write_sample(tmp_path / "knowledge")),
        "FAWEN_KNOWLEDGE__CACHE_DIR": str(tmp_path / "cache"),
        "FAWEN_KNOWLEDGE__ENCODER": "off",
        "FAWEN_SERVER__PORT": "0",
    }
    done = CliRunner().invoke(main, ["doctor"], env=environ)
    assert (1, True) == (done.exit_code, "再运行一次 fawen doctor" in done.output), done.output
    assert len(done.output.splitlines()) <= 24
    with sqlite3.connect(tmp_path / "d.db") as connection:
        assert [("0001",)] == connection.execute("SELECT version_num FROM alembic_version").fetchall()
    connection.close()
