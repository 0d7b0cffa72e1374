"""Lives forked from a parent that has done the imports: what is spared is Python's own start, seconds on a busy machine.

Each life is a process of its own, ended by SIGKILL or left to its end. The parent is a module that calls `obey`; a
bench holds it with `Lives`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence

from tests.sample import ROOT


def obey(live: Callable[[Sequence[str]], None]) -> None:
    """Commands from standard input, a line of answer each, until it is closed.

    `start WORDS` forks a life that runs `live(WORDS)`; `kill` ends it with SIGKILL and waits until it is gone (a start
    does so too); `finish WORDS` starts a life, waits for its end and answers with its exit code.
    """
    child = 0
    for line in sys.stdin:
        _kill(child)
        what, *words = line.split()
        child = _fork(live, words) if what in ("start", "finish") else 0
        code = 0
        if what == "finish":
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            child = 0
        sys.stdout.write(f"{what} {code}\n")
        sys.stdout.flush()
    _kill(child)


def _fork(live: Callable[[Sequence[str]], None], words: Sequence[str]) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        live(words)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        # what the parent holds is not cleaned up twice
        os._exit(code)


def _kill(child: int) -> None:
    if child:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


class Lives:
    """The parent of the lives, as a bench sees it; at most one life at a time."""

    def __init__(self, module: str, *arguments: str, environ: Mapping[str, str] | None = None) -> None:
        """`module` is run with `python -m` and calls `obey`."""
        self._command = (sys.executable, "-m", module, *arguments)
        self._environ = {**(os.environ if environ is None else environ), "PYTHONPATH": str(ROOT)}
        # no thread of the parent may be needed in a forked life
        self._environ["OPENBLAS_NUM_THREADS"] = "1"

    async def begin(self) -> None:
        """Start the parent."""
        self._parent = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=self._environ, cwd=ROOT
        )

    async def tell(self, what: str) -> int:
        """`start ...`, `kill` or `finish ...`; returns the exit code when it is done. Raises RuntimeError when the parent is gone."""
        assert self._parent.stdin is not None
        self._parent.stdin.write(f"{what}\n".encode())
        while True:
            word, _, code = (await self._line()).partition(" ")
            # a life that was killed may have said something before
            if word == what.split()[0]:
                return int(code)

    async def said(self) -> str:
        """The next line that the life says. Raises RuntimeError when the parent is gone."""
        return await self._line()

    async def end(self) -> None:
        """Kill the last life and let the parent go."""
        assert self._parent.stdin is not None
        self._parent.stdin.close()
        await self._parent.wait()

    async def _line(self) -> str:
        assert self._parent.stdout is not None
        line = await self._parent.stdout.readline()
        if not line:
            raise RuntimeError("the parent of the lives has ended")
        return line.decode().strip()
