"""The console on the parts of a running service."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from starlette.routing import BaseRoute

from bot.app import Core
from bot.console.checks import Checks
from bot.console.door import Door
from bot.console.house import House
from bot.console.pages.reports import ready
from bot.console.pulse import Pulse
from bot.console.render import Renderer
from bot.console.site import routes
from bot.errors import StoreUnavailable
from bot.store.accounts import Accounts
from bot.store.audit import Audit
from bot.store.reports import Reports
from bot.store.shared import DESK

READY_SECONDS = 600.0
"""How often the reports are counted while nobody asks."""
log = logging.getLogger(__name__)


def console(core: Core, now: Callable[[], datetime]) -> tuple[list[BaseRoute], Callable[[], Awaitable[None]]]:
    """Everything below /console, and what keeps its reports counted as long as it runs."""
    shared = core.store.shared
    accounts = Accounts(shared)
    pulse = Pulse(core.desk, core.changes)
    core.sharing.ear.on(DESK, pulse.stir)
    house = House(
        settings=core.settings,
        accounts=accounts,
        audit=Audit(shared),
        door=Door(accounts, core.settings.console, now),
        desk=core.desk,
        changes=core.changes,
        reports=Reports(shared),
        matcher=core.brain.current,
        render=Renderer(),
        pulse=pulse,
        checks=Checks(),
        now=now,
    )

    async def keep_ready() -> None:
        while True:
            try:
                await ready(house)
            except StoreUnavailable as error:
                log.error("reports cannot be counted now: %s", error)
            await asyncio.sleep(READY_SECONDS)

    return routes(house), keep_ready
