"""Each rule of the lint fires on what it is for, and on nothing of the shipped knowledge that is an error."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

import pytest

from intents import KnowledgeBase
from intents.lint import lint, near_duplicates, read_laws
from intents.model import Entry, SourceRef

DAY = date(2026, 11, 23)


def with_entry(base: KnowledgeBase, **change: object) -> KnowledgeBase:
    """The base with one entry only, changed."""
    entry: Entry = replace(base.entries["notary.fee"], **change)  # type: ignore[arg-type]  # fields of Entry
    return replace(base, entries=MappingProxyType({entry.id: entry}))


def codes(base: KnowledgeBase, laws: Path | None = None) -> list[str]:
    return [p.code for p in lint(base, DAY, laws)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"answer": "您这样做一定能赢。"}, "promise"),
        ({"answer": "保证您办成。"}, "promise"),
        ({"answer": "请打 0760-88881234。"}, "phone"),
        ({"answer": "请打 13800138000 找张工。"}, "phone"),
        ({"answer": "请拨 95518。"}, "phone"),
        ({"questions": ("一句",)}, "few_questions"),
        ({"review_after": date(2026, 11, 1)}, "overdue"),
        ({"sources": (SourceRef("arbitration_law_2017", "第五十九条"),)}, "superseded"),
    ],
)
def test_each_rule_fires(shipped: KnowledgeBase, change: dict[str, object], code: str) -> None:
    assert codes(with_entry(shipped, **change)) == [code]


@pytest.mark.parametrize(
    "answer",
    ["拨 12348 或 12345。", "市政府令第 22 号，2023 年 5 月 1 日起。", "罚 3000 元以下。", "国办发〔2020〕42 号"],
)
def test_what_is_no_phone_number_passes(shipped: KnowledgeBase, answer: str) -> None:
    assert codes(with_entry(shipped, answer=answer)) == []


def test_an_article_that_is_not_in_the_law(shipped: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / "公证法.md").write_text(
        "# 中华人民共和国公证法\n\n第一条　为了……\n\n第二条 公证是……\n", encoding="utf-8"
    )
    assert read_laws(tmp_path)["中华人民共和国公证法"] == {"第一条", "第二条"}
    good = with_entry(shipped, sources=(SourceRef("notary_law", "第二条"),))
    bad = with_entry(shipped, sources=(SourceRef("notary_law", "第九十九条"),))
    assert codes(good, tmp_path) == []
    assert codes(bad, tmp_path) == ["no_article"]


def test_near_doubles_of_two_entries_are_named(shipped: KnowledgeBase) -> None:
    one = replace(shipped.entries["notary.fee"], questions=("办继承公证一般需要花多少钱呢",))
    other = replace(shipped.entries["notary.how"], questions=("办继承公证一般需要花多少钱啊",))
    base = replace(shipped, entries=MappingProxyType({one.id: one, other.id: other}))
    assert [p.code for p in near_duplicates(base)] == ["near_duplicate"]


def test_the_shipped_knowledge_has_no_error(shipped: KnowledgeBase) -> None:
    assert [str(p) for p in lint(shipped, DAY) if p.severity == "error"] == []
