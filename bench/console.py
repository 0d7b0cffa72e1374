"""How fast the console is with many tickets: `python -m bench.console [tickets]` (100,000 unless told).

The tickets lie in clusters of one to a few hundred, as people ask; a second run puts each in a cluster of its own, the
worst case for a list of clusters. Pages are asked through the whole application, sign-in, session, audit and template
included, without a network. Wall time of this process alone; the median and the slowest of the repeats.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import httpx
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from bot.app import make_changes, make_desk
from bot.brain import Brain
from bot.config import Settings
from bot.console.checks import Checks
from bot.console.door import Door
from bot.console.house import COOKIE, House
from bot.console.kept import Kept
from bot.console.pulse import Pulse
from bot.console.render import Renderer
from bot.console.site import routes
from bot.paths import knowledge_dir
from bot.server import make_app
from bot.store.accounts import Accounts, Role
from bot.store.audit import Audit
from bot.store.desk_schema import clusters
from bot.store.reports import Reports
from bot.store.schema import exchanges, tickets
from bot.store.sql import SqlStore

REPEATS = 15
PART = 5_000
WORDS = ("楼道", "停车", "噪音", "漏水", "宠物", "围栏", "垃圾", "电梯", "树木", "井盖", "路灯", "摆摊", "装修", "油烟")
STATES = ("new", "new", "assigned", "answered", "published", "ignored")
CHANNELS = ("web", "telegram", "wechat")


def rows(count: int, alone: bool, now: datetime) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Tickets and their clusters, the same for the same arguments."""
    draw = random.Random(7)  # noqa: S311  a benchmark's data, no secret
    found: list[dict[str, object]] = []
    groups: list[dict[str, object]] = []
    while len(found) < count:
        size = 1 if alone else min(count - len(found), int(draw.paretovariate(0.9)), 400)
        group = len(groups) + 1
        state = draw.choice(STATES)
        asked = now - timedelta(minutes=draw.randrange(60 * 24 * 60))
        text = f"{draw.choice(WORDS)}的事{draw.randrange(10**6)}该找谁，" + "说了几次都没人管" * draw.randrange(4)
        near = draw.choice(("notary.fee", "legal_aid.eligibility", "mediation.what"))
        for _ in range(size):
            found.append(_ticket(len(found), text, near, state, asked, group, draw.choice(CHANNELS)))
        groups.append({
            "id": group, "title": text, "state": state, "owner": "", "people": size, "size": size, "first_at": asked,
            "last_at": asked, "due_at": asked + timedelta(days=3), "nearest": near, "confidence": draw.random() / 2,
            "apart": "", "by_hand": False, "ignored": "",
        })  # fmt: skip
    return found, groups


def _ticket(
    number: int, text: str, near: str, state: str, asked: datetime, group: int, channel: str
) -> dict[str, object]:
    return {
        "number": f"N{number}", "channel": channel, "chat": f"c{number}", "person": f"c{number}", "text": text,
        "reason": "none", "nearest": [[near, 0.3]], "opened_at": asked, "state": state, "answer": "", "owner": "",
        "knowledge_version": "v", "due_at": asked + timedelta(days=3), "apart": "", "cluster": group, "place": group,
        "leads": False, "by_hand": False, "ignored": "",
    }  # fmt: skip


def _exchange(ticket: dict[str, object]) -> dict[str, object]:
    return {
        "channel": ticket["channel"], "message_id": ticket["number"], "chat": ticket["chat"], "person": ticket["person"],
        "at": ticket["opened_at"], "text": ticket["text"], "kind": "text", "key": "no_answer", "outcome": "none",
        "entry": None, "confidence": 0.3, "ticket": ticket["number"], "nearest": ticket["nearest"],
        "knowledge_version": "v", "took_ms": 3.0, "feedback": "",
    }  # fmt: skip


async def fill(store: SqlStore, count: int, alone: bool, now: datetime) -> int:
    """Put them in; how many clusters."""
    found, groups = rows(count, alone, now)
    async with store.shared.engine.begin() as connection:
        for table, values in ((tickets, found), (clusters, groups), (exchanges, [_exchange(t) for t in found])):
            for begin in range(0, len(values), PART):
                await connection.execute(sa.insert(table), values[begin : begin + PART])
    return len(groups)


class Anew(Kept[Any]):
    """Keeps nothing: every page counts for itself."""

    async def get(self, key: Hashable, count: Callable[[], Awaitable[Any]]) -> Any:
        """See Kept."""
        return await count()


@contextlib.asynccontextmanager
async def staff(
    store: SqlStore, now: Callable[[], datetime], counted: Kept[Any] | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which an admin is signed in, without a network; `counted` holds the figures of reports, else nothing is
    kept."""
    brain = await asyncio.to_thread(Brain, knowledge_dir(), Path(".cache"))
    desk, _ = make_desk(store, brain.current, now)
    changes, accounts, settings = make_changes(store, brain, now), Accounts(store.shared), Settings()
    door = Door(accounts, settings.console, now)
    entered = await door.again(await accounts.add(f"bench{secrets.token_hex(4)}", "no password opens this", Role.ADMIN))
    house = House(
        settings, accounts, Audit(store.shared), door, desk, changes, Reports(store.shared), brain.current,
        Renderer(), Pulse(desk, changes), Checks(), now, counted or Anew(),
    )  # fmt: skip
    transport = httpx.ASGITransport(make_app(routes(house), store, lambda: "v", 65536))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://bench", cookies={COOKIE: entered.token}
    ) as client:
        yield client


async def measure(count: int, alone: bool, console: Console) -> None:
    """Fill a store, ask each page, print the table."""

    def now() -> datetime:
        return datetime.now(UTC)

    with tempfile.TemporaryDirectory() as place:
        store = SqlStore(f"sqlite+aiosqlite:///{place}/fawen.db", now=now)
        await store.start()
        groups = await fill(store, count, alone, now())
        table = Table(title=f"{count:,} tickets in {groups:,} clusters", title_justify="left")
        for column in ("page", "median ms", "slowest ms", "processor ms"):
            table.add_column(column, justify="left" if column == "page" else "right")
        async with staff(store, now) as client:
            for path in PATHS:
                table.add_row(path, *(f"{ms:.0f}" for ms in await times(client, path)))
        console.print(table)
        await store.close()


PATHS = (
    "/queue", "/queue?order=due", "/queue?order=newest", "/queue?overdue=1", "/queue?channel=telegram",
    "/queue?topic=notary", "/queue?q=楼道", "/queue?view=all&from=5000", "", "/clusters/1", "/tickets/N1", "/reports",
    "/questions",
)  # fmt: skip


async def times(client: httpx.AsyncClient, path: str, repeats: int = REPEATS) -> tuple[float, float, float]:
    """Median and slowest by the clock, mean by the processor (all threads); milliseconds."""
    walls, used = [], process_time()
    for _ in range(repeats):
        started = perf_counter()
        response = await client.get(f"/console{path}")
        walls.append(1000 * (perf_counter() - started))
        if response.status_code not in (200, 404):
            raise SystemExit(f"{path}: {response.status_code}")
    walls.sort()
    return walls[len(walls) // 2], walls[-1], 1000 * (process_time() - used) / repeats


def main() -> None:
    """Both runs."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    console = Console(width=100)
    for alone in (False, True):
        asyncio.run(measure(count, alone, console))


if __name__ == "__main__":
    main()
