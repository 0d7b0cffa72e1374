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

from bot.archive import files_of
from bot.cli import main
from bot.config import Settings
from bot.desk.publishing import LOCK
from bot.messages import Reply
from bot.store.backup import restore
from bot.store.base import Turn
from bot.store.sql import SqlStore
from tests.deploy.tools import needed
from tests.fakes import FakeClock, a_message
from tests.sample import write_sample

ROOT = Path(__file__).resolve().parent.parent.parent
SYSTEMD = ROOT / "deploy" / "systemd"
SERVICES = sorted(SYSTEMD.glob("*.service"))
TIMERS = sorted(SYSTEMD.glob("*.timer"))
SCRIPT = SYSTEMD / "fawen-backup"
ADMIN = SYSTEMD / "fawen-admin"
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
    """One run of the script, as the timer runs it, on a database and a knowledge directory of ours."""
    config = database.parent / "config.yaml"
    config.write_text(f"store: {{url: 'sqlite+aiosqlite:///{database}'}}\n", encoding="utf-8")
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "FAWEN_PROGRAM": program,
        "FAWEN_CONFIG": str(config),
        "FAWEN_KNOWLEDGE__DIR": str(database.parent / "knowledge"),
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
    write_sample(tmp_path / "knowledge")
    place = tmp_path / "backups"
    place.mkdir()
    aged = (("fawen-old.gz", 31), ("fawen-files-old.tar.gz", 31), ("fawen-young.gz", 29), ("other.txt", 99))
    for name, days in aged:
        (place / name).write_text("", encoding="utf-8")
        then = time.time() - days * 86_400
        os.utime(place / name, (then, then))
    done = _nightly(place, tmp_path / "fawen.db", _program(tmp_path))
    assert 0 == done.returncode, done.stderr
    there = {path.name for path in place.iterdir()}
    made, files = sorted(there - {"fawen-young.gz", "other.txt"})
    assert f"fawen-files-{made[6:-3]}.tar.gz" == files
    assert 0o600 == (place / made).stat().st_mode & 0o777
    await restore(f"sqlite+aiosqlite:///{tmp_path}/again.db", place / made, False)
    again = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/again.db", now=FakeClock())
    await again.start()
    assert ["法律援助收费吗"] == [m.text for m, _ in await again.history(message.channel, message.chat)]
    await again.close()


def test_the_nightly_backup_holds_knowledge_and_settings(tmp_path: Path) -> None:
    """What the console publishes into the files, and config.yaml, for their owner only; unpacked they are the same."""
    write_sample(tmp_path / "knowledge")
    (tmp_path / "knowledge" / "entries" / "notary.yaml").write_text("# published in the console\n", encoding="utf-8")
    place = tmp_path / "backups"
    place.mkdir()
    done = _nightly(place, tmp_path / "fawen.db", "/bin/true")
    assert 0 == done.returncode, done.stderr
    (made,) = place.iterdir()
    assert 0o600 == made.stat().st_mode & 0o777
    (tmp_path / "back").mkdir()
    # as the guide unpacks it
    subprocess.run(["tar", "-xzf", made, "-C", tmp_path / "back"], check=True)  # noqa: S603, S607
    assert files_of(tmp_path / "knowledge") == files_of(tmp_path / "back" / "knowledge")
    assert (tmp_path / "config.yaml").read_bytes() == (tmp_path / "back" / "config.yaml").read_bytes()


def test_a_backup_without_the_knowledge_says_so(tmp_path: Path) -> None:
    """Another place than the script looks in: it fails, and names the place and the remedy."""
    place = tmp_path / "backups"
    place.mkdir()
    done = _nightly(place, tmp_path / "fawen.db", "/bin/true")
    assert (1, []) == (done.returncode, list(place.iterdir()))
    assert str(tmp_path / "knowledge") in done.stderr
    assert "FAWEN_KNOWLEDGE__DIR" in done.stderr


def test_the_knowledge_is_not_saved_while_it_is_written() -> None:
    """The script waits for whoever publishes: the same lock as bot.desk.publishing."""
    assert f'"$knowledge/{LOCK}"' in SCRIPT.read_text(encoding="utf-8")


