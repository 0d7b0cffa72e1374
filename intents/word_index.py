"""BM25 of words: which group of stored questions speaks of the words that a question has?

What `intents.index` does with grams of characters, which also stand where no word is (“证处”). Words are those that rjieba cuts out of
the stored questions; a question is cut by looking for them, the longest at each place, which ranks as well and takes half the time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import rjieba
from numpy.typing import NDArray

from intents.bm25 import rarity, saturated
from intents.grams import Floats, Ints
from intents.sums import add_columns
from intents.words import Cutter

LEAST = 2
"""Stored questions that a word stands in: a word of one question tells no more of it than its grams do."""
_LEAST_INFORMATION = 1e-9


class WordIndex:
    """The words of all phrases of each group as one document."""

    def __init__(self, phrases: Sequence[str], groups: Ints, parts: Mapping[str, NDArray[Any]] | None = None) -> None:
        """`phrases` are normal forms with every synonym replaced, `groups` (phrases,) the group of each, ascending; `parts` those of an
        index of the same phrases (`parts`), which then need not be made."""
        self.n_groups = int(groups.max()) + 1 if len(groups) else 0
        self._words: NDArray[np.str_]
        self._steps: Ints
        """Span of each word as `sums.add_columns` takes it; shape (words, 2)."""
        self.idf: Floats
        self._groups: Ints
        self._values: Floats
        if parts is None:
            self._make(phrases, groups)
        else:
            self._words = parts["words"]
            self._cutter = Cutter(self._words.tolist())
            self._steps, self.idf = parts["word_steps"], parts["word_idf"]
            self._groups, self._values = parts["word_groups"], parts["word_values"]

    def parts(self) -> dict[str, NDArray[Any]]:
        """What an index of the same phrases can be made of without cutting anything."""
        return {
            "words": self._words, "word_steps": self._steps, "word_idf": self.idf,
            "word_groups": self._groups, "word_values": self._values,
        }  # fmt: skip

    def _make(self, phrases: Sequence[str], groups: Ints) -> None:
        often = Counter(word for phrase in phrases for word in set(rjieba.cut(phrase, False)))
        self._cutter = Cutter(word for word, count in often.items() if count >= LEAST)
        self._words = np.array(self._cutter.words, str)
        cut = [self._cutter.numbers(phrase) for phrase in phrases]
        words = np.fromiter(chain.from_iterable(cut), np.int64)
        self._post(words, np.repeat(groups, list(map(len, cut))))

    def _post(self, words: NDArray[np.int64], groups: Ints) -> None:
        """The postings of each word, ascending by group."""
        pairs, counts = np.unique(words * max(self.n_groups, 1) + groups, return_counts=True)
        words, owners = np.divmod(pairs, max(self.n_groups, 1))
        self._groups = owners.astype(np.int32)
        frequency = np.bincount(words, minlength=len(self._cutter))
        ends = np.cumsum(frequency)
        self._steps = np.stack([ends - frequency, ends], axis=1).astype(np.int32)
        self.idf = rarity(self.n_groups, frequency).astype(np.float32)
        length = np.bincount(owners, counts, self.n_groups) * self.n_groups / max(len(groups), 1)
        self._values = (saturated(counts, length[owners]) * self.idf[words]).astype(np.float32)

    def scores(self, text: str) -> Floats:
        """BM25 of each group for a normal form with every synonym replaced, per unit of its own information; shape (groups,)."""
        out = np.zeros(self.n_groups, np.float32)
        words = sorted(set(self._cutter.numbers(text)), reverse=True)
        if words:
            factors = np.zeros(2 * len(words), np.float32)
            factors[::2] = 1 / max(float(self.idf.take(words).sum()), _LEAST_INFORMATION)
            add_columns(out, self._steps.take(words, axis=0).ravel(), factors, self._groups, self._values)
        return out
