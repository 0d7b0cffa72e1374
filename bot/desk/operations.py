"""What a proposal does to the knowledge files: an operation as plain data, applied to the texts as they are now."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from bot.curate import edit
from bot.curate.files import read_text

Texts = dict[str, tuple[str | None, str]]
"""Path below the knowledge directory -> text before (None: no such file) and after."""
DATES = ("reviewed", "review_after", "valid_from", "valid_to")
HARMLESS = frozenset({"questions", "not_questions", "related", "confusable"})
"""Fields that change how a question is understood, not what the answer says."""


def plain_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields with dates as ISO text, for the database."""
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in fields.items()}


def _fields(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: date.fromisoformat(value) if key in DATES and isinstance(value, str) else value
        for key, value in stored.items()
    }


def applied(directory: Path, kind: str, operation: Mapping[str, Any], today: date) -> Texts:
    """The files that change and their new texts. Raises EditError when the operation no longer fits them."""
    topic, _, name = operation["entry"].partition(".")
    path = f"entries/{topic}.yaml"
    before = read_text(directory / path)
    if kind == "question":
        after = edit.add_question(before, name, operation["question"])
    elif kind == "entry":
        after = edit.add_entry(before, name, _fields(operation["fields"]), today)
    else:
        after = edit.set_fields(before, name, _fields(operation["fields"]))
    found: Texts = {path: (before, after)}
    if test := operation.get("test"):
        path = f"tests/{topic}.yaml"
        held = read_text(directory / path) if (directory / path).exists() else None
        found[path] = (held, edit.add_test(held or "", test, operation["entry"]))
    return found


def text_diff(texts: Mapping[str, tuple[str | None, str | None]]) -> str:
    """The unified diff of all files."""
    parts: list[str] = []
    for path, (before, after) in sorted(texts.items()):
        old, new = ((text or "").splitlines(keepends=True) for text in (before, after))
        parts += difflib.unified_diff(old, new, fromfile=path, tofile=path, n=2)
    return "".join(line if line.endswith("\n") else line + "\n" for line in parts)


def without(current: str, before: str, after: str) -> str | None:
    """`current` with the step from `before` to `after` taken back; None when its lines are not as they were left.

    What was changed elsewhere in the file since stays. Each block of changed lines is looked for with one line on
    either side, and must stand there exactly once.
    """
    if current == after:
        return before
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    now = current.splitlines(keepends=True)
    for tag, i1, i2, j1, j2 in reversed(difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()):
        if tag == "equal":
            continue
        place = _place(now, new, j1, j2)
        if place is None:
            return None
        now[place : place + j2 - j1] = old[i1:i2]
    return "".join(now)


def _place(now: list[str], new: list[str], start: int, stop: int) -> int | None:
    """Where new[start:stop] stands in `now`: with both neighbours, else with one of them; only if it is one place."""
    for left, right in ((1, 1), (1, 0), (0, 1)):
        begin, end = max(start - left, 0), min(stop + right, len(new))
        block = new[begin:end]
        if not block:
            continue
        found = [i for i in range(len(now) - len(block) + 1) if now[i : i + len(block)] == block]
        if len(found) == 1:
            return found[0] + start - begin
    return None
