"""One ticket with the conversation around it: the one page that shows what a person said."""

from __future__ import annotations

from starlette.responses import Response

from bot.console.house import House, Visit
from bot.replies import spoken


async def show(house: House, visit: Visit) -> Response:
    """Looking is written into the audit before anything is shown."""
    page = await house.desk.ticket(visit.word("number"))
    await house.note(visit, "saw_ticket", f"ticket:{page.ticket.number}")
    base = house.matcher().knowledge
    said = [(spoken(base, message), message, reply) for message, reply in page.conversation]
    near = [(base.entries[i], c) for i, c in page.ticket.nearest if i in base.entries]
    return await house.page(visit, "ticket.html", page=page, ticket=page.ticket, said=said, near=near)
