"""What one exchange counts as in a report: its day, topic, outcome, time. Sums and single rows are counted by the same words.

Questions only are counted as asked: typed text that was looked up; buttons, menus, greetings and repeated too-fast
messages are not.
"""

from __future__ import annotations

import functools
import hashlib
from datetime import date, datetime, timedelta, timezone
from typing import Any

import sqlalchemy as sa

from bot.store.schema import exchanges, micros

DAY = 86_400_000_000
_EAST = 8 * 3_600_000_000
"""Microseconds between China's time and UTC."""
CHINA = timezone(timedelta(microseconds=_EAST))
_QUESTION_KEYS = ("entry", "stale", "options", "options_ask", "no_answer")


def day_of(moment: datetime) -> int:
    """Number of the day in China's time, from 1970."""
    return (micros(moment) + _EAST) // DAY


def whole_days(since: datetime, until: datetime) -> tuple[int, int] | None:
    """[first, last) when both are midnights in China's time; None otherwise."""
    if (micros(since) + _EAST) % DAY or (micros(until) + _EAST) % DAY:
        return None
    return day_of(since), day_of(until)


def shown_day(day: int) -> date:
    """The date of a day's number."""
    return date(1970, 1, 1) + timedelta(days=day)


def asked() -> sa.ColumnElement[bool]:
    """Whether an exchange is a question."""
    return sa.and_(exchanges.c.kind == "text", exchanges.c.key.in_(_QUESTION_KEYS))


def near() -> sa.ColumnElement[str]:
    """The answering entry, or the nearest where none answered; `""` without any."""
    return sa.func.coalesce(exchanges.c.entry, exchanges.c.nearest[(0, 0)].as_string(), "")


def facts(postgres: bool, *which: sa.ColumnElement[bool]) -> sa.Subquery:
    """A row an exchange: `id at day channel person text topic entry outcome asked tenths up down n`; n is 1."""
    return (
        sa.select(
            exchanges.c.id,
            exchanges.c.at,
            exchanges.c.person,
            exchanges.c.text,
            ((sa.type_coerce(exchanges.c.at, sa.BigInteger) + _EAST) // DAY).label("day"),
            exchanges.c.channel,
            _topic(postgres).label("topic"),
            sa.func.coalesce(exchanges.c.entry, "").label("entry"),
            exchanges.c.outcome,
            sa.case((asked(), 1), else_=0).label("asked"),
            _tenths(postgres).label("tenths"),
            sa.case((exchanges.c.feedback == "helpful", 1), else_=0).label("up"),
            sa.case((exchanges.c.feedback == "unhelpful", 1), else_=0).label("down"),
            sa.literal_column("1", sa.BigInteger).label("n"),
        )
        .where(*which)
        .subquery("facts")
    )


@functools.cache
def all_facts(postgres: bool) -> sa.Subquery:
    """`facts` of the whole log, to be narrowed by its columns: making the statement costs milliseconds."""
    return facts(postgres)


def _topic(postgres: bool) -> sa.ColumnElement[str]:
    """What stands before the first dot."""
    if postgres:
        return sa.func.split_part(near(), sa.literal_column("'.'"), sa.literal_column("1"))
    return sa.func.substr(near(), 1, sa.func.instr(near() + ".", ".") - 1)


def digest(text: str) -> str:
    """By what a text is found among the sums: SHA-256, hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def tenths(took_ms: float) -> int:
    """A time as it is summed: tenths of a millisecond below 100 ms, whole ones below a second, ten above."""
    if took_ms < 100:
        return int(took_ms * 10 + 0.5)
    return int(took_ms + 0.5) * 10 if took_ms < 1000 else int(took_ms / 10 + 0.5) * 100


def _tenths(postgres: bool) -> sa.ColumnElement[int]:
    def whole(value: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
        # PostgreSQL's CAST rounds, SQLite's cuts off
        return sa.cast(sa.func.floor(value) if postgres else value, sa.BigInteger)

    took = exchanges.c.took_ms
    return sa.case(
        (took < 100.0, whole(took * 10.0 + 0.5)),
        (took < 1000.0, whole(took + 0.5) * 10),
        else_=whole(took / 10.0 + 0.5) * 100,
    )
