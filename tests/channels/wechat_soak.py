"""Many deliveries as WeChat makes them, with repeats, lost connections, slow answers and failing sends; then the count.

Every message must end with exactly one record and one reply: a text in answer to the request (the same on each try) or
one customer message, never both, and no request may be answered 5xx.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx
import sqlalchemy as sa

from bot.messages import Message
from bot.store.base import Before
from bot.store.schema import outbox
from bot.store.sql import SqlStore
from intents import Matcher
from tests.channels.wechat_peer import Got
from tests.channels.wechat_running import Service, running
from tests.channels.wechat_server import FakeWeChat

QUESTIONS = (
    "继承公证怎么办", "公证收费标准", "法律援助收费吗", "法律援助是什么", "菜单", "人工", "公证", "今天天气怎么样", "救命他现在打我",
)  # fmt: skip
PARALLEL = 24


@dataclass
class Figures:
    """What was done and what came of it."""

    messages: int
    deliveries: int = 0
    repeats: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    records: int = 0
    """Exchanges in the store."""
    passive: int = 0
    """Messages answered in the request."""
    pushed: int = 0
    """Messages answered by a customer message."""
    wrong: list[str] = field(default_factory=list)
    """Messages with no reply, two, or different ones."""


class HangingStore:
    """A store whose `conversation` hangs for the people named, until WeChat has had its answer."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.answered: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.stuck: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def before(self, message: Message) -> Before:
        """As the real one."""
        if message.chat.endswith("slow"):
            self.stuck[message.chat].set()
            await self.answered[message.chat].wait()
        return await self._store.before(message)

    async def hangs(self, chat: str) -> None:
        """Returns when the answer to this person is stuck."""
        await self.stuck[chat].wait()


async def soak(
    matcher: Matcher, now: Callable[[], datetime], wechat: FakeWeChat, path: Path, messages: int, seed: int = 1
) -> Figures:
    """One in ten deliveries is repeated, one in twenty meets a fault; half the faults are slow answers."""
    figures, chance = Figures(messages), random.Random(seed)  # noqa: S311  a rehearsal, not a secret
    replies: dict[str, set[str]] = defaultdict(set)
    stores: list[HangingStore] = []

    def wrap(store: SqlStore) -> HangingStore:
        stores.append(HangingStore(store))
        return stores[-1]

    async with running(matcher, now, wechat, path, impatient=True, wrap=wrap) as service:
        waiting = asyncio.Semaphore(PARALLEL)
        plans = [_plan(chance, number) for number in range(messages)]
        sends = sum(plan[2] == "slow" for plan in plans)
        wechat.faults["send"] = [-1] * max(sends // 20, 1)
        started = perf_counter()

        async def one(number: int, plan: tuple[str, int, str]) -> None:
            async with waiting:
                chat = await _message(service, figures, replies, number, plan)
                stores[0].answered[chat].set()

        await asyncio.gather(*(one(number, plan) for number, plan in enumerate(plans)))
        figures.seconds = perf_counter() - started
        await _drained(service)
        await _count(service, figures, replies)
    return figures


def _plan(chance: random.Random, number: int) -> tuple[str, int, str]:
    """(question, repeats, fault)."""
    fault = chance.choice(("slow", "hung up")) if chance.random() < 0.05 else ""
    return QUESTIONS[number % len(QUESTIONS)], int(chance.random() < 0.10), fault


async def _message(
    service: Service, figures: Figures, replies: dict[str, set[str]], number: int, plan: tuple[str, int, str]
) -> str:
    """One message with its tries; who wrote it."""
    text, repeats, fault = plan
    fields = service.peer.fields(
        "text", f"o{number}{'slow' if fault == 'slow' else ''}", Content=text, MsgId=number + 1
    )
    if fault:
        figures.faults[fault] += 1
    if fault == "hung up":
        await _hang_up(service, *service.peer.request(fields))
        figures.deliveries += 1
    tries = [service.peer.deliver(fields) for _ in range(1 + repeats)]
    got: list[Got] = list(await asyncio.gather(*tries))
    figures.deliveries += len(got)
    figures.repeats += repeats + (fault == "hung up")
    for one in got:
        figures.statuses[one.status] += 1
        if one.body != "success":
            replies[f"m{number + 1}"].add(one.text)
    return str(fields["FromUserName"])


async def _hang_up(service: Service, query: dict[str, str], body: bytes) -> None:
    """The request goes out whole; nobody waits for its answer, as when WeChat's five seconds are over."""
    url = httpx.URL(service.url)
    target = str(httpx.URL("/wechat", params=query))
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    await asyncio.sleep(0.005)
    writer.close()


async def _drained(service: Service) -> None:
    for _ in range(3000):
        state = await service.state()
        busy = service.channel._working or service.channel._background or service.channel._owed
        if not busy and not state.get("pending") and not state.get("sending"):
            return
        await asyncio.sleep(0.02)


async def _count(service: Service, figures: Figures, replies: dict[str, set[str]]) -> None:
    pushes: Counter[str] = Counter()
    async with service.store.shared.reading() as connection:
        rows = await connection.execute(sa.select(outbox.c.ref, outbox.c.state))
        pushes.update(row.ref for row in rows if row.state == "sent")
    counts = await service.store.counts()
    figures.records = counts["exchanges"]
    for number in range(1, figures.messages + 1):
        passive, pushed = len(replies[f"m{number}"]), pushes[f"m{number}"]
        figures.passive += passive == 1
        figures.pushed += pushed == 1
        if passive + pushed != 1:
            figures.wrong.append(f"m{number}: {passive} in the request, {pushed} pushed")
