"""Counting what was asked and answered, for reports. Days are China's (UTC+8).

Whole days are read from kept sums (bot/store/sums.py), with the same figures as counting row by row (bot/store/facts.py); the hours of
a span that begins or ends within a day are counted row by row. `least` is the smallest number of persons a text must come from to be listed: small groups
are for the console only, never for what leaves it.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any

import sqlalchemy as sa

from bot.store.answering import waits
from bot.store.base import Exchange, TicketState
from bot.store.counts import View, viewing
from bot.store.desk_schema import answers, clusters
from bot.store.facts import CHINA, asked, near, shown_day
from bot.store.favourites import Asked, favourites
from bot.store.rows import to_exchange
from bot.store.schema import exchanges, tickets
from bot.store.shared import Shared
from bot.store.sums import newest
from bot.store.sums_schema import day_entries, day_took, day_topics

OUTCOMES = ("direct", "offered", "none")
_FEW = 1000
"""Fewer hits of a word than this are taken by their numbers."""
LARGE = 100_000
"""A log of no more exchanges is counted within a page view."""


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

    def __init__(self, shared: Shared, view: View | None = None) -> None:
        """With a `view`, as `together` makes it, everything is read there."""
        self._shared, self._view = shared, view

    def now(self) -> datetime:
        """The store's clock."""
        return self._shared.now()

    async def large(self) -> bool:
        """Whether the log has more than LARGE exchanges."""
        async with self._shared.reading() as connection:
            return await newest(connection) > LARGE

    @contextlib.asynccontextmanager
    async def together(self) -> AsyncIterator[Reports]:
        """Reports that are all of one moment, for one caller after another."""
        async with viewing(self._shared) as view:
            yield Reports(self._shared, view)

    @contextlib.asynccontextmanager
    async def _viewing(self, since: datetime, until: datetime) -> AsyncIterator[View]:
        if self._view is not None:
            yield self._view.of(since, until)
            return
        async with viewing(self._shared) as view:
            yield view.of(since, until)

    async def outcomes(self, since: datetime, until: datetime) -> Outcomes:
        """All questions of a time."""
        async with self._viewing(since, until) as view:
            return _outcomes((row.outcome, row.n) for row in await _topics(view))

    async def by_day(self, since: datetime, until: datetime) -> list[tuple[date, Outcomes]]:
        """A line for each day of the time, days without questions too."""
        groups = {shown_day(int(day)): found for day, found in (await self._grouped("day", since, until)).items()}
        first, last = _local_day(since), _local_day(until - timedelta(microseconds=1))
        days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        return [(day, groups.get(day, Outcomes())) for day in days]

    async def by_channel(self, since: datetime, until: datetime) -> list[tuple[str, Outcomes]]:
        """The busiest channel first."""
        return _busiest(await self._grouped("channel", since, until))

    async def by_topic(self, since: datetime, until: datetime) -> list[tuple[str, Outcomes]]:
        """By topic of the answering entry, or of the nearest where none answered; `""` without any."""
        return _busiest(await self._grouped("topic", since, until))

    async def top_questions(self, since: datetime, until: datetime, least: int, limit: int = 20) -> list[Asked]:
        """Texts asked by at least `least` persons, the most frequent first."""
        async with self._viewing(since, until) as view:
            return await favourites(view, least, limit)

    async def questions(
        self, since: datetime, until: datetime, which: Which, limit: int, offset: int
    ) -> tuple[list[Exchange], int]:
        """The single questions behind the numbers, and how many there are in all."""
        # the text first: of the rows of a large store it leaves the fewest, at the least cost
        where = [_says(which.text, self._shared.postgres)] if which.text else []
        where.append(asked())
        for value, column in ((which.outcome, exchanges.c.outcome), (which.channel, exchanges.c.channel)):
            if value:
                where.append(column == value)
        if which.entry:
            where.append(exchanges.c.entry == which.entry)
        if which.topic:
            where.append(near().startswith(f"{which.topic}.", autoescape=True))
        order = exchanges.c.took_ms.desc() if which.slow else exchanges.c.at.desc()
        page = sa.select(exchanges).order_by(order, exchanges.c.id.desc()).limit(limit).offset(offset)
        inside = page.where(exchanges.c.at >= since, exchanges.c.at < until, *where)
        async with self._viewing(since, until) as view:
            if which.text:
                total, few = await _looked_for(view, where)
                query = inside if few is None else page.where(exchanges.c.id.in_(few))
            else:
                total, query = await _how_many(view, which), inside
            found = await view.rows(query) if offset < total else ()
        return [to_exchange(row) for row in found], total

    async def entries(
        self, since: datetime, until: datetime, limit: int = 20
    ) -> tuple[dict[str, int], list[tuple[str, int, int]]]:
        """How often each entry was given, by question or by button, without those never given; and (entry, 没帮助,
        有帮助) of those with a 没帮助, the worst first."""
        async with self._viewing(since, until) as view:
            given = await _given(view)
        thumbs = [(entry, down, up) for entry, (_, up, down) in given.items() if down]
        thumbs.sort(key=lambda one: (-one[1], one[0]))
        return {entry: n for entry, (n, _, _) in given.items()}, thumbs[:limit]

    async def entry_use(self, entry: str, now: datetime) -> int:
        """How often one entry was given in the last 90 days, today whole."""
        tonight = datetime.combine(_local_day(now) + timedelta(days=1), datetime.min.time(), CHINA)
        async with self._viewing(tonight - timedelta(days=90), tonight) as view:
            rows = await _entries(view, ("entry",), where=lambda c: c.entry == entry)
            return sum(int(row.n) for row in rows)

    async def took(self, since: datetime, until: datetime) -> Timing:
        """Milliseconds from a message to its reply, to three figures (`bot.store.facts.tenths`)."""
        async with self._viewing(since, until) as view:
            rows = await view.totals(day_took, ("tenths",), sa.true())
        total = sum(int(row.n) for row in rows)
        if not total:
            return Timing()
        ranks, points, below = _ranks(total), list[float](), 0
        for row in sorted(rows, key=lambda row: int(row.tenths)):
            below += int(row.n)
            while len(points) < len(ranks) and below >= ranks[len(points)]:
                points.append(row.tenths / 10)
        return Timing(total, *points)

    async def time_to_answer(self, since: datetime, until: datetime) -> Timing:
        """Hours from a ticket to the answer of its cluster, for tickets answered in the time."""
        total, found = await waits(self._rows, since, until, _ranks)
        return Timing(total, *(span / 3_600_000_000.0 for span in found))

    async def answered(self, since: datetime, until: datetime) -> int:
        """Answers that staff gave."""
        query = sa.select(sa.func.count()).select_from(answers).where(answers.c.at >= since, answers.c.at < until)
        return int((await self._rows(query))[0][0])

    async def opened(self, since: datetime, until: datetime) -> int:
        """Tickets that were opened, whatever for; those set apart are not counted."""
        # so said, SQLite goes by the time: nearly all tickets have nothing in `apart`
        queued = sa.func.length(tickets.c.apart) == 0
        inside = (tickets.c.opened_at >= since, tickets.c.opened_at < until, queued)
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

    async def _grouped(self, key: str, since: datetime, until: datetime) -> dict[Any, Outcomes]:
        groups: dict[Any, list[tuple[str, int]]] = {}
        async with self._viewing(since, until) as view:
            for row in await _topics(view, key):
                groups.setdefault(row[0], []).append((row.outcome, row.n))
        return {key: _outcomes(rows) for key, rows in groups.items()}

    async def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        if self._view is not None:
            return await self._view.rows(query)
        async with self._shared.reading() as connection:
            return list((await connection.execute(query)).all())


