"""More or less caution: the shares at each, by hand and as the matcher itself decides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from bot.staff import run_evaluation
from intents import KnowledgeBase, Matcher
from intents.curve import Asked, Point, asked_alone, asked_of, curve
from intents.curve_page import Line, curve_picture, curve_tables, lines_of
from intents.decide import Decision
from intents.evaluate import Case, evaluate, question_files, read_cases
from intents.fit_decisions import START
from intents.model import KnowledgeData
from tests.conftest import ROOT

NAMES = ["a.one", "a.two", "none"]
BASE = KnowledgeBase.from_phrases([("a.one", "甲"), ("a.two", "乙")])
PLAIN = replace(START, bare=0.0)


def asked(right: str, *p: float, kind: str = "question") -> Asked:
    return Asked(Case("f", kind, "问", right, frozenset({right})), np.array(p, np.float32))  # type: ignore[arg-type]


def test_shares_by_hand() -> None:
    rows = [
        asked("a.one", 0.9, 0.1, 0.0),
        asked("a.one", 0.4, 0.6, 0.0),
        Asked(
            Case("f", "question", "问", "a.two", frozenset({"a.two"})), None, outcome=Decision("answer", "a.two", (), 1)
        ),
        asked("none", 0.55, 0.05, 0.4, kind="outside"),
        asked("none", 0.1, 0.1, 0.8, kind="outside"),
    ]
    points = curve(BASE, NAMES, rows, PLAIN, least=(0.2, 0.7, 0.95))
    assert points == [
        Point(0.2, right=66.7, offered=0.0, wrong=33.3, missed=0.0, false=50.0),
        Point(0.5, right=66.7, offered=0.0, wrong=33.3, missed=0.0, false=50.0),
        Point(0.7, right=66.7, offered=33.3, wrong=0.0, missed=0.0, false=0.0),
        Point(0.95, right=33.3, offered=66.7, wrong=0.0, missed=0.0, false=0.0),
    ]


def test_a_bare_message_keeps_its_own_threshold() -> None:
    bare = replace(asked("a.one", 0.8, 0.2, 0.0), bare=True)
    careful = replace(PLAIN, bare=0.9)
    assert [p.right for p in curve(BASE, NAMES, [bare], careful, least=(0.1,))] == [0.0, 0.0]
    assert [p.right for p in curve(BASE, NAMES, [bare], PLAIN, least=(0.1,))] == [100.0, 100.0]


def test_without_probabilities_an_outcome_is_needed() -> None:
    nothing = Asked(Case("f", "question", "问", "a.one", frozenset({"a.one"})), None)
    with pytest.raises(ValueError, match="问"):
        curve(BASE, NAMES, [nothing], PLAIN)


def test_what_was_held_out_is_in_scope_or_outside() -> None:
    p = np.array([[0.9, 0.1, 0.0]] * 3, np.float32)
    rows = asked_alone(p, [frozenset({"a.one"}), frozenset({"none"}), frozenset({"ask.x"})], [False] * 3)
    assert [a.case.kind for a in rows] == ["question", "outside"]


@pytest.fixture(scope="module")
def matcher(shipped: KnowledgeData) -> Matcher:
    return Matcher(shipped, cache=ROOT / ".cache")


def test_at_the_threshold_in_service_it_says_what_the_matcher_does(matcher: Matcher) -> None:
    cases = [c for path in question_files(ROOT / "knowledge" / "tests") for c in read_cases(path)]
    graded = evaluate(matcher, [c for c in cases if c.kind in ("question", "outside")][::3])
    ours = [g.grade for g in graded if g.case.kind == "question"]
    theirs = [g.grade for g in graded if g.case.kind == "outside"]
    thresholds = matcher.fitted.thresholds
    points = curve(matcher.knowledge, matcher.ranker.scorer.candidates, asked_of(matcher, graded), thresholds)
    (here,) = [p for p in points if p.least == thresholds.answer]
    assert len(ours) > 800
    assert len(theirs) > 200
    shares = [round(100 * ours.count(name) / len(ours), 1) for name in ("right", "offered", "wrong", "missed")]
    shares.append(round(100 * theirs.count("false") / len(theirs), 1))
    assert here == Point(thresholds.answer, *shares)
    assert [p.right + p.wrong for p in points] == sorted((p.right + p.wrong for p in points), reverse=True)
    assert [p.false for p in points] == sorted((p.false for p in points), reverse=True)


def test_the_picture_and_the_table_mark_what_is_in_service(matcher: Matcher) -> None:
    points = [Point(0.5, 90.0, 8.0, 1.5, 0.5, 2.0), Point(0.9, 60.0, 39.0, 0.5, 0.5, 0.1)]
    lines = [Line("一<二", points, 0.9), Line("三", points, 0.5, held_out=True)]
    root = ElementTree.fromstring(curve_picture(lines))  # noqa: S314  our own text
    circles = [e.attrib["r"] for e in root.iter("{http://www.w3.org/2000/svg}circle")]
    assert circles.count("5") == 4, "one ring a line and panel"
    assert "一&lt;二" in curve_picture(lines)
    assert "0.9（现用）" in curve_tables(lines[:1])
    assert len(lines_of(matcher, [])) == 2, "the weights come with the figures of what was held out"


def test_the_report_has_the_curves(tmp_path: Path, sample_matcher: Matcher) -> None:
    questions = tmp_path / "q.tsv"
    questions.write_text("法律援助收不收钱\tlegal_aid.cost\t\n", encoding="utf-8")
    run_evaluation(sample_matcher, [questions], None, tmp_path / "out" / "r.html", as_json=True)
    assert "严一点、松一点会怎样" in (tmp_path / "out" / "r.html").read_text(encoding="utf-8")
    ElementTree.parse(tmp_path / "out" / "r.svg")  # noqa: S314  our own file
