"""`fawen review` as staff use it: one whole round by command, 80 columns, JSON for programs, exit codes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from bot.app import make_desk
from bot.brain import Brain
from bot.cli import main
from bot.config import Dialogue as Limits
from bot.dialogue import Dialogue
from bot.messages import Kind, Message
from bot.store.sql import SqlStore
from tests.fakes import FakeClock
from tests.sample import write_sample

ASKED = ("街坊要是把楼道堵死了该找哪个评理", "街坊把楼道堵死了该找哪个评理呢")


@pytest.fixture(scope="module")
def brain(tmp_path_factory: pytest.TempPathFactory) -> Brain:
    """Reads the sample once."""
    return Brain(write_sample(tmp_path_factory.mktemp("once") / "knowledge"), None)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brain: Brain) -> Path:
    """A database with two people asking the same and one advert, and the sample knowledge."""
    monkeypatch.chdir(tmp_path)
    url = f"sqlite+aiosqlite:///{tmp_path}/fawen.db"
    for name, value in {
        "STORE__URL": url, "KNOWLEDGE__DIR": str(write_sample(tmp_path / "knowledge")),
        "KNOWLEDGE__CACHE_DIR": str(tmp_path / "cache"), "KNOWLEDGE__ENCODER": "off",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"FAWEN_{name}", value)

    async def fill() -> None:
        clock = FakeClock()
        store = SqlStore(url, now=clock)
        await store.start()
        dialogue = Dialogue(brain.current, store, Limits(), clock)
        for n, text in enumerate(ASKED):
            for said in ("转人工", text):
                await dialogue.handle(Message("web", f"p{n}", f"p{n}", said, Kind.TEXT, clock(), f"{n}{said[:3]}"))
        await dialogue.handle(Message("web", "x", "x", "qwertyuiop", Kind.TEXT, clock(), "advert"))
        await make_desk(store, brain.current, clock)[1].once()
        await store.close()

    asyncio.run(fill())
    return tmp_path


def run(*args: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["review", *map(str, args)], input=stdin)


def done(*args: object, stdin: str | None = None) -> str:
    """A command that succeeds, and keeps to 80 columns."""
    result = run(*args, stdin=stdin)
    assert 0 == result.exit_code, result.output
    if "--json" not in args and args[0] != "draft":
        assert [] == [line for line in result.stdout.splitlines() if cell_len(line) > 80]
    return result.stdout


def test_a_round_by_command(home: Path) -> None:
    """List, show, assign, answer, propose, publish, history, roll back: each says what it did and what comes next."""
    listed = json.loads(done("list", "--json"))
    (row,) = listed["rows"]
    assert (1, 2, ASKED[0]) == (listed["total"], row["people"], row["title"])
    table = done("list")
    assert ("共 1 组" in table, "单独存放" in table) == (True, True)
    number = json.loads(done("show", row["id"], "--json"))["tickets"][0]["number"]
    assert ASKED[0] in done("show", number)
    done("assign", row["id"], "li", "--by", "wang")
    assert "发给 2 人" in done("answer", row["id"], "--by", "li", stdin="找社区的人民调解委员会。\n")
    assert "待送达" in done("show", row["id"])
    shown = done("propose", row["id"], "--entry", "legal_aid.what", "--by", "li", "--why", "两个人问过")
    assert f"+      - {ASKED[0]}" in shown
    assert "legal_aid.what" in done("changes")
    assert "回答有变化" in done("change", 1)
    done("publish", 1, "--by", "li")
    assert ASKED[0] in (home / "knowledge/entries/legal_aid.yaml").read_text(encoding="utf-8")
    assert "两个人问过" in done("history", "--published")
    done("rollback", 1, "--why", "放错了", "--by", "wang")
    assert ASKED[0] not in (home / "knowledge/entries/legal_aid.yaml").read_text(encoding="utf-8")
    whats = [e["what"] for e in json.loads(done("history", "--cluster", row["id"], "--json"))["rows"]]
    assert ["rolled_back", "published", "checked", "proposed", "answered", "assigned"] == whats


def test_a_new_entry_by_command(home: Path) -> None:
    """A draft is printed, edited, proposed, approved by another name, published."""
    done("answer", 1, "找社区的人民调解委员会。", "--by", "li")
    draft = done("draft", 1).replace("entry: .", "entry: notary.corridor").replace(
        "sources: []", "sources: [{source: legal_aid_law, article: 第二条}]"
    )  # fmt: skip
    (home / "draft.yaml").write_text(draft, encoding="utf-8")
    assert "要第二人审核" in done("propose", 1, "--draft", "draft.yaml", "--by", "li")
    refused = run("approve", 1, "--by", "li")
    assert (1, True) == (refused.exit_code, "自己" in refused.stderr)
    done("approve", 1, "--by", "wang")
    done("publish", 1, "--by", "li")
    assert "corridor:" in (home / "knowledge/entries/notary.yaml").read_text(encoding="utf-8")


def test_merge_split_ignore_release(home: Path) -> None:
    """By hand: split one out, merge it back, ignore, put back; set-apart ones are listed on request."""
    numbers = [t["number"] for t in json.loads(done("show", 1, "--json"))["tickets"]]
    out = done("split", 1, numbers[1])
    fresh = out.rstrip("。\n").rpartition(" ")[2]
    done("merge", 1, fresh)
    done("ignore", 1, "--reason", "与本局无关")
    assert "与本局无关" in done("show", 1)
    assert "不处理" in done("list", "--state", "ignored")
    done("release", 1)
    assert "无意义" in done("list", "--apart")


@pytest.mark.parametrize(
    ("args", "code", "word"),
    [
        (("show", 99), 1, "99"), (("show", "K7-3F9Q"), 1, "K7-3F9Q"), (("answer", 1, " "), 1, "空"),
        (("ignore", 1), 2, "--reason"), (("merge", 1, 1), 1, "至少"), (("publish", 5), 1, "5"),
        (("propose", 1), 2, "--entry"), (("rollback", 5, "--why", "x"), 1, "5"), (("resend", 5), 1, "5"),
        (("list", "--state", "gone"), 2, "gone"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_says_why(home: Path, args: tuple[object, ...], code: int, word: str) -> None:
    """One line on standard error that names the thing; 1 for refused, 2 for wrong usage; nothing on standard output."""
    result = run(*args)
    assert (code, True, "") == (result.exit_code, word in result.stderr, result.stdout)
