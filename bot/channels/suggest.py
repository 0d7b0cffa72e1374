"""联想: the standard questions (标准问) that a person may be typing; fast, without vectors, nothing stored.

A title that begins with what was typed comes first, then one that holds it, then a stored question (相似问) that holds
it, then whatever shares most of its pairs of characters. Equal ones stand in the order of the knowledge base.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bot.messages import Option
from intents.model import KnowledgeData
from intents.normalize import Normalizer

MOST = 6
_LOOKED_AT = 300
"""Phrases, of those that share most pairs, that are compared whole."""
_SHARE = 0.6
"""Share of the typed pairs of characters that a phrase must have."""
_HIDDEN_TOPICS = ("chat",)


class Titles:
    """The index over one knowledge base; immutable."""

    def __init__(self, base: KnowledgeData) -> None:
        """About 10 microseconds a phrase, so a fifth of a second for 20,000: build it beside the event loop."""
        self._fold = Normalizer().plain
        self._options: list[Option] = []
        self._phrases: list[tuple[int, str, bool]] = []
        """(position of its entry, folded text, whether it is the title)"""
        for entry in base.entries.values():
            if entry.status != "published" or entry.topic in _HIDDEN_TOPICS:
                continue
            at = len(self._options)
            self._options.append(Option(entry.id, entry.title))
            self._phrases += [
                (at, self._fold(entry.title), True),
                *((at, self._fold(q), False) for q in entry.questions),
            ]
        found: dict[str, list[int]] = {}
        for number, (_, folded, _) in enumerate(self._phrases):
            for gram in _grams(folded):
                found.setdefault(gram, []).append(number)
        self._postings: dict[str, NDArray[np.int32]] = {g: np.array(n, np.int32) for g, n in found.items()}

    def find(self, typed: str, most: int = MOST) -> list[Option]:
        """The titles for what was typed so far, best first; empty for less than two characters of words."""
        folded = self._fold(typed)
        if len(folded) < 2:
            return []
        wanted = _grams(folded)
        lists = [self._postings[g] for g in sorted(wanted) if g in self._postings]
        if not lists:
            return []
        shared = np.bincount(np.concatenate(lists), minlength=len(self._phrases))
        order = np.argsort(-shared, kind="stable")[:_LOOKED_AT]
        best: dict[int, tuple[float, ...]] = {}
        for number in order:
            if shared[number] < _SHARE * len(wanted):
                break
            at, text, title = self._phrases[number]
            rank = (*_how(folded, text, title), -float(shared[number]), float(len(text)))
            best[at] = min(best.get(at, rank), rank)
        return [self._options[at] for at in sorted(best, key=lambda at: (best[at], at))[:most]]


class Suggestions:
    """The titles of the knowledge in force; the index is made anew when it changed."""

    def __init__(self, knowledge: Callable[[], KnowledgeData]) -> None:
        self._knowledge = knowledge
        self._made: tuple[KnowledgeData, Titles] | None = None
        self._making = asyncio.Lock()

    async def find(self, typed: str) -> list[Option]:
        """See Titles.find."""
        base = self._knowledge()
        if self._made is None or self._made[0] is not base:
            async with self._making:
                if self._made is None or self._made[0] is not base:
                    self._made = (base, await asyncio.to_thread(Titles, base))
        return self._made[1].find(typed)


def _grams(folded: str) -> frozenset[str]:
    return frozenset(folded[i : i + 2] for i in range(len(folded) - 1))


def _how(typed: str, text: str, title: bool) -> tuple[float, ...]:
    at = text.find(typed)
    if title and at == 0:
        return (0.0,)
    if at >= 0:
        return (1.0 if title else 2.0,)
    return (3.0,)
