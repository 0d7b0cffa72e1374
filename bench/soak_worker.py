"""`fawen serve` started a thousand times: a parent that has imported everything, and forks one life after the other.

Obeys `start` and `kill` (see bench.forks). A life is what `fawen serve` runs, with settings from the environment; only Python's own
start, the imports and the learning are spared. Started by bench.soak.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import httpx

import bot.channels.telegram
import bot.channels.wechat_webhook
import bot.serve
import bot.store.sql
from bench.forks import obey
from bot.config import Settings


def life(log: Path) -> None:
    """One process; comes back only when it could not serve."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 2)
    bot.serve.run_service(Settings.load(None, os.environ))


async def _once(settings: Settings) -> None:
    """Serve, and stop as soon as it does."""
    serving = asyncio.create_task(bot.serve.run(settings))
    address = f"http://127.0.0.1:{settings.server.port}/readyz"
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        while not serving.done():
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get(address)).status_code == 200:
                    os.kill(os.getpid(), signal.SIGTERM)
                    break
            await asyncio.sleep(0.05)
    await serving


def main(log: Path) -> None:
    """Start and kill as told; the last life is killed at the end."""
    # one start and stop: what is loaded at first use is loaded, and the knowledge is learnt
    asyncio.run(_once(Settings.load(None, os.environ)))
    obey(lambda words: life(log))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
