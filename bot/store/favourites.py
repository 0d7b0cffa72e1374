"""The most frequent questions of a span, out of the sums by text and what is not in them yet; exact, ties included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.store.counts import View
from bot.store.facts import asked, digest
from bot.store.schema import exchanges
from bot.store.sums_schema import asked_days, asked_texts, askers

_MORE = 5
"""So many more texts than wanted are looked at first; ten times as many where too few of them have enough askers."""
_TOGETHER = 2000
"""Texts named in one query."""
_SOUGHT = 500_000
"""More texts times days than this are not sought one by one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question text and how often it came."""

    text: str
    count: int
    people: int
    entry: str | None
    outcome: str


async def favourites(view: View, least: int, limit: int) -> list[Asked]:
    """Texts asked by at least `least` persons, the most frequent first, equals by text."""
    if view.mark is None:
        return await _of_rows(view, least, limit)
    fresh = await _fresh(view)
    many = limit + _MORE
    while True:
        counts, whole = await _candidates(view, fresh, least, many)
        found: list[tuple[str, int, int]] = []
        for part in _parts(sorted(counts, key=lambda text: (-counts[text], text)), limit):
            people = await _people(view, part, fresh)
            found += [(text, counts[text], people.get(text, 0)) for text in part if people.get(text, 0) >= least]
            if len(found) >= limit:
                break
        if whole or len(found) >= limit:
            return await _with_ends(view, found[:limit], fresh)
        many *= 10


async def _of_rows(view: View, least: int, limit: int) -> list[Asked]:
    """The same of single rows alone."""
    people = sa.func.count(sa.distinct(exchanges.c.channel + ":" + exchanges.c.person))
    count = sa.func.count()
    query = (
        sa.select(
            exchanges.c.text, count.label("n"), people.label("people"),
            sa.func.max(exchanges.c.entry).label("entry"), sa.func.max(exchanges.c.outcome).label("outcome"),
        )
        .where(exchanges.c.at >= view.since, exchanges.c.at < view.until, asked(), exchanges.c.text != "")
        .group_by(exchanges.c.text)
        .having(people >= least)
        .order_by(count.desc(), _bytewise(view, exchanges.c.text))
        .limit(limit)
    )  # fmt: skip
    return [Asked(r.text, int(r.n), int(r.people), r.entry, r.outcome) for r in await view.rows(query)]


def _bytewise(view: View, text: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    return sa.collate(text, "C" if view.postgres else "BINARY")


async def _fresh(view: View) -> dict[str, int]:
    """How often each text is among the rows that no sum holds."""
    log = view.facts.c
    query = sa.select(log.text, sa.func.count().label("n")).where(*_questions(view)).group_by(log.text)
    return {row.text: int(row.n) for row in await view.rows(query)}


def _questions(view: View) -> list[sa.ColumnElement[bool]]:
    return [*view.single(), view.facts.c.asked == 1, view.facts.c.text != ""]


async def _candidates(view: View, fresh: dict[str, int], least: int, many: int) -> tuple[dict[str, int], bool]:
    """Texts and counts that may be among the first, none missing that came as often as one of them; whether these are
    all."""
    floor, counts = await _floor(view, many)
    if counts is None:
        counts = await _counted(view, max(least, floor))
    for part in _parts([text for text in fresh if text not in counts], _TOGETHER):
        counts |= dict.fromkeys(part, 0) | await _sums_of(view, part)
    for text, n in fresh.items():
        counts[text] += n
    return {text: n for text, n in counts.items() if n >= max(least, floor)}, not floor


async def _floor(view: View, many: int) -> tuple[int, dict[str, int] | None]:
    """A count that at least so many texts reach, 0 when there are fewer; and, where it pays, the counts of all texts that can
    reach it.

    Those that came most in all times show how often the most frequent ones of the span came at least; a text that came
    less in all times is none of them. So the many that came once are not even looked at.
    """
    most = 4 * many
    of_all = sa.select(asked_texts.c.id).order_by(asked_texts.c.n.desc()).limit(most)
    first = await view.rows(_each(view, asked_texts.c.n.label("ever")).where(asked_texts.c.id.in_(of_all)))
    counts = sorted((int(row.n) for row in first if row.n), reverse=True)
    if len(counts) >= many:
        floor, known = counts[many - 1], {str(row.text): int(row.n or 0) for row in first}
        others = (asked_texts.c.n >= floor, asked_texts.c.n <= min(int(row.ever) for row in first))
        can = sa.select(asked_texts.c.id).where(*others).limit(_SOUGHT + 1).subquery()
        some = int((await view.rows(sa.select(sa.func.count()).select_from(can)))[0][0])
        if some * (view.days[1] - view.days[0]) <= _SOUGHT:
            rest = await view.rows(_each(view).where(*others))
            return floor, known | {str(row.text): int(row.n or 0) for row in rest}
    summed = sa.func.sum(asked_days.c.n).label("n")
    whole = sa.select(summed).where(view.inside(asked_days)).group_by(asked_days.c.asked).subquery()
    edge = sa.select(whole.c.n).order_by(whole.c.n.desc()).limit(1).offset(many - 1)
    return int((await view.connection.execute(edge)).scalar() or 0), None


def _each(view: View, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Texts with their counts in the span, text by text: no row of theirs need be sorted. NULL for one that did not come."""
    days = sa.select(sa.func.sum(asked_days.c.n)).where(*_of_one(view, asked_days)).scalar_subquery()
    return sa.select(asked_texts.c.text, days.label("n"), *columns)


