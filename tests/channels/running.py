"""A Telegram channel brought to life against a test server, killed as a crash would kill it, and time that flies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot import replies
from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_albums import WAIT_SECONDS
from bot.config import Dialogue as Rules
from bot.config import Telegram
from bot.dialogue import Dialogue
from bot.gate import Gate
from bot.store.sql import SqlStore
from intents import Matcher
from tests.channels.bot_api import TOKEN
from tests.fakes import FakeClock


class FastTime:
    """A clock that a sleep moves on at once."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.time

    def now(self) -> datetime:
        """The same time as a date, for the store."""
        return datetime(2026, 11, 23, 2, 0, tzinfo=UTC) + timedelta(seconds=self.time)

    async def sleep(self, seconds: float) -> None:
        """Over at once; others get their turn."""
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0.001)


class Held(FastTime):
    """Pictures wait for their words until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Held back for a picture, over at once for all else."""
        if seconds == WAIT_SECONDS:
            self.slept.append(seconds)
            await self.go.wait()
        else:
            await super().sleep(seconds)


@contextlib.asynccontextmanager
async def a_store(directory: Path, clock: Callable[[], datetime] | None = None) -> AsyncIterator[SqlStore]:
    """A store in a directory; opened again it holds what it held."""
    made = SqlStore(f"sqlite+aiosqlite:///{directory}/fawen.db", now=clock or FakeClock())
    await made.start()
    try:
        yield made
    finally:
        await made.close()


def a_channel(
    url: str,
    store: SqlStore,
    matcher: Matcher,
    gate: Gate | None = None,
    waiting: int = 500,
    time: FastTime | None = None,
    now: Callable[[], datetime] | None = None,
    **settings: Any,
) -> TelegramChannel:
    """A channel for the sample knowledge; a person may write as often as they like."""
    made = Telegram(token=SecretStr(TOKEN), base_url=url, **settings)
    dialogue = Dialogue(
        lambda: matcher, store, Rules(per_minute=10_000), FakeClock(), gate=gate,
        notices=lambda base, ticket: replies.ticket_notices(base, ticket, made.staff_chats),
    )  # fmt: skip
    time = time or FastTime()
    return TelegramChannel(
        made, dialogue, store, lambda: matcher.knowledge, now or FakeClock(), time.sleep, time, waiting, idle=0.02
    )


@contextlib.asynccontextmanager
async def alive(channel: TelegramChannel, receive: bool = True) -> AsyncIterator[TelegramChannel]:
    """Sends, and receives if wanted; leaving the context kills both."""
    tasks = [asyncio.create_task(channel.sender.run())]
    if receive:
        tasks.append(asyncio.create_task(channel.run()))
    try:
        yield channel
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await channel.close()


async def becomes(store: SqlStore, state: str, count: int = 1, seconds: float = 5.0) -> bool:
    """Wait until so many messages of the outbox have this state; False when they do not in time."""
    for _ in range(int(seconds * 50)):
        if (await store.counts()).get(f"outbox_{state}", 0) == count:
            return True
        await asyncio.sleep(0.02)
    return False
