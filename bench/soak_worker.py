"""`fawen serve` started a thousand times: a parent that has imported everything, and forks one life after the other.

Reads a command a line from standard input: `start` forks a life, `kill` ends it with SIGKILL and waits until it is gone;
each is answered by a line. A life is what `fawen serve` runs, with settings from the environment; only Python's own
start, the imports and the learning are spared. Started by bench.soak.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import bot.channels.telegram
import bot.channels.wechat_webhook
import bot.serve
import bot.store.sql
from bot.app import running_core
from bot.config import Settings


def life(log: Path) -> None:
    """One process; comes back only when it could not serve."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    asyncio.run(bot.serve.run(Settings.load(None, os.environ)))


async def _once(settings: Settings) -> None:
    async with running_core(settings):
        pass


def main(log: Path) -> None:
    """Start and kill as told; the last life is killed at the end."""
    # one start and stop: what is loaded at first use is loaded, and the knowledge is learnt
    asyncio.run(_once(Settings.load(None, os.environ)))
    child = 0
    for line in sys.stdin:
        if child:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            child = 0
        if line.strip() == "start":
            child = os.fork()
            if child == 0:
                life(log)
                os._exit(1)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
    if child:
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
