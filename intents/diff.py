"""The answer diff: which questions get another outcome from another knowledge base, before it is published."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from intents.matcher import Match, Matcher

KINDS = {"outcome": "结果变了", "entry": "换了条目", "answer": "回答改了"}


@dataclass(frozen=True, slots=True)
class Change:
    """One question whose outcome, entry or answer text differs."""

    text: str
    old: str
    new: str
    kind: str
    """`entry` when another entry answers, `outcome` when answered, asked back or not known changes, `answer` when the
    same entry says something else."""
    old_answer: str = ""
    """What the person read: the answer, or the titles of the options one a line; empty when nothing was known."""
    new_answer: str = ""


def compare(old: Matcher, new: Matcher, texts: Iterable[str], tick: Callable[[], None] | None = None) -> list[Change]:
    """The changes, in the order of the texts; each text once."""
    found = []
    for text in dict.fromkeys(texts):
        before, after = old.match(text), new.match(text)
        kind = _kind(old, new, before, after)
        if kind:
            read = _read(old, before), _read(new, after)
            found.append(Change(text, _shown(before), _shown(after), kind, *read))
        if tick:
            tick()
    return found


def _kind(old: Matcher, new: Matcher, before: Match, after: Match) -> str:
    if before.outcome != after.outcome:
        return "outcome"
    if before.entry != after.entry or (before.outcome == "options" and before.options != after.options):
        return "entry"
    if before.entry and old.knowledge.entries[before.entry].answer != new.knowledge.entries[before.entry].answer:
        return "answer"
    return ""


def _shown(match: Match) -> str:
    if match.outcome == "options":
        return "选项：" + "、".join(match.options)
    return match.entry or "没有答案"


def _read(matcher: Matcher, match: Match) -> str:
    entries = matcher.knowledge.entries
    if match.outcome == "options":
        return "\n".join(f"· {entries[entry].title}" for entry in match.options if entry in entries)
    return entries[match.entry].answer if match.entry else ""
