"""Emergencies, found by written rules before anything is ranked.

A rule (knowledge/entries/safety.yaml, `triggers`) fires when each of its word groups has a word in the text and none of
its `unless` words is there. Rules are tried in the order of the file; the first entry that fires wins. Both the plain
form of the text and its normal form are looked at, so that Cantonese and typos are understood as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from intents.model import Entry, Trigger
from intents.normalize import Normalizer
from intents.words import Words

SOS = "🆘"
"""A sign that is a plea where nothing else stands; beside words it is often a mere ornament."""
_PLEA = "救命"


@dataclass(frozen=True, slots=True)
class _Rule:
    entry: str
    groups: tuple[tuple[str, ...], ...]
    unless: tuple[str, ...]


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
        self._beginning: dict[str, list[int]] = {}
        """Numbers of the rules whose first group has a word."""
        for number, rule in enumerate(self._rules):
            for word in rule.groups[0] if rule.groups else ():
                self._beginning.setdefault(word, []).append(number)
        self._begins = Words(self._beginning)

    @property
    def words(self) -> tuple[str, ...]:
        """The words by which rules begin."""
        return tuple(self._beginning)

    def _compiled(self, entry: str, trigger: Trigger) -> _Rule:
        groups = tuple(words for group in trigger.all if (words := self._plain(group)))
        return _Rule(entry, groups, self._plain(trigger.unless))

    def _plain(self, words: Iterable[str]) -> tuple[str, ...]:
        return tuple(filter(None, map(self._normalizer.plain, words)))

    def find(self, text: str, typed: str = "") -> tuple[str, str] | None:
        """Entry id and the words that fired, joined by ` + `; None when this is no emergency. `typed` is what the text was before
        its words were mended: an `unless` word that was typed counts as well."""
        plain, normal = self._normalizer.plain(text), self._normalizer(text)
        if not plain and SOS in text:
            plain = normal = self._normalizer.plain(_PLEA)
        forms = tuple(dict.fromkeys((plain, normal)))
        every = (*forms, self._normalizer.plain(typed), self._normalizer(typed)) if typed else forms
        begun = {rule for form in forms for word in self._begins.found(form) for rule in self._beginning[word]}
        for number in sorted(begun):
            rule = self._rules[number]
            for form in forms:
                hits = _hits(rule, form)
                if hits and not any(word in other for word in rule.unless for other in every):
                    return rule.entry, " + ".join(hits)
        return None


def _hits(rule: _Rule, form: str) -> list[str]:
    """One word of each of a rule's groups, as the rule names them; empty when a group has none."""
    hits = []
    for group in rule.groups:
        hit = next((word for word in group if word in form), None)
        if hit is None:
            return []
        hits.append(hit)
    return hits
