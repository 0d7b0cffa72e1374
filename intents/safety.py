"""Emergencies, found by written rules before anything is ranked.

A rule (knowledge/entries/safety.yaml, `triggers`) fires when each of its word groups has a word in the text and none of
its `unless` words is there. Rules are tried in the order of the file; the first entry that fires wins. Both the plain
form of the text and its normal form are looked at, so that Cantonese and typos are understood as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from intents.model import Entry, Trigger
from intents.normalize import Normalizer


@dataclass(frozen=True, slots=True)
class _Rule:
    entry: str
    groups: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None


class SafetyRules:
    """The emergency rules of one knowledge base."""

    def __init__(self, entries: Iterable[Entry], normalizer: Normalizer) -> None:
        self._normalizer = normalizer
        self._rules = [
            self._compiled(entry.id, trigger)
            for entry in entries
            if entry.status == "published"
            for trigger in entry.triggers
        ]

    def _compiled(self, entry: str, trigger: Trigger) -> _Rule:
        groups = tuple(p for group in trigger.all if (p := self._any_of(group)))
        return _Rule(entry, groups, self._any_of(trigger.unless))

    def _any_of(self, words: Iterable[str]) -> re.Pattern[str] | None:
        plain = [re.escape(w) for w in map(self._normalizer.plain, words) if w]
        return re.compile("|".join(plain)) if plain else None

    def find(self, text: str) -> tuple[str, str] | None:
        """Entry id and the words that fired, joined by ` + `; None when this is no emergency."""
        plain, normal = self._normalizer.plain(text), self._normalizer(text)
        forms = (plain,) if plain == normal else (plain, normal)
        for rule in self._rules:
            for form in forms:
                hits = []
                for group in rule.groups:
                    hit = group.search(form)
                    if hit is None:
                        break
                    hits.append(hit.group())
                else:
                    if hits and not (rule.unless and any(rule.unless.search(f) for f in forms)):
                        return rule.entry, " + ".join(hits)
        return None
