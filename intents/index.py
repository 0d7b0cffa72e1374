"""The inverted index: character n-grams of every phrase, and what the phrases of one entry share.

Two views of the same grams: each phrase as a TF-IDF vector (which stored sentence is near?), and each group of
phrases pooled as one BM25 document (which entry speaks of these things?). A group is an entry, or one domain of
the background. All scores are dense arrays, so that ties are broken by position and nothing depends on hashing.

Each phrase stands in it in two wordings, as typed and with synonyms folded together; a gram of the second is a gram of its
own. The postings of a gram stand together, those of its phrases before those of its groups, so that all texts of a
question are looked up at once and one sparse product gives everything. tests/intents/test_index.py holds it against dictionaries.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intents.grams import Floats, Ints, grams_of, key_list
from intents.sums import add_columns

COMMON = 0.1
"""Share of the documents above which a gram is passed over in scoring."""
SHARED = 2
"""A linear model learns only grams that this many phrases hold: two thirds stand in one phrase and tell it nothing new."""
_K1, _B = 1.2, 0.75
"""BM25's usual constants (Robertson and Zaragoza 2009)."""
CHUNK = 20_000
"""Grams that are given their number at a time."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The grams of some texts as the index knows them, text by text, each text's ascending."""

    columns: NDArray[np.intp]
    weights: Floats
    """TF-IDF weights, of length 1 in each text."""
    informing: Floats
    """For each gram 1 / the information (sum of BM25's idf) of its text."""
    ends: Sequence[int]
    """Where the grams of each text end."""
    coverage: float
    """Share of the second text's two-character grams that any phrase has, 0 to 1: how much of it is known ground."""


