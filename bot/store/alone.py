"""A job that one process at a time does: by an advisory lock of PostgreSQL, on a connection of its own.

A killed process's socket is closed by its machine: the lock is free at once, and the server gives it to one that waits.
A process whose connection is cut stops the job by itself within four seconds; the server gives the lock to another one
no sooner than after eight.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from bot.errors import StoreUnavailable
from bot.store.line import PROBE_SECONDS, connect, failures, hang_up, probe
from bot.store.locks import Lock
from bot.store.shared import Shared

log = logging.getLogger(__name__)

TRY_SECONDS = 2.0
LOOK_SECONDS = 1.0
WAIT_SECONDS = 5.0
"""After so long a wait for the lock begins anew: it shows that the connection stands, and holds up no vacuum."""
Job = Callable[[], Awaitable[None]]


class Alone:
    """Does a job whenever, and as long as, this process holds the lock. On SQLite: at once and always."""

    def __init__(
        self,
        shared: Shared,
        key: Lock,
        name: str,
        again: float = TRY_SECONDS,
        look: float = LOOK_SECONDS,
        wait: float = WAIT_SECONDS,
    ) -> None:
        """`name` is for the log; seconds: `again` is the pause before a new connection, `look` how often one that holds the
        lock is asked, `wait` how long one waits for the lock before it is asked."""
        self._shared, self._key, self._name = shared, key, name
        self._again, self._look, self._wait = again, look, wait
        self.held = not shared.postgres
        """Whether the job is this process's."""

    async def run(self, job: Job) -> None:
        """For ever, or until the job ends or fails by itself."""
        if not self._shared.postgres:
            await job()
            return
        ended = False
        while not ended:
            try:
                ended = await self._once(job)
            except failures() as error:
                log.warning("%s: the connection for the lock failed (%s)", self._name, type(error).__name__)
            if not ended:
                await asyncio.sleep(self._again)

    async def _once(self, job: Job) -> bool:
        """One connection: wait for the lock, do the job while it is held. True when the job has ended."""
        connection = await connect(self._shared.engine)
        try:
            await _locked(connection, self._key, self._wait)
            log.info("%s: this process does it now", self._name)
            return await self._holding(job, connection)
        finally:
            await hang_up(connection)

    async def _holding(self, job: Job, connection: Any) -> bool:
        cut = asyncio.Event()
        connection.add_termination_listener(lambda _: cut.set())
        self.held = True
        working = asyncio.ensure_future(job())
        listening = asyncio.create_task(cut.wait())
        try:
            while not cut.is_set():
                await asyncio.wait({working, listening}, timeout=self._look, return_when=asyncio.FIRST_COMPLETED)
                if working.done():
                    await working
                    return True
                await probe(connection)
            return False
        finally:
            # the job ends before the lock is given back
            self.held = False
            for task in (working, listening):
                task.cancel()
            await asyncio.gather(working, listening, return_exceptions=True)
            log.info("%s: this process does it no more", self._name)


async def _locked(connection: Any, key: Lock, wait: float) -> None:
    """Wait in the server's own queue, so that the next one has the lock in the moment in which it is free."""
    import asyncpg

    await connection.execute(f"SET lock_timeout = '{int(wait * 1000)}ms'", timeout=PROBE_SECONDS)
    while True:
        try:
            await connection.fetchval("SELECT pg_advisory_lock($1)", key.value, timeout=wait + PROBE_SECONDS)
            return
        except asyncpg.LockNotAvailableError:
            continue


@contextlib.asynccontextmanager
async def holding(shared: Shared, key: Lock) -> AsyncIterator[None]:
    """Wait for a lock and hold it as long as the context lasts, on a connection of its own; nothing on SQLite.

    Raises StoreUnavailable when the database cannot be reached.
    """
    if not shared.postgres:
        yield
        return
    try:
        connection = await connect(shared.engine)
    except failures() as error:
        raise StoreUnavailable(f"store {shared.shown} cannot be reached ({type(error).__name__})") from None
    try:
        try:
            await connection.fetchval("SELECT pg_advisory_lock($1)", key.value)
        except failures() as error:
            raise StoreUnavailable(f"store {shared.shown}: no lock ({type(error).__name__})") from None
        yield
    finally:
        await hang_up(connection)
