"""A workplace in a directory: knowledge files, a store, a brain that reloads, the desk and its changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.app import make_changes, make_desk
from bot.brain import Brain
from bot.config import Dialogue as Limits
from bot.desk.changes import Changes
from bot.desk.desk import Desk
from bot.desk.gather import Gatherer
from bot.dialogue import Dialogue
from bot.messages import Kind, Message, Reply
from bot.store.sql import SqlStore
from tests.fakes import FakeClock
from tests.sample import write_sample


@dataclass
class Workplace:
    """Everything of the loop, without network."""

    directory: Path
    store: SqlStore
    clock: FakeClock
    brain: Brain
    dialogue: Dialogue = field(init=False)
    desk: Desk = field(init=False)
    gatherer: Gatherer = field(init=False)
    changes: Changes = field(init=False)
    count: int = 0

    def __post_init__(self) -> None:
        self.dialogue = Dialogue(self.brain.current, self.store, Limits(per_minute=1000), self.clock)
        self.desk, self.gatherer = make_desk(self.store, self.brain.current, self.clock)
        self.changes = make_changes(self.store, self.brain, self.clock)

    async def say(self, text: str, person: str = "a", channel: str = "web", kind: Kind = Kind.TEXT) -> Reply:
        """One message of a person."""
        self.count += 1
        message = Message(channel, person, person, text, kind, self.clock(), f"m{self.count}")
        return await self.dialogue.handle(message, deliver=channel == "telegram")

    async def ticket(self, text: str, person: str = "a", channel: str = "web") -> str:
        """A question that becomes a ticket in a cluster; its number."""
        number = (await self.say(text, person, channel)).ticket
        assert number is not None
        await self.gatherer.once()
        return number

    def file(self, name: str) -> str:
        """The text of a knowledge file, empty when there is none."""
        path = self.directory / name
        return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Workplace]:
    """The sample knowledge and an empty database on SQLite."""
    directory = write_sample(tmp_path / "knowledge")
    clock = FakeClock()
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/fawen.db", now=clock)
    await store.start()
    yield Workplace(directory, store, clock, Brain(directory, tmp_path / "cache"))
    await store.close()
