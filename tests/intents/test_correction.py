"""Who corrects: what is meant, and what is no correction."""

from __future__ import annotations

import pytest

from intents import Context, KnowledgeBase, Matcher
from intents.correction import meant
from tests.conftest import ROOT

MATCHER = Matcher(KnowledgeBase.load(ROOT / "knowledge"), cache=ROOT / ".cache")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("不是公证，是见证", "见证"),
        ("我不是要公证，我要复议", "复议"),
        ("不是公证是见证", "见证"),
        ("我问的是遗嘱，不是继承", "遗嘱"),
        ("我说的是劳动仲裁不是商事仲裁", "劳动仲裁"),
        ("唔系公证，系法律援助", "法律援助"),
        ("不对，我是说公证", "公证"),
        ("错了错了，是仲裁", "仲裁"),
        ("我是问公证的", "公证"),
        ("不是，我想问的是怎么退钱", "怎么退钱"),
    ],
)
def test_what_is_meant(text: str, what: str) -> None:
    assert meant(text) == what


@pytest.mark.parametrize(
    "text",
    [
        "不是我打的，是他打的", "不是公司欠的，是个人欠的", "不是这个意思", "我问的不是这个", "我要办公证", "不对吧", "公证书写错了，是名字",
        "错过了期限怎么办", "我们是不是夫妻，是同居吗", "不是" * 30, "",
    ],
)  # fmt: skip
def test_what_corrects_nothing(text: str) -> None:
    assert meant(text) == ""


def test_a_correction_keeps_what_was_asked() -> None:
    """“说错了，是公证” after the papers for legal aid asks for those for a notary."""
    before = Context("legal_aid.materials")
    assert MATCHER.match("我说错了，是公证", before).entry == "notary.materials"
    assert MATCHER.match("不是法律援助，是复议", before).entry == "reconsideration.materials"


def test_what_is_not_meant_is_not_found() -> None:
    found = MATCHER.match("我说的是劳动仲裁不是商事仲裁")
    assert (found.entry, found.text) == ("service.labor_arbitration", "我说的是劳动仲裁不是商事仲裁")
    assert found.detail.startswith("更正为“劳动仲裁”")
    assert set(MATCHER.match("我不是要公证，我要复议").options) <= {
        e for e in MATCHER.knowledge.entries if "recon" in e
    }
