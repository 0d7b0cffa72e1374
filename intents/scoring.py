"""The signals: for one question, one number for every candidate from each way of comparing.

| signal   | what it compares                                   | good at                       | bad at               |
|----------|----------------------------------------------------|-------------------------------|----------------------|
| linear   | ridge regression on character grams                | words that tell entries apart | unseen words         |
| bm25     | grams of all an entry's phrases together           | mixed wordings, long texts    | very short questions |
| cosine   | the nearest single phrase, TF-IDF grams            | near copies                   | paraphrase           |
| ratio    | the nearest phrase, rapidfuzz `ratio` (edits)      | word order, typos             | long stories         |
| partial  | the nearest phrase inside the question             | a question inside a story     | two-character words  |
| focus_*  | linear and bm25 on the asking clause alone         | story first, question last    | subject in the story |
| against  | the nearest not_question                           | declared near misses          | (only where written) |
| aspect   | the question's aspect (fee, time ...) is the entry's | 多少钱, 要带什么            | entries without one  |
| unknown  | share of the question never seen, for the background | other subjects              | typos                |
| <enc>    | ridge regression on centred sentence vectors       | paraphrase, lay words         | numbers, negation    |
| <enc>_near | the nearest phrase of an entry by these vectors  | one odd phrasing              | broad entries        |
| <enc>_mean | the mean of an entry's vectors                   | the subject of a long story   | entries of two kinds |

`ratio` and `partial` are computed for the nearest phrase of the candidates that `cosine` ranks first; `partial` counts only phrases of at
least PARTIAL_LENGTH characters, because partial scores of two-character phrases are 100 for almost anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from intents import linear
from intents.encoder import Encoder, unit
from intents.focus import both_ends
from intents.index import Floats, GramIndex
from intents.model import KnowledgeData
from intents.normalize import Normalizer
from intents.phrases import Phrases, Question, is_background

RERANKED = 24
"""Candidates whose nearest phrase is compared letter by letter."""
NEAREST = 24
"""Candidates whose phrases are compared by sentence vectors."""
PARTIAL_LENGTH = 6
FIRST = ("linear", "bm25", "cosine", "unknown")
"""The cheapest signals; where they are sure, nothing else is computed."""
LEXICAL = (
    *FIRST,
    "ratio",
    "partial",
    "focus_linear",
    "focus_bm25",
    "concept_linear",
    "concept_bm25",
    "concept_cosine",
    "against",
    "aspect",
)


def encoder_signals(name: str) -> tuple[str, str, str]:
    """The three signals of a sentence encoder."""
    return name, f"{name}_near", f"{name}_mean"


@dataclass(frozen=True)
class Evidence:
    """Signals of one question: `values[c, s]` for candidate c and signal s; filled in step by step."""

    values: Floats
    cosines: Floats
    """Of every phrase."""


class Scorer(Phrases):
    """Everything learnt from one knowledge base that signals need."""

    def __init__(
        self,
        knowledge: KnowledgeData,
        normalizer: Normalizer,
        encoders: Sequence[Encoder] = (),
        held_out: frozenset[int] = frozenset(),
        weights: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        """`held_out` are phrase numbers to leave out, for cross-validation; `weights` are linear weights from a cache."""
        super().__init__(knowledge, normalizer, held_out)
        self.index = GramIndex(self.phrases, self.groups)
        self.concepts = GramIndex([normalizer.concepts(p) for p in self.phrases], self.groups)
        self._reduce = _Reducer(self.group_owner[self.groups], len(self.candidates))
        self._owners = _Reducer(self.group_owner, len(self.candidates))
        self.encoders = tuple(encoders)
        self.signals: tuple[str, ...] = LEXICAL + tuple(s for e in self.encoders for s in encoder_signals(e.name))
        self._names = {s: i for i, s in enumerate(self.signals)}
        self.linear: dict[str, NDArray[Any]] = dict(weights or {})
        self._sentences: dict[str, _Sentences] = {}
        self._learn()
        self._background = is_background(self.candidates) > 0

    def _learn(self) -> None:
        self.has_linear = 0 < len(self.phrases) <= linear.MAX_PHRASES
        if self.has_linear and "linear" not in self.linear:
            self.linear["linear"] = linear.fit_grams(self.index)
        if self.has_linear and "concept" not in self.linear:
            self.linear["concept"] = linear.fit_grams(self.concepts)
        for encoder in self.encoders:
            found = _Sentences(encoder.encode([both_ends(q, encoder.reads) for q in self.originals]), self.groups)
            self._sentences[encoder.name] = found
            if encoder.name not in self.linear:
                self.linear[encoder.name] = linear.fit_vectors(found.vectors, self.groups)

    def evidence(self, question: Question) -> Evidence:
        """All signals of one question."""
        found = self.first(question)
        self.add_lexical(question, found)
        for encoder in self.encoders:
            self.add_sentence(encoder, question, found.values)
        return found

    def first(self, question: Question) -> Evidence:
        """The signals of FIRST, which cost least; the others stay 0."""
        index, names = self.index, self._names
        values = np.zeros((len(self.candidates), len(self.signals)), np.float32)
        ids = index.ids(question.normal)
        weights = index.query_weights(ids)
        cosines = index.cosine(ids, weights)
        values[:, names["linear"]] = self._gram_linear(ids, weights)
        values[:, names["bm25"]] = self._owners.max(index.bm25(ids))
        values[:, names["cosine"]] = self._reduce.max(cosines)
        values[self._background, names["unknown"]] = 1 - index.coverage(question.normal, ids)
        return Evidence(values, cosines)

    def add_lexical(self, question: Question, found: Evidence) -> None:
        """Fill in the other signals that need no encoder, in place."""
        values, names = found.values, self._names
        self._concepts(question.normal, values, names)
        self._rerank(question.normal, found, names)
        self._focus(question, values, names)
        self._rules(question, values, names)

    def nearest(self, found: Evidence, candidate: int) -> int:
        """Index of the stored phrase of a candidate that cosine puts nearest, the first of equals; -1 without any."""
        span = self._reduce.span(candidate)
        return span.start + int(found.cosines[span].argmax()) if span.stop > span.start else -1

    def add_sentence(self, encoder: Encoder, question: Question, values: Floats) -> None:
        """Fill in one encoder's signals of `values`, in place.

        The nearest phrase is looked for only in the candidates that rank first so far; the others keep their mean.
        """
        ridge, near, mean = (self._names[s] for s in encoder_signals(encoder.name))
        sentences = self._sentences[encoder.name]
        vector = sentences.centred(encoder.encode([both_ends(question.text, encoder.reads)]))[0]
        values[:, ridge] = self._owners.max(vector @ self.linear[encoder.name])
        values[:, mean] = values[:, near] = self._owners.max(sentences.means @ vector)
        likely = values[:, ridge] + values[:, self._names["linear"]]
        n = min(NEAREST, len(likely))
        for candidate in np.argpartition(-likely, n - 1)[:n]:
            span = self._reduce.span(int(candidate))
            if span.stop > span.start:
                values[candidate, near] = (sentences.vectors[span] @ vector).max()

    def _gram_linear(self, ids: dict[int, int], weights: Sequence[float], concepts: bool = False) -> Floats:
        """Ridge scores of a question's grams, 0 for every candidate where nothing was learnt of them."""
        index = self.concepts if concepts else self.index
        at = index.shared[list(ids)] if ids and self.has_linear else np.zeros(0, np.int32)
        known = at >= 0
        if not known.any():
            return np.zeros(len(self.candidates), np.float32)
        rows = linear.unpack(self.linear["concept" if concepts else "linear"][at[known]])
        return self._owners.max(np.asarray(weights, np.float32)[known] @ rows)

    def _concepts(self, normal: str, values: Floats, names: Mapping[str, int]) -> None:
        """The same comparisons on the text with synonyms folded together."""
        index = self.concepts
        ids = index.ids(self.normalizer.concepts(normal))
        weights = index.query_weights(ids)
        values[:, names["concept_linear"]] = self._gram_linear(ids, weights, concepts=True)
        values[:, names["concept_bm25"]] = self._owners.max(index.bm25(ids))
        values[:, names["concept_cosine"]] = self._reduce.max(index.cosine(ids, weights))

    def _rerank(self, normal: str, found: Evidence, names: Mapping[str, int]) -> None:
        """Letter by letter, the nearest phrase of each of the candidates that cosine ranks first."""
        values = found.values
        cosines = values[:, names["cosine"]]
        n = min(RERANKED, len(cosines))
        best = [int(c) for c in np.argpartition(-cosines, n - 1)[:n] if cosines[c] > 0]
        if not best or not normal:
            return
        near = [self.phrases[self.nearest(found, c)] for c in best]
        ratio = process.cdist([normal], near, scorer=fuzz.ratio, dtype=np.float32)[0] / 100
        values[best, names["ratio"]] = ratio
        if len(normal) > PARTIAL_LENGTH:
            long = np.array([len(p) >= PARTIAL_LENGTH for p in near])
            partial = process.cdist([normal], near, scorer=fuzz.partial_ratio, dtype=np.float32)[0] / 100
            values[np.array(best)[long], names["partial"]] = partial[long]

    def _focus(self, question: Question, values: Floats, names: Mapping[str, int]) -> None:
        if not question.focus:
            values[:, names["focus_linear"]] = values[:, names["linear"]]
            values[:, names["focus_bm25"]] = values[:, names["bm25"]]
            return
        ids = self.index.ids(question.focus)
        values[:, names["focus_linear"]] = self._gram_linear(ids, self.index.query_weights(ids))
        values[:, names["focus_bm25"]] = self._owners.max(self.index.bm25(ids))

    def _rules(self, question: Question, values: Floats, names: Mapping[str, int]) -> None:
        if self.against:
            ratios = process.cdist([question.normal], self.against, scorer=fuzz.ratio, dtype=np.float32)[0] / 100
            np.maximum.at(values[:, names["against"]], self.against_owner, ratios)
        for position, aspect in self.aspect_of:
            if aspect in question.aspects:
                values[position, names["aspect"]] = 1


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


class _Reducer:
    """Maximum over the members of each candidate; members of one candidate stand together."""

    def __init__(self, owners: NDArray[np.int32], size: int) -> None:
        self.size = size
        self.starts = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]]) if len(owners) else np.zeros(0, int)
        self.owners = owners[self.starts] if len(owners) else owners
        self.spans = [slice(0, 0)] * size
        ends = np.r_[self.starts[1:], len(owners)]
        for owner, begin, end in zip(self.owners.tolist(), self.starts.tolist(), ends.tolist(), strict=True):
            self.spans[owner] = slice(begin, end)

    def span(self, candidate: int) -> slice:
        """Where the members of a candidate stand."""
        return self.spans[candidate]

    def max(self, values: Floats) -> Floats:
        """Highest value per candidate, 0 where a candidate has no member; shape (candidates,)."""
        out = np.zeros(self.size, np.float32)
        if len(self.starts):
            out[self.owners] = np.maximum.reduceat(values, self.starts)
        return out
