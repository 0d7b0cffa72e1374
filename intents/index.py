"""The inverted index: character n-grams of every phrase, and what the phrases of one entry share.

Two views of the same grams: each phrase as a TF-IDF vector (which stored sentence is near?), and each group of
phrases pooled as one BM25 document (which entry speaks of these things?). A group is an entry, or one domain of
the background. All scores are dense arrays, so that ties are broken by position and nothing depends on hashing.

The postings of a gram stand together, those of its phrases before those of its groups, so that all texts of a question
are looked up at once and one sparse product gives everything. tests/intents/test_index.py holds it against dictionaries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intents import bm25
from intents.grams import Counted, Floats, Ints, Keys, changes, counted, joint_keys
from intents.sums import add_columns

COMMON = 0.1
"""Share of the phrases above which a gram is passed over in scoring."""
_NO_GRAM = np.int64(2**63 - 1)
_LEAST = 1e-9
_DAMPED = np.concatenate([[0], 1 + np.log(np.arange(1, 4097))]).astype(np.float32)
"""What so many occurrences of a gram in a text count; more than are listed count as the last."""


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
    """Share of the first text's two-character grams that any phrase has, 0 to 1: how much of it is known ground."""


class GramIndex:
    """Grams of all phrases. `groups[i]` is the group of phrase i; phrases of a group stand together.

    Documents of `scores`: phrases, then groups.
    """

    def __init__(
        self, phrases: Sequence[str], groups: Sequence[int] | Ints, parts: Mapping[str, NDArray[Any]] | None = None
    ) -> None:
        """`phrases` are what questions are compared with, in the wording of `Normalizer.concepts`; `parts` those of an index of the
        same phrases (`parts`), which then need not be made."""
        self.groups = np.asarray(groups, np.int32)
        self.size, self.n_groups = len(phrases), int(self.groups.max()) + 1 if len(groups) else 0
        self._keys: Keys
        """The keys of all grams, ascending; behind them one that no gram has."""
        self.idf: Floats
        """Shape (grams,)."""
        self.group_idf: Floats
        self._docs: Ints
        self._values: Floats
        self._steps: Ints
        """Spans of a gram as `sums.add_columns` takes them: its groups, nothing, its phrases; shape (grams, 4)."""
        if parts is None:
            self._make(counted(phrases))
        else:
            self._keys, self.idf, self.group_idf = parts["keys"], parts["idf"], parts["group_idf"]
            self._docs, self._values, self._steps = parts["docs"], parts["values"], parts["steps"]

    def parts(self) -> dict[str, NDArray[Any]]:
        """What an index of the same phrases can be made of without counting anything."""
        return {
            "keys": self._keys, "idf": self.idf, "group_idf": self.group_idf,
            "docs": self._docs, "values": self._values, "steps": self._steps,
        }  # fmt: skip

    def _make(self, found: Counted) -> None:
        n, v = self.size, len(found.vocabulary)
        self._keys = np.append(found.vocabulary, _NO_GRAM)
        frequency = np.bincount(found.numbers, minlength=v)
        self.idf = np.asarray(np.log((1 + n) / (1 + frequency)) + 1, np.float32)
        weights = (1 + np.log(found.counts.astype(np.float32))) * self.idf[found.numbers]
        norms = np.sqrt(np.bincount(found.rows, weights * weights, n))
        weights = np.asarray(weights / np.maximum(norms[found.rows], _LEAST), np.float32)
        self._post(found, weights, frequency <= max(int(n * COMMON), 16))

    def _post(self, found: Counted, weights: Floats, rare: NDArray[np.bool_]) -> None:
        """The postings of each gram, those of its phrases before those of its groups, and where they stand."""
        v, kept = len(self.idf), rare[found.numbers]
        cols, group, pooled_cols, pooled = found.numbers[kept], *self._pool(found)
        own, of_groups = np.bincount(cols, minlength=v), np.bincount(pooled_cols, minlength=v)
        ends = np.cumsum(own + of_groups)
        # both ascend by gram and by document: each moves on by as many as the other has before it
        at = np.arange(len(cols)) + (np.cumsum(of_groups) - of_groups)[cols]
        pooled_at = np.arange(len(pooled_cols)) + np.cumsum(own)[pooled_cols]
        self._docs, self._values = (
            np.empty(len(cols) + len(pooled), np.int32),
            np.empty(len(cols) + len(pooled), np.float32),
        )
        self._docs[at], self._docs[pooled_at] = found.rows[kept], self.size + group
        self._values[at], self._values[pooled_at] = weights[kept], pooled
        middles, begins = ends - of_groups, ends - of_groups - own
        self._steps = np.stack([middles, ends, begins, middles], axis=1).astype(np.int32)

    def _pool(self, found: Counted) -> tuple[Ints, Ints, Floats]:
        """(group, gram, BM25 weight) of every gram of every group, ascending by gram."""
        g, owners = self.n_groups, self.groups[found.rows]
        firsts = np.flatnonzero(changes(found.numbers) | changes(owners))
        col, owner, counts = found.numbers[firsts], owners[firsts], found.counts.astype(np.float32)
        pooled = np.add.reduceat(counts, firsts) if len(firsts) else counts
        frequency = np.bincount(col, minlength=len(self.idf))
        self.group_idf = bm25.rarity(g, frequency).astype(np.float32)
        length = np.asarray(np.bincount(owner, pooled, g), np.float32)
        length /= max(float(length.mean()), _LEAST) if g else 1
        return owner, col, (bm25.saturated(pooled, length[owner]) * self.group_idf[col]).astype(np.float32)

    def asked(self, *texts: str) -> Asked:
        """What the index knows of some texts in the wording of its phrases."""
        owners, columns, counts, coverage = self._looked_up(texts)
        weights, informing, n = self.idf.take(columns), self.group_idf.take(columns), len(texts)
        if counts.max(initial=1) > 1:
            weights *= _DAMPED.take(counts, mode="clip")
        weights /= np.sqrt(np.maximum(np.bincount(owners, weights * weights, n), _LEAST)).take(owners)
        information = np.maximum(np.bincount(owners, informing, n), _LEAST)
        informing = (1 / information).astype(np.float32).take(owners)
        return Asked(columns, weights, informing, owners.searchsorted(range(1, n + 1)).tolist(), coverage)

    def _looked_up(self, texts: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], float]:
        """The grams of some texts that have a number here: for each the text, the number and how often it is there; ascending.

        And `Asked.coverage`.
        """
        keys, pairs, triples = joint_keys(texts)
        places = self._keys.searchsorted(keys)
        known = self._keys.take(places) == keys
        length = len(texts[0])
        inner = slice(1 + pairs, pairs + length) if length > 1 else slice(1, 1 + length)
        coverage = np.count_nonzero(known[inner]) / max(inner.stop - inner.start, 1)
        v, begin = len(self._keys) - 1, 0
        for text in texts[:-1]:
            begin += len(text) + 2
            for later in (places[begin:pairs], places[begin + pairs : triples], places[begin + triples :]):
                later += v
        found = places[known]
        found.sort()
        new = np.ones(len(found) + 1, bool)
        np.not_equal(found[1:], found[:-1], out=new[1:-1])
        bounds = new.nonzero()[0]
        firsts, counts = found[bounds[:-1]], bounds[1:] - bounds[:-1]
        if len(texts) == 1:
            return np.zeros(len(firsts), np.intp), firsts, counts, coverage
        owners, columns = np.divmod(firsts, max(v, 1))
        return owners, columns, counts, coverage

    def scores(self, asked: Asked) -> Floats:
        """Of every document for the first text: cosine with a phrase, BM25 of a group per unit of the text's own information."""
        end = asked.ends[0]
        factors = np.zeros((end, 4), np.float32)
        factors[::-1, 0], factors[::-1, 2] = asked.informing[:end], asked.weights[:end]
        return self._added(self._steps.take(asked.columns[:end][::-1], axis=0), factors)

    def pooled_scores(self, asked: Asked) -> Floats:
        """Of every group for the second text: BM25 alone."""
        begin = asked.ends[0]
        factors = np.zeros((len(asked.columns) - begin, 2), np.float32)
        factors[::-1, 0] = asked.informing[begin:]
        return self._added(self._steps.take(asked.columns[begin:][::-1], axis=0)[:, :2], factors)[self.size :]

    def _added(self, steps: Ints, factors: Floats) -> Floats:
        out = np.zeros(self.size + self.n_groups, np.float32)
        if len(steps):
            add_columns(out, steps.ravel(), factors.ravel(), self._docs, self._values)
        return out
