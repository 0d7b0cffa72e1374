"""Words written by their sound: what is mended, and all that is left as it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intents import KnowledgeBase, Matcher
from intents.explain import explain
from intents.sounds import Sounds
from tests.conftest import ROOT

BASE = KnowledgeBase.load(ROOT / "knowledge")
MATCHER = Matcher(BASE, cache=ROOT / ".cache")
assert MATCHER.sounds
SOUNDS = MATCHER.sounds


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("我要申请行政负议", {"行政负议": "行政复议"}),
        ("告知书上让我陈叔申辩", {"陈叔": "陈述"}),
        ("个体户的营业直照丢了", {"营业直照": "营业执照"}),
        ("邻里有纠份，也不服行政负议", {"纠份": "纠纷", "行政负议": "行政复议"}),
    ],
)
def test_a_word_by_its_sound_is_mended(written: str, meant: dict[str, str]) -> None:
    assert SOUNDS.mended(MATCHER.normalizer(written)) == meant


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("申请公证要带什么", "right as it is"),
        ("办事要公正", "a word of its own that sounds like 公证"),
        ("第一主任是谁", "一主 sounds like 遗嘱, and belongs to two other words"),
        ("abc公", "too little"),
        ("", "nothing"),
    ],
)
def test_what_is_no_misspelling_is_left(text: str, why: str) -> None:
    assert SOUNDS.mended(text) == {}, why


def test_no_stored_question_is_mended() -> None:
    questions = [q for e in BASE.entries.values() for q in e.questions]
    assert len(questions) > 5_000
    assert [q for q in questions if SOUNDS.mended(MATCHER.normalizer(q))] == []


def test_a_mended_question_finds_what_the_right_one_finds() -> None:
    wrong, right = MATCHER.match("營業直照拿去德國用，公证怎么弄"), MATCHER.match("營業執照拿去德國用，公证怎么弄")
    assert wrong.text == "營業直照拿去德國用，公证怎么弄"
    assert (wrong.entry, wrong.confidence) == (right.entry, right.confidence)


def test_what_was_mended_is_told() -> None:
    assert explain(MATCHER, "不服行政负议")["misspelt"] == {"行政负议": "行政复议"}


def test_an_emergency_is_heard_though_it_is_misspelt() -> None:
    assert MATCHER.safety.find("我想自沙") is None
    found = MATCHER.match("我想自沙")
    assert (found.entry, found.reason) == ("safety.self_harm", "safety")
    assert MATCHER.emergency("救名啊") is not None


def test_rare_words_are_not_looked_for_unless_they_are_named() -> None:
    phrases = [("a.one", "我要办公证")] * 2
    assert Sounds(phrases).mended("我要办工证") == {}
    assert Sounds(phrases, words=["公证"]).mended("要工证") == {"工证": "公证"}
    assert Sounds(phrases, ["这工证"], ["公证"]).mended("要工证") == {}, "some stored question writes it so"


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read(text: str) -> None:
    for written, meant in SOUNDS.mended(MATCHER.normalizer(text)).items():
        assert len(written) == len(meant)
        assert written != meant


def test_what_was_typed_still_says_that_it_is_no_emergency() -> None:
    """An `unless` word counts as it was typed, though by its sound it would be another."""
    rules = MATCHER.safety
    assert rules.find("救我一名的医生")
    assert rules.find("救我一名的医生", "救我一命的医生") is None
