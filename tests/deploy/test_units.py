"""The systemd units, read by systemd's own tool; nothing is started."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import click
import pytest

from bot.cli import main
from bot.config import Settings
from tests.deploy.tools import needed

SYSTEMD = Path(__file__).resolve().parent.parent.parent / "deploy" / "systemd"
SERVICES = sorted(SYSTEMD.glob("*.service"))
EXPOSURE = 20
"""Tenths of systemd-analyze's exposure level: below 2 of 10 is its `OK`."""


class _Unit(ConfigParser):
    """Keys keep their case; of those that occur several times the last is read."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def _read(path: Path) -> ConfigParser:
    unit = _Unit(strict=False, interpolation=None, delimiters=("=",))
    unit.read(path, encoding="utf-8")
    return unit


@pytest.mark.parametrize("path", SERVICES, ids=lambda p: p.name)
def test_systemd_reads_the_unit(path: Path, tmp_path: Path) -> None:
    """No unknown key, no key in the wrong section, nothing left out; the program is where the guide puts it."""
    analyze = needed("systemd-analyze", "systemd")
    # the check insists on the program; the guide installs it to /opt/fawen
    text = path.read_text(encoding="utf-8").replace("/opt/fawen/bin/fawen", "/bin/true")
    copy = tmp_path / path.name.replace("@", "@8000")
    copy.write_text(text.replace("%i", "8000"), encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", copy], capture_output=True, text=True, check=False
    )
    complaints = [line for line in done.stderr.splitlines() if path.stem.strip("@") in line]
    assert (0, []) == (done.returncode, complaints), done.stderr


@pytest.mark.parametrize("path", SERVICES, ids=lambda p: p.name)
def test_the_unit_is_closed(path: Path) -> None:
    """systemd's own measure of what a compromised service could reach."""
    done = subprocess.run(
        [needed("systemd-analyze", "systemd"), "security", "--offline=true", f"--threshold={EXPOSURE}", path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert 0 == done.returncode, done.stdout[-300:] + done.stderr


@pytest.mark.parametrize("path", SERVICES, ids=lambda p: p.name)
def test_the_command_exists(path: Path) -> None:
    """What ExecStart calls is a command of fawen with options that it has."""
    words = _read(path)["Service"]["ExecStart"].split()
    assert "/opt/fawen/bin/fawen" == words[0]
    command = main.get_command(click.Context(main), words[1])
    assert command is not None
    known = {name for parameter in command.params for name in parameter.opts}
    assert set() == {word for word in words[2:] if word.startswith("-")} - known


@pytest.mark.parametrize("path", SERVICES, ids=lambda p: p.name)
def test_the_environment_is_of_settings_that_exist(path: Path) -> None:
    """A misspelt variable would be refused at the start."""
    given = dict(re.findall(r"(FAWEN_[A-Z_]+)=(\S+)", path.read_text(encoding="utf-8").replace("%i", "8000")))
    loaded = Settings.load(None, given)
    assert "8000" != given.get("FAWEN_SERVER__PORT") or 8000 == loaded.server.port


def test_the_user_exists() -> None:
    """Every unit runs as the user that the sysusers file makes."""
    made = (SYSTEMD / "fawen.sysusers").read_text(encoding="utf-8")
    assert re.search(r"^u fawen ", made, re.MULTILINE)
    assert {"fawen"} == {_read(path)["Service"]["User"] for path in SERVICES}
    if shutil.which("systemd-sysusers"):
        done = subprocess.run(
            ["systemd-sysusers", "--dry-run", SYSTEMD / "fawen.sysusers"], capture_output=True, text=True, check=False
        )
        assert 0 == done.returncode, done.stderr
