"""What a conversation does with matches: what the next question may refer to, and what a follow-up is offered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from intents import Context, KnowledgeBase, Matcher
from intents.context import expanded, name_of
from intents.conversation import (
    BESIDE_ASK,
    LEAST_OFFERED,
    OFFERED,
    carried,
    enough,
    offered,
    same_aspect,
    with_before,
)
from intents.decide import LOOKED_AT, MAX_OPTIONS, MIN_OPTIONS, Decision
from intents.ranking import top
from tests.conftest import ROOT

BASE = KnowledgeBase.load(ROOT / "knowledge")
MATCHER = Matcher(BASE, cache=ROOT / ".cache")
NAMES = (
    "notary.fee",
    "notary.will",
    "legal_aid.cost",
    "mediation.fee",
    "service.consult",
    "chat.greeting",
    "ask.fee",
    "none",
)
P = np.array([0.3, 0.2, 0.15, 0.1, 0.05, 0.04, 0.11, 0.05], np.float32)


def _offered(outcome: str, options: tuple[str, ...], ask: str = "", p: np.ndarray = P) -> Decision:
    entry = "notary.fee" if outcome == "answer" else None
    decision = Decision(outcome, entry, options, 0.3, ask=ask)  # type: ignore[arg-type]
    return offered(BASE, NAMES, p, top(p, LOOKED_AT), decision, Context("notary.gift"))


def test_an_unlikely_group_of_another_subject_does_not_ask() -> None:
    """“要带什么” amid other matters: probation is not asked for, because its group has such words; a likely one is."""
    group = ("community.correction", "community.rehab")
    decision = Decision("options", None, group, 0.2, "", "您说的是哪一种报到？")

    def found(decision: Decision) -> Decision:
        return offered(BASE, NAMES, P, top(P, LOOKED_AT), decision, Context("notary.gift"))

    assert ("", set()) == (found(decision).ask, set(group) & set(found(decision).options))
    assert decision.ask == found(replace(decision, confidence=0.6)).ask
    mixed = replace(decision, options=(*group, "legal_aid.cost"))
    assert decision.ask == found(mixed).ask


def test_a_follow_up_is_offered_as_many_as_there_are() -> None:
    """Two that stand out are filled up with what comes next; never with a group, nor with what is no entry."""
    found = _offered("options", ("notary.fee", "notary.will"))
    assert found.options == ("notary.fee", "notary.will", "notary.gift", "legal_aid.cost", "mediation.fee")
    assert len(found.options) == OFFERED + 1


def test_beside_what_a_group_asks_stand_the_likeliest() -> None:
    """The conversation says more than the words of the group, so that its entries come after two that are likely."""
    ask = BASE.asks["ask.fee"]
    options = _offered("options", ask.entries, ask.ask).options
    assert options[:BESIDE_ASK] == ("notary.fee", "notary.will")
    assert {"notary.gift", next(e for e in ask.entries if e != "notary.fee")} <= set(options)
    assert len(options) == MAX_OPTIONS
    assert _offered("options", ask.entries, ask.ask).ask == ask.ask


def test_a_follow_up_with_a_likely_entry_is_not_given_up() -> None:
    """“找谁说理” in a conversation on legal aid is asked back; what is of nobody's is told so."""
    found = _offered("none", ("notary.fee",))
    assert (found.outcome, found.entry, found.options[:2]) == ("options", None, ("notary.fee", "notary.will"))
    nothing = np.where(np.arange(len(P)) == len(P) - 1, 0.9, P * LEAST_OFFERED).astype(np.float32)
    assert _offered("none", (), p=nothing).outcome == "none"


def test_one_alone_is_no_choice() -> None:
    """A follow-up that could only mean what was spoken of is offered what is related beside it, or nothing."""
    names, p = ("notary.gift", "none"), np.array([0.3, 0.7], np.float32)

    def found(base: KnowledgeBase) -> Decision:
        decision = Decision("none", None, (), 0.7)
        return offered(base, names, p, top(p, LOOKED_AT), decision, Context("notary.gift"))

    related = next(e for e in BASE.entries["notary.gift"].related if not e.startswith("chat."))
    assert (found(BASE).outcome, found(BASE).options) == ("options", ("notary.gift", related))
    alone = replace(BASE.entries["notary.gift"], related=())
    assert found(replace(BASE, entries={**BASE.entries, "notary.gift": alone})) == Decision("none", None, (), 0.7)
    assert enough(BASE, ("notary.fee", "notary.will", "notary.gift")) == ("notary.fee", "notary.will", "notary.gift")


@pytest.mark.parametrize(("text", "before"), [("怎么办", "reconsideration.suspend"), ("不批呢", "legal_aid.refused")])
def test_a_follow_up_is_never_offered_one_alone(text: str, before: str) -> None:
    match = MATCHER.match(text, Context(before))
    assert match.outcome != "options" or len(match.options) >= MIN_OPTIONS


