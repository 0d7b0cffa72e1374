"""A life that ends in the middle of something, a store that dies with it, and a platform that may not answer."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from bot.errors import DeliveryDelayed, DeliveryRefused, DeliveryUncertain
from bot.messages import Reply
from bot.store.sql import SqlStore

T = TypeVar("T")
Fate = tuple[int, bool] | None
"""How many durable steps succeed before the end, and whether the last one is still carried out; None: no end."""


class Crash(BaseException):
    """The process ends here; like SIGKILL, no `except Exception` sees it."""


class Life:
    """One process; `doom` says when it ends."""

    def __init__(self) -> None:
        self._left: int | None = None
        self._carried_out = False
        self.over = False

    def doom(self, fate: Fate) -> None:
        """From now on so many more steps; None: for ever."""
        self._left, self._carried_out = fate or (None, False)

    async def step(self, call: Callable[[], Awaitable[T]]) -> T:
        """One step whose effect outlives the process. Raises Crash before it, or after it and before it is known."""
        if self.over:
            raise Crash
        if self._left is None:
            return await call()
        self._left -= 1
        if self._left >= 0:
            return await call()
        if self._carried_out:
            await call()
        self.over = True
        raise Crash


class MortalStore:
    """The real store; each of its calls is a step of the life."""

    def __init__(self, store: SqlStore, life: Life) -> None:
        self._store, self._life = store, life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def step(*args: Any, **more: Any) -> Any:
            return await self._life.step(lambda: found(*args, **more))

        return step


MOODS = ("well", "delayed", "refused", "arrived_unknown", "lost_unknown")
Key = tuple[str, str, str]
"""Chat, what it answers, text."""


class FakePlatform:
    """Receives what is sent; outlives every process. `faults` are sends that should not have been made."""

    def __init__(self) -> None:
        self.mood = "well"
        self.arrived: Counter[Key] = Counter()
        self.faults: list[str] = []
        self._unsure: set[Key] = set()

    async def send(self, life: Life, chat: str, reply: Reply, ref: str) -> None:
        """One request. Raises DeliveryRefused, DeliveryDelayed or DeliveryUncertain as the mood is, or Crash."""
        key = (chat, ref, reply.text)
        if key in self._unsure:
            self.faults.append(f"sent again although it may have arrived: {key}")
        self._unsure.add(key)
        await life.step(lambda: self._take(key))
        if self.mood == "delayed":
            self._unsure.discard(key)
            raise DeliveryDelayed("later")
        if self.mood == "refused":
            self._unsure.discard(key)
            raise DeliveryRefused("no")
        if self.mood != "well":
            raise DeliveryUncertain("no answer")

    async def _take(self, key: Key) -> None:
        if self.mood in ("well", "arrived_unknown"):
            self.arrived[key] += 1
