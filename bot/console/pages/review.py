"""审核: proposed changes, what they would do, a second person, publishing, history, roll back."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable

from starlette.responses import Response

from bot.console.house import PAGE_ROWS, House, Visit
from bot.errors import DeskError
from bot.store.desk_base import Page, ProposalState

VIEWS: dict[str, tuple[str, tuple[ProposalState, ...]]] = {
    "waiting": ("等待处理", (ProposalState.PROPOSED, ProposalState.APPROVED)),
    "published": ("已发布", (ProposalState.PUBLISHED,)),
    "rejected": ("已退回", (ProposalState.REJECTED,)),
    "all": ("全部", ()),
}
LONGEST_DIFF = 2_000


async def show(house: House, visit: Visit) -> Response:
    """Proposals by state."""
    view = visit.query("view", "waiting")
    view = view if view in VIEWS else "waiting"
    listing = await house.changes.proposals(VIEWS[view][1], page=Page(PAGE_ROWS, visit.offset()))
    return await house.page(
        visit, "review.html", listing=listing, view=view, views=VIEWS, offset=visit.offset(), step=PAGE_ROWS,
        query=dict(visit.request.query_params),
    )  # fmt: skip


async def proposal(house: House, visit: Visit) -> Response:
    """One proposal."""
    return await _page(house, visit)


async def _page(house: House, visit: Visit, error: str = "") -> Response:
    number = visit.number("proposal")
    found = await house.changes.proposal(number)
    running = house.checks.running(number)
    error = error or house.checks.failure(number)
    return await house.page(
        visit, "proposal.html", 409 if error else 200, titled=lambda text: _titled(text, house), proposal=found, running=running, error=error, lines=_coloured(found.diff),
        mine=found.author == visit.who, entries=house.matcher().knowledge.entries,
    )  # fmt: skip


async def _change(house: House, visit: Visit, what: str, work: Callable[[int], Awaitable[object]]) -> Response:
    number = visit.number("proposal")
    try:
        await work(number)
    except DeskError as error:
        return await _page(house, visit, str(error))
    await house.note(visit, what, f"proposal:{number}")
    return visit.to(f"/review/{number}", what)


async def check(house: House, visit: Visit) -> Response:
    """Begin to find out what it changes; the page shows that it runs, and later what it found."""
    number = visit.number("proposal")
    await house.changes.proposal(number)
    house.checks.begin(number, lambda n: house.changes.check(n, visit.who))
    await house.note(visit, "checked", f"proposal:{number}")
    return visit.to(f"/review/{number}", "checking")


async def approve(house: House, visit: Visit) -> Response:
    """The second person agrees."""
    return await _change(house, visit, "approved", lambda n: house.changes.approve(n, visit.who))


async def reject(house: House, visit: Visit) -> Response:
    """It will not come, and why."""
    why = visit.form.get("why", "")
    return await _change(house, visit, "rejected", lambda n: house.changes.reject(n, visit.who, why))


async def publish(house: House, visit: Visit) -> Response:
    """Bring it into force."""
    return await _change(house, visit, "published", lambda n: house.changes.publish(n, visit.who))


async def history(house: House, visit: Visit) -> Response:
    """What was published, newest first."""
    listing = await house.changes.publications(Page(PAGE_ROWS, visit.offset()))
    return await house.page(
        visit, "history.html", listing=listing, offset=visit.offset(), step=PAGE_ROWS,
        query=dict(visit.request.query_params),
    )  # fmt: skip


async def publication(house: House, visit: Visit) -> Response:
    """One publication with the lines it changed."""
    return await _publication(house, visit)


async def _publication(house: House, visit: Visit, error: str = "") -> Response:
    found = await house.changes.publication(visit.number("publication"))
    lines: list[str] = []
    for path, (before, after) in sorted(found.files.items()):
        lines += difflib.unified_diff((before or "").splitlines(), (after or "").splitlines(), path, path, lineterm="")
    return await house.page(
        visit,
        "publication.html",
        409 if error else 200,
        publication=found,
        lines=_coloured("\n".join(lines)),
        error=error,
    )


async def roll_back(house: House, visit: Visit) -> Response:
    """Undo one publication in one step; leads to the publication that undoes it."""
    number, why = visit.number("publication"), visit.form.get("why", "").strip()
    try:
        made = await house.changes.roll_back(number, visit.who, why)
    except DeskError as error:
        return await _publication(house, visit, str(error))
    await house.note(visit, "rolled_back", f"publication:{number}", by=made.id)
    return visit.to(f"/history/{made.id}", "rolled_back")


def _coloured(diff: str) -> list[tuple[str, str]]:
    """(kind, line) of a unified diff: add, del, head or same."""
    found = []
    for line in diff.splitlines()[:LONGEST_DIFF]:
        kind = "head" if line.startswith(("---", "+++", "@@")) else {"+": "add", "-": "del"}.get(line[:1], "same")
        found.append((kind, line))
    return found


def _titled(text: str, house: House) -> str:
    """An outcome of the answer diff with the titles of its entries instead of their ids."""
    entries = house.matcher().knowledge.entries
    head, mark, ids = text.rpartition("：")
    return head + mark + "、".join(entries[i].title if i in entries else i for i in ids.split("、"))
