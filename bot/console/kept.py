"""Figures of a large store, which take long to count: counted once for all who look, and anew beside them.

What is counted quickly is counted anew for everybody.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")
QUICK_SECONDS = 0.2
"""What took no longer is never kept."""
TIMES = 50
"""Anything slower is good for so many times as long as it took: counting never takes more than a fiftieth of the time."""
OLDEST_SECONDS = 3600.0
"""Older than this it is waited for."""
_MOST = 32


@dataclass(frozen=True, slots=True)
class _Counted(Generic[T]):
    value: T
    at: float
    took: float


class Kept(Generic[T]):
    """Values by key, each with how to count it."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[Hashable, _Counted[T]] = OrderedDict()
        self._running: dict[Hashable, asyncio.Task[_Counted[T]]] = {}

    async def get(self, key: Hashable, count: Callable[[], Awaitable[T]]) -> T:
        """The value, counted now or a while ago. Raises what `count` raises when it has to be waited for."""
        known = self._known.get(key)
        if known is None or known.took <= QUICK_SECONDS or self._age(known) > OLDEST_SECONDS:
            return (await self._count(key, count)).value
        if self._age(known) > TIMES * known.took:
            self._count(key, count)
        return known.value

    def _age(self, known: _Counted[T]) -> float:
        return self._clock() - known.at

    def _count(self, key: Hashable, count: Callable[[], Awaitable[T]]) -> asyncio.Future[_Counted[T]]:
        """One count a key at a time; who gives up waiting ends it for nobody else."""
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._do(key, count), name="counting")
            self._running[key] = task
            task.add_done_callback(lambda done: self._ended(key, done))
        return asyncio.shield(task)

    async def _do(self, key: Hashable, count: Callable[[], Awaitable[T]]) -> _Counted[T]:
        started = self._clock()
        value = await count()
        counted = _Counted(value, self._clock(), self._clock() - started)
        self._known[key] = counted
        self._known.move_to_end(key)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return counted

    def _ended(self, key: Hashable, task: asyncio.Task[_Counted[T]]) -> None:
        self._running.pop(key, None)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.warning("figures could not be counted: %s", type(failure).__name__)
