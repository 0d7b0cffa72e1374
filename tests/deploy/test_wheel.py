"""The wheel carries all that the program reads, and begins in an empty folder."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from hatchling.builders.wheel import WheelBuilder

from bot.cli import main
from bot.config import Settings

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files inside a wheel built from the checkout."""
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"])
    with zipfile.ZipFile(built) as wheel:
        return set(wheel.namelist())


def _tracked(*where: str) -> set[str]:
    """The files of the checkout below these directories that are not ignored."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *where],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {name for name in done.stdout.splitlines() if (ROOT / name).is_file()}


def test_every_file_of_the_packages_is_in_the_wheel(names: set[str]) -> None:
    """Code, pages, scripts, migrations, weights and vectors: nothing of bot/ and intents/ is left behind."""
    expected = _tracked("bot", "intents")
    assert {"bot/channels/pages/chat.html", "intents/weights.json", "bot/store/migrations/env.py"} <= expected
    assert set() == expected - names


def test_the_whole_knowledge_is_in_the_wheel(names: set[str]) -> None:
    """Each file of knowledge/, where the installed program looks for it, and the sample of the settings."""
    expected = {"bot/_knowledge" + name.removeprefix("knowledge") for name in _tracked("knowledge")}
    assert {"bot/_knowledge/sources.yaml", "bot/_knowledge/texts.yaml"} <= expected
    assert set() == (expected | {"bot/config.example.yaml"}) - names


def test_nothing_private_is_in_the_wheel(names: set[str]) -> None:
    """No database, settings, tests or caches."""
    wrong = [n for n in names if n.endswith((".db", ".pyc", "/config.yaml")) or n.startswith(("tests/", "bench/", "."))]
    assert [] == wrong


def test_init_writes_settings_that_load(tmp_path: Path) -> None:
    """A new directory gets config.yaml, readable by its owner only, with every default; what to do next is said."""
    done = CliRunner().invoke(main, ["init", str(tmp_path / "new")])
    written = tmp_path / "new" / "config.yaml"
    assert (0, True) == (done.exit_code, "fawen serve" in done.output)
    assert Settings() == Settings.load(written, {})
    assert 0o600 == written.stat().st_mode & 0o777


def test_init_never_overwrites(tmp_path: Path) -> None:
    """A settings file that exists stays byte for byte, and the exit code says that nothing was done."""
    (tmp_path / "config.yaml").write_text("server: {port: 9}\n", encoding="utf-8")
    done = CliRunner().invoke(main, ["init", str(tmp_path)])
    assert (1, "server: {port: 9}\n") == (done.exit_code, (tmp_path / "config.yaml").read_text(encoding="utf-8"))
    assert "已经有了" in done.output


def test_init_names_a_place_it_cannot_write(tmp_path: Path) -> None:
    """A path below a file is named with the remedy, without a traceback."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = CliRunner().invoke(main, ["init", str(tmp_path / "file" / "below")])
    assert (2, True) == (done.exit_code, str(tmp_path / "file") in done.output)
