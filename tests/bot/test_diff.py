"""`fawen diff`: recorded questions are asked too, and the page shows old and new side by side."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.messages import Reply
from bot.store import open_store
from bot.store.base import Turn
from intents.diff import Change
from intents.diff_page import html_page
from tests.fakes import FakeClock, a_message
from tests.sample import write_sample


@pytest.fixture
def knowledge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample knowledge, in a directory without config.yaml."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAWEN_KNOWLEDGE__CACHE_DIR", str(tmp_path / "cache"))
    return write_sample(tmp_path / "knowledge")


def run(*args: object) -> Result:
    """One command."""
    return CliRunner().invoke(main, [str(a) for a in args])


def test_diff_asks_what_residents_asked(knowledge: Path, tmp_path: Path) -> None:
    """Questions of the recorded log are compared, the most frequent first; without a store none is made."""
    changed = tmp_path / "changed"
    shutil.copytree(knowledge, changed)
    path = changed / "entries" / "notary.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("以公示为准。", "看公示。"), encoding="utf-8")
    store = tmp_path / "log.db"
    config = tmp_path / "config.yaml"
    config.write_text(f"store: {{url: 'sqlite+aiosqlite:///{store}'}}\n", encoding="utf-8")
    arguments = ("diff", knowledge, changed, "--encoder", "off", "--json", "--config", config)
    assert {"相似问"} == {c["origin"] for c in json.loads(run(*arguments).stdout)}
    assert not store.exists()
    asyncio.run(_asked(store, ["公证收费标准是多少呀", "做个公证多少钱", "做个公证多少钱"]))
    changes = json.loads(run(*arguments).stdout)
    assert [("做个公证多少钱", "居民问过 2 次"), ("公证收费标准是多少呀", "居民问过 1 次")] == [
        (c["text"], c["origin"]) for c in changes[:2]
    ]
    assert ("以公示为准。", "看公示。") == (changes[0]["old_answer"], changes[0]["new_answer"])
    assert "居民问过" not in run(*arguments, "--no-log").stdout


async def _asked(path: Path, texts: list[str]) -> None:
    """A store in which these questions were asked and answered."""
    clock = FakeClock()
    store = open_store(f"sqlite+aiosqlite:///{path}", now=clock)
    await store.start()
    for number, text in enumerate(texts):
        message = a_message(text, clock, number)
        await store.receive(message)
        await store.finish(Turn(message, Reply("answer", "以公示为准。", "answer"), {}))
    await store.close()


def test_the_page_is_safe_and_marks_what_changed() -> None:
    """Markup in a question stays text; within an entry the changed clause is marked on both sides."""
    changes = [
        Change("<script>alert(1)</script>", "a.b", "没有答案", "outcome", "旧的回答。", ""),
        Change("多少钱", "a.b", "a.b", "answer", "先预约。带证件。", "先打电话。带证件。"),
    ]
    page = html_page(changes, 7, {"多少钱": "居民问过 3 次"}, "HEAD → knowledge")
    assert "<script>" not in page
    assert "7 个问题里，2 个的回答有变化" in page
    assert "<del>先预约。</del>带证件。" in page
    assert "<ins>先打电话。</ins>带证件。" in page
    assert ("居民问过 3 次" in page, "没有答案，会转给工作人员" in page, "HEAD → knowledge" in page) == (
        True,
        True,
        True,
    )
    assert "没有变化" in html_page([], 7)
