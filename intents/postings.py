"""The index for large bases: grams of one to three characters in flat arrays, searched rarest first.

A search adds up the postings of the rarest grams, at most `budget` of them, takes the phrases that lead and computes their
cosines exactly from a forward table. What was left out can score at most `last + rest`, where `rest` bounds the grams not
read: `Found.certain` says whether that could still beat the best. The cost of a question hardly grows with the number of
phrases, since rare grams stay rare. A gram counts once a phrase. tests/intents/test_postings.py holds it against a scan.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intents.bm25 import K1, B, rarity
from intents.grams import CHUNK, Floats, Ints, Keys, Progress, gram_keys, grams_of
from intents.sums import add_up

LEADING = 256
"""Phrases whose cosines are computed exactly."""
BUDGET, BUDGET_SHARE = 15_000, 0.2
"""Most postings that one question reads: this many, or this share of the number of phrases where that is more."""
_SHARES = (0.5, 0.25, 0.0)
"""Parts of the highest sum down to which leading phrases are looked for, so that few of a million are sorted."""


@dataclass(frozen=True)
class Found:
    """The nearest phrases of a question, best first; ties by position."""

    phrases: Ints
    cosines: Floats
    certain: bool
    """Whether no phrase outside can be nearer than the first."""


@dataclass(frozen=True)
class Asked:
    """A question's known grams: columns in ascending order, and their TF-IDF weights, of length 1 in the whole."""

    columns: Ints
    weights: Floats


