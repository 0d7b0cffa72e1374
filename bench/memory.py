"""`python -m bench.memory [MESSAGES]`: the memory of a real `fawen serve` while it answers a million messages on three channels.

The set-up is that of bench.mixed on SQLite, as fast as the service answers with a few requests at a time; every message is from
another person, one question in ten in words that never came before. The process's resident memory is read after each hundredth
part. The table and the slope of the second half are printed, the picture goes to out/memory.svg. Stop it with Ctrl+C or
SIGTERM: what was found until then is printed.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from bench import pictures
from bench.channels import questions
from bench.load import arriving
from bench.mixed import Target, place_of, service
from bench.mixed_plan import worded
from bench.processes import resident

AT_ONCE = 8
PART = 500
"""Messages that are prepared together."""
Row = dict[str, float]


def words(texts: Sequence[str]) -> Iterator[str]:
    """Nine known questions, then one in words of its own."""
    new = itertools.cycle(worded(texts))
    for number, text in enumerate(itertools.cycle(texts)):
        yield next(new) if number % 10 == 9 else text


async def watch(target: Target, count: int, rows: list[Row], stop: asyncio.Event) -> None:
    """Ask so many, or until told to stop; `rows` grow."""
    process, texts = target.processes["fawen serve 1"][0], words(questions())
    each, sent, failed, started = max(count // 100, PART), 0, 0, perf_counter()
    while sent < count and not stop.is_set():
        if sent >= each * len(rows):
            seen = resident(process)
            rows.append({"messages": sent / 1000, "rss": seen, "seconds": perf_counter() - started, "failed": failed})
            row = rows[-1]
            print(f"{sent:,} {row['rss']:.0f} MB {row['seconds']:.0f} s", file=sys.stderr, flush=True)  # noqa: T201
        arrivals = await arriving(target.ports, target.writer.plan(texts, PART), 1e9, AT_ONCE)
        failed += sum(load.failed for load in arrivals.loads.values())
        sent += PART
    rows.append({
        "messages": sent / 1000, "rss": resident(process), "seconds": perf_counter() - started,
        "failed": failed,
    })  # fmt: skip


async def run(count: int, folder: Path, rows: list[Row]) -> None:
    """One service, watched."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with service(place_of(folder, f"sqlite+aiosqlite:///{folder}/fawen.db", False), 1, {}) as target:
        await target.warm(questions(), False)
        await watch(target, count, rows, stop)


def slope(rows: Sequence[Row]) -> float:
    """MB that 100,000 messages add, by least squares."""
    xs, ys = [r["messages"] / 100 for r in rows], [r["rss"] for r in rows]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((one - x) ** 2 for one in xs)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / spread if spread else 0.0


def main() -> None:
    """Print the table, write the picture."""
    count, rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, list[Row]()
    Path("out").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=Path("out").resolve()) as folder, contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(count, Path(folder), rows))
    table = Table(title=f"SQLite, load of the machine {os.getloadavg()[2]:.1f}", title_justify="left")
    for name in ("messages", "MB", "messages/s", "failed"):
        table.add_column(name, justify="right")
    shown = sorted({*range(0, len(rows), max(len(rows) // 12, 1)), len(rows) - 1})
    for row in (rows[number] for number in shown):
        rate = 1000 * row["messages"] / row["seconds"] if row["seconds"] else 0
        table.add_row(f"{1000 * row['messages']:,.0f}", f"{row['rss']:.0f}", f"{rate:.0f}", f"{row['failed']:.0f}")
    console = Console()
    console.print(table)
    console.print(f"second half: {slope(rows[len(rows) // 2 :]):+.1f} MB for 100,000 messages")
    Path("out/memory.svg").write_text(pictures.memory(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