def test_an_answer_stays_an_answer() -> None:
    assert _offered("answer", ("notary.will",)).options == ("notary.will",)


def test_a_short_follow_up_is_asked_with_both_names() -> None:
    """That of the topic, and what people call the entry; not where the subject changes, nor what stands by itself."""
    scorer = MATCHER.ranker.scorer

    def names(text: str, entry: str) -> list[str]:
        return [q.text for q in expanded(scorer, scorer.question(text), Context(entry))]

    assert names("有时间限制没", "service.labor_arbitration") == ["公共法律服务有时间限制没", "劳动仲裁有时间限制没"]
    assert names("换个问题，有时间限制没", "service.labor_arbitration") == []
    assert names("我在工地摔伤了老板一直拖着不肯去申报", "service.labor_arbitration") == []
    assert name_of(BASE.entries["service.petition"]) == "信访"


def test_a_question_back_within_one_topic_tells_the_subject() -> None:
    options = ("reconsideration.what", "reconsideration.how", "chat.case_advice")
    assert carried("options", None, options, "您想了解哪一方面？") == "reconsideration.what"
    assert carried("options", None, (*options, "notary.fee"), "您想了解哪一方面？") is None


def test_a_question_of_few_topics_tells_the_subject_where_nothing_was_said_before() -> None:
    options = ("enforcement.hearing", "reconsideration.hearing")
    assert ("enforcement.hearing", None) == tuple(
        carried("options", None, options, "哪一种？", fresh=f) for f in (True, False)
    )
    many = ("notary.fee", "legal_aid.cost", "mediation.fee", "reconsideration.fee")
    assert carried("options", None, many, "哪一项？", fresh=True) is None


@pytest.mark.parametrize(
    ("before", "text", "entry"),
    [
        ("legal_aid.cost", "公证呢", "notary.fee"),
        ("notary.materials", "那复议的呢？", "reconsideration.materials"),
        ("reconsideration.agent", "公證呢", "notary.agent"),
        ("notary.fee", "律师呢", "service.lawyer_fee"),
    ],
)
def test_another_subject_takes_the_aspect_over(before: str, text: str, entry: str) -> None:
    """“公证呢” after what legal aid costs asks what notarization costs; alone it is asked back."""
    match = MATCHER.match(text, Context(before))
    assert ("answer", entry, "context") == (match.outcome, match.entry, match.reason)


def test_no_aspect_is_invented() -> None:
    """Nothing is taken over where the other subject has no entry on it, or the conversation is on that subject already."""
    ask = BASE.asks["ask.legal_aid_bare"]
    assert [None] * 3 == [
        same_aspect(BASE, ask, Context(e)) for e in ("notary.online", "legal_aid.cost", "notary.will")
    ]


def test_what_was_spoken_of_stays_among_the_options() -> None:
    context = Context("enforcement.hearing")
    assert ("a.one", "a.two", "enforcement.hearing", "a.three") == with_before(
        BASE, ("a.one", "a.two", "a.three"), context
    )
    assert ("a.one", "enforcement.hearing") == with_before(BASE, ("a.one", "enforcement.hearing"), context)
    match = MATCHER.match("可以叫律师陪我去吗", context)
    assert match.outcome == "answer" or (context.entry in match.options and len(match.options) <= MAX_OPTIONS)


def test_the_emergency_stands_first_among_options() -> None:
    context = Context("safety.child")
    assert ("safety.child", "a.one", "a.two") == with_before(BASE, ("a.one", "a.two", "safety.child"), context)
    assert ("safety.child", "a.one", "a.two", "a.three") == with_before(BASE, ("a.one", "a.two", "a.three"), context)


def test_an_entry_withdrawn_since_is_offered_no_more() -> None:
    """What was spoken of may have become a draft meanwhile: it is not among the options of the next question."""
    base = KnowledgeBase.from_phrases(
        [("a.one", "怎么申请法律援助"), ("a.two", "法律援助要什么材料"), ("none", "今天天气怎么样")]
    )
    drafts = {**base.entries, "a.one": replace(base.entries["a.one"], status="draft")}
    assert ("a.two",) == with_before(replace(base, entries=drafts), ("a.two",), Context("a.one"))
    assert ("a.two", "a.one") == with_before(base, ("a.two",), Context("a.one"))


def test_an_emergency_that_is_a_mere_guess_is_not_spoken_of() -> None:
    """Offered behind others it is no subject of the next question; offered first, or answered, it is."""
    assert carried("options", None, ("chat.bye", "safety.self_harm", "chat.unhappy")) is None
    assert "a.one" == carried("options", None, ("chat.bye", "safety.self_harm", "a.one"))
    assert "safety.violence" == carried("options", None, ("safety.violence", "a.one"))
    assert "safety.violence" == carried("answer", "safety.violence", ())
