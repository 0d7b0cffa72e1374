"""Two `fawen serve` never share a SQLite file, by whatever name; what is meant beside a service works beside it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import logging
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.errors import StoreError
from bot.store.one_service import alone_on
from tests.sample import service_environ

PROGRAM = [sys.executable, "-m", "bot"]


@contextlib.contextmanager
def _serving(home: Path, environ: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A `fawen serve` that listens, and its address; killed at the end if it is still there."""
    with subprocess.Popen([*PROGRAM, "serve"], cwd=home, env=environ, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stderr is not None
        said = []
        try:
            for line in process.stderr:
                said.append(line)
                if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                    yield process, found.group()
                    return
            raise AssertionError("fawen serve did not start:\n" + "".join(said))
        finally:
            process.kill()


def _fawen(home: Path, environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command beside the service."""
    return subprocess.run(  # noqa: S603  our own program
        [*PROGRAM, *arguments], cwd=home, env=environ, input="a long-Enough passw0rd\n", capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_a_second_service_is_refused_and_commands_are_not(tmp_path: Path) -> None:
    """The second ends with 2 and the remedy before it learns anything, also by a link to the file; the first goes on answering.
    Staff, backup, channels and doctor work meanwhile; restoring does not."""
    environ = service_environ(tmp_path)
    (tmp_path / "link.db").symlink_to(tmp_path / "fawen.db")
    by_link = {**environ, "FAWEN_STORE__URL": f"sqlite+aiosqlite:///{tmp_path}/link.db"}
    with _serving(tmp_path, environ) as (process, address):
        for other in (environ, by_link):
            done = _fawen(tmp_path, other, "serve")
            assert (2, True) == (done.returncode, "PostgreSQL" in done.stderr), done.stderr
            assert "正被另一个 fawen serve" in done.stderr
            assert "正在启动" not in done.stderr
        for command in (
            ("user", "add", "wang", "--role", "admin"), ("backup", "b.gz"), ("channel", "off", "wechat"), ("report",),
        ):  # fmt: skip
            done = _fawen(tmp_path, environ, *command)
            assert 0 == done.returncode, done.stderr
        assert "能读能写" in (said := _fawen(tmp_path, environ, "doctor")).stdout, said
        refused = _fawen(tmp_path, environ, "restore", "b.gz", "--replace")
        assert (1, True) == (refused.returncode, "请先停下那一个" in refused.stderr), refused.stderr
        answer = httpx.post(f"{address}/api/chat", json={"session": "s", "text": "公证收费标准"}, timeout=60)
        assert "notary.fee" == answer.json()["entry"]
        process.terminate()
        assert 0 == process.wait(40)
    assert 0 == _fawen(tmp_path, environ, "restore", "b.gz", "--replace").returncode


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_next_start_finds_the_database_free(tmp_path: Path, how: signal.Signals) -> None:
    """After a kill as after an orderly end, as soon as the process is gone; the lock file that stays keeps nobody out."""
    environ = service_environ(tmp_path)
    with _serving(tmp_path, environ) as (process, _):
        process.send_signal(how)
        process.wait(40)
        lock = tmp_path / "fawen.db.serving"
        assert 0o600 == lock.stat().st_mode & 0o777
        with _serving(tmp_path, environ) as (again, address):
            assert 200 == httpx.get(f"{address}/readyz", timeout=60).status_code
            again.terminate()
            assert 0 == again.wait(40)


def test_what_cannot_be_locked_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """On a file system without locks the service starts, and the log says that nothing keeps a second one off."""

    def unable(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unable)
    with caplog.at_level(logging.WARNING), alone_on(f"sqlite:///{tmp_path}/fawen.db"):
        assert ["cannot be locked" in record.getMessage() for record in caplog.records] == [True]


def test_only_a_file_is_locked(tmp_path: Path) -> None:
    """PostgreSQL's replicas share their database, and a database in memory has no second visitor."""
    for url in ("postgresql://u@h/d", "sqlite://", "sqlite:///:memory:"):
        with alone_on(url), alone_on(url):
            pass
    url = f"sqlite:///{tmp_path}/fawen.db"
    with alone_on(url, make=False):
        assert [] == list(tmp_path.iterdir())
    with alone_on(url), pytest.raises(StoreError, match="没有动它"), alone_on(url, make=False):
        pass


async def test_a_program_started_by_the_service_does_not_keep_the_lock(tmp_path: Path) -> None:
    """A check or a learning that outlives its killed service keeps no new one out."""
    url = f"sqlite:///{tmp_path}/fawen.db"
    with alone_on(url):
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    with alone_on(url):
        assert child.returncode is None
    await child.communicate(b"\n")
