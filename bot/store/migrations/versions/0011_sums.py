"""Sums of the log by day, so that a report need not count it; empty at first: the running service counts what there is.

Indexes for what is counted of tickets and answers by the time.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NAME = 80


def _key(name: str, kind: sa.types.TypeEngine[int]) -> sa.Column[int]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def upgrade() -> None:
    """Create the tables of bot.store.sums_schema and the indexes."""
    op.create_table("sums_mark", _key("one", sa.Integer()), _count("upto"))
    op.create_table(
        "day_topics",
        _key("day", sa.Integer()),
        sa.Column("channel", sa.String(16), primary_key=True),
        sa.Column("topic", sa.String(_NAME), primary_key=True),
        sa.Column("outcome", sa.String(16), primary_key=True),
        _count("n"),
    )
    op.create_table(
        "day_entries",
        _key("day", sa.Integer()),
        sa.Column("entry", sa.String(_NAME), primary_key=True),
        sa.Column("channel", sa.String(16), primary_key=True),
        sa.Column("outcome", sa.String(16), primary_key=True),
        _key("asked", sa.Integer()),
        _count("n"),
        _count("up"),
        _count("down"),
    )
    op.create_table("day_took", _key("day", sa.Integer()), _key("tenths", sa.BigInteger()), _count("n"))
    _texts()
    op.create_index("ix_tickets_opened", "tickets", ["opened_at", "apart"])
    op.create_index("ix_tickets_answered", "tickets", ["answered_at", "opened_at"])
    op.create_index("ix_answers_at", "answers", ["at"])


def _texts() -> None:
    op.create_table(
        "asked_texts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        _count("n"),
        sa.UniqueConstraint("digest", name="uq_asked_texts_digest"),
    )
    op.create_table(
        "asked_days",
        _key("day", sa.Integer()),
        _key("asked", sa.BigInteger()),
        sa.Column("entry", sa.String(_NAME), primary_key=True),
        sa.Column("outcome", sa.String(16), primary_key=True),
        _count("n"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "askers",
        _key("day", sa.Integer()),
        _key("asked", sa.BigInteger()),
        sa.Column("channel", sa.String(16), primary_key=True),
        sa.Column("person", sa.String(160), primary_key=True),
        _count("n"),
        sqlite_with_rowid=False,
    )
