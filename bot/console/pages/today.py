"""今日: what waits, and how today went."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from bot.console.house import House, Visit
from bot.console.pages.queue import FILTERS
from bot.console.render import HERE
from bot.store.desk_base import Page

SHOWN = 5


async def show(house: House, visit: Visit) -> Response:
    """Numbers, each a link to the rows behind it, and the first rows of what is most urgent."""
    now = house.now()
    midnight = now.astimezone(HERE).replace(hour=0, minute=0, second=0, microsecond=0)
    # whole days, for which sums are kept
    today = await house.reports.outcomes(midnight, midnight + timedelta(days=1))
    before = await house.reports.outcomes(midnight - timedelta(days=1), midnight)
    overdue = due = None
    if visit.may("/queue"):
        overdue = await house.desk.clusters(FILTERS["overdue"], Page(SHOWN))
        due = await house.desk.clusters(FILTERS["people"], Page(SHOWN))
    entries = house.matcher().knowledge.entries
    return await house.page(visit, "today.html", today=today, before=before, overdue=overdue, due=due, entries=entries)
