"""`python -m bench.spread [TIMES] [--serve] [--question]`: how long until every replica has a version of the knowledge that was published.

Two replicas on one PostgreSQL, each with a working copy of its own of the shipped knowledge. A version in which one answer is
worded otherwise is put into the store as publishing does (bot.store.knowledge). From the commit until both copies are it,
which is when learning begins: once with the notification that publishing sends ("told"), once without any, as when it was
lost ("by looking", every second). The replicas' stores, ears and followers run in this process, as a service runs them. With
--serve two real `fawen serve` (sentence vectors off), and until /readyz of both says that they answer with it: reading and
checking the files, at the lowest priority. With --question a stored question is added instead, so that there is something to learn.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import signal
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

import httpx

from bench.mixed import place_of, postgres
from bench.replicas import Replica
from bot import archive
from bot.app import FOLLOW_SECONDS, utc_now
from bot.following import Follower
from bot.paths import knowledge_dir
from bot.store.ear import Ear
from bot.store.knowledge import KnowledgeVersions
from bot.store.shared import KNOWLEDGE
from bot.store.sql import SqlStore
from intents.knowledge import fingerprint
from tests.channels.bot_api import running_bot_api
from tests.channels.wechat_server import running_wechat

_LOOK_SECONDS = 0.01
_MOST_SECONDS = 900.0
Version = Callable[[], Awaitable[str]]
"""Asks one replica for the version it has."""


@contextlib.asynccontextmanager
async def following(folder: Path, database: str) -> AsyncIterator[list[Version]]:
    """Two replicas that hear and follow, and learn nothing."""
    async with contextlib.AsyncExitStack() as stack:
        versions: list[Version] = []
        for number in (1, 2):
            store = SqlStore(database, now=utc_now)
            await store.start()
            stack.push_async_callback(store.close)
            follower, ear = Follower(store.shared, folder / f"copy-{number}"), Ear(store.shared)
            await follower.begin(knowledge_dir())
            ear.on(KNOWLEDGE, follower.wake)
            for running in (ear.run(), follower.watch(FOLLOW_SECONDS, _nothing)):
                stack.callback(asyncio.create_task(running).cancel)
            versions.append(lambda copy=follower.directory: asyncio.to_thread(fingerprint, copy))  # type: ignore[misc]
        yield versions


@contextlib.asynccontextmanager
async def serving(folder: Path, database: str) -> AsyncIterator[list[Version]]:
    """Two `fawen serve`."""
    place, made = place_of(folder, database, True), list[Replica]()
    async with running_bot_api() as telegram, running_wechat() as wechat, httpx.AsyncClient(trust_env=False) as client:

        async def asked(port: int) -> str:
            return str((await client.get(f"http://127.0.0.1:{port}/readyz", timeout=30)).json().get("knowledge"))

        try:
            for number in (1, 2):
                # as on two machines: each has a working copy and learns by itself
                cache = folder / f"cache-{number}"
                if place.cache.is_dir():
                    shutil.copytree(place.cache, cache, ignore=shutil.ignore_patterns("knowledge-*"))
                made.append(Replica(replace(place, cache=cache), f"replica-{number}", telegram.url, wechat.url))
                made[-1].start()
            for replica in made:
                await replica.ready()
            yield [lambda port=replica.port: asked(port) for replica in made]  # type: ignore[misc]
        finally:
            for replica in made:
                await asyncio.to_thread(replica.end, signal.SIGTERM)


async def measured(
    store: SqlStore, versions: Sequence[Version], edit: Callable[[str], None], edited: Path, times: int, told: bool
) -> list[float]:
    """Seconds until the last replica had each version. Raises TimeoutError when one never has it."""
    found = []
    for number in range(times):
        # another moment of the second between two looks each time
        await asyncio.sleep(3 + 2 * random.random())  # noqa: S311  # no secret
        with contextlib.nullcontext() if told else patch("bot.store.knowledge.tell", _nothing):
            edit(f"{told} {number}")
            wanted, since = await publish(store, edited, f"{told} {number}")
        found.append(max(await asyncio.gather(*(_reached(version, wanted, since) for version in versions))))
        print(f"{'told' if told else 'by looking'}: {found[-1]:.2f} s", flush=True)  # noqa: T201
    return found


def _added(edited: Path, marker: str, mark: str) -> None:
    """One line more below the first such line of the first file."""
    path = sorted((edited / "entries").glob("*.yaml"))[0]
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(marker, marker + mark, 1), encoding="utf-8")


def reworded(edited: Path, mark: str) -> None:
    """One answer says something else."""
    _added(edited, "    answer: |\n", f"      （{mark}）\n")


def asked_otherwise(edited: Path, mark: str) -> None:
    """One entry has another stored question."""
    _added(edited, "    questions:\n", f"      - 法援到底是怎么一回事 {mark}\n")


async def publish(store: SqlStore, edited: Path, mark: str) -> tuple[str, float]:
    """A new version of the files as they are: its fingerprint, and when it was committed."""
    digest, packed = archive.pack(archive.files_of(edited))
    versions, version = KnowledgeVersions(store.shared), fingerprint(edited)
    newest = await versions.newest()
    await versions.push(digest, version, packed, "bench", mark, newest.id if newest else None)
    return version, time.monotonic()


async def _reached(version: Version, wanted: str, since: float) -> float:
    async with asyncio.timeout(_MOST_SECONDS):
        while True:
            if await version() == wanted:
                return time.monotonic() - since
            await asyncio.sleep(_LOOK_SECONDS)


async def _nothing(*_: object) -> None:
    pass


async def run(folder: Path, database: str, times: int, serve: bool, question: bool) -> dict[str, list[float]]:
    """Told, then by looking."""
    edited = folder / "edited"
    shutil.copytree(knowledge_dir(), edited)
    store = SqlStore(database, now=utc_now)
    edit = partial(asked_otherwise if question else reworded, edited)
    async with (serving if serve else following)(folder, database) as versions:
        await store.start()
        try:
            ways = {"told": True, "by looking": False}
            return {how: await measured(store, versions, edit, edited, times, told) for how, told in ways.items()}
        finally:
            await store.close()


def main() -> None:
    """Print median and longest of both ways."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("times", type=int, nargs="?", default=10)
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--question", action="store_true")
    args, before = parser.parse_args(), os.getloadavg()[0]
    Path("out").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=Path("out").resolve()) as name, postgres(Path(name)) as (database, _):
        found = asyncio.run(run(Path(name), database, args.times, args.serve, args.question))
    for how, seconds in found.items():
        print(f"{how}: median {statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s")  # noqa: T201
    print(f"load of the machine {before:.1f} before, {os.getloadavg()[0]:.1f} after")  # noqa: T201


if __name__ == "__main__":
    main()
