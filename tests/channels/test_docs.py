"""docs/channels.md names for each rule the test that holds it: each of them exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "channels.md"


def _tests() -> set[str]:
    """Names of all test functions."""
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        }
    return found


def _rows() -> list[list[str]]:
    """Cells of the rows of every table, without heads and rules."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [row for row in rows if row[0] != "rule" and not set(row[0]) <= set("-: ")]


def test_each_named_test_exists() -> None:
    """No row points to a test that was renamed or never written; files that are named exist."""
    text = TABLE.read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_[a-z0-9_]+)(?:\[[^\]]*\])?`", text)) - {"test_lanes"}
    assert len(named) > 60
    assert set() == named - _tests()
    files = set(re.findall(r"tests/[a-z_/]+\.py", text))
    assert [] == sorted(name for name in files if not (ROOT / name).exists())


def test_each_rule_has_a_test() -> None:
    """The last cell of every row names at least one test or a file of tests."""
    bare = [row[0] for row in _rows() if not re.search(r"test_[a-z0-9_]+|tests/[a-z_/]+\.py", row[-1])]
    assert [] == bare
