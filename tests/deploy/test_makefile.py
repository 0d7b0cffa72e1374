"""What `make` offers is named, and what it starts is there."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_help_names_every_target() -> None:
    """But for the ones that others stand on."""
    (phony,) = re.findall(r"^\.PHONY: (.*)$", TEXT, re.MULTILINE)
    named = set(re.findall(r'@echo "make ([\w-]+) ', TEXT))
    assert named == set(phony.split()) - {"help", "setup", "clean"}


def test_every_module_that_make_runs_is_there() -> None:
    """A renamed bench would be found when somebody wants its figures."""
    modules = set(re.findall(r"python -m ([\w.]+)", TEXT)) - {"pip"}
    assert {"bench", "bench.mixed", "bench.memory", "bench.growth", "deploy.sbom"} <= modules
    assert [] == [name for name in sorted(modules) if importlib.util.find_spec(name) is None]


def test_the_load_is_measured_on_every_store() -> None:
    """SQLite, replicas on PostgreSQL, memory, growth; each is run though one before it fails, and the guide names the target."""
    done = subprocess.run(["make", "--dry-run", "bench-load"], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = re.findall(r"python -m (bench\.\w+(?: --replicas)?)[^;]* \|\| failed=1;", done.stdout)
    assert ["bench.mixed", "bench.mixed --replicas", "bench.memory", "bench.growth"] == lines
    assert "`make bench-load`" in (ROOT / "docs" / "capacity.md").read_text(encoding="utf-8")