async def _topics(view: View, *keys: str, where: Any = None) -> Sequence[sa.Row[Any]]:
    """Questions by these keys and their outcome."""
    return await view.totals(day_topics, (*keys, "outcome"), view.facts.c.asked == 1, where=where)


async def _entries(
    view: View, keys: Sequence[str], sums: Sequence[str] = ("n",), where: Any = None
) -> Sequence[sa.Row[Any]]:
    """What was given, by these keys."""
    return await view.totals(day_entries, keys, view.facts.c.entry != "", sums, where)


async def _given(view: View) -> dict[str, tuple[int, int, int]]:
    """By entry: how often it was given, 有帮助, 没帮助."""
    keys, sums = ("entry",), ("n", "up", "down")
    # entry by entry, in the order of an index: what many days gave need not be sorted
    single = await view.single_totals(keys, view.facts.c.entry != "", sums)
    first = sa.select(sa.func.min(day_entries.c.entry).label("entry")).cte("known", recursive=True)
    following = sa.select(sa.func.min(day_entries.c.entry)).where(day_entries.c.entry > first.c.entry).scalar_subquery()
    known = first.union_all(sa.select(following).where(first.c.entry.is_not(None)))
    own = (view.inside(day_entries), day_entries.c.entry == known.c.entry)
    parts = (sa.select(sa.func.sum(day_entries.c[name])).where(*own).scalar_subquery().label(name) for name in sums)
    summed = sa.select(known.c.entry, *parts).where(known.c.entry.is_not(None))
    found: dict[str, tuple[int, int, int]] = {}
    for row in (*single, *(await view.rows(summed) if view.mark is not None else ())):
        n, up, down = found.get(row.entry, (0, 0, 0))
        found[row.entry] = n + int(row.n or 0), up + int(row.up or 0), down + int(row.down or 0)
    return {entry: numbers for entry, numbers in found.items() if numbers[0]}


