"""The kept sums of the log by day, and how far they go. Days are numbered from 1970 in China's time (UTC+8)."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.schema import metadata, row_id

_NAME = 80
"""Length of an entry's id; a topic's is a part of it."""

sums_mark = sa.Table(
    "sums_mark",
    metadata,
    # a single row, number 1; none before anything was summed
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("upto", sa.BigInteger, nullable=False),
)
day_topics = sa.Table(
    "day_topics",
    metadata,
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("channel", sa.String(16), primary_key=True),
    sa.Column("topic", sa.String(_NAME), primary_key=True),
    sa.Column("outcome", sa.String(16), primary_key=True),
    sa.Column("n", sa.BigInteger, nullable=False),
)
day_entries = sa.Table(
    "day_entries",
    metadata,
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("entry", sa.String(_NAME), primary_key=True),
    sa.Column("channel", sa.String(16), primary_key=True),
    sa.Column("outcome", sa.String(16), primary_key=True),
    # 1 where it answered a typed question, 0 where a button or a command gave it
    sa.Column("asked", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.Column("up", sa.BigInteger, nullable=False),
    sa.Column("down", sa.BigInteger, nullable=False),
    # entry by entry through many days, without sorting and without looking at the rows
    sa.Index("ix_day_entries_entry", "entry", "day", "n", "up", "down"),
)
day_took = sa.Table(
    "day_took",
    metadata,
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
    # tenths of a millisecond, three figures of it
    sa.Column("tenths", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("n", sa.BigInteger, nullable=False),
)
asked_texts = sa.Table(
    "asked_texts",
    metadata,
    row_id(),
    # SHA-256 of the text, hexadecimal: a text may be too long for an index
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    # how many counted questions have it
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("digest", name="uq_asked_texts_digest"),
    sa.Index("ix_asked_texts_n", "n"),
)
asked_days = sa.Table(
    "asked_days",
    metadata,
    # the day first: what is counted together lies together
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("asked", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("entry", sa.String(_NAME), primary_key=True),
    sa.Column("outcome", sa.String(16), primary_key=True),
    sa.Column("n", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
askers = sa.Table(
    "askers",
    metadata,
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("asked", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("channel", sa.String(16), primary_key=True),
    sa.Column("person", sa.String(160), primary_key=True),
    sa.Column("n", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
