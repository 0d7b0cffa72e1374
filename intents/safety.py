"""Emergencies, found by written rules before anything is ranked.

A rule (knowledge/entries/safety.yaml, `triggers`) fires when each of its word groups has a word in the text and none of
its `unless` words is there. Rules are tried in the order of the file; the first entry that fires wins. Both the plain
form of the text and its normal form are looked at, so that Cantonese and typos are understood as well.
"""

from __future__ import annotations

from collections.abc import Iterable

from intents.model import Entry, Trigger
from intents.normalize import Normalizer


class SafetyRules:
    """The emergency rules of one knowledge base."""

    def __init__(self, entries: Iterable[Entry], normalizer: Normalizer) -> None:
        self._normalizer = normalizer
        self._rules = [
            (entry.id, self._plain(trigger))
            for entry in entries
            if entry.status == "published"
            for trigger in entry.triggers
        ]

    def _plain(self, trigger: Trigger) -> Trigger:
        plain = self._normalizer.plain
        return Trigger(
            tuple(tuple(filter(None, map(plain, group))) for group in trigger.all),
            tuple(filter(None, map(plain, trigger.unless))),
        )

    def find(self, text: str) -> tuple[str, str] | None:
        """Entry id and the words that fired, joined by ` + `; None when this is no emergency."""
        plain = self._normalizer.plain(text)
        forms = (plain, self._normalizer(text))
        for entry_id, trigger in self._rules:
            if any(word in form for word in trigger.unless for form in forms):
                continue
            for form in forms:
                hits = [next((w for w in group if w in form), None) for group in trigger.all]
                if all(hits):
                    return entry_id, " + ".join(h for h in hits if h)
        return None
