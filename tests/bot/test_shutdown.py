"""A real `fawen serve` told to stop: it takes nothing new, finishes what it began, and ends with 0; ready and alive differ."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.engine import make_url

from tests.databases import a_database
from tests.logwatch import CARD_ID, PHONE
from tests.sample import service_environ

AT_ONCE = 30


@dataclass
class Service:
    """The process, where it listens, and its database."""

    process: subprocess.Popen[str]
    port: int
    database: Path

    def rest(self) -> str:
        """What it says until it ends."""
        assert self.process.stderr is not None
        return self.process.stderr.read()


@contextlib.contextmanager
def _serving(home: Path, **settings: str) -> Iterator[Service]:
    quick = {"FAWEN_DIALOGUE__PER_MINUTE": "1000", "FAWEN_LOG__FORMAT": "json"}
    environ = service_environ(home, **(quick | settings))
    command = [sys.executable, "-m", "bot", "serve"]
    with subprocess.Popen(command, cwd=home, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if "Ctrl+C" in line:
                break
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", "".join(said))
        try:
            assert found, "".join(said)
            yield Service(process, int(found.group(1)), home / "fawen.db")
        finally:
            process.kill()


def _begin(port: int, number: int) -> tuple[socket.socket, bytes]:
    """A question of which the service has taken the head and asked for the rest; the rest."""
    body = json.dumps({"session": f"s{number}", "id": f"m{number}", "text": f"公证收费标准 {PHONE} {CARD_ID}"}).encode()
    made = socket.create_connection(("127.0.0.1", port), timeout=60)
    made.sendall(
        b"POST /api/chat HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
        b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    assert b"HTTP/1.1 100 Continue" in made.recv(4096)
    return made, body


def _end(made: socket.socket, rest: bytes) -> tuple[int, dict[str, object]]:
    """Status and JSON of the answer."""
    made.sendall(rest)
    said = b""
    while part := made.recv(65536):
        said += part
    made.close()
    head, _, body = said.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def _refuses(port: int) -> bool:
    """Whether nobody listens there any more, which may take a moment."""
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_what_was_begun_is_finished(tmp_path: Path, how: signal.Signals) -> None:
    """Told to stop with thirty questions half received: no new connection, thirty answers, all on disk, exit code 0, and
    a log of JSON lines without a trace of an error or of a person's number."""
    with _serving(tmp_path) as service:
        begun = [_begin(service.port, number) for number in range(AT_ONCE)]
        service.process.send_signal(how)
        assert _refuses(service.port)
        assert service.process.poll() is None
        answers = [_end(*one) for one in begun]
        assert {200} == {status for status, _ in answers}
        assert {"notary.fee"} == {answer["entry"] for _, answer in answers}
        assert 0 == service.process.wait(30)
        said = service.rest()
    with contextlib.closing(sqlite3.connect(service.database)) as database:
        kept = database.execute("SELECT message_id, text FROM exchanges").fetchall()
    assert AT_ONCE == len(kept)
    assert [] == [text for _, text in kept if PHONE in text or CARD_ID in text]
    lines = [json.loads(line) for line in said.splitlines()]
    assert [] == [line for line in lines if line["level"] == "error"]
    assert PHONE not in said


def test_who_never_finishes_does_not_hold_it_up(tmp_path: Path) -> None:
    """A question whose rest never comes is given up after the time of grace, and the end is still a clean one."""
    with _serving(tmp_path) as service:
        made, _ = _begin(service.port, 1)
        service.process.terminate()
        assert 0 == service.process.wait(40)
        made.close()
        assert "timeout graceful shutdown exceeded" in service.rest()


@pytest.mark.postgres
def test_alive_is_not_ready(tmp_path: Path, postgres: Any) -> None:
    """With its database gone the service is alive, so that it is not killed for it, and not ready, so that visitors go to
    another one; with the database back it is ready again."""
    url = a_database(postgres)
    name = make_url(url).database
    with (
        _serving(tmp_path, FAWEN_STORE__URL=url) as service,
        httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=60) as client,
    ):
        assert [200, 200] == [client.get(path).status_code for path in ("/healthz", "/readyz")]
        postgres.psql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false;")
        postgres.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}';")
        found = client.get("/readyz")
        assert (200, 503) == (client.get("/healthz").status_code, found.status_code)
        assert "store_unavailable" == found.json()["error"]["code"]
        postgres.psql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true;")
        assert 200 == client.get("/readyz").status_code
        service.process.terminate()
        assert 0 == service.process.wait(40)
