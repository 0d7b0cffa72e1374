"""The gram index against a naive copy of its arithmetic."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.grams import grams
from intents.index import GramIndex
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
    folded = [p.replace("公证", "公") for p in phrases]
    index = GramIndex(phrases, folded, list(range(len(phrases))))
    asked = index.asked(question.replace("公证", "公"), question)
    found = index.scores(asked).reshape(4, len(phrases))
    np.testing.assert_allclose(found[2], naive_cosines(phrases, question), atol=1e-5)
    np.testing.assert_allclose(found[0], naive_cosines(folded, question.replace("公证", "公")), atol=1e-5)


@given(st.lists(WORDS, min_size=1, max_size=8), WORDS, WORDS, WORDS)
@settings(max_examples=80, deadline=None)
def test_texts_looked_up_together_score_as_alone(phrases: list[str], folded: str, text: str, part: str) -> None:
    """Three texts in one look-up give what each gives by itself; two of them may even be summed together."""
    index = GramIndex(phrases, phrases[::-1], [0] * len(phrases))
    together = index.asked(folded, text, part)
    alone = [
        index.scores(index.asked(folded, "")),
        index.scores(index.asked("", text)),
        index.scores(index.asked("", part)),
    ]
    half = len(phrases) + 1
    both = index.scores(together, 0, together.ends[1])
    np.testing.assert_allclose(np.concatenate([alone[0][:half], alone[1][half:]]), both, atol=1e-5)
    np.testing.assert_allclose(alone[2], index.scores(together, together.ends[1]), atol=1e-5)


def test_pooled_scores_see_all_phrases_of_a_group() -> None:
    """A question mixing words of two phrases of one group scores best there, though each phrase has half."""
    phrases = ["律师费多少", "公证要几天", "律师几点上班", "公证处在哪"]
    index = GramIndex(phrases, phrases, [0, 0, 1, 2])
    scores = index.scores(index.asked("", "律师费要几天"))
    assert 0 == int(scores[-3:].argmax())
    assert not scores[:7].any()


def test_coverage_is_the_known_share() -> None:
    """Text of known grams has coverage 1, of unknown ones 0; a single character is known or not."""
    index = GramIndex(["法律援助"], ["法律援助"], [0])
    asked = ["法律", "法律援助", "律援助法律", "天气预报", "援", "天", ""]
    assert [1.0, 1.0, 0.75, 0.0, 1.0, 0.0, 0.0] == [index.asked("", text).coverage for text in asked]


def test_empty_question_scores_nothing() -> None:
    """No known gram, or no phrase at all: zeros, no error."""
    for phrases in (["法律援助"], []):
        index = GramIndex(phrases, phrases, [0] * len(phrases))
        for text in ("", "天"):
            assert not index.scores(index.asked(text, text, text)).any()


def test_packed_weights_keep_three_digits_and_nothing_drifts() -> None:
    """bfloat16: relative error under 0.4 %, packing again changes nothing."""
    weights = np.random.default_rng(3).normal(0, 0.1, (50, 40)).astype(np.float32)
    back = unpack(pack(weights))
    assert np.abs(back / weights - 1).max() < 0.004
    assert (pack(back) == pack(weights)).all()
