"""Hearing what other processes on one PostgreSQL have done (LISTEN and NOTIFY), on a connection of its own.

It only makes things quick: whoever listens also looks by itself now and then. After a connection that was cut everybody
is told once, because nobody knows what was said meanwhile. SQLite has nothing to hear.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from bot.store.line import connect, failures, hang_up, probe
from bot.store.shared import TOPIC, Shared

log = logging.getLogger(__name__)

AGAIN_SECONDS = 2.0
LOOK_SECONDS = 5.0


class Ear:
    """Calls those who asked for it, on the event loop."""

    def __init__(self, shared: Shared, again: float = AGAIN_SECONDS) -> None:
        self._shared, self._again = shared, again
        self._acts: dict[str, list[Callable[[], None]]] = defaultdict(list)
        self.hears = False
        """Whether a connection stands."""

    def on(self, what: str, act: Callable[[], None]) -> None:
        """Call `act`, which must be quick, whenever bot.store.shared.tell says `what` anywhere."""
        self._acts[what].append(act)

    async def run(self) -> None:
        """For ever; on SQLite it returns at once."""
        while self._shared.postgres:
            try:
                await self._listen()
            except failures() as error:
                log.warning("other processes are not heard (%s): trying again", type(error).__name__)
            await asyncio.sleep(self._again)

    async def _listen(self) -> None:
        connection = await connect(self._shared.engine)
        cut = asyncio.Event()
        connection.add_termination_listener(lambda _: cut.set())
        try:
            await connection.add_listener(TOPIC, self._heard)
            self.hears = True
            for what in tuple(self._acts):
                self._tell(what)
            while not cut.is_set():
                try:
                    async with asyncio.timeout(LOOK_SECONDS):
                        await cut.wait()
                except TimeoutError:
                    await probe(connection)
        finally:
            self.hears = False
            await hang_up(connection)

    def _heard(self, connection: Any, process: int, topic: str, what: str) -> None:
        self._tell(what)

    def _tell(self, what: str) -> None:
        for act in self._acts.get(what, ()):
            act()