def test_a_backup_that_fails_deletes_nothing(tmp_path: Path) -> None:
    """No new one, no old one gone; the unit fails, as `systemctl --failed` shows."""
    write_sample(tmp_path / "knowledge")
    place = tmp_path / "backups"
    place.mkdir()
    old = place / "fawen-old.gz"
    old.write_text("", encoding="utf-8")
    os.utime(old, (0, 0))
    done = _nightly(place, tmp_path / "fawen.db", "/bin/false")
    assert (True, True) == (done.returncode != 0, old.exists())


def _as_admin(home: Path, unit: str, *words: str, **environ: str) -> list[str]:
    """What `fawen-admin` gives to systemd-run, one word a line, when the unit of the service is this text."""
    (home / "unit").write_text(unit, encoding="utf-8")
    for name, text in (("systemctl", f'test "$1" = cat && cat {home}/unit'), ("systemd-run", 'printf "%s\\n" "$@"')):
        (home / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (home / name).chmod(0o755)
    path = {"PATH": f"{home}:{os.environ['PATH']}", **environ}
    done = subprocess.run(["sh", ADMIN, *words], env=path, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_an_admin_s_command_sees_what_the_service_sees(tmp_path: Path) -> None:
    """User, directory, settings and every secret of the unit as it is shipped: not a database of its own beside it."""
    unit = (SYSTEMD / "fawen@.service").read_text(encoding="utf-8")
    said = _as_admin(tmp_path, unit, "user", "add", "lin zhi", "--role", "admin")
    middle = said.index("--")
    command = ["/opt/fawen/bin/fawen", "user", "add", "lin zhi", "--role", "admin", "--config"]
    assert [*command, "/etc/fawen/config.yaml"] == said[middle + 1 :]
    given = {word for at, word in enumerate(said[:middle]) if said[at - 1] == "-p"}
    service = _read(SYSTEMD / "fawen@.service")["Service"]
    kept = {f"{name}={service[name]}" for name in ("User", "Group", "WorkingDirectory", "UMask", "EnvironmentFile")}
    assert kept == given
    assert {"--wait", "--pty", "--pipe"} <= set(said[:middle])


def test_an_admin_s_command_gets_the_credentials_that_are_switched_on(tmp_path: Path) -> None:
    """A secret that the service has from a file; none that is commented out; and where `fawen move` goes, by its name only."""
    unit = (
        (SYSTEMD / "fawen@.service")
        .read_text(encoding="utf-8")
        .replace("#LoadCredential=store", "LoadCredential=store")
    )
    said = _as_admin(tmp_path, unit, "move", FAWEN_MOVE_TO="postgresql+asyncpg://fawen:geheim@db/fawen")
    loaded = [word for word in said if word.startswith("LoadCredential")]
    assert ["LoadCredential=store.url:/etc/fawen/credentials/store.url"] == loaded
    assert "FAWEN_MOVE_TO" == said[said.index("-E") + 1]
    assert not any("geheim" in word for word in said)


def test_an_admin_s_command_without_the_unit_stops(tmp_path: Path) -> None:
    """Where the secrets are is not known: nothing runs, and the remedy is named. Nor does anything without a command."""
    (tmp_path / "systemctl").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (tmp_path / "systemctl").chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    for words, code, said in ((["channel", "list"], 1, "FAWEN_UNIT"), ([], 2, "用法")):
        done = subprocess.run(["sh", ADMIN, *words], env=path, capture_output=True, text=True, check=False)
        assert (code, True, "") == (done.returncode, said in done.stderr, done.stdout)


def test_every_guide_uses_the_command_with_the_secrets() -> None:
    """`sudo -u fawen fawen …` reads no secrets.env: it would write into a database of its own."""
    guides = (ROOT / "deploy" / "README.zh-CN.md", ROOT / "docs" / "operator.zh-CN.md")
    texts = [path.read_text(encoding="utf-8") for path in guides]
    assert all("fawen-admin user add" in text for text in texts)
    for path in (*guides, ROOT / "README.md", ROOT / "README.zh-CN.md"):
        assert "sudo -u fawen" not in path.read_text(encoding="utf-8"), path


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


def test_learning_that_runs_out_of_memory_does_not_stop_the_service() -> None:
    """systemd ends the whole unit for one killed process unless told not to."""
    assert "continue" == _read(SYSTEMD / "fawen@.service")["Service"]["OOMPolicy"]


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
