"""The inverted index: character n-grams of every phrase, and what the phrases of one entry share.

Two views of the same grams: each phrase as a TF-IDF vector (which stored sentence is near?), and each group of
phrases pooled as one BM25 document (which entry speaks of these things?). A group is an entry, or one domain of
the background. All scores are dense arrays, so that ties are broken by position and nothing depends on hashing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

GRAM_SIZES = (1, 2, 3)
COMMON = 0.1
"""Share of the documents above which a gram is passed over in scoring."""
SHARED = 2
"""A linear model learns only grams that this many phrases hold: two thirds stand in one phrase and tell it nothing new."""
_K1, _B = 1.2, 0.75
"""BM25's usual constants (Robertson and Zaragoza 2009)."""


def grams(text: str, sizes: Sequence[int] = GRAM_SIZES) -> list[str]:
    """Character n-grams of a normal form, in order, with repetitions; the ends count as characters."""
    framed = f"^{text}$"
    found = list(text) if 1 in sizes else []
    for n in sizes:
        if n > 1:
            found += [framed[i : i + n] for i in range(len(framed) - n + 1)]
    return found


@dataclass(frozen=True)
class Postings:
    """For each gram the documents that hold it, ascending, and its weight in each."""

    spans: Sequence[tuple[int, int]]
    """Where a gram's documents begin and end; Python's integers, because a question looks up forty of them."""
    docs: NDArray[np.intp]
    weights: Floats
    size: int
    """Number of documents."""
    most: int
    """Grams in more documents than this are passed over: they say little and cost most."""

    def scores(self, ids: Sequence[int], weights: Sequence[float]) -> Floats:
        """Sum of query weight x document weight over the given grams; shape (size,)."""
        lists, kept = [], []
        for gram, weight in zip(ids, weights, strict=True):
            begin, end = self.spans[gram]
            if end - begin <= self.most:
                lists.append(slice(begin, end))
                kept.append(weight)
        if not lists:
            return np.zeros(self.size, np.float32)
        values = np.concatenate([self.weights[s] for s in lists])
        values *= np.repeat(np.asarray(kept, np.float32), [s.stop - s.start for s in lists])
        docs = np.concatenate([self.docs[s] for s in lists])
        return np.bincount(docs, values, self.size).astype(np.float32)


class GramIndex:
    """Grams of all phrases. `groups[i]` is the group of phrase i; phrases of a group stand together."""

    def __init__(self, phrases: Sequence[str], groups: Sequence[int] | Ints) -> None:
        self.groups = np.asarray(groups, np.int32)
        self.n_groups = int(self.groups.max()) + 1 if len(groups) else 0
        self.vocabulary: dict[str, int] = {}
        rows, cols, counts = self._count(phrases)
        n, v = len(phrases), len(self.vocabulary)
        document_frequency = np.bincount(cols, minlength=v)
        self.idf: Floats = (np.log((1 + n) / (1 + document_frequency)) + 1).astype(np.float32)
        weights = (1 + np.log(counts)) * self.idf[cols]
        norms = np.sqrt(np.bincount(rows, weights * weights, n))
        weights = (weights / np.maximum(norms[rows], 1e-9)).astype(np.float32)
        self.rows, self.cols, self.weights = rows, cols, weights
        shared = document_frequency >= SHARED
        self.shared: Ints = np.where(shared, np.cumsum(shared) - 1, -1).astype(np.int32)
        """Number of a gram among those of SHARED phrases or more, -1 for a rarer one; shape (grams,)."""
        self.phrases = _postings(rows, cols, weights, n, v, max(int(n * COMMON), 16))
        self.group_idf, self.pooled = self._pool(rows, cols, counts, v)
        self._idf: list[float] = self.idf.tolist()
        self._group_idf: list[float] = self.group_idf.tolist()

    def _count(self, phrases: Sequence[str]) -> tuple[Ints, Ints, Floats]:
        vocabulary = self.vocabulary
        rows: list[int] = []
        cols: list[int] = []
        counts: list[int] = []
        for row, phrase in enumerate(phrases):
            seen: dict[int, int] = {}
            for gram in grams(phrase):
                key = vocabulary.setdefault(gram, len(vocabulary))
                seen[key] = seen.get(key, 0) + 1
            rows += [row] * len(seen)
            cols += seen.keys()
            counts += seen.values()
        return np.asarray(rows, np.int32), np.asarray(cols, np.int32), np.asarray(counts, np.float32)

    def _pool(self, rows: Ints, cols: Ints, counts: Floats, v: int) -> tuple[Floats, Postings]:
        g = self.n_groups
        keys = self.groups[rows].astype(np.int64) * v + cols
        unique, inverse = np.unique(keys, return_inverse=True)
        pooled = np.bincount(inverse, counts).astype(np.float32)
        group, col = (unique // max(v, 1)).astype(np.int32), (unique % max(v, 1)).astype(np.int32)
        frequency = np.bincount(col, minlength=v)
        idf = np.log(1 + (g - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
        length = np.bincount(group, pooled, g)
        mean = max(float(length.mean()), 1e-9) if g else 1.0
        saturated = pooled * (_K1 + 1) / (pooled + _K1 * (1 - _B + _B * length[group] / mean))
        return idf, _postings(group, col, (saturated * idf[col]).astype(np.float32), g, v, g)

    def ids(self, text: str) -> dict[int, int]:
        """Known grams of a normal form and how often each occurs, in order of first occurrence."""
        vocabulary = self.vocabulary
        found: dict[int, int] = {}
        for gram in grams(text):
            key = vocabulary.get(gram)
            if key is not None:
                found[key] = found.get(key, 0) + 1
        return found

    def query_weights(self, ids: dict[int, int]) -> list[float]:
        """TF-IDF weights of a question, of length 1 in the whole."""
        idf = self._idf
        weights = [(1.0 + (0.0 if n == 1 else math.log(n))) * idf[i] for i, n in ids.items()]
        norm = sum(w * w for w in weights) ** 0.5
        return [w / norm for w in weights] if norm else weights

    def cosine(self, ids: dict[int, int], weights: Sequence[float]) -> Floats:
        """Cosine of the question with every phrase; shape (phrases,)."""
        return self.phrases.scores(list(ids), weights)

    def bm25(self, ids: dict[int, int]) -> Floats:
        """BM25 of the question with every pooled group, per unit of its own information; shape (groups,)."""
        keys = list(ids)
        total = sum(self._group_idf[i] for i in keys)
        scores = self.pooled.scores(keys, [1.0] * len(keys))
        return scores / np.float32(total) if total else scores

    def coverage(self, text: str, ids: dict[int, int]) -> float:
        """Share of the question's two-character grams that any phrase has, 0 to 1: how much of it is known ground."""
        pairs = [g for g in grams(text, (2,)) if "^" not in g and "$" not in g]
        if not pairs:
            return 1.0 if ids else 0.0
        return sum(g in self.vocabulary for g in pairs) / len(pairs)


def _postings(docs: Ints, cols: Ints, weights: Floats, size: int, v: int, most: int) -> Postings:
    order = np.lexsort((docs, cols))
    ends = np.cumsum(np.bincount(cols, minlength=v))
    spans = list(zip((ends - np.bincount(cols, minlength=v)).tolist(), ends.tolist(), strict=True))
    return Postings(spans, docs[order].astype(np.intp), weights[order], size, most)
