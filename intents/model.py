"""What the knowledge base is made of: plain frozen values, read from YAML by `intents.knowledge`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from intents.lexicon import Lexicon

ROUTING = ("chat.case_advice", "chat.other_department")
"""Entries that only refer the person on; they own the background questions of outside.yaml."""
ASK = "ask."
"""How the ids of asks.yaml begin."""
SAFETY = "safety."
"""How the ids of emergencies begin."""
HOTLINES = ("service.hotline", "service.hotlines")
"""Entries of telephone numbers; who asks for a number in an emergency needs those of the emergency."""
NO_ENTRY = "none"
"""Owner of background questions that nothing answers."""


@dataclass(frozen=True, slots=True)
class Source:
    """A law or document of sources.yaml."""

    id: str
    title: str
    short: str
    issuer: str = ""
    number: str = ""
    date: str = ""
    in_force: str = ""
    status: str = "in_force"
    link: str = ""
    law_text: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class SourceRef:
    """Where an answer rests: a source and the article or part of it."""

    source: str
    article: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class Confusable:
    """Another entry that people mean by the same words, and the question that tells them apart."""

    entry: str
    ask: str


@dataclass(frozen=True, slots=True)
class EmergencyCall:
    """A number to call at once; only in the safety topic."""

    number: str
    label: str


@dataclass(frozen=True, slots=True)
class Trigger:
    """An emergency rule: fires when each group has a word in the text and no word of `unless` is there."""

    all: tuple[tuple[str, ...], ...]
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One curated answer and the ways to ask for it."""

    id: str
    topic: str
    title: str
    questions: tuple[str, ...]
    answer: str = ""
    not_questions: tuple[str, ...] = ()
    sources: tuple[SourceRef, ...] = ()
    related: tuple[str, ...] = ()
    confusable: tuple[Confusable, ...] = ()
    call: tuple[EmergencyCall, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    aspect: str = ""
    reviewed: date | None = None
    review_after: date | None = None
    status: str = "published"
    valid_from: date | None = None
    valid_to: date | None = None
    path: str = ""
    line: int = 0

    def stale(self, today: date) -> bool:
        """Whether the answer must not be given as current: overdue for review, expired or not yet valid."""
        return (
            (self.review_after is not None and today > self.review_after)
            or (self.valid_to is not None and today > self.valid_to)
            or (self.valid_from is not None and today < self.valid_from)
        )


@dataclass(frozen=True, slots=True)
class Topic:
    """One of the topics of the catalogue, in menu order."""

    id: str
    title: str
    order: int


@dataclass(frozen=True, slots=True)
class Background:
    """A question that no entry answers; `entry` is the routing entry that fits, or `none`."""

    entry: str
    question: str
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that could mean several entries, and how to ask back; competes with the entries when ranked."""

    id: str
    """`ask.` and its name in asks.yaml."""
    ask: str
    entries: tuple[str, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True)
class KnowledgeData:
    """The parsed content, without behaviour; `KnowledgeBase` adds loading."""

    entries: Mapping[str, Entry]
    topics: tuple[Topic, ...] = ()
    background: tuple[Background, ...] = ()
    asks: Mapping[str, Ask] = field(default_factory=lambda: MappingProxyType({}))
    sources: Mapping[str, Source] = field(default_factory=lambda: MappingProxyType({}))
    lexicon: Lexicon = field(default_factory=Lexicon)
    texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    version: str = ""
    """First 12 hex digits of a hash over all files; equal content, equal version."""

    def owned(self) -> list[tuple[str, tuple[str, ...]]]:
        """Owner and stored questions: of each published entry, then of each question asked back, in their order."""
        entries = [(e.id, e.questions) for e in self.entries.values() if e.status == "published"]
        return entries + [(a.id, a.questions) for a in self.asks.values()]
