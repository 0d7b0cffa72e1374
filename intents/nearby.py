"""Which of many texts is like this one? An index that grows text by text, for gathering what people ask alike.

Two texts are compared by the lower of two figures: rapidfuzz `ratio` (order and length of what is said), and the share
of their two-character grams that they have in common, each gram weighed by how rare it is in the knowledge base, so
that the name of a town or a document counts for more than 请问 and 怎么办. Only texts that share some of the rarest
grams are compared at all. Ties go to what was added with `prefer`, then to what was added last.

The brute-force comparison in the tests is the oracle of the shortcut.
"""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from rapidfuzz import fuzz, process

from intents.grams import framed, grams

LOOKED_AT = 300
"""Postings of the rarest grams that are looked through for one text; more are passed over."""
LEAST_GRAMS = 3
"""Rarest grams that are looked through however common they are."""
COMPARED = 24
"""Texts with most rare grams in common that are compared."""
_SIZES = (2,)
_FIGURES = re.compile(r"\d+")
_NOT = re.compile("[不没无未非冇唔勿别]")


@dataclass(frozen=True, slots=True)
class Near:
    """A text that is like the one asked about."""

    key: str
    score: float
    """0 to 100; 100 for equal normal forms."""
    text: str
    """Its normal form."""


def rarity(phrases: Iterable[str]) -> Callable[[str], float]:
    """Weight of a gram by its rarity in these normal forms (inverse document frequency, smoothed, at least 1)."""
    counts: Counter[str] = Counter()
    size = 0
    for phrase in phrases:
        counts.update(set(grams(phrase, _SIZES)))
        size += 1
    weights = {gram: math.log((1 + size) / (1 + count)) + 1 for gram, count in counts.items()}
    most = math.log(1 + size) + 1
    return lambda gram: weights.get(gram, most)


def same_matter(first: str, second: str) -> bool:
    """Whether two like texts have the same figures and as many negations: an answer to one may then serve the other."""
    return _FIGURES.findall(first) == _FIGURES.findall(second) and len(_NOT.findall(first)) == len(_NOT.findall(second))


class Nearby:
    """Texts by key; not safe to share between threads while it grows."""

    def __init__(self, weight: Callable[[str], float]) -> None:
        """`weight` of a two-character gram, positive (see `rarity`)."""
        self._weight = weight
        self._keys: list[str] = []
        self._texts: list[str] = []
        self._preferred: list[bool] = []
        self._weights: list[float] = []
        """Of all grams of each text."""
        self._postings: dict[str, array[int]] = {}
        self._equal: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: str, text: str, prefer: bool = False) -> None:
        """One more text, in normal form; `prefer` makes it win ties (what people placed by hand)."""
        position = len(self._keys)
        self._keys.append(key)
        self._texts.append(text)
        self._preferred.append(prefer)
        equal = self._equal.get(text)
        if equal is None or prefer or not self._preferred[equal]:
            self._equal[text] = position
        held = set(grams(text, _SIZES))
        self._weights.append(_weight(held, self._weight))
        for gram in held:
            self._postings.setdefault(gram, array("I")).append(position)

    def nearest(self, text: str, least: float) -> Near | None:
        """The text most like this one, in normal form, at least so like it; None when there is none."""
        if (position := self._equal.get(text)) is not None:
            return Near(self._keys[position], 100.0, text)
        asked = set(grams(text, _SIZES))
        positions = self._candidates(asked)
        found = process.extract(
            text, [self._texts[p] for p in positions], scorer=fuzz.ratio, score_cutoff=least, limit=None
        )
        if not found:
            return None
        weighed = [(gram, self._weight(gram)) for gram in sorted(asked)]
        total = sum(weight for _, weight in weighed)
        best: tuple[float, bool, int] | None = None
        for other, ratio, at in found:
            position = positions[at]
            score = min(ratio, 100 * _shared(weighed, total + self._weights[position], other))
            rank = (score, self._preferred[position], position)
            if score >= least and (best is None or rank > best):
                best = rank
        return Near(self._keys[best[2]], best[0], self._texts[best[2]]) if best else None

    def _candidates(self, asked: set[str]) -> list[int]:
        """Positions of the texts that share most of the rarest grams, likeliest first."""
        held = self._postings
        ranked = sorted([(len(held[gram]), gram) for gram in asked if gram in held])
        chosen: list[Sequence[int]] = []
        seen = 0
        for n, (size, gram) in enumerate(ranked):
            if n >= LEAST_GRAMS and seen + size > LOOKED_AT:
                break
            chosen.append(held[gram] if size <= LOOKED_AT else held[gram][-LOOKED_AT:])
            seen += size
        counts = Counter(chain.from_iterable(chosen))
        if len(counts) <= COMPARED:
            return sorted(counts)
        # what is alike shares far more than a third of the rare grams: the rest need not even be sorted
        least = max(2, len(chosen) // 3)
        likely = sorted([(-count, position) for position, count in counts.items() if count >= least])
        return [position for _, position in likely[:COMPARED]]


def shared(first: str, second: str, weight: Callable[[str], float]) -> float:
    """Weight of the grams both have, over the mean weight of either: 0 to 1 (Dice's coefficient, weighed)."""
    weighed = [(gram, weight(gram)) for gram in sorted(set(grams(first, _SIZES)))]
    whole = sum(w for _, w in weighed) + _weight(set(grams(second, _SIZES)), weight)
    return _shared(weighed, whole, second)


def _shared(weighed: Sequence[tuple[str, float]], whole: float, other: str) -> float:
    """`whole` is the weight of the grams of both."""
    # a text holds a pair of characters exactly where it holds these two side by side: no set need be made of its pairs
    held = framed(other)
    return 2 * sum([weight for gram, weight in weighed if gram in held]) / whole if whole else 0.0


def _weight(found: set[str], weight: Callable[[str], float]) -> float:
    # sorted: sums of floats must not depend on the order of a set
    return sum(map(weight, sorted(found)))
