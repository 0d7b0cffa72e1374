"""Many messages by the page and the JSON API, with double clicks, lost connections and forged posts; then the count.

Every message must end with exactly one record and one reply, the same on each try; no answer may be 5xx, and a post from
another site must not reach the dialogue.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import perf_counter
from urllib.parse import urlencode

import httpx
import sqlalchemy as sa

from bot.channels.visit import VISIT
from bot.channels.webchat import WebChat
from bot.config import Dialogue as Rules
from bot.config import Web
from bot.dialogue import Dialogue
from bot.server import make_app
from bot.store.schema import exchanges
from bot.store.sql import SqlStore
from intents import Matcher
from tests.channels.wechat_running import serving
from tests.channels.wechat_soak import QUESTIONS

PARALLEL = 24
FORGED = "伪造的一句话"


@dataclass
class Figures:
    """What was done and what came of it."""

    messages: int
    deliveries: int = 0
    repeats: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    """Of answers that somebody waited for; forged posts apart."""
    refused: int = 0
    """Forged posts answered with 403."""
    forged: int = 0
    leaked: int = 0
    """Records that a forged post left: must be none."""
    seconds: float = 0.0
    records: int = 0
    replied: int = 0
    """Messages with exactly one reply, however often they were sent."""
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Post:
    """One message as a browser or a program sends it."""

    path: str
    headers: dict[str, str]
    body: bytes

    def raw(self) -> bytes:
        """The request on the wire."""
        lines = [f"POST {self.path} HTTP/1.1", "Host: x", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


def post(number: int, text: str) -> Post:
    """Every other message comes from the page, the others from a program; ten messages a person."""
    person = f"soak-person-{number // 10:012d}"
    if number % 2:
        said = json.dumps({"session": person, "text": text, "id": f"n{number}"}).encode()
        return Post("/api/chat", {"Content-Type": "application/json"}, said)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded", "Cookie": f"{VISIT}={person}", "X-Fawen": "bubbles",
        "Sec-Fetch-Site": "same-origin",
    }  # fmt: skip
    return Post("/say", headers, urlencode({"text": text, "id": f"n{number}"}).encode())


class Soak:
    """One run against one server."""

    def __init__(self, url: str, messages: int, seed: int) -> None:
        self._url, self._chance = httpx.URL(url), random.Random(seed)  # noqa: S311  a rehearsal, not a secret
        self.figures = Figures(messages)
        self.replies: dict[int, set[bytes]] = defaultdict(set)

    async def run(self, client: httpx.AsyncClient) -> None:
        """All messages, PARALLEL at a time."""
        waiting = asyncio.Semaphore(PARALLEL)
        plans = [self._plan(number) for number in range(self.figures.messages)]

        async def one(number: int, plan: tuple[str, int, str, bool]) -> None:
            async with waiting:
                await self._message(client, number, plan)

        started = perf_counter()
        await asyncio.gather(*(one(number, plan) for number, plan in enumerate(plans)))
        self.figures.seconds = perf_counter() - started

    def _plan(self, number: int) -> tuple[str, int, str, bool]:
        """(question, repeats, fault, whether somebody forges a post besides)."""
        fault = self._chance.choice(("hung up", "half sent")) if self._chance.random() < 0.05 else ""
        repeats, forged = int(self._chance.random() < 0.10), self._chance.random() < 0.02
        return QUESTIONS[number % len(QUESTIONS)], repeats, fault, forged

    async def _message(self, client: httpx.AsyncClient, number: int, plan: tuple[str, int, str, bool]) -> None:
        text, repeats, fault, forged = plan
        sent, figures = post(number, text), self.figures
        if fault:
            figures.faults[fault] += 1
            await self._lost(sent.raw() if fault == "hung up" else sent.raw()[: -len(sent.body) // 2])
            figures.deliveries += 1
        if forged:
            await self._forge(client, number)
        tries = (client.post(sent.path, content=sent.body, headers=sent.headers) for _ in range(1 + repeats))
        for answer in await asyncio.gather(*tries):
            figures.statuses[answer.status_code] += 1
            self.replies[number].add(answer.content)
            figures.deliveries += 1
        figures.repeats += repeats + bool(fault)

    async def _forge(self, client: httpx.AsyncClient, number: int) -> None:
        """Another site posts a form with a visitor's cookie."""
        sent = post(number - number % 2, FORGED)
        headers = {**sent.headers, "Sec-Fetch-Site": "cross-site", "Origin": "https://example.net"}
        self.figures.forged += 1
        answer = await client.post(sent.path, content=sent.body.replace(b"id=n", b"id=f"), headers=headers)
        self.figures.refused += answer.status_code == 403

    async def _lost(self, raw: bytes) -> None:
        """The connection breaks before anybody reads an answer."""
        reader, writer = await asyncio.open_connection(self._url.host, self._url.port)
        writer.write(raw)
        await writer.drain()
        await asyncio.sleep(0.005)
        writer.close()

    async def judge(self, store: SqlStore) -> None:
        """Count records and replies."""
        figures = self.figures
        async with store.shared.reading() as connection:
            found = await connection.execute(sa.select(exchanges.c.message_id).where(exchanges.c.channel == "web"))
            records = Counter(str(row.message_id).rpartition(":")[2] for row in found)
        figures.records = sum(records.values())
        figures.leaked = sum(count for name, count in records.items() if name.startswith("f"))
        for number in range(figures.messages):
            replies = len(self.replies[number])
            figures.replied += replies == 1
            if (replies, records[f"n{number}"]) != (1, 1):
                figures.wrong.append(f"n{number}: {replies} different replies, {records[f'n{number}']} records")


async def soak(matcher: Matcher, now: Callable[[], datetime], path: Path, messages: int, seed: int = 1) -> Figures:
    """One in ten messages is sent twice at once, one in twenty meets a broken connection, one in fifty is forged besides."""
    store = SqlStore(f"sqlite+aiosqlite:///{path}/fawen.db", now=now)
    await store.start()
    try:
        dialogue = Dialogue(lambda: matcher, store, Rules(per_minute=100_000), now)
        web = WebChat(dialogue, lambda: matcher.knowledge, store, Web(), now)
        app = make_app(web.routes(), store, lambda: "v", 65536)
        async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
            run = Soak(url, messages, seed)
            await run.run(client)
        await run.judge(store)
    finally:
        await store.close()
    return run.figures
