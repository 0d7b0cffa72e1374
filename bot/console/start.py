"""The console on the parts of a running service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from starlette.routing import BaseRoute

from bot.app import Core
from bot.console.checks import Checks
from bot.console.door import Door
from bot.console.house import House
from bot.console.pulse import Pulse
from bot.console.render import Renderer
from bot.console.site import routes
from bot.store.accounts import Accounts
from bot.store.audit import Audit
from bot.store.reports import Reports
from bot.store.shared import DESK


def console_routes(core: Core, now: Callable[[], datetime]) -> list[BaseRoute]:
    """Everything below /console."""
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
    return routes(house)
