"""Question files -> how well the matcher understands: right, offered, wrong, missed; outside, ambiguous, dialogues.

Our own files stand in knowledge/tests:
  <topic>.yaml      tests: [{q, entry, also: [...]}]            outside.yaml  the same, with routing entries or none
  ambiguous.yaml    ambiguous: [{q, options: [...]}]            dialogues.yaml  dialogues: [{turns, ids, also}]
A .tsv file of question, entry, also (tab-separated) is read as well.

right: answered with the entry or one of `also`. offered: options with one of them among the first five.
wrong: answered with another entry. missed: anything else, a mere referral too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from intents.conversation import converse
from intents.decide import Decision
from intents.errors import FawenError
from intents.matcher import Match, Matcher
from intents.model import NO_ENTRY, ROUTING

Grade = Literal["right", "offered", "wrong", "missed", "kept", "false", "good", "answered", "other"]
IN_SCOPE: tuple[Grade, ...] = ("right", "offered", "wrong", "missed")
OFFERED_AMONG = 5


@dataclass(frozen=True, slots=True)
class Case:
    """One question of a file; for a dialogue, one turn with those before it."""

    file: str
    kind: Literal["question", "outside", "ambiguous", "dialogue"]
    text: str
    entry: str
    fair: frozenset[str]
    before: tuple[str, ...] = ()
    first: str = ""
    """For a dialogue the entry that its first turn asks for."""


@dataclass(frozen=True, slots=True)
class Graded:
    """A case and what became of it."""

    case: Case
    match: Match
    grade: Grade


def read_cases(path: Path) -> list[Case]:
    """The cases of one file. Raises FawenError naming file and remedy."""
    if path.suffix == ".tsv":
        rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        raw = [{"q": r[0], "entry": r[1], "also": (r[2].split(",") if len(r) > 2 and r[2] else [])} for r in rows]
        data: dict[str, Any] = {"tests": raw}
    else:
        safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # both are safe loaders
        data = yaml.load(path.read_text(encoding="utf-8"), safe) or {}  # nosec B506
    try:
        return list(_cases(path.name, data))
    except (KeyError, TypeError, AttributeError) as error:
        raise FawenError(f"{path}：检验题的写法不对（{error}）。请对照 knowledge/README.md。") from None


def _cases(name: str, data: dict[str, Any]) -> Iterator[Case]:
    for row in data.get("tests") or ():
        entry = row["entry"]
        outside = entry in (*ROUTING, NO_ENTRY) and name.startswith("outside")
        fair = frozenset({entry, *(row.get("also") or ())})
        yield Case(name, "outside" if outside else "question", row["q"], entry, fair)
    for row in data.get("ambiguous") or ():
        yield Case(name, "ambiguous", row["q"], row["options"][0], frozenset(row["options"]))
    for row in data.get("dialogues") or ():
        also = row.get("also") or [[] for _ in row["turns"]]
        for i in range(1, len(row["turns"])):
            fair = frozenset({row["ids"][i], *also[i]})
            yield Case(name, "dialogue", row["turns"][i], row["ids"][i], fair, tuple(row["turns"][:i]), row["ids"][0])


def question_files(directory: Path) -> list[Path]:
    """The question files of a knowledge directory's tests."""
    skip = ("safety_detector.yaml", "known_misses.yaml")
    return [p for p in sorted(directory.glob("*.yaml")) if p.name not in skip]


def evaluate(matcher: Matcher, cases: Sequence[Case], tick: Callable[[int, int], None] | None = None) -> list[Graded]:
    """Every case asked and graded, in order."""
    graded = []
    for number, case in enumerate(cases, 1):
        match = converse(matcher.match, [*case.before, case.text])[-1]
        graded.append(Graded(case, match, grade(case, match)))
        if tick:
            tick(number, len(cases))
    return graded


def grade(case: Case, match: Match | Decision) -> Grade:
    """What an outcome is worth for its case."""
    if case.kind == "outside":
        answered = match.outcome == "answer" and not (match.entry or "").startswith("chat.")
        return "false" if answered and match.entry not in case.fair else "kept"
    if case.kind == "ambiguous":
        if match.outcome == "answer":
            return "answered"
        hits = len(case.fair & set(match.options))
        return "good" if match.outcome == "options" and 2 * hits >= len(match.options) > 0 else "other"
    if match.outcome == "answer":
        if match.entry in case.fair:
            return "right"
        return "missed" if match.entry in ROUTING else "wrong"
    if match.outcome == "options" and case.fair & set(match.options[:OFFERED_AMONG]):
        return "offered"
    return "missed"


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one file or topic."""

    name: str
    total: int
    counts: dict[Grade, int]

    def share(self, name: Grade) -> float:
        """Per cent of the total, one decimal."""
        return round(100 * self.counts.get(name, 0) / self.total, 1) if self.total else 0.0


def tally(graded: Iterable[Graded], key: Callable[[Graded], str]) -> list[Tally]:
    """Counts by whatever `key` says, in order of first occurrence."""
    groups: dict[str, dict[Grade, int]] = {}
    for item in graded:
        counts = groups.setdefault(key(item), {})
        counts[item.grade] = counts.get(item.grade, 0) + 1
    return [Tally(name, sum(counts.values()), counts) for name, counts in groups.items()]


def reliability(graded: Iterable[Graded], bins: int = 10) -> list[tuple[float, float, int]]:
    """Of the answers given with a confidence in each bin, the share that is right: (mean confidence, share, count)."""
    buckets: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for item in graded:
        if item.match.outcome == "answer" and item.case.kind != "ambiguous" and item.match.reason != "exact":
            right = item.match.entry in item.case.fair
            buckets[min(int(item.match.confidence * bins), bins - 1)].append((item.match.confidence, right))
    return [(sum(c for c, _ in b) / len(b), sum(r for _, r in b) / len(b), len(b)) for b in buckets if b]


def confusions(graded: Iterable[Graded], most: int = 40) -> list[tuple[str, str, list[str]]]:
    """Wrong answers by (asked for, given), the most frequent first, with the questions."""
    found: dict[tuple[str, str], list[str]] = {}
    for item in graded:
        if item.grade in ("wrong", "false"):
            found.setdefault((item.case.entry, item.match.entry or ""), []).append(item.case.text)
    ordered = sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return [(asked, given, texts) for (asked, given), texts in ordered[:most]]
