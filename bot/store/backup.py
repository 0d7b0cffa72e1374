"""Backup and restore of a whole store, the same file for SQLite and PostgreSQL.

The file is gzip, one JSON object a line: a head with the schema's revision, every row as `{"t": table, "r": {...}}` (bytes as base64)
in the order of its key, and at last each table's count and digest. It is read from one transaction (PostgreSQL: REPEATABLE
READ; SQLite: a snapshot of its write-ahead log), so a running service needs no stop.
"""

from __future__ import annotations

import base64
import errno
import gzip
import hashlib
import itertools
import json
import os
import sqlite3
import warnings
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.util import CommandError
from sqlalchemy.engine import URL
from sqlalchemy.exc import SAWarning, SQLAlchemyError

from bot.errors import StoreConflict, StoreError, StoreUnavailable
from bot.store.connect import make_engine, make_private, parse_url, upgrade
from bot.store.one_service import alone_on
from bot.store.tables import every_table

Sums = dict[str, list[Any]]
"""Table -> [rows, SHA-256 of its lines]."""
_FORMAT = 1
_BATCH = 500
_NOTHING = [0, hashlib.sha256().hexdigest()]
_VERSION = "alembic_version"


async def back_up(url: str, file: Path, now: datetime) -> Sums:
    """Write a consistent copy of the store to a new file; what it holds.

    Raises StoreConflict when the file exists, StoreError when there is no store, StoreUnavailable for a store or disk
    that fails; no half file stays.
    """
    parsed = parse_url(url)
    part = _unfinished(file, parsed)
    engine = make_engine(parsed)
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    try:
        async with engine.connect() as connection:
            sums = await connection.run_sync(_write, part, now)
        part.replace(file)
        return sums
    except (SQLAlchemyError, OSError) as error:
        if _full(error):
            raise StoreUnavailable(
                f"备份没有完成：{part.parent.absolute()} 所在的磁盘满了。请腾出空间，或者换一个目录（fawen move 用 --temp）。"
            ) from error
        raise StoreUnavailable(f"备份没有完成（{type(error).__name__}）。请检查 store.url 和磁盘。") from error
    finally:
        part.unlink(missing_ok=True)
        await engine.dispose()


async def restore(url: str, file: Path, replace: bool = False) -> Sums:
    """Put a backup into a store, all or nothing, then bring its schema up to date; what was put in, read back.

    Raises StoreConflict when the store holds rows and `replace` is not given, StoreError for a file that is damaged or
    comes from a newer version, and while a service runs on the SQLite file, StoreUnavailable for a store that fails; the store is then as it was.
    """
    revision, sums = check(file)
    parsed = parse_url(url)
    engine = make_engine(parsed)
    try:
        # a service would not notice that its tables are exchanged below it
        with alone_on(url, make=False):
            make_private(parsed)
            async with engine.execution_options(write=True).begin() as connection:
                await connection.run_sync(_put, file, revision, sums, replace)
            return sums
    except CommandError:
        raise StoreError(f"备份的数据库版本 {revision} 比程序新。请先把程序升级到做备份的那个版本。") from None
    except (SQLAlchemyError, OSError) as error:
        if _full(error):
            shown = parsed.render_as_string(hide_password=True)
            raise StoreUnavailable(
                f"恢复没有完成：数据库 {shown} 所在的磁盘满了，数据库没有改动。请腾出空间再恢复。"
            ) from error
        raise StoreUnavailable(f"恢复没有完成（{type(error).__name__}），数据库没有改动。请检查 store.url。") from error
    finally:
        await engine.dispose()


async def summed(url: str) -> Sums:
    """What a store holds now, in one consistent view. Raises StoreUnavailable."""
    engine = make_engine(parse_url(url))
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(lambda sync: {table.name: _sum(sync, table) for table in _tables(sync)})
    except (SQLAlchemyError, OSError) as error:
        raise StoreUnavailable(f"核对没有完成（{type(error).__name__}）。请检查 store.url。") from error
    finally:
        await engine.dispose()


