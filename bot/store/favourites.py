"""The most frequent questions of a span, out of the sums by text and what is not in them yet; exact, ties included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
            people = await _people(view, part)
            found += [(text, counts[text], people.get(text, 0)) for text in part if people.get(text, 0) >= least]
            if len(found) >= limit:
                break
        if whole or len(found) >= limit:
            return await _with_ends(view, found[:limit])
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
    floor, ids = await _floor(view, many)
    summed = sa.func.sum(asked_days.c.n)
    counted = (
        sa.select(asked_days.c.asked, summed.label("n"))
        .where(
            view.inside(asked_days) if ids is None else sa.and_(_of_days(view, asked_days), asked_days.c.asked.in_(ids))
        )
        .group_by(asked_days.c.asked)
        .having(summed >= max(least, floor))
        .subquery()
    )
    named = sa.select(asked_texts.c.text, counted.c.n)
    rows = await view.rows(named.join_from(counted, asked_texts, asked_texts.c.id == counted.c.asked))
    counts = {str(row.text): int(row.n) for row in rows}
    for part in _parts([text for text in fresh if text not in counts], _TOGETHER):
        counts |= dict.fromkeys(part, 0) | await _sums_of(view, part)
    for text, n in fresh.items():
        counts[text] += n
    return {text: n for text, n in counts.items() if n >= floor}, not floor


async def _floor(view: View, many: int) -> tuple[int, sa.Select[tuple[int]] | None]:
    """A count that at least so many texts reach, 0 when there are fewer; and, where it pays, which texts can reach it.

    Those that came most in all times show how often the most frequent ones of the span came at least; a text that came
    less in all times is none of them. So the many that came once are not even looked at.
    """
    summed = sa.func.sum(asked_days.c.n)
    of_all = sa.select(asked_texts.c.id).order_by(asked_texts.c.n.desc()).limit(4 * many)
    known = (
        sa.select(summed).where(_of_days(view, asked_days), asked_days.c.asked.in_(of_all)).group_by(asked_days.c.asked)
    )
    counts = sorted((int(row[0]) for row in await view.rows(known)), reverse=True)
    if len(counts) >= many:
        can = sa.select(asked_texts.c.id).where(asked_texts.c.n >= counts[many - 1])
        some = sa.select(sa.func.count()).select_from(can.limit(_SOUGHT + 1).subquery())
        if int((await view.rows(some))[0][0]) * (view.days[1] - view.days[0]) <= _SOUGHT:
            return counts[many - 1], can
    whole = sa.select(summed.label("n")).where(view.inside(asked_days)).group_by(asked_days.c.asked).subquery()
    edge = sa.select(whole.c.n).order_by(whole.c.n.desc()).limit(1).offset(many - 1)
    return int((await view.connection.execute(edge)).scalar() or 0), None


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


async def _people(view: View, texts: Sequence[str]) -> dict[str, int]:
    """How many persons asked each."""
    summed = sa.select(asked_texts.c.text, askers.c.channel, askers.c.person).where(*_these(view, askers, texts))
    log = view.facts.c
    fresh = sa.select(log.text, log.channel, log.person).where(*_questions(view), log.text.in_(texts))
    both = sa.union(summed, fresh).subquery()
    query = sa.select(both.c.text, sa.func.count().label("n")).group_by(both.c.text)
    return {row.text: int(row.n) for row in await view.rows(query)}


async def _with_ends(view: View, found: Sequence[tuple[str, int, int]]) -> list[Asked]:
    """The same with the last entry and outcome by name that each had."""
    texts = [text for text, _, _ in found]
    summed = sa.select(asked_texts.c.text, sa.func.nullif(asked_days.c.entry, "").label("entry"), asked_days.c.outcome)
    log = view.facts.c
    fresh = sa.select(log.text, sa.func.nullif(log.entry, "").label("entry"), log.outcome)
    fresh = fresh.where(*_questions(view), log.text.in_(texts))
    both = sa.union_all(summed.where(*_these(view, asked_days, texts)), fresh).subquery()
    query = sa.select(
        both.c.text, sa.func.max(both.c.entry).label("entry"), sa.func.max(both.c.outcome).label("outcome")
    )
    last = {row.text: row for row in await view.rows(query.group_by(both.c.text))}
    return [Asked(text, n, people, last[text].entry, last[text].outcome) for text, n, people in found]


def _parts(texts: Sequence[str], size: int) -> list[Sequence[str]]:
    return [texts[begin : begin + size] for begin in range(0, len(texts), size)]
