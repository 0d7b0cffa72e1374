"""`python -m bench.growth [SIZE ...]`: what one message and each list of the desk cost as the log grows (10^4, 10^5, 10^6).

A SQLite file is filled by SQL with SIZE exchanges (messages, exchanges, conversations), a tenth of them tickets in a
hundredth as many clusters, spread over a year. Per message: processor time of the store's part (seen, conversation, late,
finish; no matching), which other work on the machine hardly changes. Lists: the best of three, by the clock and by the processor. The picture goes to out/growth.svg.
"""

from __future__ import annotations

import asyncio
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

from rich.console import Console
from rich.table import Table

from bench.pictures import growth
from bot.desk.report import gather
from bot.messages import Kind, Message, Reply
from bot.paths import knowledge_dir
from bot.store.base import Turn
from bot.store.desk import DeskStore
from bot.store.desk_base import Filter, Page
from bot.store.reports import Reports, Which
from bot.store.sql import SqlStore
from intents import KnowledgeBase

SIZES = (10_000, 100_000, 1_000_000)
OUT = Path("out")
NOW = datetime(2026, 11, 1, tzinfo=UTC)
TURNS = 400
_CACHE_KB = 3_000_000
_YEAR = 365 * 86_400 * 1_000_000
_BASE = int(NOW.timestamp()) * 1_000_000 - _YEAR
_ROWS = "WITH RECURSIVE n(i) AS (SELECT :low UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :high) "
_WHO = "'web', 'x' || i, 'c' || (i * 7919 % :people), 'c' || (i * 7919 % :people)"
_AT = f"{_BASE} + i * ({_YEAR} / :all)"
_SAID = """'{"channel": "web", "chat": "c", "person": "c", "text": "我的押金房东不退应该怎么办呢", "kind": "text", "at": "2026-01-01T00:00:00+00:00", "message_id": "x", "ref": ""}'"""
_GIVEN = (
    '\'{"key": "entry", "text": "\' || substr(replace(hex(zeroblob(600)), \'00\', \'答\'), 1, 300) || '
    '\'", "outcome": "answer"}\''
)
# no value comes from outside
_FILL = (
    f"INSERT INTO messages (channel, message_id, chat, person, received_at, body, done, reply) {_ROWS}"  # noqa: S608
    f"SELECT {_WHO}, {_AT}, {_SAID}, 1, {_GIVEN} FROM n",
    "INSERT INTO exchanges (channel, message_id, chat, person, at, text, kind, key, outcome, entry, confidence, nearest,"  # noqa: S608
    f" knowledge_version, took_ms, feedback) {_ROWS} SELECT {_WHO}, {_AT}, '问题' || (i % 5000), 'text', 'entry',"
    " CASE WHEN i % 10 THEN 'answer' ELSE 'none' END, CASE WHEN i % 10 THEN 'legal_aid.e' || (i % 250) END, 0.9,"
    """ '[["legal_aid.e1", 0.9]]', 'v1', 5.0, '' FROM n""",
    f"INSERT OR IGNORE INTO conversations (channel, chat, person, state, updated_at) {_ROWS}"  # noqa: S608
    f"SELECT 'web', 'c' || (i * 7919 % :people), 'c' || (i * 7919 % :people), '{{}}', {_AT} FROM n",
    "INSERT INTO tickets (number, channel, chat, person, text, reason, nearest, opened_at, state, answer,"  # noqa: S608
    f" knowledge_version, due_at, apart, owner, cluster, place, leads, by_hand, ignored) {_ROWS}"
    "SELECT 'T' || i, 'web', 'c' || (i * 7919 % :people), 'c' || (i * 7919 % :people), '问题' || (i % 5000), 'none', '[]',"
    f" {_AT}, CASE WHEN i / 10 % 10 THEN 'answered' ELSE 'new' END, '', 'v1', {_AT} + 432000000000, '', '',"
    " 1 + i / 1000, i, 0, 0, '' FROM n WHERE i % 10 = 0",
    "INSERT INTO clusters (id, title, state, owner, people, size, first_at, last_at, due_at, nearest, confidence, apart,"  # noqa: S608
    f" by_hand, ignored) {_ROWS} SELECT 1 + i / 1000, '问题' || i, CASE WHEN i / 1000 % 10 THEN 'answered' ELSE 'new' END,"
    f" '', 100, 100, {_AT}, {_AT}, {_AT} + 432000000000, 'legal_aid.e1', 0.4, '', 0, '' FROM n WHERE i % 1000 = 0",
)


