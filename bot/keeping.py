"""A replica's place among the others on one PostgreSQL: its signs of life, and the work that silent ones left.

The signs are given at once and for ever; work of others is looked for only after this process was itself heard of for
long enough that every living one had the time to give a sign, too: after an outage of the database nobody takes the
work of processes that are merely as late as it is itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.errors import StoreUnavailable
from bot.store.replicas import BEAT_SECONDS, SILENT_SECONDS, Replicas

log = logging.getLogger(__name__)
_STEADY = int(SILENT_SECONDS / BEAT_SECONDS) + 1


class Keeper:
    """Beats for ever; between two beats does what was put to it with `care`."""

    def __init__(
        self,
        replicas: Replicas,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        seconds: float = BEAT_SECONDS,
    ) -> None:
        self._replicas, self._sleep, self._seconds = replicas, sleep, seconds
        self._jobs: list[Callable[[], Awaitable[object]]] = []
        self._working: asyncio.Task[None] | None = None

    def care(self, job: Callable[[], Awaitable[object]]) -> None:
        """Do this every few seconds while this replica is steadily heard of."""
        self._jobs.append(job)

    async def run(self) -> None:
        """For ever; a job that takes long holds up no beat."""
        steady = 0
        try:
            while True:
                try:
                    await self._replicas.beat()
                    steady += 1
                except StoreUnavailable as error:
                    log.error("no sign of life could be given: %s", error)
                    steady = 0
                if steady > _STEADY and (self._working is None or self._working.done()):
                    self._working = asyncio.create_task(self._work(), name="replica-care")
                await self._sleep(self._seconds)
        finally:
            if self._working is not None:
                self._working.cancel()
                await asyncio.gather(self._working, return_exceptions=True)

    async def _work(self) -> None:
        for job in self._jobs:
            try:
                await job()
            except StoreUnavailable as error:
                log.error("what other replicas left could not be looked for: %s", error)
            except Exception:
                log.exception("what other replicas left could not be taken over")
