"""`python -m bench.install`: the wheel into a fresh virtual environment and an empty folder, until the chat answers.

Builds the wheel, then does what an operator does: `pip install fawen-*.whl`, `fawen init`, `fawen serve`, and asks one
question over HTTP and for the chat page. Needs the package index. Prints each step with its seconds.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parent.parent
PORT = 8765
WAIT_SECONDS = 300
STORED_QUESTION = "申请法律援助需要符合什么条件"
"""Stands in the knowledge as it is: it must be answered with and without sentence vectors, which the bare wheel lacks."""


def main() -> int:
    """0 when the page and the API answered; the steps go to standard output."""
    with tempfile.TemporaryDirectory(prefix="fawen-install-") as name:
        folder = Path(name)
        started = time.monotonic()

        def step(what: str) -> None:
            print(f"{time.monotonic() - started:7.1f} s  {what}", flush=True)

        (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(folder / "dist"), versions=["standard"])
        step(f"built {Path(wheel).name}, {Path(wheel).stat().st_size:,} bytes")
        venv.create(folder / "venv", with_pip=True)
        binaries = folder / "venv" / "bin"
        subprocess.run([binaries / "pip", "install", "--quiet", wheel], check=True)
        step("installed into a fresh environment")
        empty = folder / "empty"
        empty.mkdir()
        # nothing of the checkout may help
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("FAWEN_", "PYTHON"))}
        environ["FAWEN_SERVER__PORT"] = str(PORT)
        subprocess.run([binaries / "fawen", "init"], cwd=empty, env=environ, check=True)
        process = subprocess.Popen([binaries / "fawen", "serve"], cwd=empty, env=environ)
        try:
            page = _get(f"http://127.0.0.1:{PORT}/", process)
            step(f"the chat page answers, {len(page):,} bytes")
            body = json.dumps({"session": "install-check-0001", "text": STORED_QUESTION}).encode()
            found = json.loads(_get(f"http://127.0.0.1:{PORT}/api/chat", process, body))
            step(f"the API answers: {found['outcome']} {found['entry']}")
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(30)
        step(f"stopped with exit code {code}; files: {sorted(p.name for p in empty.iterdir())}")
    return 0 if found["outcome"] == "answer" and code == 0 else 1


def _get(url: str, process: subprocess.Popen[bytes], body: bytes | None = None) -> bytes:
    """The body at `url`, waited for while the service starts. Raises RuntimeError when it ends or takes too long."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310  # always http
    for _ in range(WAIT_SECONDS):
        if process.poll() is not None:
            raise RuntimeError(f"fawen serve ended with exit code {process.returncode}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # always http
                return bytes(answer.read())
        except urllib.error.HTTPError:
            raise
        except OSError:
            time.sleep(1)
    raise RuntimeError(f"no answer at {url} within {WAIT_SECONDS} s")


if __name__ == "__main__":
    sys.exit(main())
