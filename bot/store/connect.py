"""Opening a database: drivers, SQLite's pragmas, schema migrations, and errors that name the database."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import StoreError, StoreUnavailable
from bot.store.facts import digest
from bot.store.locks import Lock

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
BUSY_SECONDS = 10


def encoded(value: Any) -> str:
    """JSON as the store keeps it."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        # half a surrogate pair, or a number of more than 64 bits: not in UTF-8, and not for orjson
        return json.dumps(value, check_circular=False)


def decoded(text: str) -> Any:
    """What `encoded` was given."""
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)


def parse_url(url: str) -> URL:
    """The URL with its asynchronous driver. Raises StoreError for what is not SQLite or PostgreSQL."""
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError:
        raise StoreError("store.url 读不懂。写成 sqlite+aiosqlite:///fawen.db 或 postgresql+asyncpg://…") from None
    driver = _DRIVERS.get(parsed.drivername, parsed.drivername)
    if driver not in _DRIVERS.values():
        raise StoreError(f"store.url 的类型“{parsed.drivername}”不支持，只支持 sqlite 和 postgresql。")
    return parsed.set(drivername=driver)


_POOL: dict[str, Any] = {
    "pool_size": 5, "max_overflow": 5, "hide_parameters": True, "json_serializer": encoded, "json_deserializer": decoded,
}  # fmt: skip


def make_engine(url: URL) -> AsyncEngine:
    """An engine with the settings that durability needs; its errors do not show what was to be written."""
    if url.drivername.startswith("postgresql"):
        try:
            import asyncpg  # noqa: F401  # only to say what is missing
        except ImportError:
            raise StoreError("PostgreSQL 需要另装驱动：pip install 'fawen[postgres]'") from None
        return create_async_engine(url, pool_pre_ping=True, **_POOL)
    engine = create_async_engine(url, poolclass=sa.pool.AsyncAdaptedQueuePool, **_POOL)

    @event.listens_for(engine.sync_engine, "connect")
    def pragmas(connection: Any, _: Any) -> None:
        # the driver must not open transactions by itself: BEGIN is said below, so that savepoints work
        connection.isolation_level = None
        # PostgreSQL has one of its own
        connection.create_function("fawen_digest", 1, digest, deterministic=True)
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        cursor.execute("PRAGMA journal_mode=WAL")
        # FULL: a commit that was acknowledged survives a power loss
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("write") else "BEGIN")

    return engine


async def migrate(engine: AsyncEngine, url: URL) -> None:
    """Bring the schema up to date; processes that start together take turns.

    Raises StoreError for a schema that this program does not know, StoreUnavailable for a store that fails.
    """
    shown = url.render_as_string(hide_password=True)
    try:
        with _file_lock(url):
            async with engine.connect() as connection:
                if engine.dialect.name == "postgresql":
                    await connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": Lock.MIGRATING.value})
                    await connection.commit()
                try:
                    # most starts find nothing to do
                    found = await connection.run_sync(_revision)
                    if found != newest():
                        if found:
                            _refuse_unknown(found, shown)
                        await connection.run_sync(upgrade)
                    await connection.commit()
                finally:
                    if engine.dialect.name == "postgresql":
                        await connection.execute(
                            sa.text("SELECT pg_advisory_unlock(:key)"), {"key": Lock.MIGRATING.value}
                        )
                        await connection.commit()
    except (sa.exc.SQLAlchemyError, OSError) as error:
        raise StoreUnavailable(
            f"打不开数据库 {shown}（{type(error).__name__}）。请检查 store.url、权限和磁盘。"
        ) from error


async def stored_revision(url: URL) -> str | None:
    """The version of a database's schema; None when there is none yet. Changes nothing. Raises StoreUnavailable."""
    if url.drivername.startswith("sqlite") and not _there(url):
        return None
    engine = make_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_revision)
    except (sa.exc.SQLAlchemyError, OSError) as error:
        shown = url.render_as_string(hide_password=True)
        raise StoreUnavailable(
            f"打不开数据库 {shown}（{type(error).__name__}）。请检查 store.url、权限和磁盘。"
        ) from error
    finally:
        await engine.dispose()


def _there(url: URL) -> bool:
    # SQLite would make an empty file to look into
    return bool(url.database) and Path(str(url.database)).is_file()


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@functools.cache
def newest() -> str:
    """The version of the schema that this program works with."""
    return ScriptDirectory.from_config(_alembic()).get_current_head() or ""


def _refuse_unknown(revision: str, shown: str) -> None:
    """Raises StoreError for a schema that a newer program has made."""
    try:
        ScriptDirectory.from_config(_alembic()).get_revision(revision)
    except CommandError:
        raise StoreError(
            f"数据库 {shown} 的版本 {revision} 比程序新（程序要 {newest()}），没有改动它。请换成升级过它的那个版本的法问；"
            "一定要用现在的程序，就把 store.url 改成一个新库，用 fawen restore 恢复升级前做的备份。"
        ) from None


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Bring the schema to a revision. Raises alembic's CommandError for one that this version does not know."""
    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@contextlib.contextmanager
def _file_lock(url: URL) -> Iterator[None]:
    if (file := sqlite_file(url)) is None:
        yield
        return
    with Path(f"{file}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_private(url)
        yield


def sqlite_file(url: URL) -> Path | None:
    """The file of a SQLite database; None for one in memory, and on PostgreSQL."""
    if not url.drivername.startswith("sqlite") or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


def make_private(url: URL) -> None:
    """Make the file of a new SQLite database, for its owner only; one that is there stays as it is. Raises OSError."""
    if (file := sqlite_file(url)) is not None:
        # SQLite would make it readable for others, and its journals take after it
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
