"""One lane a chat: what a chat sent is answered in its order, chats are served side by side.

Within a lane the smallest number goes first, so that deliveries that overtook each other on the way are put right as
long as both wait.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable, Coroutine
from itertools import count

log = logging.getLogger(__name__)

Job = Callable[[], Awaitable[None]]
AT_ONCE = 16
"""Chats answered at the same time; the rest wait their turn."""


class Lanes:
    """Runs jobs, one at a time in each lane. A job handles its own errors; one that does not is logged and passed over."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._lanes: dict[str, list[tuple[int, int, Job]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(at_once)
        self._serial = count()
        self._moved = asyncio.Event()
        self.waiting = 0
        """Jobs put in and not done yet."""

    def put(self, lane: str, order: int, job: Job) -> None:
        """Add a job to a lane; returns at once."""
        self.waiting += 1
        entry = (order, next(self._serial), job)
        if lane in self._lanes:
            heapq.heappush(self._lanes[lane], entry)
            return
        self._lanes[lane] = [entry]
        self._begin(self._run(lane))

    def beside(self, job: Job) -> None:
        """Do a job at once, beside all lanes: it waits for no other."""
        self.waiting += 1
        self._begin(self._one(job))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="lane")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def room(self, most: int) -> None:
        """Wait until fewer than `most` jobs wait."""
        while self.waiting >= most:
            self._moved.clear()
            await self._moved.wait()

    async def close(self, seconds: float = 5.0) -> None:
        """Let what has begun end within so many seconds, then stop; the store knows what was left."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, lane: str) -> None:
        jobs = self._lanes[lane]
        try:
            while jobs:
                async with self._slots:
                    # taken only now: an earlier delivery may have come in while this chat waited for its turn
                    _, _, job = heapq.heappop(jobs)
                    await self._one(job)
        finally:
            self._lanes.pop(lane, None)

    async def _one(self, job: Job) -> None:
        try:
            await job()
        except Exception:
            log.exception("a message could not be handled")
        finally:
            self.waiting -= 1
            self._moved.set()
