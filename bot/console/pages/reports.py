"""报表: how it goes, as charts and tables, and to take away."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from functools import partial
from typing import cast
from urllib.parse import quote

from starlette.responses import Response

from bot.console.charts import charts
from bot.console.house import BASE, House, Visit
from bot.desk.export import as_csv, as_xlsx
from bot.desk.report import SMALL, Report, gather, last_days, tables
from bot.errors import DeskNotFound

SPANS = {"7": "最近 7 天", "30": "最近 30 天", "90": "最近 90 天"}
_KINDS = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_xlsx),
}


async def figures(house: House, since: datetime, until: datetime, least: int) -> Report:
    """The report of these days, of this moment; of a large store it may be some minutes old."""
    base = house.matcher().knowledge
    count = partial(gather, house.reports, base, since, until, least)
    # by the size and not by the time it took: a first count, or a busy machine, is slow on an empty store too
    if not await house.reports.large():
        return await count()
    return cast(Report, await house.counted.get(("report", since, until, least, base.version), count))


async def ready(house: House) -> None:
    """Count every span that the page offers of a large store, so that nobody has to wait for it. Raises StoreUnavailable."""
    if not await house.reports.large():
        return
    for days in SPANS:
        await figures(house, *last_days(house.now(), int(days)), 1)


def span(house: House, visit: Visit) -> tuple[str, datetime, datetime]:
    """The days that the query names, up to tonight: (number of days, since, until)."""
    days = visit.query("days", "30")
    days = days if days in SPANS or days == "1" else "30"
    return days, *last_days(house.now(), int(days))


async def show(house: House, visit: Visit) -> Response:
    """The page; here small groups are shown, for it is inside the console. Auditors see no question of a small group."""
    days, since, until = span(house, visit)
    base = house.matcher().knowledge
    least = 1 if visit.may("/queue") else 3
    report = await figures(house, since, until, least)
    shown = [{**c, "figure": json.dumps(c["figure"], ensure_ascii=False)} for c in charts(report, base)]
    return await house.page(
        visit, "reports.html", report=report, charts=shown, tables=tables(report, base), days=days, spans=SPANS,
        links=_links(report, days, visit.may("/queue")),
    )  # fmt: skip


def _links(report: Report, days: str, staff: bool) -> dict[tuple[str, int, int], str]:
    """Where the cells of the tables lead: (table, row, column) -> the rows behind the number."""
    found: dict[tuple[str, int, int], str] = {}
    for name, ids in (
        ("没帮助", [e for e, _, _ in report.thumbs]), ("没人问到", report.cold),
        ("过期未核对", report.overdue), ("快到核对期", report.soon),
    ):  # fmt: skip
        found |= {(name, row, 0): f"{BASE}/knowledge/{quote(entry)}" for row, entry in enumerate(ids)}
    if not staff:
        return found
    groups = (
        ("按天", [f"day={d.isoformat()}" for d, _ in report.days]),
        ("按渠道", [f"days={days}&channel={quote(c)}" for c, _ in report.channels]),
        ("按主题", [f"days={days}&topic={quote(t)}" if t else "" for t, _ in report.topics]),
    )
    for name, rows in groups:
        for row, query in enumerate(rows):
            for column, outcome in enumerate(("", "answer", "options", "none"), 1):
                if query:
                    found[name, row, column] = f"{BASE}/questions?{query}" + (f"&outcome={outcome}" if outcome else "")
    found |= {("常问", row, 1): f"{BASE}/questions?days={days}&q={quote(a.text)}" for row, a in enumerate(report.top)}
    found |= {("待答", row, 0): f"{BASE}/clusters/{id_}" for row, (id_, _, _, _) in enumerate(report.waiting)}
    return found


async def export(house: House, visit: Visit) -> Response:
    """CSV or Excel, small groups left out; that it was taken is written down first."""
    form = visit.word("form")
    if form not in _KINDS:
        raise DeskNotFound("只能导出 csv 或 xlsx。")
    days, since, until = span(house, visit)
    base = house.matcher().knowledge
    await house.note(visit, "exported", f"report.{form}", days=days)
    kind, make = _KINDS[form]
    report = await figures(house, since, until, SMALL)
    content = await asyncio.to_thread(make, tables(report, base))
    name = f"fawen-{(until - timedelta(days=1)).date().isoformat()}-{days}d.{form}"
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
