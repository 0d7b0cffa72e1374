"""What a change would do: new problems of the base, and which questions get another answer. Takes seconds; no waiting."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from intents import Matcher
from intents.diff import compare
from intents.evaluate import question_files, read_cases
from intents.lint import inspect

Learn = Callable[[Path], Matcher]
"""A matcher on a knowledge directory; may take seconds."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check."""

    problems: tuple[dict[str, Any], ...]
    """What the change brings; what was there before is not listed."""
    changes: tuple[dict[str, Any], ...]
    """The answer diff; empty when there are errors."""


@contextmanager
def staged(directory: Path, texts: Mapping[str, str | None]) -> Iterator[Path]:
    """A copy of the whole knowledge directory with these texts in place (None: without the file)."""
    with tempfile.TemporaryDirectory(prefix="fawen-") as place:
        copy = Path(place) / "knowledge"
        shutil.copytree(directory, copy, ignore=shutil.ignore_patterns(".*"))
        for name, text in texts.items():
            target = copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                target.unlink(missing_ok=True)
            else:
                target.write_bytes(text.encode("utf-8"))
        yield copy


def new_problems(directory: Path, texts: Mapping[str, str | None], today: date) -> tuple[dict[str, Any], ...]:
    """Problems that these texts bring; lines may have moved, so that problems are told apart by path and message."""
    known = {(p.path, p.message) for p in inspect(directory, today)}
    with staged(directory, texts) as copy:
        found = [p for p in inspect(copy, today) if (p.path, p.message) not in known]
    keys = ("path", "line", "severity", "code", "message")
    return tuple({key: getattr(p, key) for key in keys} for p in found)


def check(
    directory: Path,
    texts: Mapping[str, str | None],
    entry: str,
    asked: Sequence[str],
    learn: Learn,
    current: Matcher,
    today: date,
) -> Checked:
    """Problems and, where there is no error, the answers to the test questions and to `asked`, before and after.

    `current` is the matcher in force. A test question of the change that does not reach `entry` is a problem, too.
    """
    problems = new_problems(directory, texts, today)
    if any(p["severity"] == "error" for p in problems):
        return Checked(problems, ())
    with staged(directory, texts) as copy:
        after = learn(copy)
        before = {c.text for path in question_files(directory / "tests") for c in read_cases(path)}
        cases = [c for path in question_files(copy / "tests") for c in read_cases(path)]
    questions = after.knowledge.entries[entry].questions if entry in after.knowledge.entries else ()
    changes = compare(current, after, [*asked, *questions, *(c.text for c in cases)])
    missed = []
    for case in cases:
        if case.text not in before and entry in case.fair and after.match(case.text).entry != entry:
            said = f"检验题“{case.text}”还答不到条目“{entry}”，请给条目多加几句相似问。"
            path = f"tests/{case.file}"
            missed.append({"path": path, "line": 0, "severity": "warning", "code": "missed", "message": said})
    return Checked((*problems, *missed), tuple(asdict(change) for change in changes))
