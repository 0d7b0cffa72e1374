"""Published knowledge in the store: a row a version, the files' archive once however often it comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreConflict
from bot.store.knowledge_schema import knowledge_contents, knowledge_versions
from bot.store.locks import Lock
from bot.store.shared import KNOWLEDGE, Shared, tell

_COLUMNS = tuple(knowledge_versions.c)


@dataclass(frozen=True, slots=True)
class Version:
    """One publication of the whole knowledge."""

    id: int
    """Number, growing; the newest is in force."""
    digest: str
    """Of the files' names and bytes."""
    version: str
    """As /readyz and the records show it: of the files that decide answers."""
    at: datetime
    author: str
    why: str


class KnowledgeVersions:
    """The history of published knowledge. Every method raises StoreUnavailable."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def newest(self) -> Version | None:
        """The version in force; None before the first one."""
        found = await self.history(1)
        return found[0] if found else None

    async def history(self, limit: int = 50) -> list[Version]:
        """Newest first."""
        query = sa.select(*_COLUMNS).order_by(knowledge_versions.c.id.desc()).limit(limit)
        async with self._shared.reading() as connection:
            return [Version(**row._mapping) for row in await connection.execute(query)]

    async def get(self, number: int) -> Version | None:
        """One version; None when there is none of this number."""
        query = sa.select(*_COLUMNS).where(knowledge_versions.c.id == number)
        async with self._shared.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return Version(**row._mapping) if row else None

    async def archive(self, digest: str) -> bytes:
        """The files of a version, as bot.archive packed them."""
        query = sa.select(knowledge_contents.c.archive).where(knowledge_contents.c.digest == digest)
        async with self._shared.reading() as connection:
            return bytes((await connection.execute(query)).scalar_one())

    async def push(self, digest: str, version: str, archive: bytes, by: str, why: str, after: int | None) -> Version:
        """Bring a content into force after the version `after` (None: as the first one).

        What is in force already becomes no new version. Raises StoreConflict when another one came in between.
        """
        kept = self._shared.insert(knowledge_contents).values(digest=digest, archive=archive).on_conflict_do_nothing()
        newest = sa.select(*_COLUMNS).order_by(knowledge_versions.c.id.desc()).limit(1)
        now = self._shared.now()
        values = {"digest": digest, "version": version, "at": now, "author": by, "why": why}
        added = sa.insert(knowledge_versions).values(**values).returning(knowledge_versions.c.id)

        async def work(connection: AsyncConnection) -> Version:
            await self._shared.lock(connection, Lock.NEW_KNOWLEDGE)
            row = (await connection.execute(newest)).one_or_none()
            if row is not None and row.digest == digest:
                return Version(**row._mapping)
            if (row.id if row else None) != after:
                raise StoreConflict(f"knowledge version {row.id if row else None} is in force, not {after}")
            await connection.execute(kept)
            number = int((await connection.execute(added)).scalar_one())
            await tell(connection, KNOWLEDGE)
            return Version(number, digest, version, now, by, why)

        return await self._shared.writer.write(work)
