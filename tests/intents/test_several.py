"""Several questions in one message: where they part, which is answered, and that none is lost."""

from __future__ import annotations

import pytest

from intents import Context, KnowledgeBase, Matcher
from intents.matcher import Candidate, Match
from intents.several import in_order, next_context, questions_of
from tests.conftest import ROOT

MATCHER = Matcher(KnowledgeBase.load(ROOT / "knowledge"), cache=ROOT / ".cache")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("公证书要带什么？多久能拿？", ["公证书要带什么？", "多久能拿？"]),
        ("1.公证要多少钱 2.要带什么", ["公证要多少钱", "要带什么"]),
        ("复议要钱吗，另外公证周末上班不", ["复议要钱吗，", "另外公证周末上班不"]),
        ("我爸走了。留下套房。要什么手续？大概多少钱？谢谢", ["我爸走了。留下套房。要什么手续？", "大概多少钱？谢谢"]),
        ("公证要带什么，去哪里办", []),
        ("谢谢。你好。", []),
        ("", []),
        ("？？？！！！", []),
    ],
)
def test_where_questions_part(text: str, parts: list[str]) -> None:
    assert questions_of(text) == parts


def test_no_more_than_four_are_looked_at() -> None:
    assert len(questions_of("怎么申请？" * 50)) == 4


def made(entry: str | None, confidence: float = 0.95, *likely: str, outcome: str = "answer") -> Match:
    candidates = tuple(Candidate(name, 0.5) for name in likely)
    return Match("问", outcome, entry, (), confidence, "ranked", candidates)  # type: ignore[arg-type]  # one of the three


def test_the_first_is_answered_and_the_rest_is_offered() -> None:
    found = in_order(made("a.two"), [made("a.one"), made("a.two"), made("a.three")])
    assert (found.entry, found.rest) == ("a.one", ("a.two", "a.three"))


def test_what_the_whole_was_taken_for_is_not_lost() -> None:
    assert in_order(made("b.story"), [made("a.one"), made("a.two")]).entry == "b.story"
    assert in_order(made("b.story"), [made("a.one"), made("a.two")]).rest == ("a.one", "a.two")
    unsure = made("a.one", 0.7)
    assert in_order(made("a.two"), [unsure, made("a.two")]).entry == "a.two"


def test_small_talk_is_not_offered_and_does_not_lead() -> None:
    found = in_order(made("a.one"), [made("chat.greeting"), made("a.one"), made("chat.thanks")])
    assert (found.entry, found.rest) == ("a.one", ())
    whole = made("chat.unhappy")
    assert in_order(whole, [made("chat.unhappy"), made("chat.thanks")]) is whole


def test_what_a_further_question_is_likely_about_is_offered() -> None:
    found = in_order(made("a.one"), [made("a.one"), made(None, 0.5, "a.two", outcome="options")])
    assert found.rest == ("a.two",)


def test_a_further_question_refers_to_the_one_before() -> None:
    assert next_context([made("a.one")], made("b.story"), None) == Context("a.one")
    assert next_context([made(None, outcome="none")], made("b.story"), None) == Context("b.story")
    assert next_context([made(None, outcome="none")], made("chat.bye"), Context("c.before")) == Context("c.before")


def test_two_matters_in_one_message() -> None:
    found = MATCHER.match("怎么投诉律师？怎么申请复议？")
    assert (found.entry, found.rest[0]) == ("service.lawyer_complaint", "reconsideration.how")
    assert found.text == "怎么投诉律师？怎么申请复议？"
    assert found.rest[0] in found.options


def test_an_emergency_in_any_of_them_comes_first() -> None:
    """Also where words of another question say that the message as a whole is none."""
    assert MATCHER.emergency("公证要多少钱？他现在正在打我怎么办？") is None
    assert MATCHER.match("公证要多少钱？他现在正在打我怎么办？").reason == "safety"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("我想问三个事：1、我爸去世房子过户 2、老婆被开除没赔钱", ["我爸去世房子过户", "老婆被开除没赔钱"]),
        ("有两件事，一是我妈的遗嘱怎么弄，二是我弟被抓了", ["我妈的遗嘱怎么弄，", "我弟被抓了"]),
        ("第一个是能不能申请法援 第二个是户口怎么改", ["第一个是能不能申请法援", "第二个是户口怎么改"]),
        ("我爸有两套房，一是市区的，二是乡下的，怎么继承", ["我爸有两套房，市区的，乡下的，怎么继承"]),
        ("2024.1.5我被开除，能仲裁吗", ["2024.1.5我被开除，能仲裁吗"]),
    ],
)
def test_what_a_list_only_names_is_a_matter_too(text: str, parts: list[str]) -> None:
    assert questions_of(text) == parts


def test_beside_a_referral_stands_what_is_answered_here() -> None:
    whole = made("chat.case_advice")
    found = in_order(whole, [made("chat.case_advice"), made("a.one"), made(None, 0.5, "a.two", outcome="options")])
    assert (found.outcome, found.entry, found.rest) == ("answer", "chat.case_advice", ("a.one", "a.two"))


def test_a_question_for_others_is_not_lost_beside_an_answer() -> None:
    found = in_order(made("a.one"), [made("chat.case_advice"), made("a.one")])
    assert (found.entry, found.rest) == ("a.one", ("chat.case_advice",))
    assert in_order(made("a.one"), [made("chat.case_advice", 0.6), made("a.one")]).rest == ()
