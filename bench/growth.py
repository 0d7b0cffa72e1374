"""`python -m bench.growth [--in FOLDER] [SIZE ...]`: what one message and each page of the console cost as the log grows (10^4 to 10^7).

A SQLite file is filled by SQL as bench.growth_fill says, at 10^7 exchanges with 10^6 tickets in 10^5 clusters, and the sums are
made by the program's own steps. Per message: processor time of the store's part (seen, conversation, late, finish; no
matching), which other work on the machine hardly changes. Pages: the whole request, sign-in, audit and template included,
nothing kept from one to the next unless it says "as served"; median and slowest by the clock, mean by the processor. The table goes to out/growth.md, the picture to out/growth.svg, the
rows to out/growth.json, where those of other sizes stay, so that a long run can be made in parts.
With `--in` the file stays in that folder, and a file that is there
is measured as it is, as one of the last size. It needs 15 GB of disk, and some half an hour, for 10^7.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import secrets
import sys
import tempfile
from collections.abc import Awaitable, Callable
from math import nan
from pathlib import Path
from time import perf_counter, process_time

from bench.console import staff, times
from bench.growth_fill import NOW, fill
from bench.pictures import growth
from bot.console.kept import Kept
from bot.messages import Kind, Message, Reply
from bot.store.base import Turn
from bot.store.sql import SqlStore
from bot.store.sums import Sums

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
OUT = Path("out")
TURNS = 400
REPEATS = 9
SUM_STEP = 20_000
"""Exchanges summed at once; the service, which has others to serve, takes fewer."""
PAGES = {
    "今日": "", "待办": "/queue", "待办, by due": "/queue?order=due", "待办, with a word": "/queue?q=问题7",
    "待办, telegram": "/queue?channel=telegram", "answered, page 40": "/queue?view=answered&from=2000",
    "a cluster": "/clusters/1",
    "an answered cluster": "/clusters/2", "a ticket": "/tickets/ER-NJSE", "报表, 7 days": "/reports?days=7", "报表, 30 days": "/reports",
    "报表, 90 days": "/reports?days=90", "提问, 30 days": "/questions?days=30", "提问, one day, none": "/questions?day=2026-05-05&outcome=none",
    "提问, a topic": "/questions?days=30&topic=t3", "提问, a word": "/questions?days=30&q=问题77",
    "知识": "/knowledge", "an entry": "/knowledge/{entry}", "审核": "/review", "审计": "/audit",
    "审计, of one": "/audit?who=staff3", "用户": "/users",
}  # fmt: skip
COUNTS = "/metrics, the counts"
SERVED = {f"{name}, as served": PAGES[name] for name in ("报表, 7 days", "报表, 30 days", "报表, 90 days")}
"""With figures kept as the service keeps them, counted once at its start (bot/console/kept.py)."""
Row = dict[str, float]
Times = tuple[float, float, float]
"""Milliseconds: median and slowest by the clock, mean by the processor."""


def say(text: str) -> None:
    """How far it is."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201  # progress of a long run


async def per_message(store: SqlStore, people: int) -> float:
    """Milliseconds of processor time that the store needs for one answered message."""
    reply = Reply("entry", "答" * 300, "answer", "legal_aid.e1", confidence=0.9)
    mark = secrets.token_hex(4)  # a file may be measured again

    async def one(number: int) -> None:
        chat = f"c{number * 7919 * 3 % people:08d}"
        message = Message("web", chat, chat, "押金不退", Kind.TEXT, NOW, f"new{mark}-{number}")
        before = await store.before(message)
        await store.finish(Turn(message, reply, before.state, None, (("legal_aid.e1", 0.9),), "v1", 1.0))

    started = process_time()
    for first in range(0, TURNS, 20):
        await asyncio.gather(*(one(n) for n in range(first, first + 20)))
    return (process_time() - started) / TURNS * 1000


async def summed(store: SqlStore) -> float:
    """Sum what is not summed; microseconds an exchange by the clock."""
    started, count, sums = perf_counter(), 0, Sums(store.shared)
    while step := await sums.advance(SUM_STEP):
        count += step
    return (perf_counter() - started) / max(count, 1) * 1e6