async def _how_many(view: View, which: Which) -> int:
    """Questions of these kinds; the text is not looked at."""
    wanted = [(name, getattr(which, name)) for name in ("outcome", "channel", "entry", "topic") if getattr(which, name)]

    def where(columns: Any) -> sa.ColumnElement[bool]:
        return sa.and_(sa.true(), *(columns[name] == value for name, value in wanted))

    def given(columns: Any) -> sa.ColumnElement[bool]:
        of_entry = (columns[name] == value for name, value in wanted if name != "topic")
        return sa.and_(columns.asked == 1, *of_entry)

    if not which.entry:
        return sum(int(row.n) for row in await _topics(view, where=where))
    if which.topic and which.entry.partition(".")[0] != which.topic:
        return 0
    return sum(int(row.n) for row in await _entries(view, ("entry",), where=given))


def _says(word: str, postgres: bool) -> sa.ColumnElement[bool]:
    """Whether a text has this in it; on SQLite ASCII letters may be large or small, as LIKE has them."""
    if postgres or any(char.isascii() and char.isalpha() for char in word):
        return exchanges.c.text.contains(word, autoescape=True)
    # the same without letters, in a third of the time
    return sa.func.instr(exchanges.c.text, word) > 0


async def _looked_for(view: View, where: Sequence[sa.ColumnElement[bool]]) -> tuple[int, list[int] | None]:
    """How many exchanges of the span there are of this kind, and which, where they are few.

    All are looked through once, the oldest first: in that order a large store gives them twice as fast.
    """
    at, number = exchanges.c.at, exchanges.c.id
    query = sa.select(number, at).where(at >= view.since, at < view.until, *where).order_by(at, number)
    found = await view.rows(query.limit(_FEW))
    if len(found) < _FEW:
        return len(found), [row.id for row in found]
    last = found[-1]
    later = (at >= last.at, at < view.until, sa.or_(at > last.at, number > last.id))
    rest = sa.select(sa.func.count()).select_from(exchanges).where(*later, *where)
    return len(found) + int((await view.rows(rest))[0][0]), None


def _ranks(total: int) -> tuple[int, ...]:
    """The nearest ranks, from 1: the smallest value that at least this part does not exceed."""
    return tuple(ceil(part * total) for part in (0.5, 0.9, 0.99))


def _busiest(groups: dict[Any, Outcomes]) -> list[tuple[str, Outcomes]]:
    return sorted(((str(k), v) for k, v in groups.items()), key=lambda kv: (-kv[1].total, kv[0]))


def _outcomes(rows: Any) -> Outcomes:
    found = {"answer": 0, "options": 0, "none": 0}
    for outcome, count in rows:
        found[outcome] += int(count)
    return Outcomes(found["answer"], found["options"], found["none"])


def _local_day(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()
