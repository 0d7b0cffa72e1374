"""Counting what was asked and answered, for reports. Days are China's (UTC+8).

Questions only are counted: typed text that was looked up, as `_QUESTION` says; buttons, menus, greetings and repeated
too-fast messages are not. `least` is the smallest number of persons a text must come from to be listed: small groups
are for the console only, never for what leaves it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from math import ceil
from typing import Any

import sqlalchemy as sa

from bot.store.base import Exchange, TicketState
from bot.store.desk_schema import answers, clusters
from bot.store.rows import to_exchange
from bot.store.schema import exchanges, tickets
from bot.store.shared import Shared

_DAY = 86_400_000_000
_EAST = 8 * 3_600_000_000
"""Microseconds between China's time and UTC."""
_CHINA = timezone(timedelta(microseconds=_EAST))
_QUESTION_KEYS = ("entry", "stale", "options", "options_ask", "no_answer")
OUTCOMES = ("direct", "offered", "none")


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How questions ended."""

    direct: int = 0
    offered: int = 0
    none: int = 0

    @property
    def total(self) -> int:
        """All questions."""
        return self.direct + self.offered + self.none

    def share(self, name: str) -> float:
        """Part of one outcome, 0 to 1; 0 without questions."""
        return float(getattr(self, name)) / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A question text and how often it came."""

    text: str
    count: int
    people: int
    entry: str | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Which:
    """Which questions; empty fields allow all."""

    outcome: str = ""
    """`answer`, `options` or `none`."""
    channel: str = ""
    topic: str = ""
    """Topic of the answering entry, or of the nearest."""
    entry: str = ""
    text: str = ""
    slow: bool = False
    """Slowest first instead of newest first."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds or milliseconds at the usual points of a distribution; zeros without values."""

    count: int = 0
    p50: float = 0.0
    p90: float = 0.0
    p99: float = 0.0


