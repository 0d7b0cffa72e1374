"""One cluster: what was asked, what is near, the answer and its way to every asker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from bot.console.house import House, Visit
from bot.console.previews import previews
from bot.errors import DeskError
from bot.store.desk_base import Asker, ClusterPage, Filter, Page

NEIGHBOURS = 8
"""Other open clusters of the same nearest entry that are offered for merging."""
SHOWN = 50
"""Tickets of a cluster that are listed one by one."""


async def show(house: House, visit: Visit) -> Response:
    """The page of one cluster; looking is written into the audit first."""
    number = visit.number("cluster")
    page = await house.desk.cluster(number)
    await house.note(visit, "saw_cluster", f"cluster:{page.row.id}")
    return await _page(house, visit, page)


async def _page(house: House, visit: Visit, page: ClusterPage, error: str = "", draft: str = "") -> Response:
    base = house.matcher().knowledge
    asker = _first_asker(page)
    row = page.row
    near = [(base.entries[i], c) for i, c in (page.tickets[0].nearest if page.tickets else ()) if i in base.entries]
    others = await _neighbours(house, page)
    names = [u.name for u in await house.accounts.users() if not u.disabled and u.role != "auditor"]
    return await house.page(
        visit, "cluster.html", 409 if error else 200, page=page, row=row, near=near, others=others, owners=names,
        error=error, draft=draft, shown=SHOWN, query=dict(visit.request.query_params),
        previews=previews(base, asker, draft, page.answer is not None) if draft and asker else (),
    )  # fmt: skip


def _first_asker(page: ClusterPage) -> Asker | None:
    if not page.tickets:
        return None
    ticket = page.tickets[0]
    return Asker(ticket.channel, ticket.chat, ticket.person, ticket.number, ticket.text)


async def _neighbours(house: House, page: ClusterPage) -> list[tuple[int, str, int]]:
    """Open clusters with the same nearest entry: (number, title, people)."""
    if page.row.nearest is None:
        return []
    topic = page.row.nearest[0].partition(".")[0]
    found = await house.desk.clusters(Filter(topic=topic), Page(200))
    same = [r for r in found.rows if r.id != page.row.id and r.nearest and r.nearest[0] == page.row.nearest[0]]
    return [(r.id, r.title, r.people) for r in same[:NEIGHBOURS]]


async def _change(
    house: House, visit: Visit, what: str, work: Callable[[int], Awaitable[object]], done: str = "", **detail: str
) -> Response:
    """Do something to the cluster of the path; a refusal shows the same page with what was typed still there."""
    number = visit.number("cluster")
    try:
        await work(number)
    except DeskError as error:
        page = await house.desk.cluster(number)
        return await _page(house, visit, page, str(error), visit.form.get("text", ""))
    await house.note(visit, what, f"cluster:{number}", **detail)
    return visit.to(f"/clusters/{number}", done or what)


async def assign(house: House, visit: Visit) -> Response:
    """Give it to somebody, or put it back."""
    owner = visit.form.get("owner", "").strip()
    user = await house.accounts.user(owner) if owner else None
    if owner and (user is None or user.disabled):
        page = await house.desk.cluster(visit.number("cluster"))
        return await _page(house, visit, page, f"没有可以指派的用户“{owner}”。")
    done = "assigned" if owner else "freed"
    return await _change(house, visit, "assigned", lambda n: house.desk.assign(n, owner, visit.who), done, owner=owner)


async def answer(house: House, visit: Visit) -> Response:
    """Answer everybody, correct the answer, or only show how it would look (`preview`)."""
    text, number = visit.form.get("text", ""), visit.number("cluster")
    if "preview" in visit.form:
        return await _page(house, visit, await house.desk.cluster(number), draft=text)
    again = visit.form.get("correction") == "1"
    return await _change(
        house, visit, "corrected" if again else "answered",
        lambda n: house.desk.answer(n, text, visit.who, correction=again),
    )  # fmt: skip


async def ignore(house: House, visit: Visit) -> Response:
    """Close it without an answer, with a reason."""
    reason = visit.form.get("reason", "")
    return await _change(
        house, visit, "ignored", lambda n: house.desk.ignore(n, reason, visit.who), reason=reason[:200]
    )


async def release(house: House, visit: Visit) -> Response:
    """Put it back into the queue."""
    return await _change(house, visit, "released", lambda n: house.desk.release(n, visit.who))


async def merge(house: House, visit: Visit) -> Response:
    """Take other clusters in: those ticked and those typed."""
    typed = visit.form.get("others", "").replace("，", " ").replace(",", " ").split()
    numbers = [int(n) for n in [*visit.several.get("other", ()), *typed] if n.isascii() and n.isdigit() and len(n) < 18]
    return await _change(
        house, visit, "merged", lambda n: house.desk.merge(n, numbers, visit.who), others=" ".join(map(str, numbers))
    )


async def split(house: House, visit: Visit) -> Response:
    """Take the ticked tickets out into a cluster of their own, and go there."""
    number, chosen = visit.number("cluster"), visit.several.get("ticket", ())
    try:
        made = await house.desk.split(number, chosen, visit.who)
    except DeskError as error:
        return await _page(house, visit, await house.desk.cluster(number), str(error))
    await house.note(visit, "split", f"cluster:{number}", into=made, tickets=" ".join(chosen))
    return visit.to(f"/clusters/{made}", "split")


async def send_again(house: House, visit: Visit) -> Response:
    """Send once more what failed or may have arrived: a person's decision."""
    typed = visit.form.get("delivery", "")
    delivery = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 18 else 0
    return await _change(
        house, visit, "sent_again", lambda _: house.desk.send_again(delivery, visit.who), delivery=str(delivery)
    )
