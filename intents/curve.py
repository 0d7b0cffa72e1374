"""What more or less caution would give: every outcome again with another least P of an answer, all else as it is shipped.

right, offered, wrong and missed are of the questions in scope; false is of those outside that are answered with an entry.
A question that no probability decides (a stored one, an emergency) has the same outcome on every line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from intents.decide import LOOKED_AT, Decision, decide
from intents.evaluate import IN_SCOPE, Case, Graded, grade
from intents.grams import Floats
from intents.matcher import Matcher
from intents.model import ASK, NO_ENTRY, ROUTING, KnowledgeData
from intents.ranking import Thresholds, top

LEAST = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Point:
    """Shares at one least P of an answer, per cent."""

    least: float
    right: float
    offered: float
    wrong: float
    missed: float
    false: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A single question: P of every candidate, or the outcome that no probability decides."""

    case: Case
    p: Floats | None
    bare: bool = False
    outcome: Decision | None = None


def asked_of(matcher: Matcher, graded: Iterable[Graded]) -> list[Asked]:
    """The single questions of an evaluation, each weighed once."""
    found = []
    for item in graded:
        if item.case.kind in ("question", "outside"):
            match = item.match
            if match.reason == "ranked":
                question = matcher.question(item.case.text)
                found.append(Asked(item.case, matcher.weigh(question).p, question.bare))
            else:
                same = Decision(match.outcome, match.entry, match.options, match.confidence)
                found.append(Asked(item.case, None, outcome=same))
    return found


def asked_alone(p: Floats, right: Sequence[frozenset[str]], bare: Sequence[bool]) -> list[Asked]:
    """The same of held-out phrases; those of asks.yaml, which have no one answer, are left out."""
    return [
        Asked(Case("", "outside" if gold <= {*ROUTING, NO_ENTRY} else "question", "", min(gold), gold), row, alone)
        for row, gold, alone in zip(p, right, bare, strict=True)
        if not any(name.startswith(ASK) for name in gold)
    ]


def curve(
    knowledge: KnowledgeData,
    names: Sequence[str],
    asked: Sequence[Asked],
    thresholds: Thresholds,
    least: Sequence[float] = LEAST,
) -> list[Point]:
    """One point for each least P of an answer, and one for that of `thresholds`, ascending."""
    likeliest = [top(a.p, LOOKED_AT) if a.p is not None else [] for a in asked]
    points = []
    for value in sorted({*least, thresholds.answer}):
        tried = replace(thresholds, answer=value)
        ways = tried, tried.of_bare()
        counts: Counter[str] = Counter()
        for a, first in zip(asked, likeliest, strict=True):
            found = a.outcome or decide(knowledge, names, _p(a), ways[a.bare], first)
            counts[grade(a.case, found)] += 1
        ours = sum(counts[name] for name in IN_SCOPE)
        theirs = counts["kept"] + counts["false"]
        shares = [*(_share(counts[name], ours) for name in IN_SCOPE), _share(counts["false"], theirs)]
        points.append(Point(value, *shares))
    return points


def _p(asked: Asked) -> Floats:
    if asked.p is None:
        raise ValueError(f"{asked.case.text!r} has neither probabilities nor an outcome")
    return asked.p


def _share(count: int, of: int) -> float:
    return round(100 * count / of, 1) if of else 0.0
