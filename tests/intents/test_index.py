"""The gram index against a naive copy of its arithmetic."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.index import GramIndex, grams
from intents.linear import pack, unpack

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
    ids = index.ids(question)
    found = index.cosine(ids, index.query_weights(ids))
    np.testing.assert_allclose(found, naive_cosines(phrases, question), atol=1e-5)


def test_pooled_scores_see_all_phrases_of_a_group() -> None:
    """A question mixing words of two phrases of one group scores best there, though each phrase has half."""
    phrases = ["律师费多少", "公证要几天", "律师几点上班", "公证处在哪"]
    index = GramIndex(phrases, [0, 0, 1, 2])
    scores = index.bm25(index.ids("律师费要几天"))
    assert 0 == int(scores.argmax())


def test_coverage_is_the_known_share() -> None:
    """Text of known grams has coverage 1, of unknown ones 0."""
    index = GramIndex(["法律援助"], [0])
    assert 1.0 == index.coverage("律援", index.ids("律援"))
    assert 0.0 == index.coverage("天气预报", index.ids("天气预报"))


def test_empty_question_scores_nothing() -> None:
    """No known gram: zeros, no error."""
    index = GramIndex(["法律援助"], [0])
    assert 0.0 == float(index.cosine({}, []).max())


def test_packed_weights_keep_three_digits_and_nothing_drifts() -> None:
    """bfloat16: relative error under 0.4 %, packing again changes nothing."""
    weights = np.random.default_rng(3).normal(0, 0.1, (50, 40)).astype(np.float32)
    back = unpack(pack(weights))
    assert np.abs(back / weights - 1).max() < 0.004
    assert (pack(back) == pack(weights)).all()
