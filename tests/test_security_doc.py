"""docs/security.md names controls and tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| \*\*(.+?)\*\*(.*?) \| (.+) \| (.+) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
_FILE = re.compile(r"`((?:bot|intents|deploy|tests|knowledge)/[\w/.@-]+)`")
ASKED = (
    "Forged webhook", "Replay", "Flooding", "Stored script", "Cross-site request forgery", "Session fixation", "Brute force",
    "SQL injection", "YAML bombs", "ZIP and XLSX bombs", "Formula injection", "Path traversal", "Server-side request forgery",
    "Token leakage in logs", "Personal data at rest", "Insider reading conversations", "Poisoned knowledge change",
    "Supply chain", "Denial by large input", "Regular-expression blow-up", "TLS stripping", "Clickjacking",
)  # fmt: skip
"""The threats that the model must speak of, whatever else it does."""


def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_threat_that_was_asked_for_is_there() -> None:
    """A row for each."""
    found = [row[0] for row in _ROW.findall(TEXT)]
    assert [] == [threat for threat in ASKED if not any(name.startswith(threat) for name in found)]


def test_every_row_is_read() -> None:
    """No row of a threat escapes the checks below by its form."""
    rows = [line for line in TEXT.splitlines() if line.startswith("| **")]
    assert len(rows) == len(_ROW.findall(TEXT)) > 40


@pytest.mark.parametrize(("threat", "control", "tests"), [(t + m, c, x) for t, m, c, x in _ROW.findall(TEXT)])
def test_each_threat_has_a_control_and_a_test_that_exist(threat: str, control: str, tests: str) -> None:
    """The control names a file that is there, the test a function that is there."""
    files = _FILE.findall(control)
    assert files, f"{threat}: no file of a control"
    assert [] == [name for name in files if not (ROOT / name).exists()]
    named = _TEST.findall(tests)
    assert named, f"{threat}: no test"
    for path, name in named:
        assert (ROOT / path).exists(), path
        assert name in _functions(ROOT / path), f"{path}::{name}"


def test_files_named_anywhere_exist() -> None:
    """Paths in the prose are as true as those in the tables."""
    assert [] == [name for name in _FILE.findall(TEXT) if not (ROOT / name).exists()]
