"""The brute force that short lists are held against: every phrase of a large base compared, every candidate ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from intents import Matcher
from intents.decide import decide
from intents.grams import Floats
from intents.large import LargeRanker
from intents.phrases import Question
from intents.postings import Asked, LargeIndex

RANKED = 1_000
"""Questions asked of the whole ranking, which compares each candidate letter by letter."""
PATIENCE = 150
"""Seconds after which the whole ranking has been asked enough."""


def scan(index: LargeIndex, asked: Asked) -> Floats:
    """The cosine of every phrase; shape (phrases,)."""
    scores = np.zeros(index.size, np.float32)
    for column, weight in zip(asked.columns.tolist(), asked.weights.tolist(), strict=True):
        scores[index.docs[index.starts[column] : index.starts[column + 1]]] += weight * index.idf[column]
    return np.asarray(scores * index.scale, np.float32)


def same_phrase(matcher: Matcher, questions: Sequence[str]) -> float:
    """Share of questions, in per cent, of which no phrase of a full scan is nearer than the nearest that is found."""
    index = _ranker(matcher).index
    same = total = 0
    for question in questions:
        asked = index.asked(matcher.question(question).normal)
        if len(asked.columns):
            found = index.nearest(asked)
            total += 1
            same += bool(len(found.phrases)) and float(found.cosines[0]) >= float(scan(index, asked).max()) - 1e-4
    return 100 * same / max(total, 1)


@dataclass
class Agreement:
    """How often the likeliest candidate is the one that a ranking of every candidate puts first."""

    asked: int = 0
    same: int = 0
    answered: int = 0
    """Questions that are answered, not asked back or given up."""
    answered_same: int = 0

    @property
    def of_all(self) -> float:
        """Per cent of all questions."""
        return 100 * self.same / max(self.asked, 1)

    @property
    def of_answered(self) -> float:
        """Per cent of the questions that are answered."""
        return 100 * self.answered_same / max(self.answered, 1)


def same_ranking(matcher: Matcher, questions: Sequence[str]) -> Agreement:
    """The short list held against a ranking of every candidate."""
    names, begun, found = matcher.ranker.scorer.candidates, perf_counter(), Agreement()
    for question in map(matcher.question, questions[:RANKED]):
        if perf_counter() - begun > PATIENCE:
            break
        listed = matcher.weigh(question)
        thresholds = matcher.fitted.thresholds.of(False, question.bare)
        answered = decide(matcher.knowledge, listed.names, listed.p, thresholds).outcome == "answer"
        same = listed.names[int(listed.p.argmax())] == names[int(everyone(matcher, question).argmax())]
        found.asked, found.same = found.asked + 1, found.same + same
        found.answered, found.answered_same = found.answered + answered, found.answered_same + (answered and same)
    return found


def everyone(matcher: Matcher, question: Question) -> Floats:
    """P of every candidate of a large base, in the order of its candidates."""
    ranker = _ranker(matcher)
    cosines = scan(ranker.index, ranker.index.asked(question.normal))
    owners = ranker.scorer.group_owner[ranker.index.groups]
    best = np.zeros(len(ranker.scorer.candidates), np.float32)
    np.maximum.at(best, owners, cosines)
    nearest: dict[int, tuple[int, float]] = {}
    for phrase in np.flatnonzero((cosines > 0) & (cosines == best[owners])).tolist():
        nearest.setdefault(int(owners[phrase]), (phrase, float(cosines[phrase])))
    return ranker.weigh_all(question, nearest)


def _ranker(matcher: Matcher) -> LargeRanker:
    if not isinstance(matcher.ranker, LargeRanker):
        raise TypeError("the base is small: every candidate is ranked")
    return matcher.ranker
