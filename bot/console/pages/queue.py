"""待办: the clusters that wait, with filters and paging."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from starlette.responses import Response

from bot.console.house import PAGE_ROWS, House, Visit
from bot.console.words import CHANNELS, REASONS
from bot.errors import DeskNotFound
from bot.store.base import TicketState
from bot.store.desk_base import OPEN, Filter, Order, Page

FILTERS = {
    "people": Filter(),
    "overdue": Filter(overdue=True, order="due"),
}
"""Ready-made filters that other pages link to."""
VIEWS = {
    "open": ("待办", OPEN),
    "answered": ("已答复", (TicketState.ANSWERED,)),
    "published": ("已入库", (TicketState.PUBLISHED,)),
    "ignored": ("不处理", (TicketState.IGNORED,)),
    "all": ("全部", ()),
    "apart": ("已分开", ()),
}
ORDERS = {"people": "提问人多的在前", "due": "快到期的在前", "age": "等得最久的在前", "newest": "最新的在前"}


async def show(house: House, visit: Visit) -> Response:
    """One page of the queue."""
    which = wanted(visit)
    listing = await house.desk.clusters(which, Page(PAGE_ROWS, visit.offset()))
    # a number of a settled or set-apart ticket is found from here as well
    if which.text and not listing.total and (found := await _by_number(house, which.text)) is not None:
        return visit.to(f"/clusters/{found}")
    topics = [t for t in house.matcher().knowledge.topics if t.id not in ("safety",)]
    names = [u.name for u in await house.accounts.users() if not u.disabled]
    view = visit.query("view", "open")
    return await house.page(
        visit, "queue.html", listing=listing, which=which, views=VIEWS, view=view if view in VIEWS else "open",
        orders=ORDERS, channels=CHANNELS, reasons=REASONS, topics=topics, owners=names, offset=visit.offset(),
        step=PAGE_ROWS, query=dict(visit.request.query_params), entries=house.matcher().knowledge.entries,
    )  # fmt: skip


def wanted(visit: Visit) -> Filter:
    """The filter of a query string; what is unknown is left out."""
    view = visit.query("view", "open")
    owner = visit.query("owner")
    order = visit.query("order", "people")
    which = Filter(
        states=VIEWS.get(view, VIEWS["open"])[1],
        owner=None if not owner else "" if owner == "-" else owner,
        channel=visit.query("channel") if visit.query("channel") in CHANNELS else "",
        reason=visit.query("reason") if visit.query("reason") in REASONS else "",
        topic=visit.query("topic"),
        text=visit.query("q"),
        apart=view == "apart",
        overdue=visit.query("overdue") == "1",
    )
    return replace(which, order=order) if order in get_args(Order) else which  # type: ignore[arg-type]  # checked


async def _by_number(house: House, text: str) -> int | None:
    try:
        page = await house.desk.ticket(text)
    except DeskNotFound:
        return None
    return page.cluster.id if page.cluster else None
