"""The whole loop as hypothesis drives it: what was acknowledged is noted beside it, and held against the disk after each step.

A crash keeps what is on disk at that moment and nothing else: the files are copied while nobody writes, the old objects
are thrown away, and a new process starts on the copy. The machine's acts are in tests/desk/test_machine.py.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Awaitable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from bot.app import make_desk
from bot.config import Dialogue as Limits
from bot.desk.sender import Sender
from bot.dialogue import Dialogue
from bot.messages import Message, Reply
from bot.store.base import Progress, Store
from bot.store.desk_base import Answer, Filter, Page
from bot.store.sql import SqlStore
from intents import Matcher
from tests.desk.mortal import Crash, FakePlatform, Fate, Life, MortalStore
from tests.fakes import FakeClock

T = TypeVar("T")
PUSHED = "telegram"
LIFE = "life-{}"
PEOPLE = (
    ("telegram", "t1", "t1"), ("telegram", "t2", "t2"), ("telegram", "group", "t1"), ("telegram", "group", "t3"),
    ("web", "w1", "w1"), ("web", "w2", "w2"), ("wechat", "o1", "o1"), ("wechat", "o2", "o2"),
)  # fmt: skip
"""Channel, chat, person."""


@dataclass
class Notes:
    """The small model: what was acknowledged to the outside, and how often it came."""

    said: list[Message] = field(default_factory=list)
    accepted: set[tuple[str, str]] = field(default_factory=set)
    heard: dict[tuple[str, str], str] = field(default_factory=dict)
    """Text of the first reply that came back to a message of the page or WeChat."""
    chats: defaultdict[tuple[str, str], set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    """Messages by channel and chat."""
    promised: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Ticket number -> channel and chat it was told in."""
    answers: dict[int, str] = field(default_factory=dict)
    given: Counter[str] = field(default_factory=Counter)
    """What happened, for the counts."""


class Village:
    """A process on a directory, and everything around it that outlives it."""

    def __init__(self, place: Path, matcher: Matcher) -> None:
        self.place, self.matcher = place, matcher
        self.clock, self.platform, self.notes = FakeClock(), FakePlatform(), Notes()
        self.lives = 0
        self.texts = 0

    @property
    def file(self) -> Path:
        """The database of the life that is on."""
        return self.place / LIFE.format(self.lives) / "fawen.db"

    async def begin(self) -> None:
        """Start as the service does; what the last life left is taken up."""
        self.life = Life()
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.real = SqlStore(f"sqlite+aiosqlite:///{self.file}", now=self.clock)
        await self.real.start()
        self.store = cast("Store", MortalStore(self.real, self.life))
        self.dialogue = Dialogue(lambda: self.matcher, self.store, Limits(per_minute=1_000_000), self.clock)
        self.desk, self.gatherer = make_desk(self.real, lambda: self.matcher, self.clock)

        async def send(chat: str, reply: Reply, ref: str) -> None:
            await self.platform.send(self.life, chat, reply, ref)

        self.sender = Sender(PUSHED, self.store, send)

    async def take_up(self) -> None:
        """What a start does beyond opening the store."""
        await self.sender.recover()
        await self.dialogue.resume(PUSHED, deliver=True)
        await self.dialogue.resume("wechat", deliver=False)

    async def crash(self, fate: Fate = None) -> None:
        """The process is gone; the next one starts, and may die while it starts."""
        self.life.over = True
        tasks = [task for task in asyncio.all_tasks() if task.get_name().startswith("send-")]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        old, kept = self.file.parent, self.place / LIFE.format(self.lives + 1)
        async with self.real.shared.writer.turn:
            # without the -shm file, which a restart of the machine would not find either
            shutil.copytree(old, kept, ignore=shutil.ignore_patterns("*-shm"))
        await self.real.close()
        shutil.rmtree(old)
        self.lives += 1
        self.notes.given["crashes"] += 1
        await self.begin()
        self.life.doom(fate)
        try:
            await self.take_up()
        except Crash:
            await self.crash()
        self.life.doom(None)

    async def doomed(self, fate: Fate, work: Awaitable[T]) -> T | None:
        """Do something in a life that may end meanwhile; None when it did."""
        self.life.doom(fate)
        try:
            result = await work
        except Crash:
            self.notes.given["killed in the middle"] += 1
            await self.crash()
            return None
        self.life.doom(None)
        return result

    # ---- what people, the platform and staff do --------------------------------------------------------------------

    async def bring(self, message: Message, fate: Fate) -> None:
        """A platform delivers a message, for the first time or again."""
        key = (message.channel, message.message_id)
        if message.channel == PUSHED:
            await self._update(message, fate)
            return
        self.notes.chats[message.channel, message.chat].add(key)
        reply = await self.doomed(fate, self._asked(message))
        if reply is None:
            return
        self.notes.accepted.add(key)
        before = self.notes.heard.setdefault(key, reply.text)
        assert before == reply.text, f"{key} was answered twice: {before!r}, then {reply.text!r}"
        if reply.ticket:
            self.notes.promised[reply.ticket] = (message.channel, message.chat)

    async def _asked(self, message: Message) -> Reply:
        if message.channel != "wechat":
            return await self.dialogue.handle(message)
        message, receipt = await self.dialogue.accept(message)
        return await self.dialogue.handle(message, receipt=receipt)

    async def _update(self, message: Message, fate: Fate) -> None:
        async def take() -> None:
            clean, receipt = await self.dialogue.accept(message)
            self.notes.accepted.add((message.channel, message.message_id))
            if receipt.progress is not Progress.DONE:
                await self.dialogue.answer(clean, deliver=True)

        await self.doomed(fate, take())

    async def deliver(self, mood: str, fate: Fate) -> None:
        """The sender looks once, while the platform is in this mood."""
        self.platform.mood = mood
        await self.doomed(fate, self.sender.once())

    async def answer(self, which: int, correction: bool, lost: bool) -> None:
        """Staff answer one cluster; with `lost` the process dies before they hear that it is done."""
        wanted = Filter(states=()) if correction else Filter()
        found = (await self.desk.clusters(wanted, Page(100))).rows
        rows = [row for row in found if (row.answered_at is not None) == correction and not row.apart]
        if not rows:
            return
        self.texts += 1
        text = f"答复第{self.texts}号：请找社区。"
        made: Answer = await self.desk.answer(rows[which % len(rows)].id, text, "li", correction=correction)
        if lost:
            await self.crash()
            return
        self.notes.answers[made.id] = text
        self.notes.given["answers"] += 1

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What is on disk, read past the store."""
        with closing(sqlite3.connect(self.file)) as connection:
            return list(connection.execute(sql))
