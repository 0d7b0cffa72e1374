"""Grading: each of the ways a question can go, and files that are wrong are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from intents import KnowledgeBase, Normalizer
from intents.errors import FawenError
from intents.evaluate import Case, grade, question_files, read_cases
from intents.matcher import Match
from tests.conftest import ROOT


def made(outcome: str, entry: str | None = None, options: tuple[str, ...] = ()) -> Match:
    return Match("问", outcome, entry, options, 0.5, "ranked")  # type: ignore[arg-type]  # one of the three


def asked(kind: str, *fair: str) -> Case:
    return Case("f.yaml", kind, "问", fair[0], frozenset(fair))  # type: ignore[arg-type]  # one of the four


@pytest.mark.parametrize(
    ("case", "match", "expected"),
    [
        (asked("question", "a.one"), made("answer", "a.one"), "right"),
        (asked("question", "a.one", "a.two"), made("answer", "a.two"), "right"),
        (asked("question", "a.one"), made("answer", "a.two"), "wrong"),
        (asked("question", "a.one"), made("options", None, ("a.two", "a.one")), "offered"),
        (asked("question", "a.one"), made("options", None, ("a.two", "a.three")), "missed"),
        (asked("question", "a.one"), made("none"), "missed"),
        (asked("question", "a.one"), made("answer", "chat.case_advice"), "missed"),
        (asked("outside", "none"), made("answer", "a.one"), "false"),
        (asked("outside", "none"), made("none"), "kept"),
        (asked("outside", "chat.case_advice"), made("answer", "chat.case_advice"), "kept"),
    ],
)
def test_grades(case: Case, match: Match, expected: str) -> None:
    assert grade(case, match) == expected


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text("tests:\n  - {q: 没有条目}\n", encoding="utf-8")
    with pytest.raises(FawenError, match=r"t\.yaml"):
        read_cases(path)


def test_our_own_test_questions_are_not_stored_questions(shipped: KnowledgeBase) -> None:
    """A test question that is stored would be answered by looking it up, and the figure would mean nothing."""
    normal = Normalizer(shipped.lexicon)
    stored = {normal(q) for entry in shipped.entries.values() for q in entry.questions}
    cases = [c for path in question_files(ROOT / "knowledge" / "tests") for c in read_cases(path)]
    doubles = sorted({c.text for c in cases if c.kind == "question" and normal(c.text) in stored})
    assert len(cases) > 1000
    assert doubles == []
