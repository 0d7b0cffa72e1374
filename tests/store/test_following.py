"""Knowledge in the store: every replica's copy follows it, the console publishes into it, curators push and pull."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot import archive
from bot.app import make_changes
from bot.brain import Brain
from bot.config import KnowledgeSettings, Settings
from bot.desk.changes import Changes
from bot.desk.publishing import MARKER
from bot.errors import DeskConflict, DeskNotFound, EditError, KnowledgeError
from bot.following import Follower, followed, working_copy
from bot.shelf import Desktop, merge
from bot.store.knowledge_schema import knowledge_versions
from bot.store.sql import SqlStore
from tests.fakes import FakeClock
from tests.sample import write_sample
from tests.waiting import patiently as until

Pair = tuple[SqlStore, SqlStore]
NOTARY = "entries/notary.yaml"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A curator's directory."""
    return write_sample(tmp_path / "files")


def change(directory: Path, name: str = NOTARY, old: str = "以公示为准。", new: str = "以公示为准，请看墙上。") -> None:
    path = directory / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_an_archive_is_the_files(files: Path) -> None:
    """The same files give the same bytes; unpacked they are the files; hidden ones stay out."""
    (files / ".old.yaml").write_text("x: 1", encoding="utf-8")
    found = archive.files_of(files)
    assert ".old.yaml" not in found
    assert archive.pack(found) == archive.pack(dict(reversed(found.items())))
    assert found == archive.unpack(archive.pack(found)[1])


@pytest.mark.parametrize("name", ["../out.yaml", "/etc/x.yaml", "run.py"])
def test_an_archive_names_only_yaml_below_it(name: str) -> None:
    """What came into the store by another way writes nothing elsewhere."""
    with pytest.raises(EditError):
        archive.unpack(archive.pack({name: b"x: 1"})[1])


def test_only_what_differs_is_written(files: Path, tmp_path: Path) -> None:
    """Other files keep their time; what is gone is taken away; the marker does not stay."""
    copy = write_sample(tmp_path / "copy")
    before = (copy / "sources.yaml").stat().st_mtime_ns
    change(files)
    (copy / "extra.yaml").write_text("x: 1", encoding="utf-8")
    assert 2 == archive.bring(copy, archive.files_of(files))
    assert archive.files_of(files) == archive.files_of(copy)
    assert (before, False) == ((copy / "sources.yaml").stat().st_mtime_ns, (copy / MARKER).exists())


def test_files_of_both_sides_are_brought_together() -> None:
    """What one side alone changed, added or took away is taken from it; what both changed is named."""
    base = {"a": b"1", "b": b"1", "c": b"1", "d": b"1", "same": b"1"}
    ours = {"a": b"2", "b": b"1", "d": b"2", "new": b"1", "same": b"2"}
    theirs = {"a": b"1", "b": b"2", "c": b"1", "d": b"3", "same": b"2"}
    merged, both = merge(base, ours, theirs)
    assert ["d"] == both
    assert {"a": b"2", "b": b"2", "new": b"1", "same": b"2"} == {k: v for k, v in merged.items() if k != "d"}


async def test_push_pull_and_roll_back(store: SqlStore, files: Path, tmp_path: Path, clock: FakeClock) -> None:
    """One curator pushes, another pulls; a push from an old version is refused; an old version comes back as a new one."""
    one, other = Desktop(store.shared, files), Desktop(store.shared, write_sample(tmp_path / "other"))
    with pytest.raises(DeskNotFound):
        await other.pull()
    first, fresh = await one.push("甲", "开始")
    assert (True, False) == (fresh, (await one.push("甲", "又一次"))[1])
    assert (first, 0) == await other.pull()
    change(files)
    second, _ = await one.push("甲", "改收费")
    change(other._directory, "entries/legal_aid.yaml", "不收费。", "一律不收费。")
    with pytest.raises(DeskConflict, match=f"第 {second.id} 版（甲：改收费）.*第 {first.id} 版"):
        await other.push("乙", "改法援")
    assert (second, 1) == await other.pull()
    third, _ = await other.push("乙", "改法援")
    assert "一律不收费" in (other._directory / "entries/legal_aid.yaml").read_text(encoding="utf-8")
    assert "请看墙上" in (other._directory / NOTARY).read_text(encoding="utf-8")
    back = await one.roll_back(first.id, "丙", "改错了")
    assert (first.digest, first.version) == (back.digest, back.version)
    assert [back, third, second, first] == await one.versions.history()
    with pytest.raises(DeskConflict, match="不用退回"):
        await one.roll_back(first.id, "丙", "再来")
    with pytest.raises(DeskNotFound, match="没有第 99 版"):
        await one.roll_back(99, "丙", "再来")


async def test_what_both_changed_is_named_and_nothing_written(store: SqlStore, files: Path, tmp_path: Path) -> None:
    """Two curators, one file: the second hears of it; with force they take the store's."""
    one, other = Desktop(store.shared, files), Desktop(store.shared, write_sample(tmp_path / "other"))
    await one.push("甲", "开始")
    await other.pull()
    change(files)
    await one.push("甲", "改收费")
    change(other._directory, new="收费另问。")
    before = archive.files_of(other._directory)
    with pytest.raises(DeskConflict, match=NOTARY):
        await other.pull()
    assert before == archive.files_of(other._directory)
    await other.pull(force=True)
    assert archive.files_of(files) == archive.files_of(other._directory)


async def test_broken_files_are_not_pushed(store: SqlStore, files: Path) -> None:
    """Errors are named, and the store stays as it was."""
    (files / NOTARY).write_text("topic: [", encoding="utf-8")
    desktop = Desktop(store.shared, files)
    with pytest.raises(KnowledgeError, match="notary"):
        await desktop.push("甲", "开始")
    assert [] == await desktop.versions.history()


