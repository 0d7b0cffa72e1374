"""`python -m bench.soak [KILLS [MINUTES [RATE]]]`: `fawen serve` on SQLite killed again and again under traffic.

People ask on the page's API, WeChat and Telegram (RATE messages a second each, 3) and try again as their platforms do; the
service, its own code on a small knowledge base, is killed by SIGKILL at random moments, one life in eight while it is
still starting, until KILLS (1000) are done or MINUTES (12) are over. Then every acknowledged message must have one record and
one reply, every ticket that was told must be there. A reply that was on its way to Telegram when the process was killed is `uncertain`:
written down for staff, not sent again. Lives are forked from a parent that has done the imports.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import httpx
from rich.console import Console

from bench.forks import Lives
from bench.replica_traffic import Traffic, Watched
from bench.replicas import Figures, count, free_port, platforms, settle, shown
from bot.app import utc_now
from bot.store.sql import SqlStore
from intents import KnowledgeBase
from tests.channels.bot_api import running_bot_api
from tests.channels.wechat_server import running_wechat
from tests.sample import ROOT, write_sample

QUESTIONS = (
    "公证收费标准", "继承公证怎么办", "法律援助是什么", "楼上漏水没人管怎么办", "健身卡不退钱", "法律援助收费吗", "菜单", "转人工", "转人工",
    "法律援助是什么", "公证收费标准",
)  # fmt: skip
"""Eleven: with three channels and fifty people on the page everybody there asks all of them, 转人工 before one without an
answer, which makes a ticket. With nine nobody on the page ever asked for a person, and no ticket was told."""
STARTING = 0.125
"""Share of lives that are killed before they serve."""
LONGEST = 0.5
"""Seconds that a life serves at most."""
SAY_EVERY = 20
"""Kills from one line of progress to the next."""
_NUMBER = re.compile(r"[A-Z0-9]{2}-[A-Z0-9]{4}")


@dataclass
class Soak:
    """What a run has shown."""

    figures: Figures
    starting: int = 0
    """Kills before the service was ready."""
    told: int = 0
    """Ticket numbers that people were told."""
    missing: list[str] = field(default_factory=list)
    """Of these, the ones that are not in the store."""

    @property
    def sound(self) -> bool:
        """Whether every promise was kept."""
        return self.figures.sound and not self.missing


class Asking(Traffic):
    """Traffic without a fixed end."""

    async def ask_until(self, over: Callable[[], bool], rate: float) -> None:
        """So many messages a second on each channel; returns when the last one has its answer or was given up."""
        running: list[asyncio.Task[None]] = []
        for number in itertools.count(1):
            if over():
                break
            ways = (self._ask_web, self._ask_wechat, self._ask_telegram)
            running += [asyncio.create_task(self._one(way, number)) for way in ways]
            await asyncio.sleep(1 / rate)
        await asyncio.gather(*running)


async def ready(url: str, client: httpx.AsyncClient, seconds: float = 120.0) -> None:
    """Wait until a life serves. Raises RuntimeError when it does not."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with contextlib.suppress(httpx.HTTPError):
            if (await client.get(f"{url}/readyz")).status_code == 200:
                return
        await asyncio.sleep(0.1)
    raise RuntimeError(f"no life serves at {url}")


@dataclass
class Killer:
    """Kills one life after the other."""

    lives: Lives
    serves: Callable[[httpx.AsyncClient], Awaitable[None]]
    """Returns when a life serves."""
    say: Callable[[int], None]
    """Hears of the number of kills, now and then."""
    done: int = 0
    early: int = 0
    """Kills before the service was ready."""

    async def run(self, kills: int, minutes: float, random: Random) -> None:
        """Kill until there are so many or the time is over; a life serves at the end."""
        ends = time.monotonic() + minutes * 60
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            await self.serves(client)
            while self.done < kills and time.monotonic() < ends:
                await self.lives.tell("kill")
                self.done += 1
                await self.lives.tell("start")
                if self.done % SAY_EVERY == 0:
                    self.say(self.done)
                if random.random() < STARTING:
                    await asyncio.sleep(random.random())
                    self.early += 1
                    continue
                await self.serves(client)
                await asyncio.sleep(random.random() * LONGEST)
            await self.serves(client)


