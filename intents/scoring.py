"""The signals: for one question, one number for every candidate from each way of comparing.

`bm25`, `words`, `cosine`, `focus_bm25` and `unknown` compare texts with every synonym replaced (`Normalizer.concepts`), `ratio` and
`against` normal forms.

| signal   | what it compares                                   | good at                       | bad at               |
|----------|----------------------------------------------------|-------------------------------|----------------------|
| bm25     | grams of all an entry's phrases together           | mixed wordings, long texts    | very short questions |
| words    | words of all an entry's phrases together           | what grams join by chance     | unseen words         |
| cosine   | the nearest single phrase, TF-IDF grams            | near copies                   | paraphrase           |
| ratio    | the nearest phrase, rapidfuzz `ratio` (edits)      | word order, typos             | long stories         |
| focus_bm25 | bm25 on the asking clause alone                  | story first, question last    | subject in the story |
| against  | the nearest not_question                           | declared near misses          | (only where written) |
| aspect   | the question's aspect (fee, time ...) is the entry's | 多少钱, 要带什么            | entries without one  |
| unknown  | share of the question never seen, for the background | other subjects              | typos                |
| <enc>    | ridge regression on centred sentence vectors       | paraphrase, lay words         | numbers, negation    |
| <enc>_near | the nearest phrase of an entry by these vectors  | one odd phrasing              | broad entries        |
| <enc>_mean | the mean of an entry's vectors                   | the subject of a long story   | entries of two kinds |

`ratio` is computed for the nearest phrase of the candidates that `cosine` ranks first (RERANKED).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from intents import linear
from intents.encoder import Encoder, unit
from intents.focus import both_ends
from intents.grams import Floats
from intents.index import GramIndex
from intents.model import KnowledgeData
from intents.model_cache import LearntCache, Stored, digest
from intents.normalize import Normalizer
from intents.phrases import Phrases, Question, is_background
from intents.word_index import WordIndex

RERANKED = 12
"""Candidates whose nearest phrase is compared letter by letter."""
NEAREST = 24
"""Candidates whose phrases are compared by sentence vectors."""
FIRST = ("cosine", "bm25", "words", "focus_bm25", "unknown", "aspect")
"""The cheapest signals, all of grams; where they are sure, nothing else is computed."""
LEXICAL = (*FIRST, "ratio", "against")


NEAR_MISS = 0.6
"""Ratio up to which a not_question says nothing: what merely shares a word with it is no near miss."""


def near_misses(text: str, sentences: Sequence[str]) -> Floats:
    """How near a normal form is to each of these, from 0 at NEAR_MISS to 1 for the same words."""
    ratios = process.cdist([text], sentences, scorer=fuzz.ratio, score_cutoff=100 * NEAR_MISS, dtype=np.float32)[0]
    near: Floats = np.maximum(ratios / 100 - NEAR_MISS, 0) / (1 - NEAR_MISS)
    return near


def encoder_signals(name: str) -> tuple[str, str, str]:
    """The three signals of a sentence encoder."""
    return name, f"{name}_near", f"{name}_mean"


@dataclass(frozen=True)
class Evidence:
    """Signals of one question: `values[c, s]` for candidate c and signal s; filled in step by step."""

    values: Floats
    cosines: Floats
    """Of every phrase."""
    near: dict[int, int]
    """The nearest phrase of some candidates, as far as it was looked for."""


class Scorer(Phrases):
    """Everything learnt from one knowledge base that signals need."""

    def __init__(
        self,
        knowledge: KnowledgeData,
        normalizer: Normalizer,
        encoders: Sequence[Encoder] = (),
        held_out: frozenset[int] = frozenset(),
        cache: LearntCache | None = None,
    ) -> None:
        """`held_out` are phrase numbers to leave out, for cross-validation; `cache` is where what was learnt is kept."""
        super().__init__(knowledge, normalizer, held_out)
        folded = [normalizer.concepts(p) for p in self.phrases]
        learnt_from = digest(self.groups, self.originals, folded) if cache else ""
        stored = cache.load(learnt_from) if cache else None
        self.index = GramIndex(folded, self.groups, stored.index if stored else None)
        self.words = WordIndex(folded, self.groups, stored.index if stored else None)
        self._members = _Members(self.group_owner[self.groups], self.group_owner, len(self.candidates))
        self.encoders = tuple(encoders)
        self.signals: tuple[str, ...] = LEXICAL + tuple(s for e in self.encoders for s in encoder_signals(e.name))
        self._names = {s: i for i, s in enumerate(self.signals)}
        self._sentences: dict[str, _Sentences] = {}
        learnt = Stored(
            self._learn(dict(stored.weights) if stored else {}), {**self.index.parts(), **self.words.parts()}
        )
        self.ridge = learnt.weights
        self.named: dict[str, NDArray[Any]] = cache.named(learnt_from, learnt) if cache else {}
        """Arrays of it that stand in the cache as they are, see `LearntCache.named`."""
        if cache and not stored:
            cache.save(learnt_from, learnt)
        self._background = is_background(self.candidates).nonzero()[0]

    def _learn(self, weights: dict[str, Floats]) -> dict[str, Floats]:
        """Learn what is not known yet."""
        for encoder in self.encoders:
            found = _Sentences(encoder.encode([both_ends(q, encoder.reads) for q in self.originals]), self.groups)
            self._sentences[encoder.name] = found
            if encoder.name not in weights:
                weights[encoder.name] = linear.fit_vectors(found.vectors, self.groups)
        return weights

    def evidence(self, question: Question) -> Evidence:
        """All signals of one question."""
        found = self.first(question)
        self.add_letters(question, found)
        for encoder in self.encoders:
            self.add_sentence(encoder, question, found.values)
        return found

    def first(self, question: Question) -> Evidence:
        """The signals of FIRST, which cost least; the others stay 0."""
        index, members = self.index, self._members
        fold = self.normalizer.concepts
        folded = fold(question.normal)
        asked = index.asked(folded, fold(question.focus)) if question.focus else index.asked(folded)
        whole = index.scores(asked)
        part = index.pooled_scores(asked) if question.focus else whole[index.size :]
        of_groups = members.of_groups(np.stack([whole[index.size :], self.words.scores(folded), part]))
        values = np.zeros((len(self.signals), len(self.candidates)), np.float32)
        values[0, members.columns], values[1:4, members.columns] = members.best(whole[: index.size]), of_groups
        values[self._names["unknown"], self._background] = 1 - asked.coverage
        for aspect in question.aspects:
            values[self._names["aspect"], self.of_aspect.get(aspect, _NOBODY)] = 1
        return Evidence(values.T, whole[: index.size], {})

    def add_letters(self, question: Question, found: Evidence) -> None:
        """Fill in the signals that compare letter by letter, in place."""
        self._rerank(question.normal, found)
        if self.against:
            near = near_misses(question.normal, self.against)
            np.maximum.at(found.values[:, self._names["against"]], self.against_owner, near)

    def nearest(self, found: Evidence, candidate: int) -> int:
        """Index of the stored phrase of a candidate that cosine puts nearest, the first of equals; -1 without any."""
        near = found.near.get(candidate)
        if near is None:
            span = self._members.span(candidate)
            near = span.start + int(found.cosines[span].argmax()) if span.stop > span.start else -1
            found.near[candidate] = near
        return near

    def add_sentence(self, encoder: Encoder, question: Question, values: Floats) -> None:
        """Fill in one encoder's signals of `values`, in place.

        The nearest phrase is looked for only in the candidates that rank first so far; the others keep their mean.
        """
        ridge, near, mean = (self._names[s] for s in encoder_signals(encoder.name))
        sentences = self._sentences[encoder.name]
        vector = sentences.centred(encoder.encode([both_ends(question.text, encoder.reads)]))[0]
        scores = np.stack([vector @ self.ridge[encoder.name], sentences.means @ vector])
        own = self._members.owners
        values[own, ridge], values[own, mean] = self._members.of_groups(scores)
        values[:, near] = values[:, mean]
        likely = values[:, ridge]
        n = min(NEAREST, len(likely))
        for candidate in np.argpartition(-likely, n - 1)[:n]:
            span = self._members.span(int(candidate))
            if span.stop > span.start:
                values[candidate, near] = (sentences.vectors[span] @ vector).max()

    def _rerank(self, normal: str, found: Evidence) -> None:
        """Letter by letter, the nearest phrase of each of the candidates that cosine ranks first."""
        by_cosine, column = found.values[:, self._names["cosine"]], self._names["ratio"]
        # one by one, which for a dozen takes less than arrays of them
        for candidate in (-by_cosine).argpartition(min(RERANKED, len(by_cosine)) - 1)[:RERANKED].tolist():
            near = self.nearest(found, candidate)
            if near >= 0 and found.cosines[near] > 0:
                found.values[candidate, column] = fuzz.ratio(normal, self.phrases[near]) / 100


class _Sentences:
    """Vectors of all phrases, with what they have in common taken away, and the mean of each group."""

    def __init__(self, raw: Floats, groups: NDArray[np.int32]) -> None:
        self._common = raw.mean(0) if len(raw) else np.zeros(raw.shape[1:], np.float32)
        self.vectors = self.centred(raw)
        means = np.zeros((int(groups.max()) + 1 if len(groups) else 0, raw.shape[1]), np.float32)
        np.add.at(means, groups, self.vectors)
        self.means = unit(means)

    def centred(self, raw: Floats) -> Floats:
        """Vectors less the common one, of length 1: without this all E5 vectors are alike (cosines over 0.8)."""
        return unit(raw - self._common)


class _Members:
    """Which phrases and groups are whose; those of one candidate stand together, and who has phrases has groups."""

    def __init__(self, phrases: NDArray[np.int32], groups: NDArray[np.int32], size: int) -> None:
        """`phrases` and `groups` are the owners of each, ascending; `size` the number of candidates."""
        begins, group_begins = _begins(phrases), _begins(groups)
        self.owners = groups[group_begins]
        """Candidates that have any, ascending; shape (owners,)."""
        first = len(self.owners)
        self.columns = slice(first) if not first or self.owners[-1] == first - 1 else self.owners
        """The same as an index, the quicker one where the first ones have some and no other."""
        self._begins, self._group_begins = begins, group_begins
        self._spans = [slice(0, 0)] * size
        for owner, begin, end in zip(phrases[begins], begins, [*begins[1:], len(phrases)], strict=True):
            self._spans[owner] = slice(int(begin), int(end))

    def span(self, candidate: int) -> slice:
        """Where the phrases of a candidate stand."""
        return self._spans[candidate]

    def best(self, scores: Floats) -> Floats:
        """Highest score per owner of those of all phrases; shape (owners,)."""
        return np.asarray(np.maximum.reduceat(scores, self._begins)) if len(self.owners) else scores

    def of_groups(self, scores: Floats) -> Floats:
        """Highest per owner of scores of shape (n, groups); shape (n, owners)."""
        return np.asarray(np.maximum.reduceat(scores, self._group_begins, axis=1)) if len(self.owners) else scores


def _begins(owners: NDArray[np.int32]) -> NDArray[np.intp]:
    return np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]]) if len(owners) else np.zeros(0, np.intp)


_NOBODY = np.zeros(0, np.int32)
