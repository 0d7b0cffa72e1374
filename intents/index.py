"""The inverted index: character n-grams of every phrase, and what the phrases of one entry share.

Two views of the same grams: each phrase as a TF-IDF vector (which stored sentence is near?), and each group of
phrases pooled as one BM25 document (which entry speaks of these things?). A group is an entry, or one domain of
the background. All scores are dense arrays, so that ties are broken by position and nothing depends on hashing.

Each phrase stands in it in two wordings, as typed and with synonyms folded together; a gram of the second is a gram of its
own. The postings of a gram stand together, those of its phrases before those of its groups, so that all texts of a
question are looked up at once and one sparse product gives everything. tests/intents/test_index.py holds it against dictionaries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intents import bm25
from intents.grams import Floats, Ints, Keys, changes, counted, joint_keys
from intents.sums import add_columns

COMMON = 0.1
"""Share of the documents above which a gram is passed over in scoring."""
SHARED = 2
"""A linear model learns only grams that this many phrases hold: two thirds stand in one phrase and tell it nothing new."""
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
        self._keys: Keys
        """The keys of all grams in either wording, ascending; behind them one that no gram has. The gram of a key in folded
        wording has the same number, as typed one that is higher by the number of keys."""
        self.idf: Floats
        """0 for what stands in the other wording only; shape (grams,)."""
        self.group_idf: Floats
        self.shared: Ints
        """Number of a gram as typed among those of SHARED phrases or more, -1 for any other; shape (grams,)."""
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
        self._keys = parts["keys"]
        self.idf, self.group_idf, self.shared = parts["idf"], parts["group_idf"], parts["shared"]
        self._docs, self._values, self._steps = parts["docs"], parts["values"], parts["steps"]
        self._nothing_to_learn()

    def _nothing_to_learn(self) -> None:
        self.rows = self.cols = np.zeros(0, np.int32)
        self.weights = np.zeros(0, np.float32)

    def parts(self) -> dict[str, NDArray[Any]]:
        """What an index of the same phrases can be made of without counting anything."""
        return {
            "keys": self._keys, "idf": self.idf, "group_idf": self.group_idf, "shared": self.shared,
            "docs": self._docs, "values": self._values, "steps": self._steps,
        }  # fmt: skip

    def _make(self, phrases: Sequence[str], folded: Sequence[str]) -> None:
        n, found = self.size, counted([*folded, *phrases])
        v, typed = len(found.vocabulary), found.rows >= n
        self._keys = np.append(found.vocabulary, _NO_GRAM)
        self.cols = np.concatenate([found.numbers[~typed], found.numbers[typed] + np.int32(v)])
        self.rows = np.concatenate([found.rows[~typed], found.rows[typed] - np.int32(n)])
        counts = np.concatenate([found.counts[~typed], found.counts[typed]]).astype(np.float32)
        frequency = np.bincount(self.cols, minlength=2 * v)
        self.idf = np.where(frequency, np.log((1 + n) / (1 + frequency)) + 1, 0).astype(np.float32)
        self.weights = self._weights(counts)
        shared = frequency >= SHARED
        shared[:v] = False
        self.shared = np.where(shared, np.cumsum(shared) - 1, -1).astype(np.int32)
        self._post(frequency <= max(int(n * COMMON), 16), counts)

    @property
    def _typed_from(self) -> int:
        """The number of the first gram as typed: how many keys there are."""
        return len(self._keys) - 1

    def shared_keys(self) -> NDArray[np.int64]:
        """The keys of the grams of `shared`, ascending."""
        return self._keys[:-1][self.shared[self._typed_from :] >= 0]

    def number_anew(self, rows: NDArray[np.intp]) -> None:
        """Give each of the `shared` grams the row that weights learnt from other questions have for it, -1 for none. From then
        on nothing can be learnt from this index."""
        known = self.shared >= 0
        self.shared[known] = rows[self.shared[known]]
        self._nothing_to_learn()

    def typed(self) -> NDArray[np.bool_]:
        """Which of `rows`, `cols` and `weights` are of wordings as typed."""
        return self.cols >= self._typed_from

    def _weights(self, counts: Floats) -> Floats:
        weights = (1 + np.log(counts)) * self.idf[self.cols]
        document = self.rows + self.size * self.typed()
        norms = np.sqrt(np.bincount(document, weights * weights, 2 * self.size))
        return np.asarray(weights / np.maximum(norms[document], _LEAST), np.float32)

    def _post(self, rare: NDArray[np.bool_], counts: Floats) -> None:
        """The postings of each gram, those of its phrases before those of its groups, and where they stand."""
        v, kept = len(self.idf), rare[self.cols]
        cols, group, pooled_cols, pooled = self.cols[kept], *self._pool(counts)
        own, of_groups = np.bincount(cols, minlength=v), np.bincount(pooled_cols, minlength=v)
        ends = np.cumsum(own + of_groups)
        # both ascend by gram and by document: each moves on by as many as the other has before it
        at = np.arange(len(cols)) + (np.cumsum(of_groups) - of_groups)[cols]
        pooled_at = np.arange(len(pooled_cols)) + np.cumsum(own)[pooled_cols]
        self._docs, self._values = (
            np.empty(len(cols) + len(pooled), np.int32),
            np.empty(len(cols) + len(pooled), np.float32),
        )
        self._docs[at] = self.rows[kept] + (self.size + self.n_groups) * self.typed()[kept]
        self._docs[pooled_at] = group
        self._values[at], self._values[pooled_at] = self.weights[kept], pooled
        middles, begins = ends - of_groups, ends - of_groups - own
        self._steps = np.stack([middles, ends, begins, middles], axis=1).astype(np.int32)

    def _pool(self, counts: Floats) -> tuple[NDArray[np.int64], Ints, Floats]:
        """(document, gram, BM25 weight) of every gram of every group, ascending by gram."""
        g, owners = self.n_groups, self.groups[self.rows]
        firsts = np.flatnonzero(changes(self.cols) | changes(owners))
        col, owner = self.cols[firsts], owners[firsts] + g * self.typed()[firsts]
        pooled = np.add.reduceat(counts, firsts) if len(firsts) else counts
        frequency = np.bincount(col, minlength=len(self.idf))
        self.group_idf = np.where(frequency, bm25.rarity(g, frequency), 0).astype(np.float32)
        length = np.asarray(np.bincount(owner, pooled, 2 * g), np.float32).reshape(2, g)
        if g:
            length /= np.maximum(length.mean(1, keepdims=True), _LEAST)
        weights = bm25.saturated(pooled, length.ravel()[owner]) * self.group_idf[col]
        document = owner + self.size * (1 + owner // max(g, 1))
        return document, col, weights.astype(np.float32)

    def asked(self, folded: str, *texts: str) -> Asked:
        """What the index knows of normal forms: the first in folded wording, the others as typed."""
        v, n = self._typed_from, 1 + len(texts)
        same = folded == texts[0]
        owners, columns, counts, coverage = self._looked_up(texts if same else (folded, *texts), 0 if same else 1)
        second = owners.searchsorted(1)
        if same:
            # one text in both wordings
            owners = np.concatenate([owners[:second], owners + 1])
            columns = np.concatenate([columns[:second], columns + v])
            counts = np.concatenate([counts[:second], counts])
        else:
            columns[second:] += v
        weights, informing = self.idf.take(columns), self.group_idf.take(columns)
        if counts.max(initial=1) > 1:
            weights *= _DAMPED.take(counts, mode="clip")
        weights /= np.sqrt(np.maximum(np.bincount(owners, weights * weights, n), _LEAST)).take(owners)
        information = np.maximum(np.bincount(owners, informing, n), _LEAST)
        informing = (1 / information).astype(np.float32).take(owners)
        return Asked(columns, weights, informing, owners.searchsorted(range(1, n + 1)).tolist(), coverage)

    def _looked_up(
        self, texts: Sequence[str], typed: int
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], float]:
        """The grams of some texts that have a number here: for each the text, the number and how often it is there; ascending.

        And `Asked.coverage` of the text number `typed`.
        """
        keys, pairs, triples = joint_keys(texts)
        places = self._keys.searchsorted(keys)
        known = self._keys.take(places) == keys
        length, begin = len(texts[typed]), 1 + sum(len(text) + 2 for text in texts[:typed])
        inner = slice(begin + pairs, begin + pairs + length - 1) if length > 1 else slice(begin, begin + length)
        v, begin = self._typed_from, 0
        # what stands in folded wording only is not known as typed
        covered = np.count_nonzero(self.idf[places[inner][known[inner]] + v])
        for text in texts[:-1]:
            begin += len(text) + 2
            for later in (places[begin:pairs], places[begin + pairs : triples], places[begin + triples :]):
                later += v
        found = places[known]
        found.sort()
        new = np.ones(len(found) + 1, bool)
        np.not_equal(found[1:], found[:-1], out=new[1:-1])
        bounds = new.nonzero()[0]
        owners, columns = np.divmod(found[bounds[:-1]], max(v, 1))
        return owners, columns, bounds[1:] - bounds[:-1], covered / max(inner.stop - inner.start, 1)

    def scores(self, asked: Asked, begin: int = 0, end: int | None = None) -> Floats:
        """Of every document: cosine with a phrase, BM25 of a group per unit of the text's own information.

        For the grams from `begin` to `end`, which must ascend: those of one text, or of the first two together.
        """
        factors = np.zeros((len(asked.columns[begin:end]), 4), np.float32)
        factors[::-1, 0], factors[::-1, 2] = asked.informing[begin:end], asked.weights[begin:end]
        return self._added(self._steps.take(asked.columns[begin:end][::-1], axis=0), factors)

    def pooled_scores(self, asked: Asked, begin: int) -> Floats:
        """Of every group as typed: BM25 alone, for the grams from `begin` on, those of one text."""
        factors = np.zeros((len(asked.columns) - begin, 2), np.float32)
        factors[::-1, 0] = asked.informing[begin:]
        steps = self._steps.take(asked.columns[begin:][::-1], axis=0)[:, :2]
        return self._added(steps, factors)[2 * self.size + self.n_groups :]

    def _added(self, steps: Ints, factors: Floats) -> Floats:
        out = np.zeros(2 * (self.size + self.n_groups), np.float32)
        if len(steps):
            add_columns(out, steps.ravel(), factors.ravel(), self._docs, self._values)
        return out
