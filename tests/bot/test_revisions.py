"""A knowledge directory as it was in a git revision."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.revisions import knowledge_at


def _git(where: Path, *arguments: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(where), *who, *arguments], check=True, capture_output=True)  # noqa: S603, S607


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits of a knowledge directory inside a larger repository."""
    folder = tmp_path / "office" / "knowledge" / "entries"
    folder.mkdir(parents=True)
    _git(tmp_path, "init", "-q")
    for text in ("旧\n", "新\n"):
        (folder / "公证.yaml").write_text(text, encoding="utf-8")
        _git(tmp_path, "add", ".")
        _git(tmp_path, "commit", "-q", "-m", text)
    return tmp_path / "office" / "knowledge"


def test_a_revision_is_unpacked_and_removed(repository: Path) -> None:
    """The directory as it was, with its Chinese names; gone afterwards. The directory of today is untouched."""
    with knowledge_at("HEAD~1", repository) as then:
        found = [(p.name, p.read_text(encoding="utf-8")) for p in then.rglob("*.yaml")]
    assert ([("公证.yaml", "旧\n")], False) == (found, then.exists())
    assert "新\n" == (repository / "entries" / "公证.yaml").read_text(encoding="utf-8")


def test_a_directory_is_itself(repository: Path) -> None:
    with knowledge_at(str(repository), Path("/nowhere")) as then:
        assert repository == then


def test_what_is_neither_is_named(repository: Path) -> None:
    with pytest.raises(ConfigError, match="“昨天”既不是目录，也不是 git 版本"), knowledge_at("昨天", repository):
        pass