async def timed(call: Callable[[], Awaitable[object]]) -> Times:
    """Of one call that is no page."""
    walls, used = [], process_time()
    for _ in range(REPEATS):
        started = perf_counter()
        await call()
        walls.append((perf_counter() - started) * 1000)
    return sorted(walls)[REPEATS // 2], max(walls), (process_time() - used) / REPEATS * 1000


async def pages(store: SqlStore) -> dict[str, Times]:
    """By name."""
    found: dict[str, Times] = {}
    async with staff(store, lambda: NOW) as client:
        for name, path in PAGES.items():
            address = path.format(entry="legal_aid.what")
            if (status := (await client.get(f"/console{address}")).status_code) != 200:
                raise SystemExit(f"{address}: {status}")
            found[name] = await times(client, address, REPEATS)
            say(f"  {name}: " + " / ".join(f"{ms:.0f}" for ms in found[name]))
    async with staff(store, lambda: NOW, Kept()) as client:
        for name, address in SERVED.items():
            await client.get(f"/console{address}")
            found[name] = await times(client, address, REPEATS)
            say(f"  {name}: " + " / ".join(f"{ms:.0f}" for ms in found[name]))
    found[COUNTS] = await timed(lambda: store.counts(log=False))
    return found


async def measure(folder: Path, sizes: list[int]) -> list[Row]:
    """One row of figures a size."""
    file, rows, low, top = folder / "fawen.db", [], 0, sizes[-1]
    there = file.exists()
    for size in sizes[-1:] if there else sizes:
        if not there:
            await grow(file, low, size, top)
        low = size
        store = SqlStore(f"sqlite+aiosqlite:///{file}", now=lambda: NOW)
        await store.start()
        row = {"size": float(size), "summing": await summed(store)}
        say(f"  summed, {row['summing']:.0f} µs each")
        row["message"] = await per_message(store, max(top // 5, 1))
        for name, (median, slowest, used) in (await pages(store)).items():
            row |= {name: median, f"{name}, slowest": slowest, f"{name}, processor": used}
        await store.close()
        row["bytes"] = file.stat().st_size / size
        rows.append(row)
        write(rows)
    return rows


async def grow(file: Path, low: int, high: int, top: int) -> None:
    """Make the schema where there is none, then the rows."""
    store = SqlStore(f"sqlite+aiosqlite:///{file}", now=lambda: NOW)
    await store.start()
    await store.close()
    started = perf_counter()
    await asyncio.to_thread(fill, file, low, high, top)
    say(f"{high:,} exchanges: {perf_counter() - started:.0f} s")


def write(rows: list[Row]) -> str:
    """The table as Markdown and the picture, of what is measured so far and was before."""
    kept = OUT / "growth.json"
    known = {row["size"]: row for row in (json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else [])}
    known |= {row["size"]: row for row in rows}
    rows = [known[size] for size in sorted(known)]
    kept.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    lines = table(rows)
    (OUT / "growth.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if len(rows) > 1:
        (OUT / "growth.svg").write_text(growth(rows), encoding="utf-8")
    return "\n".join(lines)


def table(rows: list[Row]) -> list[str]:
    """One line a measure, one column a size."""
    lines = ["| | " + " | ".join(f"{row['size']:,.0f}" for row in rows) + " |", "|---" * (len(rows) + 1) + "|"]
    for key, name, form in (
        ("message", "the store's part of a message, processor ms", ".2f"), ("summing", "summing an exchange, µs", ".0f"),
        ("bytes", "bytes of file an exchange", ",.0f"),
    ):  # fmt: skip
        lines.append(f"| {name} | " + " | ".join(f"{row[key]:{form}}" for row in rows) + " |")
    for name in (*PAGES, *SERVED, COUNTS):
        cells = (
            " / ".join(f"{row.get(key, nan):.0f}" for key in (name, f"{name}, slowest", f"{name}, processor"))
            for row in rows
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Measure, print the table, write the picture."""
    asked = argparse.ArgumentParser(prog="python -m bench.growth")
    asked.add_argument("--in", dest="folder", type=Path)
    asked.add_argument("sizes", nargs="*", type=int, default=SIZES)
    said = asked.parse_args()
    OUT.mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        # on the disk of the checkout, in a folder that git does not look at
        folder = said.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(dir=OUT)))
        folder.mkdir(exist_ok=True)
        rows = asyncio.run(measure(folder, list(said.sizes)))
    load = os.getloadavg()[2]
    print(f"{platform.machine()}, {os.cpu_count()} processors, load {load:.1f}\n\n{write(rows)}")  # noqa: T201


if __name__ == "__main__":
    main()
