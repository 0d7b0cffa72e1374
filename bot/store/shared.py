"""What the parts of the store have in common: one engine, one writer, one clock."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store.batches import Batches
from bot.store.failures import failure
from bot.store.fast import FastPath
from bot.store.locks import Lock
from bot.store.writer import Writer

T = TypeVar("T")
TOPIC = "fawen"
"""Name under which the processes on one PostgreSQL hear of each other (LISTEN)."""
DESK, KNOWLEDGE = "desk", "knowledge"
"""What they hear of: tickets, answers and proposals; a new version of the knowledge."""


@dataclass(frozen=True)
class Shared:
    """Handed to each part; opened and closed by SqlStore alone."""

    engine: AsyncEngine
    writer: Writer
    shown: str
    """The database as messages may show it, without its password."""
    now: Callable[[], datetime]
    me: str = ""
    """Name of this process among those on the database, new at each start."""
    fast: FastPath | None = None
    """The short way to a SQLite file; None elsewhere."""
    batches: Batches | None = None
    """The short way to PostgreSQL; None elsewhere."""

    @property
    def postgres(self) -> bool:
        """Whether this is PostgreSQL; SQLite otherwise."""
        return self.engine.dialect.name == "postgresql"

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection to read with. Raises StoreUnavailable, StoreRefused for a value."""
        try:
            async with self.engine.connect() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise failure(self.shown, "read", error) from error

    async def apart(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """A write in a transaction of its own that waits for no other. PostgreSQL only: SQLite has one writer at a time.

        Raises StoreUnavailable, StoreRefused for a value.
        """
        try:
            async with self.engine.begin() as connection:
                return await work(connection)
        except (SQLAlchemyError, OSError) as error:
            raise failure(self.shown, "written", error) from error

    def insert(self, table: sa.Table) -> Any:
        """An INSERT that knows ON CONFLICT."""
        return postgresql.insert(table) if self.postgres else sqlite.insert(table)

    async def lock(self, connection: AsyncConnection, key: Lock) -> None:
        """One transaction at a time for this key. SQLite's write transactions are alone anyhow (BEGIN IMMEDIATE)."""
        if self.postgres:
            await connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": key.value})


async def tell(connection: AsyncConnection, what: str) -> None:
    """Tell every process on the database, once this transaction is committed; on SQLite there is nobody to tell."""
    if connection.dialect.name == "postgresql":
        await connection.execute(sa.text("SELECT pg_notify(:topic, :what)"), {"topic": TOPIC, "what": what})
