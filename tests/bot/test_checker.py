"""A check in a process of its own finds what a check in this process finds, and ends with who waits for it."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

import pytest

from bot.brain import make_matcher
from bot.checker import CheckProcess
from bot.desk.checking import check
from bot.errors import DeskRefused
from tests.sample import write_sample
from tests.waiting import until

TODAY = date(2026, 11, 26)
ADDED = "过世老人的屋要点样公证先得"


def texts(directory: Path, old: str, new: str) -> dict[str, str | None]:
    """One file of the knowledge with a change."""
    name = "entries/notary.yaml"
    before = (directory / name).read_text(encoding="utf-8")
    assert old in before
    return {name: before.replace(old, new)}


def children() -> list[bytes]:
    """The command lines of what this process has started and what still runs (proc(5))."""
    lists = [file.read_text() for file in Path("/proc/self/task").glob("*/children")]
    running = [Path(f"/proc/{pid}/cmdline") for line in lists for pid in line.split()]
    return [path.read_bytes() for path in running if path.exists()]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("      - 继承公证怎么办\n", f"      - 继承公证怎么办\n      - {ADDED}\n"),
        ("article: 第二条", "article: 2"),
        ("以公示为准。", "按公示的标准收。"),
    ],
)
async def test_the_same_outcome_as_here(tmp_path: Path, old: str, new: str) -> None:
    """A question more, a format error, another answer: the same problems and the same changes, byte for byte."""
    directory = write_sample(tmp_path / "knowledge")
    after = texts(directory, old, new)
    job = (directory, after, "notary.inheritance", [ADDED, "做个公证多少钱"])
    here = check(*job, lambda copy: make_matcher(copy, None), make_matcher(directory, None), TODAY)
    assert here == await CheckProcess(None, "off").check(*job, TODAY)
    assert here.problems or here.changes


async def test_knowledge_that_cannot_be_learnt_is_refused_in_words(tmp_path: Path) -> None:
    """Files that are broken already are named, with the file."""
    directory = write_sample(tmp_path / "knowledge")
    (directory / "entries" / "chat.yaml").write_text("topic: [", encoding="utf-8")
    with pytest.raises(DeskRefused, match="chat.yaml"):
        await CheckProcess(None, "off").check(directory, {}, "notary.fee", [], TODAY)


async def test_who_goes_away_takes_the_process_along(tmp_path: Path) -> None:
    """A check that is cancelled, as when the service stops, leaves no process behind."""
    directory = write_sample(tmp_path / "knowledge")
    task = asyncio.create_task(CheckProcess(None, "off").check(directory, {}, "notary.fee", [], TODAY))
    assert await until(lambda: any(b"bot.checker" in line for line in children()))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [] == [line for line in children() if b"bot.checker" in line]
