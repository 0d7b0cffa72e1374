"""A store between the dialogue and the real one, that can hang or fail at a step until it is let go."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.errors import StoreUnavailable
from bot.messages import Message, Reply
from bot.store.base import Before, Receipt, Turn
from bot.store.sql import SqlStore


class SlowStore:
    """Passes everything on; `conversation`, `receive` and `finish` look first whether they may."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.gate = asyncio.Event()
        self.gate.set()
        self.stuck = asyncio.Event()
        self.broken: type[Exception] | None = None
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def _pass(self) -> None:
        self.calls += 1
        if self.broken is not None:
            raise self.broken("made to fail")
        if not self.gate.is_set():
            self.stuck.set()
            await self.gate.wait()
            self.stuck.clear()

    async def hangs(self, chat: str) -> None:
        """Returns when somebody is stuck."""
        await self.stuck.wait()

    async def before(self, message: Message) -> Before:
        """As the real one, later."""
        await self._pass()
        return await self._store.before(message)

    async def receive(self, message: Message) -> Receipt:
        """As the real one, unless it is away."""
        if self.broken is StoreUnavailable:
            raise StoreUnavailable("made to fail")
        return await self._store.receive(message)

    async def finish(self, turn: Turn) -> Reply:
        """As the real one."""
        return await self._store.finish(turn)
