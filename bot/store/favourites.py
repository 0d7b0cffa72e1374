"""The most frequent questions of a span, out of the sums by text and what is not in them yet; exact, ties included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bot.store.counts import View
from bot.store.facts import asked, digest
from bot.store.schema import exchanges
from bot.store.sums_schema import asked_days, asked_texts, askers

_FIRST = 200
"""Texts that are looked at first; ten times as many where too few of them have enough askers."""
_TOGETHER = 2000
"""Texts named in one query."""


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
    many = _FIRST
    while True:
        counts, whole = await _candidates(view, fresh, least, many)
        found: list[tuple[str, int, int]] = []
        for part in _parts(sorted(counts, key=lambda text: (-counts[text], text)), 2 * limit):
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
    """Texts and counts that may be among the first, none missing before the last of them; whether these are all."""
    counted = (
        sa.select(asked_days.c.asked, sa.func.sum(asked_days.c.n).label("n"))
        .where(view.inside(asked_days))
        .group_by(asked_days.c.asked)
        .having(sa.func.sum(asked_days.c.n) >= least)
        .cte("counted")
    )
    edge = sa.select(counted.c.n).order_by(counted.c.n.desc()).limit(1).offset(many - 1)
    lowest = (await view.connection.execute(edge)).scalar()
    query = sa.select(asked_texts.c.text, counted.c.n).join_from(
        counted, asked_texts, asked_texts.c.id == counted.c.asked
    )
    if lowest is not None:
        query = query.where(counted.c.n >= lowest)
    query = query.order_by(counted.c.n.desc(), _bytewise(view, asked_texts.c.text)).limit(many)
    summed = [(row.text, int(row.n)) for row in await view.rows(query)]
    counts = dict(summed)
    for part in _parts([text for text in fresh if text not in counts], _TOGETHER):
        counts |= dict.fromkeys(part, 0) | await _sums_of(view, part)
    for text, n in fresh.items():
        counts[text] += n
    if lowest is None:
        return counts, True
    last, n = summed[-1]
    # what was not looked at comes after the last one that was
    return {text: count for text, count in counts.items() if (-count, text) <= (-n, last)}, False


async def _sums_of(view: View, texts: Sequence[str]) -> dict[str, int]:
    query = sa.select(asked_texts.c.text, sa.func.sum(asked_days.c.n).label("n"))
    query = query.where(*_these(view, asked_days, texts)).group_by(asked_texts.c.text)
    return {row.text: int(row.n) for row in await view.rows(query)}


def _these(view: View, table: sa.Table, texts: Iterable[str]) -> tuple[sa.ColumnElement[bool], ...]:
    """Rows of a table of sums for these texts, with the texts; each day is sought by itself, by the primary key."""
    ids = sa.select(asked_texts.c.id).where(asked_texts.c.digest.in_([digest(text) for text in texts]))
    return (
        table.c.day.in_(range(*view.days)),
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
