"""Several aspects of one matter in one breath, without punctuation."""

from __future__ import annotations

import pytest

from intents import Context, KnowledgeBase, Matcher
from intents.beside import asked
from tests.conftest import ROOT

MATCHER = Matcher(KnowledgeBase.load(ROOT / "knowledge"), cache=ROOT / ".cache")


def aspects(text: str) -> list[str]:
    return asked(text, lambda part: MATCHER.question(part).aspects)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("法律援助怎么申请要带什么去哪里", ["how", "materials", "where"]),
        ("公证多少钱几天能拿要带什么", ["fee", "time", "materials"]),
        ("材料齐了多久能拿", []),
        ("法律援助怎么申请", []),
        ("要多少钱啊多少钱", []),
        ("多少钱" * 40, []),
        ("", []),
    ],
)
def test_each_aspect_needs_a_word_that_asks(text: str, found: list[str]) -> None:
    assert aspects(text) == found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("法律援助怎么申请要带什么去哪里", {"legal_aid.how", "legal_aid.materials", "legal_aid.where"}),
        ("公证多少钱几天能拿要带什么", {"notary.fee", "notary.timeline", "notary.materials"}),
        ("继承公证怎么办多少钱要多久", {"notary.inheritance", "notary.fee", "notary.timeline"}),
        ("公证要带什么，去哪里办", {"notary.materials", "notary.where"}),
        ("复议怎么申请要带什么去哪里", {"reconsideration.how", "reconsideration.materials", "reconsideration.where"}),
    ],
)
def test_none_of_three_is_lost(text: str, wanted: set[str]) -> None:
    """What is answered and what is offered beside it are together what was asked."""
    found = MATCHER.match(text)
    shown = {found.entry, *found.rest} if found.outcome == "answer" else {*found.options}
    assert wanted <= shown


def test_one_question_has_nothing_beside_it() -> None:
    for text in ("材料齐了多久能拿公证书", "法律援助怎么申请", "公证处在哪里"):
        assert () == MATCHER.match(text).rest


def test_an_aspect_alone_is_asked_back() -> None:
    """“地址呢”: which matter is meant, never a ticket; in a conversation, too, where nothing fits."""
    for context in (None, Context("chat.who"), Context("service.hotlines")):
        found = MATCHER.match("地址呢", context)
        assert "none" != found.outcome
    assert "legal_aid.where" in MATCHER.match("地址呢").options


@pytest.mark.parametrize("text", ["复议呢", "那复议呢", "好的，再问一下，复议呢", "谢谢，复议呢"])
def test_courtesy_before_a_subject_changes_nothing(text: str) -> None:
    """The same aspect of what is named."""
    assert "reconsideration.timeline" == MATCHER.match(text, Context("legal_aid.timeline")).entry


@pytest.mark.parametrize("text", ["那我老婆呢", "老人也行吗", "外地人可以吗", "那孩子呢"])
def test_who_else_is_meant_leaves_the_matter_as_it_is(text: str) -> None:
    """What was spoken of comes first, no emergency beside it."""
    found = MATCHER.match(text, Context("legal_aid.eligibility"))
    first = found.entry if found.outcome == "answer" else found.options[0]
    assert first is not None
    assert first.startswith("legal_aid.")
    assert not [name for name in found.options if name.startswith("safety.")]
