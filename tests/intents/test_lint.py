"""Each rule of the lint fires on what it is for, and on nothing of the shipped knowledge that is an error."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from unittest.mock import patch

import pytest

from intents import KnowledgeBase
from intents.laws import read_laws
from intents.lint import inspect, lint, near_duplicates
from intents.matcher import count_phrases
from intents.model import Confusable, Entry, SourceRef
from tests.sample import write_sample

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
        ({"answer": "请拨 800-820-8820。"}, "phone"),
        ({"answer": "请看 https://www.szmaolu.com/a 。"}, "link"),
        ({"answer": "公证处在中山三路 26 号。"}, "address"),
        ({"answer": "上午 9:00—12:00 办理。"}, "hours"),
        ({"answer": "依据国办发〔2020〕43 号。"}, "number"),
        ({"answer": "《中山市优化营商环境条例》即将出台。"}, "future"),
        ({"answer": "按《法律援助条例》办。"}, "old_law"),
        ({"answer": "深化法律援助“深中通办”。"}, "unsettled"),
        ({"answer": "每件收 200 元。"}, "money"),
        ({"questions": (*(f"问题{n}" for n in range(14)), "我电话 13800138000 帮我查")}, "personal"),
        ({"sources": (SourceRef("zs_services", "第九条"),)}, "no_article"),
        ({"questions": ("一句",)}, "few_questions"),
        ({"review_after": date(2026, 11, 1)}, "overdue"),
        ({"sources": (SourceRef("arbitration_law_2017", "第五十九条"),)}, "superseded"),
    ],
)
def test_each_rule_fires(shipped: KnowledgeBase, change: dict[str, object], code: str) -> None:
    assert codes(with_entry(shipped, **change)) == [code]


def test_a_base_that_is_nearly_full_is_told(shipped: KnowledgeBase) -> None:
    """Before a base falls back to the ranking of large ones, `fawen check` says so; the shipped one is far from it."""
    limit = int(count_phrases(shipped) / 0.95)
    with patch("intents.lint.MAX_PHRASES", limit - 100):
        assert "many_questions" in codes(shipped)
    with patch("intents.lint.MAX_PHRASES", limit + 100):
        assert "many_questions" not in codes(shipped)
    assert "many_questions" not in codes(shipped)


@pytest.mark.parametrize(
    "answer",
    [
        "拨 12348 或 12345。",
        "市政府令第 22 号，2023 年 5 月 1 日起。",
        "罚三千元以下。",
        "国办发〔2020〕42 号",
        "网上：https://gd.12348.gov.cn/ ",
        "2023 年的文件说“即将出台”。",
        "按《广东省法律援助条例》办。",
        "2023 年文件提出“深中通办”，现在怎样请以市司法局发布为准。",
        "上午 9 点以后再来。",
        "走路 10 分钟。",
    ],  # fmt: skip
)
def test_what_may_be_said_passes(shipped: KnowledgeBase, answer: str) -> None:
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


def two(shipped: KnowledgeBase, first: tuple[str, ...], second: tuple[str, ...]) -> KnowledgeBase:
    """The fee entry and the how entry of the notaries with these questions, nothing else."""
    one = replace(shipped.entries["notary.fee"], questions=first, confusable=())
    other = replace(shipped.entries["notary.how"], questions=second, confusable=())
    entries = MappingProxyType({one.id: one, other.id: other})
    return replace(shipped, entries=entries, asks=MappingProxyType({}), background=())


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (("办继承公证一般需要花多少钱呢",), ("办继承公证一般需要花多少钱啊",), "near_duplicate"),
        (("办继承公证要花多少钱",), ("辦繼承公證，要花多少錢？",), "same_form"),
        (
            ("公证费多少", "收费标准在哪看", "遗嘱公证先去哪个窗口办理"),
            ("遗嘱公证先去哪个窗口办理登记", "遗嘱公证先去哪个窗口登记"),
            "elsewhere",
        ),
    ],
)
def test_questions_of_two_entries_too_near(
    shipped: KnowledgeBase, first: tuple[str, ...], second: tuple[str, ...], code: str
) -> None:
    """Nearly the same words, the same words once folded, and a question that stands in the wrong entry."""
    assert [code] == [p.code for p in near_duplicates(two(shipped, first, second))]


def test_questions_well_apart_pass(shipped: KnowledgeBase) -> None:
    """Each question nearest to its own kin: nothing to say; a declared pair that is merely near: nothing either."""
    assert [] == near_duplicates(two(shipped, ("公证费多少钱", "公证费怎么收"), ("办公证的步骤是什么", "公证步骤")))
    near = two(
        shipped,
        ("公证费多少", "遗嘱公证先去哪个窗口办理"),
        ("遗嘱公证先去哪个窗口办理登记", "遗嘱公证先去哪个窗口登记"),
    )
    fee = replace(near.entries["notary.fee"], confusable=(Confusable("notary.how", "问费用还是步骤？"),))
    declared = replace(near, entries=MappingProxyType({**near.entries, fee.id: fee}))
    assert [] == near_duplicates(declared)


def test_the_same_is_asked_of_another_matter(shipped: KnowledgeBase) -> None:
    """What tells two questions apart names the matter: each is where it belongs. With the entries changed over neither is."""
    lawyer, notary = "请律师写份文书一般要收多少钱", "请公证写份文书一般要收多少钱"
    for first, second, found in ((lawyer, notary, []), (notary, lawyer, ["elsewhere", "elsewhere"])):
        one = replace(shipped.entries["service.lawyer_fee"], questions=(first, "打官司呢"), confusable=())
        other = replace(shipped.entries["notary.fee"], questions=(second, "开发票吗"), confusable=())
        entries = MappingProxyType({one.id: one, other.id: other})
        base = replace(shipped, entries=entries, asks=MappingProxyType({}), background=())
        assert found == [p.code for p in near_duplicates(base)]


def test_each_finding_names_its_own_line(tmp_path: Path) -> None:
    """A promise in the third line of an answer, a question in the wrong words, a bad test: file and line of each."""
    base = write_sample(tmp_path / "knowledge")
    path = base / "entries" / "notary.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("      带材料去公证处。\n", "      带材料去公证处。\n\n      一定能办成。\n")
    path.write_text(text.replace("      - 做个公证多少钱\n", "      - 法援律师要给錢嗎\n"), encoding="utf-8")
    (base / "tests").mkdir()
    (base / "tests" / "notary.yaml").write_text(
        "tests:\n  - {q: 新的问法, entry: notary.nothing}\n  - {q: 公证 收费标准, entry: notary.fee}\n  - 坏\n",
        encoding="utf-8",
    )
    lines = path.read_text(encoding="utf-8").splitlines()
    found = {(p.path, p.line, p.code) for p in inspect(base, DAY) if p.severity == "error"}
    expected = {
        ("entries/notary.yaml", lines.index("      一定能办成。") + 1, "promise"),
        ("entries/notary.yaml", lines.index("      - 法援律师要给錢嗎") + 1, "same_form"),
        ("tests/notary.yaml", 2, "test_dangling"),
        ("tests/notary.yaml", 3, "test_stored"),
        ("tests/notary.yaml", 4, "test_format"),
    }
    assert expected == found


def test_texts_links_and_missing_tests(tmp_path: Path) -> None:
    """The bot's own sentences, the links of the sources and the number of test questions are looked at, too."""
    base = write_sample(tmp_path / "knowledge")
    (base / "tests").mkdir()
    texts, sources = base / "texts.yaml", base / "sources.yaml"
    texts.write_text(
        texts.read_text(encoding="utf-8") + f"  promise: 肯定会办好。\n  long: {'长' * 700}\n", encoding="utf-8"
    )
    sources.write_text(
        sources.read_text(encoding="utf-8")
        + "  mirror: {title: 镜像, short: 镜像, status: in_force, link: https://www.51hltop.com/x}\n",
        encoding="utf-8",
    )
    found = [(p.path, p.code) for p in inspect(base, DAY) if p.code != "few_questions"]
    few = [("entries/legal_aid.yaml", "few_tests")] * 2
    assert few == [f for f in found if f[0] == "entries/legal_aid.yaml"]
    assert {("texts.yaml", "promise"), ("texts.yaml", "long_text"), ("sources.yaml", "not_official")} <= set(found)


def test_the_shipped_knowledge_has_no_error(shipped: KnowledgeBase) -> None:
    assert [str(p) for p in lint(shipped, DAY) if p.severity == "error"] == []
