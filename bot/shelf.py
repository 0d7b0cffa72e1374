"""The curators' files beside the versions in the store: push, pull, roll back, and who changed what since.

The directory remembers from which version its files come (`.stored`). Nobody overwrites what another one has published
since: a push from an older version is refused, a pull keeps what only the curator has changed, and what both have
changed is named.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from bot import archive
from bot.desk.publishing import alone
from bot.errors import DeskConflict, DeskNotFound, KnowledgeError, StoreConflict
from bot.store.knowledge import KnowledgeVersions, Version
from bot.store.shared import Shared
from intents import KnowledgeBase
from intents.knowledge import fingerprint

STORED = ".stored"


class Desktop:
    """One curator's directory. Every method raises StoreUnavailable, and EditError for a directory it cannot write."""

    def __init__(self, shared: Shared, directory: Path) -> None:
        self._directory, self.versions = directory, KnowledgeVersions(shared)

    async def push(self, by: str, why: str, force: bool = False) -> tuple[Version, bool]:
        """Publish the files; (the version in force, whether it is new).

        Raises KnowledgeError (the files have errors), DeskConflict (others have published since; not with `force`).
        """
        newest, files = await self.versions.newest(), await asyncio.to_thread(archive.files_of, self._directory)
        digest, packed = await asyncio.to_thread(archive.pack, files)
        if newest is not None and newest.digest == digest:
            self._note(newest)
            return newest, False
        if newest is not None and not force and self._base() != newest.id:
            came = f"第 {self._base()} 版" if self._base() else "哪一版不清楚的文件"
            raise DeskConflict(
                f"数据库里已经是第 {newest.id} 版（{newest.author}：{newest.why}），您的文件是从{came}改的。"
                "请先 fawen knowledge pull 取回，再 push。"
            )
        await asyncio.to_thread(_refuse_broken, self._directory)
        version = await asyncio.to_thread(fingerprint, self._directory)
        try:
            made = await self.versions.push(digest, version, packed, by, why, newest.id if newest else None)
        except StoreConflict:
            raise DeskConflict("刚刚有人也发布了一版。请先 fawen knowledge pull 取回，再 push。") from None
        self._note(made)
        return made, True

    async def pull(self, force: bool = False) -> tuple[Version, int]:
        """Bring what others have published into the files; (the newest version, how many files changed).

        Raises DeskNotFound (the store has no version), DeskConflict naming the files that both have changed; then, and
        without `force`, nothing is written.
        """
        newest = await self.versions.newest()
        if newest is None:
            raise DeskNotFound("数据库里还没有知识版本。先在放知识文件的机器上运行 fawen knowledge push。")
        theirs = archive.unpack(await self.versions.archive(newest.digest))
        base = await self._base_files()
        async with alone(self._directory):
            ours = await asyncio.to_thread(archive.files_of, self._directory)
            merged, both = (theirs, []) if force else merge(base, ours, theirs)
            if both:
                raise DeskConflict(
                    f"这些文件您和别人都改过，什么也没有写：{'、'.join(both)}。"
                    "请另存您的改动，用 fawen knowledge pull --force 取回，再改一次。"
                )
            changed = await asyncio.to_thread(archive.bring, self._directory, merged)
            self._note(newest)
        return newest, changed

    async def roll_back(self, number: int, by: str, why: str) -> Version:
        """Publish the content of an older version once more.

        Raises DeskNotFound, KnowledgeError (this program no longer takes it), DeskConflict (in force already, or
        somebody published in between).
        """
        old, newest = await self.versions.get(number), await self.versions.newest()
        if old is None or newest is None:
            raise DeskNotFound(f"没有第 {number} 版。用 fawen knowledge history 看有哪些。")
        if old.digest == newest.digest:
            raise DeskConflict(f"在用的第 {newest.id} 版就是这些内容，不用退回。")
        packed = await self.versions.archive(old.digest)
        with tempfile.TemporaryDirectory(prefix="fawen-") as place:
            await asyncio.to_thread(archive.bring, Path(place), archive.unpack(packed))
            await asyncio.to_thread(_refuse_broken, Path(place))
        try:
            return await self.versions.push(old.digest, old.version, packed, by, why, newest.id)
        except StoreConflict:
            raise DeskConflict("刚刚有人也发布了一版。请看过 fawen knowledge history 再决定。") from None

    async def _base_files(self) -> dict[str, bytes]:
        """The files as they were taken from the store; empty when that is not known."""
        found = await self.versions.get(number) if (number := self._base()) else None
        return archive.unpack(await self.versions.archive(found.digest)) if found else {}

    def _base(self) -> int | None:
        return archive.number_in(self._directory / STORED)

    def _note(self, version: Version) -> None:
        archive.put_number(self._directory / STORED, version.id)


def merge(base: archive.Files, ours: archive.Files, theirs: archive.Files) -> tuple[dict[str, bytes], list[str]]:
    """Files that one side alone changed are taken from that side; (the outcome, names that both changed)."""
    merged, both = {}, []
    for name in sorted({*base, *ours, *theirs}):
        before, mine, other = base.get(name), ours.get(name), theirs.get(name)
        if mine != other and before not in (mine, other):
            both.append(name)
        found = other if mine == before else mine
        if found is not None:
            merged[name] = found
    return merged, both


def _refuse_broken(directory: Path) -> None:
    problems = KnowledgeBase.check(directory)
    if any(problem.severity == "error" for problem in problems):
        raise KnowledgeError(problems)
