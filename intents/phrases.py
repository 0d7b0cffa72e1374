"""What every way of ranking knows of a knowledge base: candidates, their phrases in order, and how a question is prepared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from intents.focus import LONG, focus
from intents.grams import Floats, Ints
from intents.model import NO_ENTRY, ROUTING, KnowledgeData
from intents.normalize import Normalizer
from intents.words import Words

MAX_PHRASES = 40_000
"""Stored questions that are all compared with each text; of more only those on a short list are (`intents.large`)."""
BARE_LENGTH = 12
"""Characters up to which a message may be no more than the name of a matter."""


@dataclass(frozen=True)
class Question:
    """A question prepared once for every signal."""

    text: str
    """As typed."""
    normal: str
    focus: str
    """Asking clause of a long message, '' for a short one."""
    aspects: frozenset[str]

    @property
    def bare(self) -> bool:
        """Whether it is short and has no word that asks for anything (how much, where, what to bring ...): “商标方面”."""
        return not self.aspects and len(self.normal) <= BARE_LENGTH


class Phrases:
    """Phrases of one base, grouped by candidate and, for the background, by domain; a group stands together."""

    def __init__(
        self, knowledge: KnowledgeData, normalizer: Normalizer, held_out: frozenset[int] = frozenset()
    ) -> None:
        """`held_out` are phrase numbers to leave out, for cross-validation."""
        self.knowledge, self.normalizer = knowledge, normalizer
        entries = [e for e in knowledge.entries.values() if e.status == "published"]
        self.candidates: list[str] = [*sorted([*(e.id for e in entries), *knowledge.asks]), NO_ENTRY]
        """Entry ids and groups of asks.yaml in alphabetical order, `none` last."""
        self.position = {c: i for i, c in enumerate(self.candidates)}
        self._collect(held_out)
        against = [(self.position[e.id], normalizer(q)) for e in entries for q in e.not_questions]
        self.against_owner = np.array([position for position, _ in against], np.int32)
        self.against = [sentence for _, sentence in against]
        with_aspect = [(self.position[e.id], e.aspect) for e in entries if e.aspect]
        self.of_aspect: dict[str, Ints] = {
            aspect: np.array([at for at, own in with_aspect if own == aspect], np.int32) for _, aspect in with_aspect
        }
        """Positions of the candidates of each aspect."""
        self._aspects_of: dict[str, set[str]] = {}
        """By cue; one cue may speak of several aspects."""
        for aspect, cues in knowledge.lexicon.aspects.items():
            for cue in map(normalizer, cues):
                self._aspects_of.setdefault(cue, set()).add(aspect)
        self._cues = Words(self._aspects_of)
        plain = normalizer.plain
        self.followup_words = tuple(filter(None, map(plain, knowledge.lexicon.followup_starts)))
        self.shift_words = tuple(filter(None, map(plain, knowledge.lexicon.topic_shift)))

    def _collect(self, held_out: frozenset[int]) -> None:
        raw = [(owner, "", question) for owner, questions in self.knowledge.owned() for question in questions]
        raw += [(b.entry, b.domain, b.question) for b in self.knowledge.background if b.entry in self.position]
        raw.sort(key=lambda r: (self.position[r[0]], r[1]))
        self.all_phrases = raw
        kept = [r for i, r in enumerate(raw) if i not in held_out]
        keys = {key: i for i, key in enumerate(dict.fromkeys((r[0], r[1]) for r in kept))}
        self.groups: Ints = np.array([keys[r[0], r[1]] for r in kept], np.int32)
        self.group_owner: Ints = np.array([self.position[owner] for owner, _ in keys], np.int32)
        self.group_names = [f"{owner}/{domain}" for owner, domain in keys]
        self.originals = [r[2] for r in kept]
        self.phrases = [self.normalizer(q) for q in self.originals]

    def question(self, text: str) -> Question:
        """Prepare a text; the normal form may be empty (no word in it)."""
        normal = self.normalizer(text)
        part = focus(self.normalizer.clauses(text)) if len(normal) >= LONG else ""
        return Question(text, normal, part, self._aspects(part or normal))

    def _aspects(self, asked: str) -> frozenset[str]:
        return frozenset(aspect for cue in self._cues.found(asked) for aspect in self._aspects_of[cue])


def is_background(names: Sequence[str]) -> Floats:
    """1 for the routing entries and `none`, 0 for the others; shape (names,)."""
    return np.array([c in ROUTING or c == NO_ENTRY for c in names], np.float32)