class Reports:
    """Made of `store.shared`. Every method raises StoreUnavailable."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def outcomes(self, since: datetime, until: datetime) -> Outcomes:
        """All questions of a time."""
        found = await self._rows(_counted(since, until))
        return _outcomes((row.outcome, row.n) for row in found)

    async def by_day(self, since: datetime, until: datetime) -> list[tuple[date, Outcomes]]:
        """A line for each day of the time, days without questions too."""
        day = ((sa.type_coerce(exchanges.c.at, sa.BigInteger) + _EAST) // _DAY).label("day")
        groups = await self._grouped(day, since, until)
        first, last = _local_day(since), _local_day(until - timedelta(microseconds=1))
        days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        return [(d, groups.get((d - date(1970, 1, 1)).days, Outcomes())) for d in days]

    async def by_channel(self, since: datetime, until: datetime) -> list[tuple[str, Outcomes]]:
        """The busiest channel first."""
        groups = await self._grouped(exchanges.c.channel.label("channel"), since, until)
        return sorted(((str(k), v) for k, v in groups.items()), key=lambda kv: (-kv[1].total, kv[0]))

    async def by_topic(self, since: datetime, until: datetime) -> list[tuple[str, Outcomes]]:
        """By topic of the answering entry, or of the nearest where none answered; `""` without any."""
        near = exchanges.c.nearest[(0, 0)].as_string()
        entry = sa.func.coalesce(exchanges.c.entry, near, "").label("entry")
        topics: dict[str, list[tuple[str, int]]] = {}
        for row in await self._rows(_counted(since, until, entry)):
            topics.setdefault(str(row.entry).partition(".")[0], []).append((row.outcome, row.n))
        found = [(topic, _outcomes(rows)) for topic, rows in topics.items()]
        return sorted(found, key=lambda kv: (-kv[1].total, kv[0]))

    async def top_questions(self, since: datetime, until: datetime, least: int, limit: int = 20) -> list[Asked]:
        """Texts asked by at least `least` persons, the most frequent first."""
        people = sa.func.count(sa.distinct(exchanges.c.channel + ":" + exchanges.c.person))
        count = sa.func.count()
        query = (
            sa.select(
                exchanges.c.text, count.label("n"), people.label("people"),
                sa.func.max(exchanges.c.entry).label("entry"), sa.func.max(exchanges.c.outcome).label("outcome"),
            )
            .where(*_asked(since, until), exchanges.c.text != "")
            .group_by(exchanges.c.text)
            .having(people >= least)
            .order_by(count.desc(), exchanges.c.text)
            .limit(limit)
        )  # fmt: skip
        return [Asked(r.text, int(r.n), int(r.people), r.entry, r.outcome) for r in await self._rows(query)]

    async def questions(
        self, since: datetime, until: datetime, which: Which, limit: int, offset: int
    ) -> tuple[list[Exchange], int]:
        """The single questions behind the numbers, and how many there are in all."""
        where = [*_asked(since, until)]
        for value, column in ((which.outcome, exchanges.c.outcome), (which.channel, exchanges.c.channel)):
            if value:
                where.append(column == value)
        if which.entry:
            where.append(exchanges.c.entry == which.entry)
        if which.topic:
            near = sa.func.coalesce(exchanges.c.entry, exchanges.c.nearest[(0, 0)].as_string(), "")
            where.append(near.startswith(f"{which.topic}.", autoescape=True))
        if which.text:
            where.append(exchanges.c.text.contains(which.text, autoescape=True))
        order = (exchanges.c.took_ms.desc(), exchanges.c.id) if which.slow else (exchanges.c.id.desc(),)
        total = (await self._rows(sa.select(sa.func.count()).select_from(exchanges).where(*where)))[0][0]
        found = await self._rows(sa.select(exchanges).where(*where).order_by(*order).limit(limit).offset(offset))
        return [to_exchange(row) for row in found], int(total)

    async def thumbs(self, since: datetime, until: datetime, limit: int = 20) -> list[tuple[str, int, int]]:
        """(entry, 没帮助, 有帮助) of entries with a 没帮助, the worst first."""
        down = sa.func.sum(sa.case((exchanges.c.feedback == "unhelpful", 1), else_=0)).label("down")
        up = sa.func.sum(sa.case((exchanges.c.feedback == "helpful", 1), else_=0)).label("up")
        query = (
            sa.select(exchanges.c.entry, down, up)
            .where(exchanges.c.at >= since, exchanges.c.at < until, exchanges.c.entry.is_not(None))
            .where(exchanges.c.feedback != "")
            .group_by(exchanges.c.entry)
            .having(down > 0)
            .order_by(down.desc(), exchanges.c.entry)
            .limit(limit)
        )
        return [(str(row.entry), int(row.down), int(row.up)) for row in await self._rows(query)]

    async def used_entries(self, since: datetime, until: datetime) -> dict[str, int]:
        """How often each entry was given, by question or by button; entries never given are missing."""
        query = (
            sa.select(exchanges.c.entry, sa.func.count().label("n"))
            .where(exchanges.c.at >= since, exchanges.c.at < until, exchanges.c.entry.is_not(None))
            .group_by(exchanges.c.entry)
        )
        return {str(row.entry): int(row.n) for row in await self._rows(query)}

    async def entry_use(self, entry: str, now: datetime) -> int:
        """How often one entry was given in the last 90 days."""
        query = sa.select(sa.func.count()).where(exchanges.c.entry == entry, exchanges.c.at >= now - timedelta(days=90))
        return int((await self._rows(query))[0][0])

    async def took(self, since: datetime, until: datetime) -> Timing:
        """Milliseconds from a message to its reply."""
        inside = (exchanges.c.at >= since, exchanges.c.at < until)
        return await self._timing(exchanges.c.took_ms, exchanges, inside)

    async def time_to_answer(self, since: datetime, until: datetime) -> Timing:
        """Hours from a ticket to the answer of its cluster, for tickets answered in the time."""
        hours = (
            sa.type_coerce(tickets.c.answered_at, sa.BigInteger) - sa.type_coerce(tickets.c.opened_at, sa.BigInteger)
        ) / 3_600_000_000.0
        inside = (tickets.c.answered_at >= since, tickets.c.answered_at < until)
        return await self._timing(hours, tickets, inside)

    async def answered(self, since: datetime, until: datetime) -> int:
        """Answers that staff gave."""
        query = sa.select(sa.func.count()).select_from(answers).where(answers.c.at >= since, answers.c.at < until)
        return int((await self._rows(query))[0][0])

    async def opened(self, since: datetime, until: datetime) -> int:
        """Tickets that were opened, whatever for; those set apart are not counted."""
        inside = (tickets.c.opened_at >= since, tickets.c.opened_at < until, tickets.c.apart == "")
        return int((await self._rows(sa.select(sa.func.count()).select_from(tickets).where(*inside)))[0][0])

    async def waiting(self, least: int, limit: int = 20) -> list[tuple[int, str, int, datetime]]:
        """Open clusters of at least `least` persons: (id, question, people, since), most people first."""
        states = [TicketState.NEW.value, TicketState.ASSIGNED.value]
        query = (
            sa.select(clusters.c.id, clusters.c.title, clusters.c.people, clusters.c.first_at)
            .where(clusters.c.state.in_(states), clusters.c.apart == "", clusters.c.merged_into.is_(None))
            .where(clusters.c.people >= least)
            .order_by(clusters.c.people.desc(), clusters.c.first_at)
            .limit(limit)
        )
        return [(row.id, row.title, row.people, row.first_at) for row in await self._rows(query)]

    async def _timing(self, value: Any, table: sa.Table, inside: Sequence[Any]) -> Timing:
        total = int((await self._rows(sa.select(sa.func.count()).select_from(table).where(*inside)))[0][0])
        if not total:
            return Timing()
        ordered = sa.select(value.label("value")).select_from(table).where(*inside).order_by(value)
        points = []
        for part in (0.5, 0.9, 0.99):
            # the nearest rank: the smallest value that at least this part does not exceed
            rank = ceil(part * total) - 1
            points.append(float((await self._rows(ordered.limit(1).offset(rank)))[0][0]))
        return Timing(total, *points)

    async def _grouped(self, column: Any, since: datetime, until: datetime) -> dict[Any, Outcomes]:
        groups: dict[Any, list[tuple[str, int]]] = {}
        for row in await self._rows(_counted(since, until, column)):
            groups.setdefault(row[0], []).append((row.outcome, row.n))
        return {key: _outcomes(rows) for key, rows in groups.items()}

    async def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        async with self._shared.reading() as connection:
            return list((await connection.execute(query)).all())


def _asked(since: datetime, until: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        exchanges.c.at >= since,
        exchanges.c.at < until,
        exchanges.c.kind == "text",
        exchanges.c.key.in_(_QUESTION_KEYS),
    )


def _counted(since: datetime, until: datetime, *columns: Any) -> sa.Select[Any]:
    query = sa.select(*columns, exchanges.c.outcome, sa.func.count().label("n")).where(*_asked(since, until))
    return query.group_by(*columns, exchanges.c.outcome)


def _outcomes(rows: Any) -> Outcomes:
    found = {"answer": 0, "options": 0, "none": 0}
    for outcome, count in rows:
        found[outcome] += int(count)
    return Outcomes(found["answer"], found["options"], found["none"])


def _local_day(moment: datetime) -> date:
    return moment.astimezone(_CHINA).date()
