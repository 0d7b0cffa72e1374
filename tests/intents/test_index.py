"""The gram index against a naive copy of its arithmetic."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.grams import grams
from intents.index import GramIndex

WORDS = st.text(alphabet="法律援助公证钱多少怎么申请", min_size=1, max_size=12)


def naive_cosines(phrases: list[str], question: str) -> list[float]:
    """TF-IDF cosine by dictionaries, as a reader would write it."""
    counted = [Counter(grams(p)) for p in phrases]
    df = Counter(g for c in counted for g in c)

    def vector(counts: Counter[str]) -> dict[str, float]:
        v = {
            g: (1 + math.log(n)) * (math.log((1 + len(phrases)) / (1 + df[g])) + 1)
            for g, n in counts.items()
            if g in df
        }
        norm = math.sqrt(sum(x * x for x in v.values())) or 1
        return {g: x / norm for g, x in v.items()}

    asked = vector(Counter(grams(question)))
    return [sum(x * asked.get(g, 0.0) for g, x in vector(c).items()) for c in counted]


@given(st.lists(WORDS, min_size=1, max_size=12), WORDS)
@settings(max_examples=150, deadline=None)
def test_cosine_equals_the_naive_one(phrases: list[str], question: str) -> None:
    """The postings give the same cosines as dictionaries do."""
    index = GramIndex(phrases, list(range(len(phrases))))
    found = index.scores(index.asked(question))[: len(phrases)]
    np.testing.assert_allclose(found, naive_cosines(phrases, question), atol=1e-5)


@given(st.lists(WORDS, min_size=1, max_size=8), WORDS, WORDS)
@settings(max_examples=80, deadline=None)
def test_texts_looked_up_together_score_as_alone(phrases: list[str], text: str, part: str) -> None:
    """Two texts in one look-up give what each gives by itself."""
    index = GramIndex(phrases, [n // 2 for n in range(len(phrases))])
    together, alone, second = index.asked(text, part), index.asked(text), index.asked(part)
    np.testing.assert_allclose(index.scores(alone), index.scores(together), atol=1e-5)
    pooled = index.pooled_scores(together)
    np.testing.assert_allclose(index.scores(second)[len(phrases) :], pooled, atol=1e-5)
    assert alone.coverage == together.coverage


def test_pooled_scores_see_all_phrases_of_a_group() -> None:
    """A question mixing words of two phrases of one group scores best there, though each phrase has half."""
    phrases = ["律师费多少", "公证要几天", "律师几点上班", "公证处在哪"]
    index = GramIndex(phrases, [0, 0, 1, 2])
    assert 0 == int(index.scores(index.asked("律师费要几天"))[-3:].argmax())


def test_coverage_is_the_known_share() -> None:
    """Text of known grams has coverage 1, of unknown ones 0; a single character is known or not."""
    index = GramIndex(["法律援助"], [0])
    asked = ["法律", "法律援助", "律援助法律", "天气预报", "援", "天", ""]
    assert [1.0, 1.0, 0.75, 0.0, 1.0, 0.0, 0.0] == [index.asked(text).coverage for text in asked]


def test_empty_question_scores_nothing() -> None:
    """No known gram, or no phrase at all: zeros, no error."""
    for phrases in (["法律援助"], []):
        index = GramIndex(phrases, [0] * len(phrases))
        for text in ("", "天"):
            assert not index.scores(index.asked(text, text)).any()
