"""The changes that staff make: each does what its name says, refuses what would harm, and is read by the validator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from bot.curate import edit, files
from bot.errors import EditError, KnowledgeError
from intents import KnowledgeBase
from tests.sample import ROOT, write_sample

DAY = date(2026, 11, 25)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The sample knowledge in a directory of its own."""
    return write_sample(tmp_path / "knowledge")


def _notary(base: Path) -> str:
    return files.read_text(base / "entries" / "notary.yaml")


def test_a_question_is_added_and_removed(base: Path) -> None:
    """Adding and removing the same question gives the very text of before."""
    before = _notary(base)
    after = edit.add_question(before, "fee", "  公证费   怎么算 ")
    assert before.replace("做个公证多少钱\n", "做个公证多少钱\n      - 公证费 怎么算\n") == after
    assert before == edit.remove_question(after, "fee", "公证费 怎么算")


def test_fields_are_replaced_added_and_taken_out(base: Path) -> None:
    """Answer, dates and lists are set; an optional field goes with None; the base stays valid."""
    changes = {"answer": "先看公示。\n再问窗口。", "reviewed": DAY, "related": ["notary.inheritance"], "aspect": None}
    files.change_file(base, "entries/notary.yaml", lambda t: edit.set_fields(t, "fee", changes))
    found = KnowledgeBase.load(base).entries["notary.fee"]
    assert ("先看公示。\n再问窗口。", DAY, ("notary.inheritance",), "") == (
        found.answer,
        found.reviewed,
        found.related,
        found.aspect,
    )


def test_a_new_entry_is_a_draft(base: Path) -> None:
    """A whole entry is added at the end of its topic, as a draft that nobody is answered with."""
    fields = {
        "title": "公证书翻译", "questions": ["公证书要翻译吗", "翻译件也能公证: 可以吗"], "answer": "看使用地的要求。",
        "sources": [{"source": "legal_aid_law", "article": "第二条"}],
    }  # fmt: skip
    before = _notary(base)
    files.change_file(base, "entries/notary.yaml", lambda t: edit.add_entry(t, "translation", fields, DAY))
    assert _notary(base).startswith(before)
    found = KnowledgeBase.load(base).entries["notary.translation"]
    assert ("draft", DAY, "翻译件也能公证: 可以吗") == (found.status, found.review_after, found.questions[1])


def test_a_test_question_is_added() -> None:
    """To an empty file, and to the shipped ones, with other entries that would be right as well."""
    first = edit.add_test("", "公证费怎么算", "notary.fee")
    assert first.endswith("tests:\n  - {q: 公证费怎么算, entry: notary.fee}\n")
    shipped = files.read_text(ROOT / "knowledge" / "tests" / "notary.yaml")
    after = edit.add_test(shipped, "费用、时间，都想知道", "notary.fee", ["notary.timeline"])
    assert shipped == after[: len(shipped)]
    assert "also: [notary.timeline]" in after[len(shipped) :]


def test_a_background_question_joins_its_domain(base: Path) -> None:
    """A known domain gets a line more, a new one a group of its own."""
    before = files.read_text(base / "outside.yaml")
    after = edit.add_background(before, "none", "闲聊", "你会唱歌吗")
    assert before.replace("晚饭吃什么好", "晚饭吃什么好, 你会唱歌吗") == after
    added = edit.add_background(before, "chat.case_advice", "劳动", "被辞退了怎么办")
    assert before + "  - {entry: chat.case_advice, domain: 劳动, questions: [被辞退了怎么办]}\n" == added


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: edit.add_question(t, "fee", "做个公证多少钱"), "已经有这一句"),
        (lambda t: edit.add_question(t, "nothing", "一句"), "没有条目“nothing”"),
        (lambda t: edit.add_question(t, "fee", " \n "), "问题是空的"),
        (lambda t: edit.remove_question(t, "fee", "没有的一句"), "没有这一句"),
        (lambda t: edit.set_fields(t, "fee", {"anwser": "错键"}), "没有“anwser”这个键"),
        (lambda t: edit.set_fields(t, "fee", {"title": None}), "不能为空"),
        (lambda t: edit.set_fields(t, "fee", {"reviewed": "昨天"}), "日期"),
        (lambda t: edit.add_entry(t, "fee", {"title": "重号"}, DAY), "已经有编号"),
        (lambda t: edit.add_entry(t, "Fee 2", {"title": "坏号"}, DAY), "小写字母"),
        (lambda t: edit.add_entry(t, "new", {"title": "缺回答", "questions": ["一句"]}, DAY), "缺少“answer”"),
        (lambda t: edit.add_test("tests:\n  - {q: 一句, entry: a.b}\n", "一句", "a.b"), "已经有这道检验题"),
        (lambda t: edit.add_question("entries: [1]", "fee", "一句"), "entries"),
    ],
)
def test_a_wrong_change_is_named(base: Path, change: Callable[[str], str], said: str) -> None:
    """The message names the thing and the remedy."""
    with pytest.raises(EditError, match=said):
        change(_notary(base))


def test_the_last_question_stays(base: Path) -> None:
    """An entry cannot lose its last question."""
    text = edit.remove_question(_notary(base), "fee", "公证收费标准")
    with pytest.raises(EditError, match="最后一句"):
        edit.remove_question(text, "fee", "做个公证多少钱")


def test_nothing_is_written_when_the_base_would_break(base: Path) -> None:
    """A question that another entry has already makes the base invalid: refused, the file is untouched."""
    before = _notary(base)
    with pytest.raises(KnowledgeError, match="法援是干什么的"):
        files.change_file(base, "entries/notary.yaml", lambda t: edit.add_question(t, "fee", "法援是干什么的"))
    assert before == _notary(base)


def test_somebody_elses_change_is_not_overwritten(base: Path) -> None:
    """A file that changed since it was read is left alone, and the writer is told."""
    path = base / "entries" / "notary.yaml"
    before = _notary(base)
    path.write_bytes((before + "# 别人加的一行\n").encode())
    with pytest.raises(EditError, match="刚刚被别人改过"):
        files.apply(base, {"entries/notary.yaml": (before, edit.add_question(before, "fee", "公证费怎么算"))})
    assert _notary(base).endswith("# 别人加的一行\n")


def test_writing_leaves_nothing_beside(base: Path) -> None:
    """The temporary file is gone after a write, and after a write that fails; the file's mode stays."""
    path = base / "entries" / "notary.yaml"
    path.chmod(0o640)
    files.change_file(base, "entries/notary.yaml", lambda t: edit.add_question(t, "fee", "公证费怎么算"))
    with pytest.raises(EditError, match="写不进去"):
        files.write_atomically(base / "sources.yaml" / "inside", "x")
    assert 0o640 == path.stat().st_mode & 0o777
    assert [] == sorted(p.name for p in base.rglob(".*"))
