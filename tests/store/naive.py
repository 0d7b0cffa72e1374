"""The figures of a report by the plainest way: every exchange looked at, one after another."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from math import ceil
from typing import Any

from bot.store.base import Exchange
from bot.store.facts import CHINA, tenths
from bot.store.reports import Outcomes, Reports, Timing, Which

_KEYS = ("entry", "stale", "options", "options_ask", "no_answer")
Figures = dict[str, Any]


def figures(rows: Sequence[Exchange], since: datetime, until: datetime) -> Figures:
    """What `reported` gives, counted from the rows."""
    inside = [row for row in rows if since <= row.at < until]
    asked = [row for row in inside if row.kind == "text" and row.key in _KEYS]
    given = [row for row in inside if row.entry]
    took = sorted(tenths(row.took_ms) / 10 for row in inside)
    ranks = [took[ceil(part * len(took)) - 1] for part in (0.5, 0.9, 0.99)] if took else []
    thumbs = {e: (_thumbs(given, e, "unhelpful"), _thumbs(given, e, "helpful")) for e in {r.entry for r in given}}
    return {
        "outcomes": _outcomes(asked),
        "days": _by(asked, lambda row: row.at.astimezone(CHINA).date()),
        "channels": _by(asked, lambda row: row.channel),
        "topics": _by(asked, lambda row: (row.entry or (row.nearest[0][0] if row.nearest else "")).partition(".")[0]),
        "used": Counter(row.entry for row in given),
        "thumbs": sorted(((e, d, u) for e, (d, u) in thumbs.items() if d), key=lambda t: (-t[1], t[0])),
        "took": Timing(len(took), *ranks),
        "top 1": _top(asked, 1),
        "top 2": _top(asked, 2),
        "asked none": sum(row.outcome == "none" for row in asked),
        "asked of an entry": sum(row.entry == "notary.fee" and row.channel == "web" for row in asked),
    }


async def reported(reports: Reports, since: datetime, until: datetime) -> Figures:
    """The same as the program gives it."""
    used, thumbs = await reports.entries(since, until)
    top = {n: await reports.top_questions(since, until, n, 5) for n in (1, 2)}
    of_entry = Which(entry="notary.fee", channel="web", topic="notary")
    return {
        "outcomes": await reports.outcomes(since, until),
        "days": {day: found for day, found in await reports.by_day(since, until) if found.total},
        "channels": dict(await reports.by_channel(since, until)),
        "topics": dict(await reports.by_topic(since, until)),
        "used": used,
        "thumbs": thumbs,
        "took": await reports.took(since, until),
        **{f"top {n}": [(a.text, a.count, a.people, a.entry, a.outcome) for a in found] for n, found in top.items()},
        "asked none": (await reports.questions(since, until, Which(outcome="none"), 1, 0))[1],
        "asked of an entry": (await reports.questions(since, until, of_entry, 1, 0))[1],
    }


def _thumbs(rows: Sequence[Exchange], entry: str | None, verdict: str) -> int:
    return sum(row.entry == entry and row.feedback == verdict for row in rows)


def _outcomes(rows: Sequence[Exchange]) -> Outcomes:
    found = Counter(row.outcome for row in rows)
    return Outcomes(found["answer"], found["options"], found["none"])


def _by(rows: Sequence[Exchange], key: Any) -> dict[Any, Outcomes]:
    groups = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return {name: _outcomes(group) for name, group in groups.items()}


def _top(rows: Sequence[Exchange], least: int) -> list[tuple[Any, ...]]:
    groups = defaultdict(list)
    for row in rows:
        if row.text:
            groups[row.text].append(row)
    found = []
    for text, group in groups.items():
        people = len({(row.channel, row.person) for row in group})
        if people >= least:
            entries = [row.entry for row in group if row.entry]
            ends = (max(entries, default=None), max(row.outcome for row in group))
            found.append((text, len(group), people, *ends))
    return sorted(found, key=lambda one: (-one[1], one[0]))[:5]