def fill(file: Path, low: int, high: int, top: int) -> None:
    """Rows `low` to `high` of a log that will have `top`."""
    with closing(sqlite3.connect(file)) as connection:
        # keys come in no order: without their pages in memory each row would read the disk; a crash loses only a benchmark
        connection.executescript(
            f"PRAGMA cache_size = -{_CACHE_KB}; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;"
        )
        values = {"low": low, "high": high, "people": max(top // 5, 1), "all": top}
        for statement in _FILL:
            connection.execute(statement, values)
        connection.execute("ANALYZE")
        connection.commit()


async def per_message(store: SqlStore, size: int) -> float:
    """Milliseconds of processor time that the store needs for one answered message."""
    reply = Reply("entry", "答" * 300, "answer", "legal_aid.e1", confidence=0.9)

    async def one(number: int) -> None:
        chat = f"c{number * 7919 % max(size // 5, 1)}"
        message = Message("web", chat, chat, "押金不退", Kind.TEXT, NOW, f"new{size}-{number}")
        await store.seen(message.channel, message.message_id)
        state = await store.conversation("web", chat) or {}
        await store.late("web", chat, refused_only=False)
        await store.finish(Turn(message, reply, state, None, (("legal_aid.e1", 0.9),), "v1", 1.0))

    started = process_time()
    for first in range(0, TURNS, 20):
        await asyncio.gather(*(one(n) for n in range(first, first + 20)))
    return (process_time() - started) / TURNS * 1000


def lists(store: SqlStore) -> dict[str, Callable[[], Awaitable[object]]]:
    """What staff look at."""
    desk, reports, base = DeskStore(store.shared), Reports(store.shared), KnowledgeBase.load(knowledge_dir())
    week, month = NOW - timedelta(days=7), NOW - timedelta(days=30)
    return {
        "queue": lambda: desk.clusters(Filter(), Page(), NOW),
        "queue, last page": lambda: desk.clusters(Filter(order="age"), Page(50, 50), NOW),
        "tickets": lambda: desk.tickets(Filter(), Page(), NOW),
        "numbers of the desk": lambda: desk.numbers(NOW),
        "report of 30 days": lambda: reports.by_day(month, NOW),
        "report page": lambda: gather(reports, base, month, NOW, 1),
        "questions, first page": lambda: reports.questions(month, NOW, Which(), 50, 0),
        "top questions, 7 days": lambda: reports.top_questions(week, NOW, 1),
        "newest exchanges": lambda: store.exchanges(limit=50),
        "counts at /metrics": store.counts,
    }


async def best(call: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Milliseconds of the clock and of the processor (all threads), each the best of three."""
    walls, used = [], []
    for _ in range(3):
        started, spent = perf_counter(), process_time()
        await call()
        walls.append((perf_counter() - started) * 1000)
        used.append((process_time() - spent) * 1000)
    return min(walls), min(used)


async def measure(folder: Path, sizes: list[int]) -> list[dict[str, float]]:
    """One row of figures a size."""
    file, found, low = folder / "fawen.db", [], 0
    for size in sizes:
        store = SqlStore(f"sqlite+aiosqlite:///{file}", now=lambda: NOW)
        await store.start()
        fill(file, low, size, sizes[-1])
        low = size
        row = {"size": float(size), "message": await per_message(store, size)}
        for name, call in lists(store).items():
            row[name], row[f"{name}, processor"] = await best(call)
        await store.close()
        row["bytes"] = file.stat().st_size / size
        found.append(row)
    return found


def main() -> None:
    """Print the table, write the picture."""
    sizes = [int(size) for size in sys.argv[1:]] or list(SIZES)
    OUT.mkdir(exist_ok=True)
    # on the disk of the checkout, in a folder that git does not look at: a run that is killed leaves hundreds of megabytes
    with tempfile.TemporaryDirectory(dir=OUT) as folder:
        rows = asyncio.run(measure(Path(folder), sizes))
    table = Table(title=f"exchanges in the log, {platform.machine()}; milliseconds", title_justify="left")
    table.add_column("", no_wrap=True)
    for row in rows:
        table.add_column(f"{row['size']:,.0f}", justify="right")
    for name in [key for key in rows[0] if key != "size"]:
        shown = "store, a message (CPU)" if name == "message" else name
        table.add_row(shown, *(f"{row[name]:.0f}" if name == "bytes" else f"{row[name]:.2f}" for row in rows))
    Console().print(table)
    (OUT / "growth.svg").write_text(growth(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
