"""What sounds like a neighbour is not answered as if it were: places, papers, promises, decisions, figures of speech."""

from __future__ import annotations

import re

import pytest

from intents import KnowledgeBase, Matcher
from intents.both import of_both
from intents.links import without_links

ASKED_BACK = [
    ("派出所拘了我三天，我不服", "reconsideration.scope"),
    ("交警罚了我五百想申诉", "reconsideration.scope"),
    ("电子警察拍错了我的车，不服", "reconsideration.scope"),
    ("税务局要我补税，我不认", "reconsideration.required_first"),
    ("江门的法援，在中山能通过吗", "legal_aid.where"),
    ("我的婚姻承诺书有没有法律效力", "chat.case_advice"),
    ("香港的结婚证在中山用要不要公证", "business.gba"),
    ("澳门的离婚判决书国内认吗", "chat.case_advice"),
]
LEFT_ALONE = [
    "交警罚款在哪里交",
    "打架会被拘留几天",
    "告知承诺书要写什么",
    "法律援助深中通办是什么",
]


@pytest.mark.parametrize(("text", "first"), ASKED_BACK)
def test_the_likelier_meaning_is_offered_first(matcher: Matcher, text: str, first: str) -> None:
    match = matcher.match(text)
    assert ("options", first) == (match.outcome, match.options[0])


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_is_plainly_meant_is_answered(matcher: Matcher, text: str) -> None:
    assert matcher.match(text).outcome == "answer"


@pytest.mark.parametrize("text", ["笑死我了", "累死了跑了三趟", "气死我了你们"])
def test_a_figure_of_speech_offers_no_emergency(matcher: Matcher, text: str) -> None:
    match = matcher.match(text)
    assert not any(o.startswith("safety.") for o in (match.entry or "", *match.options))


@pytest.mark.parametrize("text", ["累死了活着没意思", "烦死了我想跳下去", "气死我了他又打我"])
def test_beside_words_of_danger_it_is_no_figure(matcher: Matcher, text: str) -> None:
    match = matcher.match(text)
    assert any(o.startswith("safety.") for o in (match.entry or "", *match.options))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("法律援助和公证都要带什么", ["法律援助要带什么", "公证要带什么"]),
        ("复议要钱吗，信访要钱吗", ["复议要钱吗", "信访要钱吗"]),
        ("公证和鉴定有什么区别", []),
        ("人民调解和劳动仲裁先走哪个", []),
        ("公证要钱吗，公证要多久", []),
        ("法律援助怎么申请", []),
    ],
)
def test_two_matters_in_one_breath_are_two(text: str, found: list[str]) -> None:
    assert found == of_both(text)


def test_the_second_matter_is_offered_below(matcher: Matcher) -> None:
    match = matcher.match("法律援助和公证都要带什么")
    assert ("legal_aid.materials", ("notary.materials",)) == (match.entry, match.rest)


def test_a_fee_the_answer_does_not_tell_is_offered_below(matcher: Matcher) -> None:
    match = matcher.match("亲属关系公证几钱")
    assert "notary.fee" in (match.entry, *match.rest)


def test_links_are_not_read() -> None:
    assert without_links("https://v.example.cn/a?b=1 这个律师靠谱吗") == "这个律师靠谱吗"
    assert without_links("www.example.cn") == "www.example.cn"
    assert without_links("这个律师靠谱吗") == "这个律师靠谱吗"


def test_a_question_beside_a_link_is_understood(matcher: Matcher) -> None:
    assert matcher.match("https://v.example.cn/a 怎么申请法律援助").entry == "legal_aid.how"


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("怎么申请法律援助", "legal_aid.how"),
        ("如何申请法律援助", "legal_aid.how"),
        ("什么是公证", "notary.what"),
        ("什么是行政复议", "reconsideration.what"),
        ("啥是人民调解", "mediation.what"),
        ("怎么办理公证", "notary.how"),
        ("公证收费吗", "notary.fee"),
    ],
)
def test_the_plainest_questions_are_answered(matcher: Matcher, text: str, entry: str) -> None:
    assert entry == matcher.match(text).entry


def test_what_answers_tell_to_ask_is_answered(shipped: KnowledgeBase, matcher: Matcher) -> None:
    told = {q for e in shipped.entries.values() for q in re.findall(r"(?:可以问我|可问我|请问我)“([^”]+)”", e.answer)}
    assert told
    for question in told:
        assert matcher.match(question).outcome == "answer", question