class LargeIndex:
    """Grams of all phrases; phrases of one group stand together. Immutable after construction, safe to share."""

    def __init__(self, phrases: Sequence[str], groups: Ints, progress: Progress | None = None) -> None:
        """`phrases` are normal forms, `groups` (phrases,) ascending group numbers."""
        self.size = len(phrases)
        self.groups = np.asarray(groups, np.int32)
        self.n_groups = int(self.groups[-1]) + 1 if self.size else 0
        self.budget = max(BUDGET, int(self.size * BUDGET_SHARE))
        keys, rows = grams_of(phrases, progress)[:2]
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        firsts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, np.int64)
        self.vocabulary: Keys = keys[firsts]
        self.starts = np.r_[firsts, len(keys)].astype(np.int64)
        del keys
        self.docs = rows[order]
        frequency = np.diff(self.starts)
        self.idf: Floats = (np.log((1 + self.size) / (1 + frequency)) + 1).astype(np.float32)
        columns = np.empty(len(order), np.int32)
        columns[order] = np.repeat(np.arange(len(frequency), dtype=np.int32), frequency)
        del order
        self.columns = columns
        self.forward = np.r_[0, np.cumsum(np.bincount(rows, minlength=self.size))].astype(np.int64)
        self.scale: Floats = _inverse(np.sqrt(self._squares(rows)))
        del rows
        self.values: Floats = self.scale[self.docs]
        self.most: Floats = np.maximum.reduceat(self.values, firsts) if len(firsts) else self.idf
        self._pool()
        # work arrays, all zero between questions and used under the lock
        self._lock = threading.Lock()
        self._sums = np.zeros(self.size, np.float32)
        self._table = np.zeros(len(firsts), np.float32)

    def _squares(self, rows: Ints) -> NDArray[np.float64]:
        """Sum of the squared weights of each phrase; in parts, since both arguments of bincount are copied in double width."""
        found = np.zeros(self.size)
        for start in range(0, self.size, CHUNK):
            stop = min(start + CHUNK, self.size)
            part = slice(self.forward[start], self.forward[stop])
            weights = self.idf[self.columns[part]]
            found[start:stop] = np.bincount(rows[part] - start, weights * weights, stop - start)
        return found

    def _pool(self) -> None:
        """The phrases of each group together as one BM25 document: for each gram the groups that have it, and weights."""
        g, v = self.n_groups, len(self.vocabulary)
        owners = self.groups[self.docs]
        new = np.ones(len(owners), bool)
        np.not_equal(owners[1:], owners[:-1], out=new[1:])
        new[self.starts[:-1]] = True
        frequency = np.add.reduceat(new, self.starts[:-1], dtype=np.int64) if v else np.zeros(0, np.int64)
        self.group_idf: Floats = rarity(g, frequency).astype(np.float32)
        length = np.diff(self.forward[np.searchsorted(self.groups, np.arange(g + 1))]).astype(np.float32)
        length /= max(float(length.mean()), 1e-9) if g else 1
        # what is not needed any more goes at once: here the memory of building has its peak
        at = np.flatnonzero(new).astype(np.int32)
        self.pooled_groups: Ints = owners[at]
        tf = np.diff(at, append=np.int32(len(owners))).astype(np.float32)
        del owners, new, at
        tf *= (K1 + 1) / (tf + K1 * (1 - B + B * length[self.pooled_groups]))
        self.pooled: Floats = tf * np.repeat(self.group_idf, frequency)
        self.pooled_starts = np.r_[0, np.cumsum(frequency)].astype(np.int64)

    def asked(self, text: str) -> Asked:
        """The grams of a normal form that the index knows."""
        keys = np.unique(gram_keys(text))
        if not len(self.vocabulary):
            return Asked(np.zeros(0, np.int32), np.zeros(0, np.float32))
        at = np.minimum(np.searchsorted(self.vocabulary, keys), len(self.vocabulary) - 1)
        known = self.vocabulary[at] == keys
        columns = at[known].astype(np.int32)
        weights = self.idf[columns]
        norm = float(np.sqrt(weights @ weights))
        return Asked(columns, weights / norm if norm else weights)

    def coverage(self, text: str) -> float:
        """Share of the text's two-character grams that any phrase has, 0 to 1."""
        inner = gram_keys(text)[len(text) + 1 : 2 * len(text)]
        if not len(inner) or not len(self.vocabulary):
            return 0.0
        at = np.minimum(np.searchsorted(self.vocabulary, inner), len(self.vocabulary) - 1)
        return float((self.vocabulary[at] == inner).mean())

    def nearest(self, asked: Asked, most: int = LEADING) -> Found:
        """At most `most` phrases, nearest by cosine first."""
        lengths = self.starts[asked.columns + 1] - self.starts[asked.columns]
        order = np.argsort(lengths, kind="stable")
        bounds = (asked.weights * self.idf[asked.columns] * self.most[asked.columns])[order]
        rest = np.r_[np.cumsum(bounds[::-1])[::-1], 0]
        n = max(int(np.searchsorted(np.cumsum(lengths[order]), self.budget, "right")), 1)
        leading, last = self._leading(asked, order[:n], most)
        cosines = self.cosines(asked, leading)
        certain = n >= len(order) or float(cosines.max(initial=0)) >= last + float(rest[n])
        ranked = np.lexsort((leading, -cosines))
        return Found(leading[ranked].astype(np.int32), cosines[ranked], certain)

    def _leading(self, asked: Asked, chosen: NDArray[np.int64], most: int) -> tuple[Ints, float]:
        """Phrases with the highest sums over some grams, and the highest sum of those left out."""
        if not len(chosen):
            return np.zeros(0, np.int32), 0.0
        chosen = np.sort(chosen)
        columns = asked.columns[chosen]
        begins = self.starts[columns]
        ends = np.minimum(self.starts[columns + 1], begins + self.budget)
        factors = asked.weights[chosen] * self.idf[columns]
        with self._lock:
            sums = self._sums
            add_up(sums, begins, ends, factors, self.docs, self.values)
            found, least = _highest(sums, most)
            scores = sums[found]
            sums.fill(0)
        if len(found) <= most:
            return found.astype(np.int32), least
        top = np.argpartition(-scores, most)
        return found[top[:most]].astype(np.int32), float(scores[top[most]])

    def cosines(self, asked: Asked, phrases: Ints) -> Floats:
        """Exact cosines of a question with some phrases; shape (phrases,)."""
        at, row = spans(self.forward[phrases], self.forward[phrases + 1])
        found = self._looked_up(asked.columns, asked.weights * self.idf[asked.columns], self.columns[at])
        return (np.bincount(row, found, len(phrases)) * self.scale[phrases]).astype(np.float32)

    def bm25(self, asked: Asked) -> Floats:
        """BM25 of the question with every group, per unit of its own information; shape (groups,)."""
        out = np.zeros(self.n_groups, np.float32)
        total = float(self.group_idf[asked.columns].sum())
        if total:
            begins, ends = self.pooled_starts[asked.columns], self.pooled_starts[asked.columns + 1]
            factors = np.full(len(begins), 1 / total, np.float32)
            add_up(out, begins, ends, factors, self.pooled_groups, self.pooled)
        return out

    def _looked_up(self, columns: Ints, weights: Floats, wanted: Ints) -> Floats:
        """The weight of each wanted column, 0 where the question lacks it."""
        with self._lock:
            table = self._table
            table[columns] = weights
            found = table[wanted]
            table[columns] = 0
        return found


def _highest(sums: Floats, most: int) -> tuple[NDArray[np.intp], float]:
    """Where the sums are high, `most` of them or more if that many are positive, and what the others do not exceed."""
    highest = float(sums.max(initial=0))
    for share in _SHARES:
        found = (sums > share * highest).nonzero()[0]
        if len(found) >= most:
            return found, share * highest
    return found, 0.0


def spans(begin: NDArray[np.int64], end: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All positions of the half-open spans, one after the other, and the number of the span each is of."""
    lengths = end - begin
    row = np.repeat(np.arange(len(begin)), lengths)
    offset = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) + (begin - offset)[row], row


def _inverse(norms: NDArray[np.float64]) -> Floats:
    return (1 / np.maximum(norms, 1e-9)).astype(np.float32)