def _of_one(view: View, table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    """Rows of a table of sums for the text that the query around is at."""
    return _of_days(view, table), table.c.asked == asked_texts.c.id


async def _counted(view: View, least: int) -> dict[str, int]:
    """All texts that came so often in the span."""
    summed = sa.func.sum(asked_days.c.n)
    counted = sa.select(asked_days.c.asked, summed.label("n")).where(view.inside(asked_days))
    enough = counted.group_by(asked_days.c.asked).having(summed >= least).subquery()
    named = sa.select(asked_texts.c.text, enough.c.n)
    rows = await view.rows(named.join_from(enough, asked_texts, asked_texts.c.id == enough.c.asked))
    return {str(row.text): int(row.n) for row in rows}


def _of_days(view: View, table: sa.Table) -> sa.ColumnElement[bool]:
    """The days one by one: each is sought by itself, by the primary key, together with what is asked for."""
    return table.c.day.in_(range(*view.days))


async def _sums_of(view: View, texts: Sequence[str]) -> dict[str, int]:
    query = sa.select(asked_texts.c.text, sa.func.sum(asked_days.c.n).label("n"))
    query = query.where(*_these(view, asked_days, texts)).group_by(asked_texts.c.text)
    return {row.text: int(row.n) for row in await view.rows(query)}


def _these(view: View, table: sa.Table, texts: Iterable[str]) -> tuple[sa.ColumnElement[bool], ...]:
    """Rows of a table of sums for these texts, with the texts."""
    ids = sa.select(asked_texts.c.id).where(asked_texts.c.digest.in_([digest(text) for text in texts]))
    return (
        _of_days(view, table),
        table.c.asked.in_(ids),
        asked_texts.c.id == table.c.asked,
    )


async def _people(view: View, texts: Sequence[str], fresh: Mapping[str, int]) -> dict[str, int]:
    """How many persons asked each."""
    person = askers.c.channel + ":" + askers.c.person
    those = sa.select(sa.func.count(sa.distinct(person))).where(*_of_one(view, askers)).scalar_subquery()
    known = await view.rows(_named(texts, fresh, those.label("n")))
    # who asks again counts once, so these are looked at together
    again = [text for text in texts if text in fresh]
    summed = sa.select(asked_texts.c.text, askers.c.channel, askers.c.person).where(*_these(view, askers, again))
    log = view.facts.c
    new = sa.select(log.text, log.channel, log.person).where(*_questions(view), log.text.in_(again))
    both = sa.union(summed, new).subquery()
    query = sa.select(both.c.text, sa.func.count().label("n")).group_by(both.c.text)
    return {row.text: int(row.n) for row in (*known, *(await view.rows(query) if again else ()))}


def _named(texts: Sequence[str], fresh: Mapping[str, int], *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Those of the texts, with more columns, that only sums tell of."""
    quiet = [digest(text) for text in texts if text not in fresh]
    return sa.select(asked_texts.c.text, *columns).where(asked_texts.c.digest.in_(quiet))


async def _with_ends(view: View, found: Sequence[tuple[str, int, int]], fresh: Mapping[str, int]) -> list[Asked]:
    """The same with the last entry and outcome by name that each had."""
    texts = [text for text, _, _ in found]
    entry, outcome = (
        sa.select(sa.func.max(column)).where(*_of_one(view, asked_days)).scalar_subquery()
        for column in (asked_days.c.entry, asked_days.c.outcome)
    )
    ends = sa.func.nullif(entry, "").label("entry"), outcome.label("outcome")
    known = await view.rows(_named(texts, fresh, *ends))
    again = [text for text in texts if text in fresh]
    summed = sa.select(asked_texts.c.text, sa.func.nullif(asked_days.c.entry, "").label("entry"), asked_days.c.outcome)
    log = view.facts.c
    new = sa.select(log.text, sa.func.nullif(log.entry, "").label("entry"), log.outcome)
    both = sa.union_all(
        summed.where(*_these(view, asked_days, again)), new.where(*_questions(view), log.text.in_(again))
    ).subquery()
    query = sa.select(
        both.c.text, sa.func.max(both.c.entry).label("entry"), sa.func.max(both.c.outcome).label("outcome")
    )
    grouped = await view.rows(query.group_by(both.c.text)) if again else ()
    last = {row.text: row for row in (*known, *grouped)}
    return [Asked(text, n, people, last[text].entry, last[text].outcome) for text, n, people in found]


def _parts(texts: Sequence[str], size: int) -> list[Sequence[str]]:
    return [texts[begin : begin + size] for begin in range(0, len(texts), size)]