async def test_files_stay_files_without_the_setting(store: SqlStore, files: Path) -> None:
    """With one machine nothing changes: the directory is read, the store knows of no version."""
    settings = Settings(knowledge=KnowledgeSettings(dir=files))
    assert (settings, None) == await followed(settings, store.shared)


async def test_the_first_replica_brings_its_files(store: SqlStore, files: Path, tmp_path: Path) -> None:
    """An empty store gets the installed knowledge; a copy somebody tampered with is put right at the next start."""
    made = KnowledgeSettings(dir=files, source="store", cache_dir=tmp_path / "cache")
    settings, follower = await followed(Settings(knowledge=made), store.shared)
    assert follower is not None
    assert working_copy(settings) == settings.knowledge.dir == follower.directory
    assert archive.files_of(files) == archive.files_of(follower.directory)
    change(follower.directory)
    change(files, new="这里的改动要 push 才生效。")
    await followed(Settings(knowledge=made), store.shared)
    assert "以公示为准。" in (follower.directory / NOTARY).read_text(encoding="utf-8")
    assert 1 == len(await follower.versions.history())


async def test_a_store_restored_to_an_older_day_is_followed_back(store: SqlStore, files: Path, tmp_path: Path) -> None:
    """The copy is of a version that the store no longer has: the next start serves what the store holds."""
    follower = Follower(store.shared, tmp_path / "copy")
    first = await follower.begin(files)
    before = archive.files_of(follower.directory)
    change(follower.directory)
    newer = await follower.publish("甲", "改收费")
    async with store.shared.engine.begin() as connection:
        await connection.execute(sa.delete(knowledge_versions).where(knowledge_versions.c.id == newer.id))
    assert first == await Follower(store.shared, follower.directory).begin(files)
    assert before == archive.files_of(follower.directory)


async def a_replica(store: SqlStore, files: Path, directory: Path) -> tuple[Follower, Brain, Changes]:
    """A follower, what is learnt from its copy, and what publishes there."""
    follower = Follower(store.shared, directory)
    await follower.begin(files)
    brain = Brain(directory, None)
    return follower, brain, make_changes(store, brain, FakeClock(), follower)


@pytest.mark.postgres
async def test_every_replica_serves_what_was_published(pair: Pair, files: Path, tmp_path: Path) -> None:
    """A push, and a change published on the other replica's console, come into force on both."""
    (one, brain, _), (other, there, changes) = [
        await a_replica(store, files, tmp_path / f"copy-{n}") for n, store in enumerate(pair)
    ]
    assert 1 == len(await one.versions.history())
    watching = [asyncio.create_task(f.watch(0.1, b.reload_if_changed)) for f, b in ((one, brain), (other, there))]
    desktop = Desktop(pair[0].shared, files)
    await desktop.pull()
    change(files)
    pushed, _ = await desktop.push("甲", "改收费")
    assert await until(lambda: {pushed.version} == {b.current().knowledge.version for b in (brain, there)})
    proposal = await changes.propose_question(None, "notary.fee", "办个公证书要花多少", "乙", "常有人问")
    await changes.publish(proposal.id, "乙")
    assert await until(lambda: brain.current().knowledge.version == there.current().knowledge.version != pushed.version)
    assert "notary.fee" == brain.current().match("办个公证书要花多少").entry
    assert ("乙", "常有人问") == ((newest := (await one.versions.history())[0]).author, newest.why)
    with pytest.raises(DeskConflict):
        await desktop.push("甲", "旧文件")
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)


@pytest.mark.postgres
async def test_two_consoles_publish_one_after_the_other(pair: Pair, files: Path, tmp_path: Path) -> None:
    """At the same moment on two machines, in the same file: both changes are in the newest version."""
    replicas = [await a_replica(store, files, tmp_path / f"copy-{n}") for n, store in enumerate(pair)]
    asked = ("办个公证书要花多少", "公证处怎么收钱的")
    proposals = [
        await changes.propose_question(None, "notary.fee", question, "乙", "常有人问")
        for (_, _, changes), question in zip(replicas, asked, strict=True)
    ]
    for (_, _, changes), proposal in zip(replicas, proposals, strict=True):
        await changes.check(proposal.id)
    await asyncio.gather(
        *(changes.publish(one.id, "乙") for (_, _, changes), one in zip(replicas, proposals, strict=True))
    )
    for follower, _, _ in replicas:
        await follower.sync()
        text = (follower.directory / NOTARY).read_text(encoding="utf-8")
        assert all(question in text for question in asked)


@pytest.mark.postgres
async def test_a_change_a_dead_replica_left_half_published(pair: Pair, files: Path, tmp_path: Path) -> None:
    """The journal stands, the machine is gone: another one finishes it in its own copy and in the store."""
    (_, _, changes), (other, there, taking) = [
        await a_replica(store, files, tmp_path / f"copy-{n}") for n, store in enumerate(pair)
    ]
    proposal = await changes.propose_question(None, "notary.fee", "办个公证书要花多少", "乙", "常有人问")
    texts = changes._texts(proposal.kind, proposal.operation)
    journal = {"proposal": proposal.id, "undoes": None, "author": "乙", "approver": "", "why": "常有人问"}
    versions = {"version_before": there.current().knowledge.version, "version_after": ""}
    await changes._store.begin({**journal, **versions, "files": {path: list(both) for path, both in texts.items()}})
    assert 1 == await taking.recover()
    newest = await other.versions.newest()
    assert newest is not None
    assert ("乙", "常有人问") == (newest.author, newest.why)
    assert "办个公证书要花多少" in archive.unpack(await other.versions.archive(newest.digest))[NOTARY].decode()
