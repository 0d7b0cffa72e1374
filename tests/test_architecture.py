"""Imports run one way, nothing heavy happens at import, files and functions stay small."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted([*(ROOT / "bot").rglob("*.py"), *(ROOT / "intents").rglob("*.py")])

# who may not import what; a name ends with "." to mean the whole package
FORBIDDEN = {
    "intents": ("bot.", "asyncio", "sqlalchemy", "starlette", "telegram", "uvicorn", "time.", "httpx", "click", "rich"),
    "bot/store": (
        "bot.channels",
        "bot.dialogue",
        "bot.app",
        "bot.brain",
        "bot.desk",
        "intents",
        "starlette",
        "telegram",
    ),
    "bot/desk": ("bot.channels", "bot.app", "starlette", "telegram"),
    "bot/channels": ("bot.app", "bot.serve", "bot.cli", "sqlalchemy"),
    "bot/dialogue.py": ("bot.channels", "bot.app", "bot.serve", "sqlalchemy", "starlette", "telegram"),
    "bot/replies.py": ("bot.channels", "bot.app", "sqlalchemy", "starlette", "telegram"),
    "bot/messages.py": ("bot.", "intents"),
}


def _imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _breaks(name: str, rule: str) -> bool:
    bare = rule.rstrip(".")
    return name == bare or name.startswith(f"{bare}.")


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_imports_run_one_way(path: Path) -> None:
    """channels, cli -> app -> dialogue, desk -> intents; the store knows nobody but messages and errors."""
    relative = path.relative_to(ROOT).as_posix()
    rules = [rule for where, names in FORBIDDEN.items() if relative.startswith(where) for rule in names]
    broken = sorted(f"{name} (rule: not {rule})" for name in _imports(path) for rule in rules if _breaks(name, rule))
    assert [] == broken


def test_the_matcher_is_pure() -> None:
    """Importing intents brings in no web, storage or asyncio module of the service."""
    import subprocess

    code = (
        "import sys, intents; bad = [m for m in ('bot', 'sqlalchemy', 'starlette', 'telegram', 'uvicorn', 'aiosqlite') "
        "if m in sys.modules]; sys.exit(','.join(bad) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_files_and_functions_stay_small(path: Path) -> None:
    """No file over 400 lines, no function over 50."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    long = [
        f"{node.name} {node.end_lineno - node.lineno + 1}"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= 50
    ]
    assert ([], True) == (long, text.count("\n") <= 400)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_nothing_global_changes(path: Path) -> None:
    """No `global` statement anywhere: state belongs to objects that the composition root makes."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [] == [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Global)]
