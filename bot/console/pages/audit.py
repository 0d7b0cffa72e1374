"""审计: who looked at what and who changed what."""

from __future__ import annotations

from starlette.responses import Response

from bot.console.house import PAGE_ROWS, House, Visit
from bot.console.words import AUDITED


async def show(house: House, visit: Visit) -> Response:
    """Lines, newest first, by user, deed and thing."""
    who, what, about = visit.query("who"), visit.query("what"), visit.query("about")
    lines, total = await house.audit.lines(who, (what,) if what else (), about, PAGE_ROWS, visit.offset())
    return await house.page(
        visit, "audit.html", lines=lines, total=total, who=who, what=what, about=about, deeds=AUDITED,
        names=[u.name for u in await house.accounts.users()], offset=visit.offset(), step=PAGE_ROWS,
        query=dict(visit.request.query_params),
    )  # fmt: skip
