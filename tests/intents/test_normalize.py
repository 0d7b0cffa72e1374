"""The normal form: what it folds together, and that doing it twice changes nothing."""

from __future__ import annotations

import unicodedata

import opencc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.paths import knowledge_dir
from intents import KnowledgeBase, Normalizer
from intents.lexicon import Lexicon

SMALL = Normalizer(
    Lexicon.from_mapping(
        {"fillers": ["请问", "一下"], "cantonese": {"系咪": "是不是", "几多": "多少"}, "typos": {"公正处": "公证处"}}
    )
)


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("請問，係咪要去公正處？", "是不是要去公证处"),
        ("ＡＢＣ１２３", "abc123"),
        ("公 证 处！！", "公证处"),
        ("幾多錢", "多少钱"),
        ("哈哈哈哈哈哈", "哈哈"),
        ("请问一下", "请问一下"),
        ("？？？", ""),
        ("", ""),
    ],
)
def test_folds(typed: str, normal: str) -> None:
    """Width, case, Traditional, marks, typos, Cantonese and fillers are folded; fillers alone stay."""
    assert normal == SMALL(typed)


@given(st.text(max_size=60))
@settings(max_examples=400, deadline=None)
def test_idempotent_on_any_text(text: str) -> None:
    """Normalising twice is normalising once, for any Unicode text."""
    once = SMALL(text)
    assert once == SMALL(once)


def test_idempotent_with_the_shipped_lexicon(shipped: KnowledgeBase) -> None:
    """The same with the real lexicon on every stored question."""
    normalizer = Normalizer(shipped.lexicon)
    questions = [q for e in shipped.entries.values() for q in e.questions] + [b.question for b in shipped.background]
    changed = [q for q in questions if normalizer(normalizer(q)) != normalizer(q)]
    assert [] == changed


def test_the_shipped_lexicon_has_no_circle(shipped: KnowledgeBase) -> None:
    """No replacement in the lexicon leads back to a word that is replaced again without end."""
    normalizer = Normalizer(shipped.lexicon)
    words = [*shipped.lexicon.cantonese, *shipped.lexicon.typos, *shipped.lexicon.cantonese.values()]
    assert [] == [w for w in words if normalizer(normalizer(w)) != normalizer(w)]


WORDS_OF_ONE_FORM = ("回覆", "明瞭", "不瞭解", "藉口", "英哩", "甦醒", "土坏", "意志消沈", "衹得")


@given(st.lists(st.sampled_from([*WORDS_OF_ONE_FORM, *"沈坏藉哩覆衹瞭甦的公證费\ud800答我"]), max_size=8).map("".join))
def test_a_text_is_spared_the_conversion_only_where_that_changes_nothing(text: str) -> None:
    expected = opencc.OpenCC("t2s").convert(text.encode("utf-8", "replace").decode())
    assert expected == Normalizer().simple(text)


def test_stored_questions_are_spared_the_conversion_only_where_that_changes_nothing() -> None:
    base, convert = KnowledgeBase.load(knowledge_dir()), opencc.OpenCC("t2s").convert
    normal, questions = Normalizer(), [question for _, questions in base.owned() for question in questions]
    folded = [unicodedata.normalize("NFKC", question).lower() for question in questions]
    assert list(map(convert, folded)) == [normal.simple(question) for question in questions]