class GramIndex:
    """Grams of all phrases. `groups[i]` is the group of phrase i; phrases of a group stand together.

    Documents of `scores`: phrases and groups in folded wording, then phrases and groups as typed.
    """

    def __init__(
        self,
        phrases: Sequence[str],
        folded: Sequence[str],
        groups: Sequence[int] | Ints,
        parts: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        """`phrases` are normal forms, `folded` the same ones with every synonym replaced; of equal length.

        `parts` are those of an index of the same phrases (`parts`), which then need not be made; nothing can be learnt from such
        an index, its `rows`, `cols` and `weights` are empty.
        """
        self.groups = np.asarray(groups, np.int32)
        self.size, self.n_groups = len(phrases), int(self.groups.max()) + 1 if len(groups) else 0
        self._number: dict[int, int] = {}
        """The number of each gram by its key, folded ones inverted: ascending with the keys."""
        self.folded_grams: int
        """How many of the grams, the first, are of folded wordings."""
        self.idf: Floats
        self.group_idf: Floats
        self.shared: Ints
        """Number of a gram among those of SHARED phrases or more, -1 for a rarer one; shape (grams,)."""
        self._docs: Ints
        self._values: Floats
        self._steps: Ints
        """Spans of a gram as `sums.add_columns` takes them: its groups, nothing, its phrases; shape (grams, 4)."""
        self.rows: Ints
        self.cols: Ints
        self.weights: Floats
        if parts is None:
            self._make(phrases, folded)
        else:
            self._take(parts)

    def _take(self, parts: Mapping[str, NDArray[Any]]) -> None:
        self._number_all(parts["keys"])
        self.idf, self.group_idf, self.shared = parts["idf"], parts["group_idf"], parts["shared"]
        self._docs, self._values, self._steps = parts["docs"], parts["values"], parts["steps"]
        self.rows = self.cols = np.zeros(0, np.int32)
        self.weights = np.zeros(0, np.float32)
        self.folded_grams = int(np.searchsorted(parts["keys"], 0))

    def parts(self) -> dict[str, NDArray[Any]]:
        """What an index of the same phrases can be made of without counting anything."""
        return {
            "keys": self._keys(), "idf": self.idf, "group_idf": self.group_idf, "shared": self.shared,
            "docs": self._docs, "values": self._values, "steps": self._steps,
        }  # fmt: skip

    def _number_all(self, vocabulary: NDArray[np.int64]) -> None:
        for start in range(0, len(vocabulary), CHUNK):
            # not at once: no other thread runs meanwhile
            part = vocabulary[start : start + CHUNK].tolist()
            self._number.update(zip(part, range(start, start + len(part)), strict=True))

    def __getstate__(self) -> dict[str, Any]:
        """For another process: numbers are given again from the keys there, which is quicker than to bring them."""
        return {**vars(self), "_number": self._keys()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """The inverse."""
        vars(self).update(state, _number={})
        self._number_all(state["_number"])

    def _keys(self) -> NDArray[np.int64]:
        return np.fromiter(self._number, np.int64, len(self._number))

    def _make(self, phrases: Sequence[str], folded: Sequence[str]) -> None:
        typed, other = grams_of(phrases), grams_of(folded)
        keys = np.concatenate([~other.keys, typed.keys])
        self.rows = np.concatenate([other.rows, typed.rows])
        vocabulary, cols = np.unique(keys, return_inverse=True)
        self._number_all(vocabulary)
        self.cols = cols.astype(np.int32)
        self.folded_grams = int(np.searchsorted(vocabulary, 0))
        n, v = self.size, len(vocabulary)
        counts = np.concatenate([other.counts, typed.counts]).astype(np.float32)
        frequency = np.bincount(cols, minlength=v)
        self.idf = (np.log((1 + n) / (1 + frequency)) + 1).astype(np.float32)
        self.weights = self._weights(counts)
        shared = frequency >= SHARED
        self.shared = np.where(shared, np.cumsum(shared) - 1, -1).astype(np.int32)
        self._post(frequency <= max(int(n * COMMON), 16), counts)

    def shared_keys(self) -> NDArray[np.int64]:
        """The keys of the grams of SHARED phrases or more, those of folded wordings inverted; ascending."""
        return self._keys()[self.shared >= 0]

    def typed(self) -> NDArray[np.bool_]:
        """Which of `rows`, `cols` and `weights` are of wordings as typed."""
        return self.cols >= self.folded_grams

    def _weights(self, counts: Floats) -> Floats:
        weights = (1 + np.log(counts)) * self.idf[self.cols]
        document = self.rows + self.size * self.typed()
        norms = np.sqrt(np.bincount(document, weights * weights, 2 * self.size))
        return np.asarray(weights / np.maximum(norms[document], 1e-9), np.float32)

    def _post(self, rare: NDArray[np.bool_], counts: Floats) -> None:
        """The postings of each gram, those of its phrases before those of its groups, and where they stand."""
        v, typed_from = len(self.idf), self.size + self.n_groups
        kept = rare[self.cols]
        group, pooled_cols, pooled = self._pool(counts)
        docs = np.concatenate([self.rows[kept] + typed_from * self.typed()[kept], group])
        columns = np.concatenate([self.cols[kept], pooled_cols])
        order = np.lexsort((docs, columns))
        self._docs = docs[order].astype(np.int32)
        self._values = np.concatenate([self.weights[kept], pooled])[order]
        ends = np.cumsum(np.bincount(columns, minlength=v))
        middles, begins = ends - np.bincount(pooled_cols, minlength=v), ends - np.bincount(columns, minlength=v)
        self._steps = np.stack([middles, ends, begins, middles], axis=1).astype(np.int32)

    def _pool(self, counts: Floats) -> tuple[NDArray[np.int64], Ints, Floats]:
        """(document, gram, BM25 weight) of every gram of every group."""
        g, v = self.n_groups, max(len(self.idf), 1)
        owners = self.groups[self.rows].astype(np.int64) + g * self.typed()
        unique, inverse = np.unique(owners * v + self.cols, return_inverse=True)
        pooled = np.bincount(inverse, counts).astype(np.float32)
        owner, col = unique // v, (unique % v).astype(np.int32)
        frequency = np.bincount(col, minlength=len(self.idf))
        self.group_idf = np.log(1 + (g - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
        length = np.asarray(np.bincount(owner, pooled, 2 * g), np.float32).reshape(2, g)
        if g:
            length /= np.maximum(length.mean(1, keepdims=True), 1e-9)
        saturated = pooled * (_K1 + 1) / (pooled + _K1 * (1 - _B + _B * length.ravel()[owner]))
        document = owner + self.size * (1 + owner // max(g, 1))
        return document, col, (saturated * self.group_idf[col]).astype(np.float32)

    def asked(self, folded: str, *texts: str) -> Asked:
        """What the index knows of normal forms: the first in folded wording, the others as typed."""
        columns: list[int] = []
        repeated: list[tuple[int, int]] = []
        ends, coverage = [], 0.0
        for number, text in enumerate((folded, *texts)):
            keys = key_list(text)
            places = list(map(self._number.get, keys if number else [~key for key in keys]))
            if number == 1:
                coverage = _coverage(places, len(text))
            known = [place for place in places if place is not None]
            unique = sorted(set(known))
            if len(unique) < len(known):
                counts = Counter(known)
                repeated += [(len(columns) + i, counts[gram]) for i, gram in enumerate(unique) if counts[gram] > 1]
            columns += unique
            ends.append(len(columns))
        return self._weighed(np.array(columns, np.intp), repeated, ends, coverage)

    def _weighed(
        self, columns: NDArray[np.intp], repeated: Sequence[tuple[int, int]], ends: Sequence[int], coverage: float
    ) -> Asked:
        """`repeated` are places among the columns and how often the text has that gram."""
        weights, informing = self.idf[columns], self.group_idf[columns]
        for place, count in repeated:
            weights[place] *= 1 + math.log(count)
        begin = 0
        for end in ends:
            if end > begin:
                own = weights[begin:end]
                own /= math.sqrt(own @ own)
                informing[begin:end] = 1 / informing[begin:end].sum()
            begin = end
        return Asked(columns, weights, informing, ends, coverage)

    def scores(self, asked: Asked, begin: int = 0, end: int | None = None) -> Floats:
        """Of every document: cosine with a phrase, BM25 of a group per unit of the text's own information.

        For the grams from `begin` to `end`, which must ascend: those of one text, or of the first two together.
        """
        out = np.zeros(2 * (self.size + self.n_groups), np.float32)
        columns = asked.columns[begin:end]
        if len(columns):
            factors = np.zeros((len(columns), 4), np.float32)
            factors[::-1, 0], factors[::-1, 2] = asked.informing[begin:end], asked.weights[begin:end]
            add_columns(out, self._steps[columns[::-1]].ravel(), factors.ravel(), self._docs, self._values)
        return out


def _coverage(places: Sequence[int | None], length: int) -> float:
    """Share of the pairs inside a text that are known; of a single character, whether it is."""
    inner = places[length + 1 : 2 * length] if length > 1 else places[:length]
    return 1 - inner.count(None) / len(inner) if inner else 0.0
