"""Knowledge that the store holds (knowledge.source: store): a working copy that follows it, and publishing into it.

The working copy is a directory below knowledge.cache_dir, one for each database; nobody edits it. Whatever is published
on any machine becomes a version in the store, and every replica brings its copy to the newest one and learns it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from bot import archive
from bot.config import Settings
from bot.desk.publishing import alone
from bot.errors import EditError, StoreConflict, StoreUnavailable
from bot.paths import knowledge_dir
from bot.store.alone import holding
from bot.store.knowledge import KnowledgeVersions, Version
from bot.store.locks import Lock
from bot.store.shared import Shared
from intents.knowledge import fingerprint

log = logging.getLogger(__name__)
_NUMBER = ".version"
FIRST = "安装时自带的知识"


class Follower:
    """The working copy of one replica."""

    def __init__(self, shared: Shared, directory: Path) -> None:
        """`directory` is made when it is missing."""
        self._shared, self.directory = shared, directory
        self.versions = KnowledgeVersions(shared)
        self._wake = asyncio.Event()

    async def begin(self, files: Path) -> Version:
        """Bring the copy to the newest version, every file compared; an empty store gets `files` as its first one.

        Raises StoreUnavailable, EditError.
        """
        if await self.versions.newest() is None:
            contents = await asyncio.to_thread(archive.files_of, files)
            digest, packed = await asyncio.to_thread(archive.pack, contents)
            version = await asyncio.to_thread(fingerprint, files)
            with contextlib.suppress(StoreConflict):
                # another replica may be first
                await self.versions.push(digest, version, packed, "fawen", FIRST, None)
        found = await self.sync(whole=True)
        assert found is not None
        return found

    async def sync(self, whole: bool = False) -> Version | None:
        """Bring the copy to the newest version if it is not there; the newest, None when the store has none.

        With `whole` every file is compared, not only the number. Raises StoreUnavailable, EditError.
        """
        newest = await self.versions.newest()
        if newest is None or (not whole and self._number() == newest.id):
            return newest
        self.directory.mkdir(parents=True, exist_ok=True)
        async with alone(self.directory):
            if (self._number() or 0) > newest.id:
                # brought by another process since; if the store has no such version, it was restored from an older backup
                newest = await self.versions.newest() or newest
            if whole or self._number() != newest.id:
                files = archive.unpack(await self.versions.archive(newest.digest))
                written = await asyncio.to_thread(archive.bring, self.directory, files)
                self._note(newest)
                log.info("knowledge version %d of the store: %d files written", newest.id, written)
        return newest

    @contextlib.asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Nobody else publishes meanwhile, on any machine, and the copy is the newest version."""
        async with holding(self._shared, Lock.PUBLISHING):
            await self.sync()
            async with alone(self.directory):
                yield

    async def publish(self, by: str, why: str) -> Version:
        """Make the copy as it is the newest version; only under `exclusive`. Raises StoreConflict."""
        contents = await asyncio.to_thread(archive.files_of, self.directory)
        digest, packed = await asyncio.to_thread(archive.pack, contents)
        version = await asyncio.to_thread(fingerprint, self.directory)
        made = await self.versions.push(digest, version, packed, by, why, self._number())
        self._note(made)
        return made

    def wake(self) -> None:
        """Look now: something was published."""
        self._wake.set()

    async def watch(self, seconds: float, changed: Callable[[], Awaitable[object]]) -> None:
        """For ever: follow the store, every so many seconds or when woken; `changed` takes in what is new."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self.sync()
                # also what this process has published itself
                await changed()
            except (StoreUnavailable, EditError) as error:
                log.error("knowledge of the store not followed, the last version stays: %s", error)
            except Exception:
                log.exception("knowledge of the store not followed, the last version stays")

    def _number(self) -> int | None:
        return archive.number_in(self.directory / _NUMBER)

    def _note(self, version: Version) -> None:
        archive.put_number(self.directory / _NUMBER, version.id)


def working_copy(settings: Settings) -> Path:
    """Where the copy of this database's knowledge lies."""
    name = hashlib.sha256(settings.store.url.get_secret_value().encode()).hexdigest()[:12]
    return settings.knowledge.cache_dir / f"knowledge-{name}"


async def followed(settings: Settings, shared: Shared) -> tuple[Settings, Follower | None]:
    """With knowledge.source `store`: a follower whose copy is up to date, and the settings with that directory."""
    if settings.knowledge.source == "files":
        return settings, None
    follower = Follower(shared, working_copy(settings))
    await follower.begin(settings.knowledge.dir or knowledge_dir())
    knowledge = settings.knowledge.model_copy(update={"dir": follower.directory})
    return settings.model_copy(update={"knowledge": knowledge}), follower
