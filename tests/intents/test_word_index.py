"""The index of words, held against BM25 written out with dictionaries."""

from __future__ import annotations

import math
import pickle  # of our own making
from collections import Counter

import numpy as np
import pytest

from intents.grams import Ints
from intents.word_index import LEAST, WordIndex

PHRASES = ["公证收费标准", "公证要带什么材料", "法律援助要带什么材料", "法律援助申请条件", "复议收费吗", "复议申请期限"]
GROUPS: Ints = np.array([0, 0, 1, 1, 2, 2], np.int32)
CUT = [
    ["公证", "收费", "标准"], ["公证", "要", "带", "什么", "材料"], ["法律援助", "要", "带", "什么", "材料"],
    ["法律援助", "申请", "条件"], ["复议", "收费", "吗"], ["复议", "申请", "期限"],
]  # fmt: skip


def _written_out(question: list[str]) -> list[float]:
    """Robertson's BM25 per unit of the question's information, over the words of LEAST phrases or more."""
    often = Counter(word for words in CUT for word in set(words))
    known = {word for word, count in often.items() if count >= LEAST}
    documents = [Counter[str]() for _ in range(3)]
    for group, words in zip(GROUPS.tolist(), CUT, strict=True):
        documents[group].update(word for word in words if word in known)
    mean = sum(map(len, map(list, (d.elements() for d in documents)))) / 3
    idf = {w: math.log(1 + (3 - n + 0.5) / (n + 0.5)) for w in known if (n := sum(w in d for d in documents))}
    asked = {word for word in question if word in known}
    total = sum(idf[word] for word in asked)
    return [
        sum(idf[w] * d[w] * 2.2 / (d[w] + 1.2 * (0.25 + 0.75 * d.total() / mean)) for w in asked) / total
        for d in documents
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [("公证收费", ["公证", "收费"]), ("申请法律援助要材料", ["申请", "法律援助", "要", "材料"]), ("复议复议期限收费", ["复议", "收费"])],
)  # fmt: skip
def test_scores_are_those_of_bm25(text: str, words: list[str]) -> None:
    assert WordIndex(PHRASES, GROUPS).scores(text).tolist() == pytest.approx(_written_out(words), rel=1e-5)


def test_what_has_no_known_word_says_nothing() -> None:
    """标准 stands in one question only."""
    index = WordIndex(PHRASES, GROUPS)
    assert [[0.0] * 3] * 3 == [index.scores(text).tolist() for text in ("", "标准", "天气")]
    assert not len(WordIndex([], np.zeros(0, np.int32)).scores("公证"))


def test_it_travels_to_another_process() -> None:
    index = WordIndex(PHRASES, GROUPS)
    again = pickle.loads(pickle.dumps(index))  # noqa: S301
    assert again.scores("公证收费").tolist() == index.scores("公证收费").tolist()