def check(file: Path) -> tuple[str, Sums]:
    """The schema revision and the sums of a backup. Raises StoreError when it is damaged, cut off or no backup."""
    try:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            head = json.loads(next(lines))
            if head["fawen_backup"] != _FORMAT:
                raise ValueError("another format")
            found: dict[str, tuple[int, Any]] = {}
            for line in lines:
                data = json.loads(line)
                if "sums" in data:
                    sums: Sums = data["sums"]
                    counted = {name: [count, digest.hexdigest()] for name, (count, digest) in found.items()}
                    if {name: s for name, s in sums.items() if s[0]} != counted:
                        raise ValueError("sums differ")
                    return str(head["revision"]), sums
                count, digest = found.get(data["t"], (0, hashlib.sha256()))
                digest.update(_line(data["r"]).encode())
                found[data["t"]] = (count + 1, digest)
    except (OSError, EOFError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise StoreError(f"{file} 不是完整的备份（{type(error).__name__}）。没有恢复，请换一个备份文件。") from None
    raise StoreError(f"{file} 不完整，最后的校验不见了。没有恢复，请换一个备份文件。")


def _full(error: Exception) -> bool:
    """Whether a disk had no room: as the system, SQLite or PostgreSQL (53100) say it."""
    cause = getattr(error, "orig", None) or error
    return (
        getattr(cause, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        or getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        or getattr(cause, "sqlstate", None) == "53100"
    )


def _unfinished(file: Path, url: URL) -> Path:
    """Where a backup grows until it is whole. Raises StoreConflict, or StoreError for SQLite without a file."""
    if file.exists():
        raise StoreConflict(f"文件 {file} 已经有了，没有覆盖。请换一个名字。")
    # SQLite would make an empty database in its place
    if url.drivername.startswith("sqlite") and not Path(url.database or "").is_file():
        raise StoreError(f"找不到数据库文件 {url.database}。请检查 store.url，或者在放数据库的目录里运行。")
    return file.with_name(f"{file.name}.part")


def _write(connection: sa.Connection, part: Path, now: datetime) -> Sums:
    tables = _tables(connection)
    if not tables:
        raise StoreError("这个数据库里没有法问的表，没有可备份的。请检查 store.url。")
    asked = sa.select(sa.column("version_num", sa.String)).select_from(sa.table(_VERSION))
    revision = connection.execute(asked).scalar_one()
    sums: Sums = {}
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb") as packed:
            packed.write(f"{_line({'fawen_backup': _FORMAT, 'revision': revision, 'at': now.isoformat()})}\n".encode())
            for table in tables:
                count, digest = 0, hashlib.sha256()
                for row in _rows(connection, table):
                    count += 1
                    digest.update(_line(row).encode())
                    packed.write(f"{_line({'t': table.name, 'r': row})}\n".encode())
                sums[table.name] = [count, digest.hexdigest()]
            packed.write(f"{_line({'sums': sums})}\n".encode())
        raw.flush()
        os.fsync(raw.fileno())
    return sums


def _put(connection: sa.Connection, file: Path, revision: str, sums: Sums, replace: bool) -> None:
    before = _tables(connection)
    held = [table.name for table in before if connection.execute(sa.select(table).limit(1)).first() is not None]
    if held and not replace:
        raise StoreConflict(f"数据库里已经有数据（{'、'.join(held)}），没有恢复。确定要换掉它们，请加 --replace。")
    for table in (*before, sa.Table(_VERSION, sa.MetaData())):
        table.drop(connection, checkfirst=True)
    upgrade(connection, revision)
    tables = {table.name: table for table in _tables(connection)}
    for name, rows in itertools.groupby(_stored(file), key=lambda row: str(row[0])):
        while batch := [row for _, row in itertools.islice(rows, _BATCH)]:
            connection.execute(sa.insert(tables[name]), _unpacked(tables[name], batch))
    for name, table in tables.items():
        _number_on(connection, table)
        if _sum(connection, table) != sums.get(name, _NOTHING):
            raise StoreError(f"表 {name} 恢复后和备份不一样，已全部撤回，数据库没有改动。")
    upgrade(connection, "head")


def _tables(connection: sa.Connection) -> list[sa.Table]:
    """Our tables as the database has them, which may be those of an older schema; others in it are left alone."""
    found = sa.MetaData()
    ours = every_table()
    with warnings.catch_warnings():
        # an index of expressions is not reflected; it holds no data of its own
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index", SAWarning)
        found.reflect(connection, only=lambda name, _: name in ours)
    for table in found.tables.values():
        for column in table.columns:
            if isinstance(column.type, sa.JSON):
                # NULL stays NULL where the column allows it, and JSON's null where it does not
                column.type.none_as_null = bool(column.nullable)
    return list(found.sorted_tables)


def _rows(connection: sa.Connection, table: sa.Table) -> Iterator[dict[str, Any]]:
    """Every row by its primary key, text compared byte by byte: the same order on every database, without holding all."""
    binary = "C" if connection.dialect.name == "postgresql" else "BINARY"
    keys: Iterable[Any] = (
        sa.collate(column, binary) if isinstance(column.type, sa.String) else column for column in table.primary_key
    )
    query = sa.select(table).order_by(*keys).execution_options(yield_per=_BATCH)
    for row in connection.execute(query).mappings():
        yield dict(row)


def _sum(connection: sa.Connection, table: sa.Table) -> list[Any]:
    count, digest = 0, hashlib.sha256()
    for row in _rows(connection, table):
        count += 1
        digest.update(_line(row).encode())
    return [count, digest.hexdigest()]


def _stored(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            data = json.loads(line)
            if "t" in data:
                yield data["t"], data["r"]


def _number_on(connection: sa.Connection, table: sa.Table) -> None:
    """PostgreSQL numbers the next row after the restored ones; SQLite does by itself."""
    if connection.dialect.name != "postgresql" or "id" not in table.columns:
        return
    sequence = connection.execute(sa.select(sa.func.pg_get_serial_sequence(table.name, "id"))).scalar_one()
    if sequence and (top := connection.execute(sa.select(sa.func.max(table.c.id))).scalar_one()):
        connection.execute(sa.select(sa.func.setval(sequence, top)))


def _unpacked(table: sa.Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the file with their bytes (knowledge versions) as bytes again."""
    binary = [column.name for column in table.columns if isinstance(column.type, sa.LargeBinary)]
    for row in rows:
        row.update({name: base64.b64decode(row[name]) for name in binary if row[name] is not None})
    return rows


def _line(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, default=lambda value: base64.b64encode(value).decode())