def environment(folder: Path, telegram: str, wechat: str) -> dict[str, str]:
    """Settings of the service."""
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("FAWEN_")},
        "PYTHONPATH": str(ROOT),
        "OPENBLAS_NUM_THREADS": "1",  # no thread of the parent may be needed in a forked life
        "FAWEN_SERVER__PORT": str(free_port()),
        "FAWEN_STORE__URL": f"sqlite+aiosqlite:///{folder}/fawen.db",
        "FAWEN_KNOWLEDGE__DIR": str(folder / "knowledge"),
        "FAWEN_KNOWLEDGE__CACHE_DIR": str(folder / "cache"),
        "FAWEN_KNOWLEDGE__ENCODER": "off",
        "FAWEN_DIALOGUE__PER_MINUTE": "10000",
        **platforms(telegram, wechat),
    }


async def run(folder: Path, kills: int, minutes: float, rate: float, say: Callable[[str], None], seed: int = 7) -> Soak:
    """One run on an empty database; `say` hears how it goes on."""
    write_sample(folder / "knowledge")
    outage = KnowledgeBase.load(folder / "knowledge").texts["outage"]
    telegram = Watched()
    async with running_bot_api(telegram), running_wechat() as wechat:
        environ = environment(folder, telegram.url, wechat.url)
        url, log = f"http://127.0.0.1:{environ['FAWEN_SERVER__PORT']}", folder / "log"
        lives = Lives("bench.soak_worker", str(log), environ=environ)
        await lives.begin()
        await lives.tell("start")
        traffic = Asking(url, telegram, wechat, itertools.cycle(QUESTIONS), outage)
        started = time.monotonic()

        def tell(done: int) -> None:
            say(f"{done} kills, {so_far(folder / 'fawen.db', traffic)}, {time.monotonic() - started:.0f} s")

        killer = Killer(lives, partial(ready, url), tell)
        task = asyncio.create_task(killer.run(kills, minutes, Random(seed)))
        await traffic.ask_until(task.done, rate)
        await task
        soak = Soak(Figures(time.monotonic() - started, killer.done, pause=telegram.longest_pause()), killer.early)
        store = SqlStore(environ["FAWEN_STORE__URL"], now=utc_now)
        await store.start()
        try:
            soak.figures.unsettled = await settle(store, telegram)
            traffic.gather()
            await count(store, traffic, soak.figures)
            await _tickets(store, traffic, soak)
        finally:
            await store.close()
            await lives.end()
    return soak


def so_far(database: Path, traffic: Traffic) -> str:
    """In the middle of a run: what the page's people have an answer to must have a record, and no message two."""
    taken = set(traffic.web.acknowledged)
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as reading:
        records = Counter(reading.execute("SELECT channel, message_id FROM exchanges"))
    lost = sum(("web", key) not in records for key in taken)
    doubled = sum(n > 1 for n in records.values())
    asked = traffic.web.asked + traffic.wechat.asked + traffic.telegram.asked
    return f"{asked} messages, {len(records)} records, lost {lost}, doubled {doubled}"


async def _tickets(store: SqlStore, traffic: Traffic, soak: Soak) -> None:
    """Every number that somebody was told must be there."""
    told = set()
    for channel in (traffic.web, traffic.wechat, traffic.telegram):
        for texts in channel.replies.values():
            told |= {number for text in texts for number in _NUMBER.findall(text)}
    soak.told = len(told)
    soak.missing = [number for number in sorted(told) if await store.ticket(number) is None]


def main() -> None:
    """Print the counts; exit 1 when anything was lost, doubled or left open."""
    given = [*map(float, sys.argv[1:]), *(1000.0, 12.0, 3.0)[len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory(prefix="fawen-soak-") as name:
        soak = asyncio.run(run(Path(name), int(given[0]), given[1], given[2], partial(print, flush=True)))
    console = Console()
    console.print(shown(soak.figures))
    console.print(f"{soak.starting} of the kills while starting; still open: {soak.figures.unsettled}")
    console.print(f"tickets told: {soak.told}, missing: {len(soak.missing)} {' '.join(soak.missing[:20])}")
    for channel, row in soak.figures.rows.items():
        for what, keys in (("lost", row.lost), ("doubled", row.doubled)):
            if keys:
                console.print(f"{channel} {what}: {' '.join(keys[:20])}")
    sys.exit(0 if soak.sound else 1)


if __name__ == "__main__":
    main()
