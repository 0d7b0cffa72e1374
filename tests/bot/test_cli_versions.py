"""`fawen knowledge` as a curator uses it: Chinese words, exit codes, the history as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bot.test_cli import run
from tests.sample import write_sample


@pytest.fixture
def knowledge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample knowledge and an empty database of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAWEN_KNOWLEDGE__DIR", str(tmp_path / "knowledge"))
    return write_sample(tmp_path / "knowledge")


def test_push_history_rollback_and_pull(knowledge: Path) -> None:
    """The whole way with one directory: what is in force is the newest line of the history."""
    assert (1, True) == ((done := run("knowledge", "pull")).exit_code, "fawen knowledge push" in done.output)
    done = run("knowledge", "push", "--why", "开始", "--by", "甲")
    assert (0, True) == (done.exit_code, done.output.startswith("已发布第 1 版")), done.output
    assert "没有要发布的" in run("knowledge", "push", "--why", "再来", "--by", "甲").output
    path = knowledge / "entries" / "notary.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("以公示为准。", "请看公示。"), encoding="utf-8")
    assert 0 == run("knowledge", "push", "--why", "改收费", "--by", "甲").exit_code
    done = run("knowledge", "rollback", "1", "--why", "改错了", "--by", "乙")
    assert (0, True) == (done.exit_code, "第 1 版的内容已作为第 3 版发布" in done.output), done.output
    assert "改动了 1 个文件" in run("knowledge", "pull").output
    assert "以公示为准。" in path.read_text(encoding="utf-8")
    rows = json.loads(run("knowledge", "history", "--json").output)
    assert [(3, "乙", "改错了"), (2, "甲", "改收费"), (1, "甲", "开始")] == [
        (row["id"], row["author"], row["why"]) for row in rows
    ]
    assert rows[0]["version"] == rows[2]["version"]
    assert "改错了" in run("knowledge", "history").output


def test_what_is_refused_says_why(knowledge: Path) -> None:
    """Broken files and unknown numbers: exit code 1 and one line with the remedy."""
    assert 2 == run("knowledge", "push").exit_code
    done = run("knowledge", "rollback", "7", "--why", "试试")
    assert (1, True) == (done.exit_code, "没有第 7 版" in done.output)
    (knowledge / "entries" / "notary.yaml").write_text("topic: [", encoding="utf-8")
    done = run("knowledge", "push", "--why", "坏的")
    assert (1, True) == (done.exit_code, "notary.yaml" in done.output)
