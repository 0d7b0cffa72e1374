"""The single questions behind the numbers of a report."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from starlette.responses import Response

from bot.console.house import PAGE_ROWS, House, Visit
from bot.console.pages.reports import span
from bot.console.render import HERE
from bot.console.words import CHANNELS, OUTCOMES
from bot.store.reports import Which


async def show(house: House, visit: Visit) -> Response:
    """A page of them; looking is written into the audit."""
    days, since, until = span(house, visit)
    if day := _day(visit.query("day")):
        since, until = day, day + timedelta(days=1)
    which = Which(
        outcome=visit.query("outcome") if visit.query("outcome") in OUTCOMES else "",
        channel=visit.query("channel"),
        topic=visit.query("topic"),
        entry=visit.query("entry"),
        text=visit.query("q"),
        slow=visit.query("order") == "slow",
    )
    await house.note(visit, "saw_questions", "", since=since.date().isoformat(), until=until.date().isoformat())
    rows, total = await house.reports.questions(since, until, which, PAGE_ROWS, visit.offset())
    base = house.matcher().knowledge
    return await house.page(
        visit, "questions.html", rows=rows, total=total, which=which, days=days, day=visit.query("day") if day else "",
        channels=CHANNELS, outcomes=OUTCOMES, topics=base.topics, entries=base.entries, offset=visit.offset(),
        step=PAGE_ROWS, query=dict(visit.request.query_params), since=since, last=until - timedelta(seconds=1),
    )  # fmt: skip


def _day(text: str) -> datetime | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=HERE)
