"""The few numbers that stand on every page, counted at most every few seconds however many pages are open."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from time import monotonic

from bot.desk.changes import Changes
from bot.desk.desk import Desk
from bot.store.base import TicketState
from bot.store.desk_base import Page, ProposalState

FRESH_SECONDS = 4.0
STIR_SECONDS = 1.0
"""However much happens, no count sooner than this after the last one."""


class Pulse:
    """Counts for the menu and for live updates."""

    def __init__(self, desk: Desk, changes: Changes, clock: Callable[[], float] = monotonic) -> None:
        self._desk, self._changes, self._clock = desk, changes, clock
        self._numbers: dict[str, int] = {}
        self._until = 0.0
        self._counted = 0.0
        self._one = asyncio.Lock()
        self._stirred = asyncio.Event()

    async def numbers(self) -> dict[str, int]:
        """`open`, `overdue`, `answered`, `uncertain`, `proposed`, `approved`; at most FRESH_SECONDS old."""
        async with self._one:
            if self._clock() >= self._until:
                self._numbers = await self._count()
                self._counted = self._clock()
                self._until = self._counted + FRESH_SECONDS
            return self._numbers

    def stir(self) -> None:
        """Something has changed, here or on another machine: count anew, and wake the open pages."""
        self._until = min(self._until, self._counted + STIR_SECONDS)
        stirred, self._stirred = self._stirred, asyncio.Event()
        stirred.set()

    async def moved(self, seconds: float) -> None:
        """Wait until something has changed and may be counted, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
                await asyncio.sleep(max(self._until - self._clock(), 0))

    async def _count(self) -> dict[str, int]:
        found = await self._desk.numbers()
        waiting = await self._changes.proposals((ProposalState.PROPOSED,), page=Page(1))
        agreed = await self._changes.proposals((ProposalState.APPROVED,), page=Page(1))
        return {
            "open": found.clusters.get(TicketState.NEW.value, 0) + found.clusters.get(TicketState.ASSIGNED.value, 0),
            "fresh": found.clusters.get(TicketState.NEW.value, 0),
            "answered": found.clusters.get(TicketState.ANSWERED.value, 0),
            "overdue": found.overdue,
            "unplaced": found.unplaced,
            "uncertain": found.uncertain,
            "apart": sum(found.apart.values()),
            "proposed": waiting.total,
            "approved": agreed.total,
        }
