"""Checks of proposals in a process of their own: asking every test question twice takes minutes of processor time, and in a
thread of the service every visitor would wait for it.

    python -m bot.checker        one job as JSON on standard input, the outcome as JSON on standard output (started by `CheckProcess`)
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

from bot.desk.checking import Checked, check
from bot.errors import DeskRefused, FawenError, KnowledgeError
from bot.relearn import NICE, environment

_DONE, _REFUSED = 0, 3


class CheckFailed(FawenError):
    """The process ended without an outcome."""


class CheckProcess:
    """Makes checks without holding up the event loop; the same outcome as `bot.desk.checking.check`."""

    def __init__(self, cache: Path | None, encoder: str, nice: int = NICE) -> None:
        """`encoder` is the setting knowledge.encoder; `nice` how far the other process stands back, see nice(2)."""
        self._cache, self._encoder, self._nice = cache, encoder, nice

    async def check(
        self, directory: Path, texts: Mapping[str, str | None], entry: str, asked: Sequence[str], today: date
    ) -> Checked:
        """Against the files of `directory` as they are. Raises DeskRefused where they cannot be learnt, CheckFailed."""
        job = {
            "directory": str(directory), "texts": dict(texts), "entry": entry, "asked": list(asked),
            "today": today.isoformat(), "cache": str(self._cache or ""), "encoder": self._encoder, "nice": self._nice,
        }  # fmt: skip
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.checker", env=environment(), stdin=pipe, stdout=pipe, stderr=pipe
        )
        try:
            said, wrong = await process.communicate(json.dumps(job).encode())
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        if process.returncode == _REFUSED:
            raise DeskRefused(str(json.loads(said)))
        if process.returncode != _DONE:
            end = wrong.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise CheckFailed(f"check ended with code {process.returncode}: {''.join(end)}")
        done = json.loads(said)
        return Checked(tuple(done["problems"]), tuple(done["changes"]))


def main() -> int:
    """Do the job; the exit code says whether an outcome or a refusal was written."""
    from bot.brain import make_encoders, make_matcher

    job = json.loads(sys.stdin.buffer.read())
    os.nice(job["nice"])
    cache, directory = Path(job["cache"]) if job["cache"] else None, Path(job["directory"])
    encoders, _ = make_encoders(job["encoder"], cache) if cache else ([], "")
    try:
        before = make_matcher(directory, cache, encoders)
        done = check(
            directory, job["texts"], job["entry"], job["asked"], lambda copy: make_matcher(copy, cache, encoders), before,
            date.fromisoformat(job["today"]),
        )  # fmt: skip
    except KnowledgeError as error:
        json.dump(str(error), sys.stdout)
        return _REFUSED
    json.dump(asdict(done), sys.stdout)
    return _DONE


if __name__ == "__main__":
    sys.exit(main())
