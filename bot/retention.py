"""Erasing what is over its time: once a day by the service, at any time by `fawen purge`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.config import Settings
from bot.errors import StoreUnavailable
from bot.store.accounts import Accounts
from bot.store.audit import Audit
from bot.store.erasing import Eraser, Terms
from bot.store.shared import Shared

log = logging.getLogger(__name__)

DAY_SECONDS = 86_400.0
ATTEMPT_DAYS = 60
"""How long attempts to sign in are kept: longer than an address counts as known."""


async def purge_once(shared: Shared, settings: Settings) -> dict[str, int]:
    """Erase and write into the audit how much; rows by kind. Raises StoreUnavailable."""
    kept, now = settings.retention, shared.now()
    terms = Terms(
        timedelta(days=kept.conversation_days), timedelta(days=kept.question_days), timedelta(days=kept.ticket_days)
    )
    found = await Eraser(shared).purge(terms)
    longest = timedelta(hours=settings.console.session_hours)
    found["sessions"] = await Accounts(shared).purge(now - longest, now - timedelta(days=ATTEMPT_DAYS))
    await Audit(shared).note("fawen", "purged", "", "", **found)
    return found


async def purge_daily(
    shared: Shared, settings: Settings, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """For ever: at the start, then every day. A database that cannot be reached is tried again the next day."""
    while True:
        try:
            found = await purge_once(shared, settings)
            log.info("purged: %s", ", ".join(f"{kind} {count}" for kind, count in found.items()))
        except StoreUnavailable as error:
            log.error("purging failed, next try in a day: %s", error)
        await sleep(DAY_SECONDS)
