"""Learning changed knowledge in a process of its own, and taking the finished matcher in piece by piece.

Parsing and checking the files holds the interpreter for a tenth of a second at a time, learning for seconds: done in
a thread of the service, every visitor would wait. The other process runs at low priority on one core.

    python -m bot.relearn DIRECTORY TARGET CACHE ENCODER      (started by `Relearner`, not by people)
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot import transport
from bot.errors import FawenError, KnowledgeError
from intents import Matcher, Problem
from intents.encoder import Encoder

_DONE, _REFUSED = 0, 3
_PROBLEMS = "problems.json"
_HERE = "here.json"
"""Names of the arrays (`Matcher.named`) that the process which takes the matcher in has already."""
NICE = 19
"""A sixtieth of a core that others want: answers come first, and the change still comes, from what the others leave."""


class RelearnFailed(FawenError):
    """The process ended without a matcher and without naming a problem of the knowledge."""


class Relearner:
    """Makes a matcher of a directory without holding up the event loop."""

    def __init__(self, cache: Path | None, encoder: str, encoders: Sequence[Encoder], nice: int = NICE) -> None:
        """`encoder` is the setting knowledge.encoder; `encoders` what this process has made of it; `nice` is how far
        the other process stands back (0 to 19, see nice(2))."""
        self._cache, self._encoder, self._encoders, self._nice = cache, encoder, tuple(encoders), nice

    async def learn(self, directory: Path, before: Matcher | None = None) -> Matcher:
        """The matcher of a directory; what it has in common with the one `before` (of a reworded answer all that was learnt) is
        that one's. Raises KnowledgeError with every problem, RelearnFailed when the process dies.
        """
        place = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="fawen-learn-"))
        try:
            return await self._learn(directory, place, before.named if before else {})
        finally:
            # hundreds of megabytes: the disk takes twenty milliseconds to forget them
            await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)

    async def _learn(self, directory: Path, place: Path, here: Mapping[str, Any]) -> Matcher:
        (place / _HERE).write_text(json.dumps(sorted(here)), encoding="utf-8")
        arguments = (str(directory), str(place), str(self._cache or ""), self._encoder)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.relearn", *arguments, env=environment(), stderr=asyncio.subprocess.PIPE
        )
        self._stand_back(process.pid)
        try:
            _, said = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        if process.returncode == _REFUSED:
            rows = json.loads((place / _PROBLEMS).read_text(encoding="utf-8"))
            raise KnowledgeError([Problem(**row) for row in rows])
        if process.returncode != _DONE:
            end = said.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise RelearnFailed(f"learning ended with code {process.returncode}: {''.join(end)}")
        matcher = await asyncio.to_thread(transport.load, place, {**_by_name(self._encoders), **here})
        if not isinstance(matcher, Matcher):
            raise RelearnFailed(f"learning gave a {type(matcher).__name__} instead of a matcher")
        return matcher

    def _stand_back(self, process: int) -> None:
        """From its first moment: its imports alone take a second of the processor."""
        level = min(os.getpriority(os.PRIO_PROCESS, 0) + self._nice, 19)
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process, level)


def _by_name(encoders: Sequence[Encoder]) -> dict[str, Encoder]:
    return {f"encoder/{encoder.name}": encoder for encoder in encoders}


def environment() -> dict[str, str]:
    """This process's own, with one thread for the linear algebra and the same import path."""
    one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **one, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


def main(arguments: Sequence[str]) -> int:
    """Learn and write; the exit code says whether a matcher or a list of problems was written."""
    from bot.brain import make_encoders, make_matcher

    directory, target, cache, encoder = arguments
    encoders, _ = make_encoders(encoder, Path(cache)) if cache else ([], "")
    try:
        there = frozenset(json.loads((Path(target) / _HERE).read_text(encoding="utf-8")))
        matcher = make_matcher(Path(directory), Path(cache) if cache else None, encoders, there)
    except KnowledgeError as error:
        rows = [asdict(problem) for problem in error.problems]
        (Path(target) / _PROBLEMS).write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        return _REFUSED
    common = {name: array for name, array in matcher.named.items() if name in there}
    transport.save(matcher, Path(target), {**_by_name(encoders), **common})
    return _DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
