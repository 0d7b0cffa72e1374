"""Questions of different entries that are too near: written twice, or nearer to another entry than to their own.

A stored question always finds its own entry, because an exact match comes before any ranking: a question put into the
wrong entry therefore never shows in use, it only drags its neighbours along. So each is asked as if it were not
stored: the nearest other question (TF-IDF cosine on character pairs and triples) should be one of its own entry.
Training the whole matcher once without each question would be the full answer and takes minutes; the nearest
neighbour is what its strongest signals rest on, and all of them together take about a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from rapidfuzz import fuzz

from intents.grams import SHIFT, grams_of
from intents.model import ASK, KnowledgeData
from intents.normalize import Normalizer

NEAR = 94
"""rapidfuzz ratio from which two questions count as the same."""
CANDIDATE = 0.55
"""Least cosine at which two questions are compared letter by letter."""
ELSEWHERE, MARGIN = 0.6, 0.25
"""A question is held to belong elsewhere from this cosine with another entry's, and this much above its own."""
LEAST = 6
"""Characters of a normal form; shorter ones are alike by chance."""
_ROWS = 1000
_COMMON = 0.02
"""Share of questions above which a gram says nothing."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A stored question: whose it is, which of the owner's, its words, and how it is looked up and compared."""

    owner: str
    number: int
    text: str
    plain: str
    form: str


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two questions that are too near; `same` when they are nearly the same words."""

    one: Phrase
    other: Phrase
    same: bool
    likeness: float
    """ratio 0 to 100 when `same`, else cosine 0 to 1."""


def phrases_of(base: KnowledgeData, normalizer: Normalizer) -> list[Phrase]:
    """Every stored question of the entries and of the questions asked back, in order."""
    return [
        Phrase(owner, i, q, normalizer.plain(q), normalizer(q))
        for owner, questions in base.owned()
        for i, q in enumerate(questions)
    ]


def same_forms(phrases: Sequence[Phrase]) -> list[tuple[Phrase, Phrase]]:
    """Questions of two owners that fold to the same text: only the first would ever be found."""
    seen: dict[str, Phrase] = {}
    found = []
    for phrase in phrases:
        first = seen.setdefault(phrase.plain, phrase)
        if first.owner != phrase.owner:
            found.append((first, phrase))
    return found


def overlaps(base: KnowledgeData, stored: Sequence[Phrase]) -> list[Overlap]:
    """Every overlap between entries, in order of the questions; declared pairs that are merely near are left out."""
    phrases = [p for p in stored if len(p.form) >= LEAST]
    if len(phrases) < 2:
        return []
    owners = {owner: i for i, owner in enumerate(dict.fromkeys(p.owner for p in phrases))}
    group = np.array([owners[p.owner] for p in phrases], np.int32)
    asked_back = np.array([p.owner.startswith(ASK) for p in phrases])
    vectors = _vectors([p.form for p in phrases])
    transposed = vectors.T.tocsr()
    found: list[Overlap] = []
    for start in range(0, len(phrases), _ROWS):
        near = (vectors[start : start + _ROWS] @ transposed).tocoo()
        me, other, cosine = near.row + start, near.col, near.data
        own = np.zeros(len(phrases), np.float32)
        kin = (group[me] == group[other]) & (me != other)
        np.maximum.at(own, me[kin], cosine[kin])
        alien = (group[me] != group[other]) & (cosine >= CANDIDATE)
        me, other, cosine = me[alien], other[alien], cosine[alien]
        elsewhere = (cosine >= np.maximum(ELSEWHERE, own[me] + MARGIN)) & ~asked_back[me] & ~asked_back[other]
        found += _chosen(me, other, cosine, elsewhere, phrases)
    declared = {frozenset((e.id, c.entry)) for e in base.entries.values() for c in e.confusable}
    named = _Named(base)
    return [o for o in found if o.same or not (frozenset((o.one.owner, o.other.owner)) in declared or named.apart(o))]


class _Named:
    """Questions that ask the same of different matters and say which: 公证怎么收费 and 律师怎么收费 are each where they belong."""

    def __init__(self, base: KnowledgeData) -> None:
        self._normalizer = Normalizer(base.lexicon)
        topics = {topic.id: topic.title for topic in base.topics}
        self._names = {
            e.id: self._pairs(self._normalizer(e.title)) | self._pairs(self._normalizer(topics.get(e.topic, "")))
            for e in base.entries.values()
        }

    def apart(self, overlap: Overlap) -> bool:
        """Whether what only one of them says is in the title of its own entry or topic; the question itself has the say, and the
        other only where that adds nothing of its own."""
        one, other = self._pairs(overlap.one.form), self._pairs(overlap.other.form)
        mine, theirs = one - other, other - one
        return bool(mine & self._names[overlap.one.owner] or (not mine and theirs & self._names[overlap.other.owner]))

    def _pairs(self, form: str) -> set[str]:
        """Pairs of neighbouring characters, every synonym replaced."""
        words = self._normalizer.concepts(form)
        return {words[i : i + 2] for i in range(len(words) - 1)}


def _chosen(
    me: NDArray[Any], other: NDArray[Any], cosine: NDArray[Any], elsewhere: NDArray[Any], phrases: Sequence[Phrase]
) -> Iterator[Overlap]:
    """Pairs of nearly the same words, each once; of those nearer elsewhere the nearest of each question."""
    told: set[int] = set()
    for at in np.lexsort((other, -cosine, me)):
        one, two = int(me[at]), int(other[at])
        likeness = fuzz.ratio(phrases[one].form, phrases[two].form, score_cutoff=NEAR)
        if likeness and one < two:
            yield Overlap(phrases[one], phrases[two], True, likeness)
        elif not likeness and elsewhere[at] and one not in told:
            told.add(one)
            yield Overlap(phrases[one], phrases[two], False, float(cosine[at]))


def _vectors(forms: Sequence[str]) -> scipy.sparse.csr_matrix:
    """TF-IDF rows of length 1 over character pairs and triples; the commonest grams left out."""
    keys, at, _ = grams_of(forms)
    longer = keys >> SHIFT > 0
    found, gram = np.unique(keys[longer], return_inverse=True)
    at = at[longer]
    frequency = np.bincount(gram, minlength=len(found))
    kept = frequency[gram] <= max(len(forms) * _COMMON, 8)
    at, gram = at[kept], gram[kept]
    weights = (np.log((1 + len(forms)) / (1 + frequency[gram])) + 1).astype(np.float32)
    norms = np.sqrt(np.bincount(at, weights * weights, len(forms)))
    weights /= np.maximum(norms[at], 1e-9).astype(np.float32)
    shape = (len(forms), len(found))
    return scipy.sparse.csr_matrix((weights, (at, gram)), shape=shape, dtype=np.float32)
