"""The index for large bases against a naive scan."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.grams import Ints, gram_keys
from intents.postings import LargeIndex

WORDS = st.text(alphabet="法律援助公证钱多少怎么申请", min_size=1, max_size=12)


def _grams(text: str) -> set[str]:
    framed = f"^{text}$"
    return {
        *text,
        *(framed[i : i + 2] for i in range(len(framed) - 1)),
        *(framed[i : i + 3] for i in range(len(framed) - 2)),
    }


def naive_cosines(phrases: list[str], question: str) -> list[float]:
    """Cosines of sets of grams weighted by rarity, as a reader would write it."""
    sets = [_grams(p) for p in phrases]
    n = len(phrases)
    idf = {g: math.log((1 + n) / (1 + sum(g in s for s in sets))) + 1 for s in sets for g in s}
    asked = {g for g in _grams(question) if g in idf}

    def norm(grams: set[str]) -> float:
        return math.sqrt(sum(idf[g] ** 2 for g in grams)) or 1

    return [sum(idf[g] ** 2 for g in asked & s) / norm(asked) / norm(s) for s in sets]


def naive_bm25(documents: list[list[str]], question: str) -> list[float]:
    """BM25 of documents made of several phrases, per unit of the question's own information."""
    bags = [[g for phrase in d for g in _grams(phrase)] for d in documents]
    n, mean = len(bags), sum(map(len, bags)) / len(bags)
    known = {g for g in _grams(question) if any(g in b for b in bags)}
    idf = {g: math.log(1 + (n - (f := sum(g in b for b in bags)) + 0.5) / (f + 0.5)) for g in known}
    total = sum(idf.values())
    scores = []
    for bag in bags:
        score = 0.0
        for g in known & set(bag):
            tf = bag.count(g)
            score += idf[g] * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * len(bag) / mean))
        scores.append(score / total if total else 0.0)
    return scores


def _index(phrases: list[str]) -> LargeIndex:
    return LargeIndex(phrases, np.arange(len(phrases), dtype=np.int32))


@given(st.lists(WORDS, min_size=1, max_size=12, unique=True), WORDS)
@settings(max_examples=150, deadline=None)
def test_the_nearest_phrase_is_the_one_a_scan_finds(phrases: list[str], question: str) -> None:
    """Every cosine is exact, and the list is in their order."""
    index = _index(phrases)
    found = index.nearest(index.asked(question))
    naive = naive_cosines(phrases, question)
    np.testing.assert_allclose(found.cosines, [naive[i] for i in found.phrases], atol=1e-5)
    assert math.isclose(max(naive), float(found.cosines.max(initial=0)), abs_tol=1e-5)
    assert found.certain


@given(st.lists(st.lists(WORDS, min_size=1, max_size=3), min_size=1, max_size=6), WORDS)
@settings(max_examples=150, deadline=None)
def test_bm25_over_groups_equals_the_naive_one(documents: list[list[str]], question: str) -> None:
    """The phrases of a group count as one document."""
    phrases = [p for d in documents for p in d]
    groups: Ints = np.repeat(np.arange(len(documents), dtype=np.int32), [len(d) for d in documents])
    index = LargeIndex(phrases, groups)
    found = index.bm25(index.asked(question))
    np.testing.assert_allclose(found, naive_bm25(documents, question), atol=1e-4)


def test_few_postings_are_read_and_the_result_says_so() -> None:
    """What a small budget leaves unproven is not called certain; with enough of it the same question is."""
    phrases = ["公证要多少钱", "公证怎么申请", "法律援助多少钱", "法律援助怎么申请", "援助公证"]
    index = _index(phrases)
    question = index.asked("怎么申请公证")
    assert index.nearest(question).certain
    index.budget = 3
    assert not index.nearest(question).certain


def test_grams_of_one_to_three_characters_never_share_a_key() -> None:
    """Keys of grams of different lengths lie apart, so that equal keys mean equal grams."""
    keys = gram_keys("中山市")
    assert len(keys) == 3 + 4 + 3
    assert len(set(keys.tolist())) == len(keys)


def test_an_empty_index_finds_nothing() -> None:
    """No phrase, no error."""
    index = _index([])
    found = index.nearest(index.asked("公证"))
    assert 0 == len(found.phrases)
    assert 0.0 == index.coverage("公证")
