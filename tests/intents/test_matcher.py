"""What the matcher promises whatever the knowledge says: stored questions, determinism, emergencies, any text."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from intents import Context, KnowledgeBase, Matcher
from intents.context import FEATURES, context_scores, settled
from intents.focus import both_ends
from intents.knowledge import KnowledgeBase as Base
from tests.conftest import ROOT

BASE = KnowledgeBase.load(ROOT / "knowledge")
MATCHER = Matcher(BASE, cache=ROOT / ".cache")
DETECTOR = yaml.safe_load((ROOT / "knowledge" / "tests" / "safety_detector.yaml").read_text(encoding="utf-8"))
EVERY = [(entry.id, question) for entry in BASE.entries.values() for question in entry.questions]


def test_every_stored_question_reaches_its_entry() -> None:
    missed = [(entry, q) for entry, q in EVERY if MATCHER.match(q).entry != entry]
    assert missed == []


def test_a_stored_question_survives_what_the_normaliser_folds() -> None:
    """Traditional characters, marks, width and courtesy change nothing."""
    sample = random.Random(5).sample([(e, q) for e, q in EVERY if len(q) > 6], 300)
    for entry, question in sample:
        for typed in (f"{question}？？", f" {question} ", question.upper()):
            assert MATCHER.match(typed).entry == entry, typed


def test_no_stored_question_of_another_topic_is_an_emergency() -> None:
    alarms = [
        (entry, q, found.entry)
        for entry, q in EVERY
        if not entry.startswith("safety.") and (found := MATCHER.emergency(q))
    ]
    assert alarms == []


def test_no_background_question_is_an_emergency() -> None:
    alarms = [(b.question, found.entry) for b in BASE.background if (found := MATCHER.emergency(b.question))]
    assert alarms == []


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("快来人啊他拿着刀在门口撞门我好怕", "safety.violence"),
        ("佢打緊我呀，點算", "safety.violence"),
        ("我真的不想活了，帮我跟爸妈说一声", "safety.self_harm"),
        ("我朋友说要跳楼，人在天台不肯下来", "safety.self_harm"),
        ("有个自称公安的让我把钱转到安全账户，我刚转了", "safety.fraud"),
        ("我女儿说体育老师摸她下面", "safety.child"),
    ],
)
def test_emergencies_come_first(text: str, entry: str) -> None:
    match = MATCHER.match(text)
    assert (match.outcome, match.entry, match.reason) == ("answer", entry, "safety")
    assert BASE.entries[entry].call


@pytest.mark.parametrize(
    "text",
    [
        "被家暴过现在想离婚可以申请法律援助吗",
        "网上买到假货被骗了两百块怎么投诉",
        "我哥拿刀砍人被抓了会判几年",
        "员工在宿舍自杀公司要不要赔",
        "小孩打疫苗去哪里",
        "施工队半夜还在打桩吵死了",
        "前夫装穷，政府还派了个律师给他跟我抢孩子",
    ],
)
def test_what_only_sounds_like_an_emergency_is_none(text: str) -> None:
    assert MATCHER.emergency(text) is None


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("自杀", "safety.self_harm"),
        ("自尽", "safety.self_harm"),
        ("尋短見！", "safety.self_harm"),
        ("跳楼", "safety.self_harm"),
        ("结束这一切", "safety.self_harm"),
        ("强奸", "safety.violence"),
        ("性侵", "safety.violence"),
        ("家暴", "safety.violence"),
        ("報警", "safety.violence"),
        ("着火", "safety.violence"),
        ("被骗了", "safety.fraud"),
        ("人贩子", "safety.child"),
    ],
)
def test_a_bare_word_is_a_plea(text: str, entry: str) -> None:
    match = MATCHER.match(text)
    assert ("answer", entry) == (match.outcome, match.entry)


@pytest.mark.parametrize(
    ("entry", "text"), [(entry, q) for entry, asked in DETECTOR["emergencies"].items() for q in asked]
)
def test_a_plea_finds_its_entry(entry: str, text: str) -> None:
    match = MATCHER.match(text)
    assert ("answer", entry) == (match.outcome, match.entry)


@pytest.mark.parametrize("text", DETECTOR["none"])
def test_a_question_about_such_things_is_no_plea(text: str) -> None:
    assert MATCHER.emergency(text) is None
    assert not (MATCHER.match(text).entry or "").startswith("safety.")


def test_pleas_to_test_with_are_no_stored_questions() -> None:
    stored = {MATCHER.normalizer(q) for _, q in EVERY}
    asked = [*DETECTOR["none"], *(q for some in DETECTOR["emergencies"].values() for q in some)]
    assert [q for q in asked if MATCHER.normalizer(q) in stored] == []


def test_who_may_be_in_a_fire_is_told_its_number() -> None:
    assert "119" in BASE.entries[MATCHER.match("楼下着火了").entry or ""].answer


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_text_gets_a_well_formed_match(text: str) -> None:
    match = MATCHER.match(text)
    assert 0 <= match.confidence <= 1
    assert (match.entry is None) == (match.outcome != "answer")
    assert len(match.options) <= 5
    assert len(set(match.options)) == len(match.options)
    if match.outcome == "options":
        assert len(match.options) >= 2
    assert set(match.options) <= set(BASE.entries)


def test_two_matchers_give_the_same_bytes() -> None:
    """Learning anew, without the cache, changes no byte."""
    other = Matcher(BASE)
    for text in ("我爸的房子能不能过户给我", "罚款太多交不起", "公证处周六开门不", "老板不发工资", "啊", "离婚"):
        assert json.dumps(MATCHER.match(text).to_json()) == json.dumps(other.match(text).to_json())


def test_a_follow_up_takes_its_subject_from_before() -> None:
    match = MATCHER.match("那要多少钱", Context("notary.inheritance"))
    assert (match.entry or match.options[0]) == "notary.fee"
    assert MATCHER.match("要带什么材料", Context("reconsideration.how")).entry == "reconsideration.materials"


def test_what_could_mean_several_is_asked_back() -> None:
    for ask in BASE.asks.values():
        for question in ask.questions:
            match = MATCHER.match(question)
            assert (match.outcome, match.options, match.ask) == ("options", ask.entries, ask.ask), question


def test_the_conversation_says_which_is_meant() -> None:
    match = MATCHER.match("要多少钱", Context("notary.inheritance"))
    assert (match.entry or match.options[0]) == "notary.fee"
    assert not any(option.startswith("ask.") for option in match.options)


def test_what_leaves_the_subject_wholly_open_is_settled_by_any_conversation() -> None:
    """“收费吗” after labour arbitration is not asked back as if nothing had been said, though no group names its topic."""
    assert MATCHER.match("收费吗").ask
    match = MATCHER.match("收费吗", Context("enforcement.hearing"))
    assert not match.ask
    assert match.options != BASE.asks["ask.fee"].entries


@pytest.mark.parametrize("text", ["打哪个电话", "电话多少", "要打什么号码呀"])
@pytest.mark.parametrize("before", ["safety.violence", "safety.child"])
def test_who_is_in_danger_is_not_asked_back(before: str, text: str) -> None:
    """After an emergency who asks for some number gets what to do once more; alone it is asked back."""
    assert "options" == MATCHER.match(text).outcome
    match = MATCHER.match(text, Context(before))
    assert ("answer", before, "context") == (match.outcome, match.entry, match.reason)


def test_another_matter_after_an_emergency_is_answered() -> None:
    match = MATCHER.match("办公证要带什么材料", Context("safety.fraud"))
    assert ("answer", "notary.materials") == (match.outcome, match.entry)


def test_help_with_costs_is_asked_back_in_the_midst_of_another_matter() -> None:
    """“没钱请律师” amid labour arbitration is of legal aid: most that its group could mean is."""
    names = ["ask.poor", "service.labor_arbitration"]
    assert [0, 0] == settled(BASE, names, "service.labor_arbitration").tolist()
    assert [-20, 0] == settled(BASE, names, "legal_aid.how").tolist()


def test_what_was_spoken_of_is_not_asked_for_back() -> None:
    """“几天内提” amid a hearing: its group is of reconsideration, and offers the hearing too."""
    names = ["ask.appeal_days", "enforcement.hearing"]
    assert [-20, 0] == settled(BASE, names, "enforcement.hearing").tolist()
    assert [0, 0] == settled(BASE, names, "enforcement.defense").tolist()


def test_what_is_looked_up_once_for_all_candidates_is_what_looking_at_each_gives() -> None:
    scorer, weights = MATCHER.ranker.scorer, np.ones((3, len(FEATURES)), np.float32)
    question, names = scorer.question("那要多少钱"), list(scorer.candidates)
    told = 0
    for context in map(Context, ["nobody", *BASE.entries]):
        each = context_scores(scorer, weights, question, context, names)
        every = context_scores(scorer, weights, question, context)
        if each is None or every is None:
            assert each is every
        else:
            assert np.array_equal(each, every)
            told += 1
    assert told > len(BASE.entries) / 2


def test_a_long_number_is_no_question() -> None:
    assert [("none", "empty"), ("answer", "exact")] == [
        (m.outcome, m.reason) for m in map(MATCHER.match, ("13812345678", "12348"))
    ]


def test_bare_phrases_are_enough_to_match() -> None:
    base = Base.from_phrases([("a.one", "怎么申请法律援助"), ("a.two", "公证处收费吗"), ("none", "今天天气怎么样")])
    match = Matcher(base).match("怎么申请法律援助")
    assert (match.outcome, match.entry) == ("answer", "a.one")


def test_the_ends_of_a_long_text_are_kept() -> None:
    text = "".join(chr(0x4E00 + n) for n in range(3000))
    kept = both_ends(text, 1200)
    assert len(kept) == 1200
    assert kept.startswith(text[:800])
    assert kept.endswith(text[-399:])
    assert both_ends(text[:1200], 1200) == text[:1200]


def test_half_a_character_is_no_error() -> None:
    """A lone surrogate, as broken clients send it, is read as an unknown character."""
    assert MATCHER.match("\ud800继承公证怎么办\udfff").outcome in ("answer", "options", "none")
    assert MATCHER.match("\ud800").outcome == "none"


def test_very_long_texts_are_cut_not_choked_on() -> None:
    assert MATCHER.match("继承公证" * 50_000).outcome in ("answer", "options", "none")
