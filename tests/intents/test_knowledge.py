"""The knowledge format: every mistake a curator makes is named with file, line and remedy, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from intents import KnowledgeBase, KnowledgeError, Problem

SOURCES = """sources:
  law: {title: 某法, short: 某法, status: in_force}
  old: {title: 旧法, short: 旧法, status: superseded}
"""
GOOD = """topic: {title: 测试, order: 1}
entries:
  one:
    title: 第一条
    questions:
      - 这是第一个问题吗
    answer: 是的。
    sources:
      - {source: law, article: 第一条}
    reviewed: 2026-11-23
    review_after: 2027-05-23
    status: published
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A directory with one good entry."""
    (tmp_path / "entries").mkdir()
    (tmp_path / "sources.yaml").write_text(SOURCES, encoding="utf-8")
    (tmp_path / "texts.yaml").write_text("texts: {greeting: 您好}\n", encoding="utf-8")
    (tmp_path / "lexicon.yaml").write_text("fillers: []\n", encoding="utf-8")
    (tmp_path / "outside.yaml").write_text("outside: []\n", encoding="utf-8")
    (tmp_path / "entries" / "test.yaml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def problems(base: Path, text: str, name: str = "entries/test.yaml") -> list[Problem]:
    """What the validator says of a changed file."""
    (base / name).write_text(text, encoding="utf-8")
    return KnowledgeBase.check(base)


def test_a_good_directory_loads(base: Path) -> None:
    """No problem, and the entry is there under topic.entry."""
    loaded = KnowledgeBase.load(base)
    assert ["test.one"] == list(loaded.entries)
    assert 12 == len(loaded.version)


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (("    title: 第一条\n", "    title: 第一条\n    titel: 错\n"), "unknown_key", "titel"),
        (("    answer: 是的。\n", "    answer: 是的。\n    answer: 不是。\n"), "duplicate_key", "第 7 行"),
        (("2026-11-23", "2026-13-45"), "bad_date", "日期"),
        (("2027-05-23", "2020-05-23"), "date_order", "早于"),
        (("source: law", "source: lwa"), "unknown_source", "law"),
        (("source: law", "source: old"), "superseded", "替代"),
        (("第一条}", "1 条}"), "article", "条号"),
        (
            ("    sources:\n      - {source: law, article: 第一条}\n", ""), "no_source", "依据",
        ),
        (("    status: published\n", "    status: published\n    related: [test.two]\n"), "dangling", "test.two"),
        (("    status: published\n", "    status: published\n    related: [test.one]\n"), "dangling", "自己"),
        (("answer: 是的。", "answer: " + "长" * 700), "too_long", "2000"),
        (("answer: 是的。", "answer: 这是**重点**"), "markup", "标记"),
        (("title: 第一条", "title: " + "长" * 30), "title_length", "24"),
        (("status: published", "status: ready"), "type", "published"),
        (("    questions:\n      - 这是第一个问题吗\n", ""), "missing_key", "questions"),
        (("      - 这是第一个问题吗\n", "      - 这是第一个问题吗\n      - 这是第一个问题吗？\n"), "same_question", "两次"),
        (("topic: {title: 测试, order: 1}\n", ""), "missing_key", "topic"),
        (("    answer: 是的。\n", "    answer: 是的: 吗: 不\n"), "yaml", "冒号"),
    ],
)  # fmt: skip
def test_each_mistake_is_named(base: Path, change: tuple[str, str], code: str, words: str) -> None:
    """The finding has its code, its line and words that lead to the remedy."""
    found = [p for p in problems(base, GOOD.replace(*change, 1)) if p.code == code]
    assert 1 == len(found)
    assert words in found[0].message
    assert "entries/test.yaml" == found[0].path


def test_all_problems_come_at_once_and_in_order(base: Path) -> None:
    """Three mistakes, three findings, by line."""
    text = GOOD.replace("source: law", "source: nothing").replace("2026-11-23", "gestern").replace("published", "no")
    found = problems(base, text)
    assert ["unknown_source", "bad_date", "type"] == [p.code for p in found] or 2 <= len(found)
    assert sorted(p.line for p in found) == [p.line for p in found]


def test_a_question_belongs_to_one_entry(base: Path) -> None:
    """The same sentence in two entries is an error that names both places."""
    second = GOOD.split("entries:\n")[1].replace("one:", "two:").replace("第一个问题吗", "第一个，问题吗？")
    found = [p for p in problems(base, GOOD + second) if p.code == "shared_question"]
    assert 1 == len(found)
    assert "test.one" in found[0].message


def test_a_broken_directory_is_refused_whole(base: Path) -> None:
    """Loading raises with every problem; nothing half-read comes out."""
    (base / "entries" / "test.yaml").write_text("entries: [", encoding="utf-8")
    with pytest.raises(KnowledgeError) as caught:
        KnowledgeBase.load(base)
    assert "entries/test.yaml" in str(caught.value)


def test_missing_and_badly_encoded_files_are_named(base: Path) -> None:
    """A lost file and a GBK file are findings, not crashes."""
    (base / "texts.yaml").unlink()
    (base / "outside.yaml").write_bytes("outside: 中".encode("gbk"))
    assert {"missing_file", "encoding"} == {p.code for p in KnowledgeBase.check(base)}


def test_background_only_routes(base: Path) -> None:
    """outside.yaml may name the two routing entries or none."""
    text = "outside:\n  - {entry: test.one, domain: 杂, questions: [天气怎么样]}\n"
    assert ["outside_entry"] == [p.code for p in problems(base, text, "outside.yaml")]


def test_same_content_same_version(base: Path) -> None:
    """The version changes with the content and only with it; tests do not count."""
    before = KnowledgeBase.load(base).version
    (base / "tests").mkdir()
    (base / "tests" / "test.yaml").write_text("tests: []\n", encoding="utf-8")
    assert before == KnowledgeBase.load(base).version
    (base / "entries" / "test.yaml").write_text(GOOD.replace("是的", "对的"), encoding="utf-8")
    assert before != KnowledgeBase.load(base).version


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("asks:\n  a: {ask: 哪一件？, entries: [test.one, test.two], questions: [要多少钱]}\n", "dangling"),
        ("asks:\n  a: {ask: 哪一件？, entries: [test.one], questions: [要多少钱]}\n", "type"),
        ("asks:\n  a: {entries: [test.one, test.one], questions: [要多少钱]}\n", "missing_key"),
        (
            "asks:\n  a: {ask: 哪一件？, entries: [test.one, test.one], questions: [这是第一个问题吗]}\n",
            "shared_question",
        ),
        ("asks: [1]\n", "type"),
    ],
)
def test_mistakes_in_asks_are_named(base: Path, text: str, code: str) -> None:
    found = problems(base, text, "asks.yaml")
    assert [(p.path, p.code) for p in found] == [("asks.yaml", code)]
    assert found[0].line > 0
