"""What a process has in common with the others on one database, begun and ended together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta

from bot.errors import StoreUnavailable
from bot.keeping import Keeper
from bot.limits import Limiter, in_process
from bot.store.ear import Ear
from bot.store.rates import SharedRates
from bot.store.sql import SqlStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sharing:
    """On SQLite, where there is one process, these do nothing or do it alone."""

    keeper: Keeper
    ear: Ear
    limiter: Callable[[str, int, timedelta], Limiter]


@contextlib.asynccontextmanager
async def sharing(store: SqlStore) -> AsyncIterator[Sharing]:
    """Signs of life, the others' work, what they say, and common limits; a farewell at the end. Raises StoreUnavailable."""
    keeper, ear = Keeper(store.replicas), Ear(store.shared)
    if not store.shared.postgres:
        yield Sharing(keeper, ear, in_process)
        return
    await store.replicas.beat()
    rates = SharedRates(store.shared)
    await rates.start()
    running = [_begun(keeper.run(), "replica-keeping"), _begun(ear.run(), "replica-ear")]
    try:
        yield Sharing(keeper, ear, rates.limiter)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await _ended(rates.close)
        await _ended(store.replicas.leave)


def _begun(work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
    return asyncio.create_task(work, name=name)


async def _ended(close: Callable[[], Awaitable[None]]) -> None:
    try:
        await close()
    except StoreUnavailable as error:
        log.warning("no farewell to the other processes: %s", error)
