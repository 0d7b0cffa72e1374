"""The systemd units, read by systemd's own tool; nothing is started."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from configparser import ConfigParser
from pathlib import Path

import click
import pytest

from bot.cli import main
from bot.config import Settings
from bot.messages import Reply
from bot.store.backup import restore
from bot.store.base import Turn
from bot.store.sql import SqlStore
from tests.deploy.tools import needed
from tests.fakes import FakeClock, a_message

ROOT = Path(__file__).resolve().parent.parent.parent
SYSTEMD = ROOT / "deploy" / "systemd"
SERVICES = sorted(SYSTEMD.glob("*.service"))
TIMERS = sorted(SYSTEMD.glob("*.timer"))
SCRIPT = SYSTEMD / "fawen-backup"
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


def _backup_line() -> str:
    """The call inside the script of the timer, with the program where the guide puts it."""
    (line,) = [line for line in SCRIPT.read_text(encoding="utf-8").splitlines() if line.startswith('"$fawen"')]
    return line.replace('"$fawen"', "/opt/fawen/bin/fawen")


@pytest.mark.parametrize("path", SERVICES, ids=lambda p: p.name)
def test_systemd_reads_the_unit(path: Path, tmp_path: Path) -> None:
    """No unknown key, no key in the wrong section, nothing left out; the program is where the guide puts it."""
    analyze = needed("systemd-analyze", "systemd")
    # the check insists on the program; the guide installs it to /opt/fawen
    text = re.sub(
        r"/opt/fawen/bin/fawen|/usr/local/libexec/fawen-backup", "/bin/true", path.read_text(encoding="utf-8")
    )
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


@pytest.mark.parametrize("line", [_read(SYSTEMD / "fawen@.service")["Service"]["ExecStart"], _backup_line()])
def test_the_command_exists(line: str) -> None:
    """What the units call is a command of fawen with options that it has."""
    words = line.split()
    assert "/opt/fawen/bin/fawen" == words[0]
    command = main.get_command(click.Context(main), words[1])
    assert command is not None
    known = {name for parameter in command.params for name in parameter.opts}
    assert set() == {word for word in words[2:] if word.startswith("-")} - known


@pytest.mark.parametrize("path", TIMERS, ids=lambda p: p.name)
def test_the_timer_fits_its_service(path: Path) -> None:
    """systemd understands when, and there is a service of the same name."""
    when = _read(path)["Timer"]["OnCalendar"]
    done = subprocess.run(
        [needed("systemd-analyze", "systemd"), "calendar", when], capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stderr
    assert path.with_suffix(".service") in SERVICES
    assert "/usr/local/libexec/fawen-backup" == _read(path.with_suffix(".service"))["Service"]["ExecStart"].split()[0]


def _nightly(directory: Path, database: Path, program: str) -> subprocess.CompletedProcess[str]:
    """One run of the script, as the timer runs it, on a database of ours."""
    config = database.parent / "config.yaml"
    config.write_text(f"store: {{url: 'sqlite+aiosqlite:///{database}'}}\n", encoding="utf-8")
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "FAWEN_PROGRAM": program,
        "FAWEN_CONFIG": str(config),
    }
    command: list[str | Path] = ["sh", SCRIPT, directory, "30"]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, cwd=database.parent)


async def test_the_nightly_backup_is_one_that_restores(tmp_path: Path) -> None:
    """A file that only its owner can read and that restores to the same; what is over thirty days old is gone."""
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/fawen.db", now=FakeClock())
    await store.start()
    message = a_message("法律援助收费吗", FakeClock())
    await store.finish(Turn(message, Reply("entry", "不收费。", "answer"), {}))
    await store.close()
    place = tmp_path / "backups"
    place.mkdir()
    for name, days in (("fawen-old.gz", 31), ("fawen-young.gz", 29), ("other.txt", 99)):
        (place / name).write_text("", encoding="utf-8")
        then = time.time() - days * 86_400
        os.utime(place / name, (then, then))
    done = _nightly(place, tmp_path / "fawen.db", _program(tmp_path))
    assert 0 == done.returncode, done.stderr
    there = {path.name for path in place.iterdir()}
    (made,) = there - {"fawen-young.gz", "other.txt"}
    assert 0o600 == (place / made).stat().st_mode & 0o777
    await restore(f"sqlite+aiosqlite:///{tmp_path}/again.db", place / made, False)
    again = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/again.db", now=FakeClock())
    await again.start()
    assert ["法律援助收费吗"] == [m.text for m, _ in await again.history(message.channel, message.chat)]
    await again.close()


def test_a_backup_that_fails_deletes_nothing(tmp_path: Path) -> None:
    """No new one, no old one gone; the unit fails, as `systemctl --failed` shows."""
    place = tmp_path / "backups"
    place.mkdir()
    old = place / "fawen-old.gz"
    old.write_text("", encoding="utf-8")
    os.utime(old, (0, 0))
    done = _nightly(place, tmp_path / "fawen.db", "/bin/false")
    assert (True, True) == (done.returncode != 0, old.exists())


def _program(home: Path) -> str:
    """`fawen` of this checkout as one executable."""
    path = home / "fawen"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -m bot "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("path", SERVICES, ids=lambda p: p.name)
def test_the_environment_is_of_settings_that_exist(path: Path) -> None:
    """A misspelt variable would be refused at the start."""
    given = dict(re.findall(r"(FAWEN_[A-Z_]+)=(\S+)", path.read_text(encoding="utf-8").replace("%i", "8000")))
    loaded = Settings.load(None, given)
    assert "8000" != given.get("FAWEN_SERVER__PORT") or 8000 == loaded.server.port


@pytest.mark.parametrize("path", SERVICES, ids=lambda p: p.name)
def test_the_credentials_are_secret_settings(path: Path, tmp_path: Path) -> None:
    """Each line that may be switched on names a secret that the service takes from there."""
    found = re.findall(
        r"^#?LoadCredential=(\w+)\.(\w+):/etc/fawen/credentials/\1\.\2$", path.read_text("utf-8"), re.MULTILINE
    )
    assert ("store", "url") in found
    for section, name in found:
        (tmp_path / f"{section}.{name}").write_text("sqlite+aiosqlite:///x.db\n", encoding="utf-8")
    loaded = Settings.load(None, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    for section, name in found:
        assert "sqlite+aiosqlite:///x.db" == getattr(getattr(loaded, section), name).get_secret_value(), name


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
