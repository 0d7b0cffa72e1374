"""`python -m bench.spread [TIMES]`: how long until every replica serves a version of the knowledge that was published.

Two `fawen serve` on one PostgreSQL with the shipped knowledge (sentence vectors off). A version that differs in one sentence is
put into the store as publishing does (bot.store.knowledge), and both are asked for the version they serve (/readyz) until
it is the new one. From the commit: with the notification that publishing sends ("told"), and with none, as when it was lost
("by looking", every 2 s). Each version was never learnt on this machine before.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import httpx
from rich.console import Console
from rich.table import Table

from bench.mixed import place_of, postgres
from bench.replicas import Replica
from bot import archive
from bot.app import utc_now
from bot.paths import knowledge_dir
from bot.store.knowledge import KnowledgeVersions
from bot.store.sql import SqlStore
from intents.knowledge import fingerprint
from tests.channels.bot_api import running_bot_api
from tests.channels.wechat_server import running_wechat

TIMES = 5
GOAL_SECONDS = 5.0
_LOOK_SECONDS = 0.05
_MOST_SECONDS = 180.0


@dataclass
class Spread:
    """What was measured, seconds from the commit until the first and the last replica served it."""

    how: str
    first: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)


@contextlib.asynccontextmanager
async def serving(folder: Path, database: str) -> AsyncIterator[list[Replica]]:
    """Two replicas that serve what the store holds."""
    async with running_bot_api() as telegram, running_wechat() as wechat:
        made = [Replica(place_of(folder, database, True), f"replica-{n}", telegram.url, wechat.url) for n in (1, 2)]
        try:
            for replica in made:
                replica.start()
            for replica in made:
                await replica.ready()
            yield made
        finally:
            for replica in made:
                await asyncio.to_thread(replica.end, signal.SIGTERM)


async def measured(store: SqlStore, ports: Sequence[int], edited: Path, times: int, told: bool) -> Spread:
    """Publish so many times, one after the other is served. Raises TimeoutError when a replica never serves one."""
    spread = Spread("told" if told else "by looking")
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        for number in range(times):
            # another moment of the two seconds between two looks each time
            await asyncio.sleep(3 + 2 * random.random())  # noqa: S311  # no secret
            with contextlib.nullcontext() if told else patch("bot.store.knowledge.tell", _say_nothing):
                version, since = await publish(store, edited, f"{spread.how} {number}")
            found = sorted(await asyncio.gather(*(_served(client, port, version, since) for port in ports)))
            spread.first.append(found[0])
            spread.last.append(found[-1])
    return spread


async def publish(store: SqlStore, edited: Path, mark: str) -> tuple[str, float]:
    """A new version with one more question in it: its fingerprint, and when it was committed."""
    path = sorted((edited / "entries").glob("*.yaml"))[0]
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("    questions:\n", f"    questions:\n      - 试问 {mark} 号\n", 1), encoding="utf-8")
    digest, packed = archive.pack(archive.files_of(edited))
    versions, version = KnowledgeVersions(store.shared), fingerprint(edited)
    newest = await versions.newest()
    await versions.push(digest, version, packed, "bench", mark, newest.id if newest else None)
    return version, time.monotonic()


async def _say_nothing(connection: object, what: str) -> None:
    pass


async def _served(client: httpx.AsyncClient, port: int, version: str, since: float) -> float:
    async with asyncio.timeout(_MOST_SECONDS):
        while True:
            said = (await client.get(f"http://127.0.0.1:{port}/readyz")).json()
            if said.get("knowledge") == version:
                return time.monotonic() - since
            await asyncio.sleep(_LOOK_SECONDS)


async def run(folder: Path, database: str, times: int) -> list[Spread]:
    """Told, then by looking."""
    edited = folder / "edited"
    shutil.copytree(knowledge_dir(), edited)
    store = SqlStore(database, now=utc_now)
    async with serving(folder, database) as replicas:
        await store.start()
        try:
            ports = [replica.port for replica in replicas]
            return [await measured(store, ports, edited, times, told) for told in (True, False)]
        finally:
            await store.close()


def main() -> None:
    """Print the table; exit 1 when a replica took longer than five seconds."""
    times, before = int(sys.argv[1]) if len(sys.argv) > 1 else TIMES, os.getloadavg()[0]
    Path("out").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=Path("out").resolve()) as name, postgres(Path(name)) as (database, _):
        found = asyncio.run(run(Path(name), database, times))
    loads = f"load of the machine {before:.1f} before, {os.getloadavg()[0]:.1f} after"
    table = Table(title=f"seconds from the commit, {times} versions each; {loads}", title_justify="left")
    for column in ("", "first replica, median", "last replica, median", "last replica, longest"):
        table.add_column(column, justify="right" if column else "left")
    for one in found:
        figures = (statistics.median(one.first), statistics.median(one.last), max(one.last))
        table.add_row(one.how, *(f"{figure:.2f}" for figure in figures))
    Console(width=130).print(table)
    sys.exit(0 if max(max(one.last) for one in found) < GOAL_SECONDS else 1)


if __name__ == "__main__":
    main()
