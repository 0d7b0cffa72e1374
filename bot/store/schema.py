"""The tables (SQLAlchemy Core). Migrations under migrations/ bring a database to this shape."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

metadata = sa.MetaData()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(value: datetime) -> int:
    """Microseconds since 1970. Raises ValueError for a naive datetime."""
    if value.tzinfo is None:
        raise ValueError(f"naive datetime {value!r}: give an aware one")
    delta = value.astimezone(UTC) - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


class Utc(sa.TypeDecorator[datetime]):
    """Aware UTC datetimes. SQLite gives `DateTime(timezone=True)` back naive, so they are stored as microseconds."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Aware datetime -> microseconds since 1970."""
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Microseconds -> aware datetime."""
        return None if value is None else datetime.fromtimestamp(value / 1_000_000, UTC)


def row_id() -> sa.Column[Any]:
    """A primary key that numbers itself."""
    # SQLite numbers rows by itself only for plain INTEGER
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)


def where(condition: str) -> dict[str, Any]:
    """Arguments that make an index partial, on both databases."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


ANSWERED_DAY = "(answered_at + 28800000000) / 86400000000"
"""Of a ticket: the day in China's time, from 1970 (bot.store.facts.day_of)."""
ANSWERED_PART = "(answered_at - opened_at) / 300000000"
"""Of a ticket: in which five minutes after its opening it was answered."""
UNCERTAIN = "state = 'uncertain'"
"""Of an outbox row; a query says it in these words to use the index."""

messages = sa.Table(
    "messages",
    metadata,
    row_id(),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("message_id", sa.String(160), nullable=False),
    sa.Column("chat", sa.String(160), nullable=False),
    sa.Column("person", sa.String(160), nullable=False),
    sa.Column("received_at", Utc, nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("done", sa.Boolean, nullable=False, default=False),
    sa.Column("reply", sa.JSON(none_as_null=True)),
    sa.Column("holder", sa.String(32)),
    sa.UniqueConstraint("channel", "message_id", name="uq_messages_delivery"),
    sa.Index("ix_messages_chat", "channel", "chat", "id"),
    sa.Index("ix_messages_person", "channel", "person"),
    sa.Index(
        "ix_messages_open", "channel", "id", sqlite_where=sa.text("done = 0"), postgresql_where=sa.text("NOT done")
    ),
)
exchanges = sa.Table(
    "exchanges",
    metadata,
    row_id(),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("message_id", sa.String(160), nullable=False),
    sa.Column("chat", sa.String(160), nullable=False),
    sa.Column("person", sa.String(160), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("key", sa.String(40), nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("entry", sa.String(80)),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("ticket", sa.String(16)),
    sa.Column("nearest", sa.JSON, nullable=False),
    sa.Column("knowledge_version", sa.String(40), nullable=False),
    sa.Column("took_ms", sa.Float, nullable=False),
    sa.Column("feedback", sa.String(16), nullable=False, default=""),
    sa.UniqueConstraint("channel", "message_id", name="uq_exchanges_message"),
    sa.Index("ix_exchanges_at", "at"),
    sa.Index("ix_exchanges_person", "channel", "person"),
)
conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("channel", sa.String(16), primary_key=True),
    # `Message.conversation`: the chat, in a group with the person behind it
    sa.Column("chat", sa.String(160), primary_key=True),
    sa.Column("person", sa.String(160), nullable=False),
    sa.Column("state", sa.JSON, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
    sa.Index("ix_conversations_person", "channel", "person"),
)
tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("number", sa.String(16), primary_key=True),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("chat", sa.String(160), nullable=False),
    sa.Column("person", sa.String(160), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("reason", sa.String(24), nullable=False),
    sa.Column("nearest", sa.JSON, nullable=False),
    sa.Column("opened_at", Utc, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("answer", sa.Text, nullable=False, default=""),
    sa.Column("answered_at", Utc),
    sa.Column("knowledge_version", sa.String(40), nullable=False, default=""),
    sa.Column("due_at", Utc),
    sa.Column("apart", sa.String(16), nullable=False, default=""),
    sa.Column("owner", sa.String(80), nullable=False, default=""),
    sa.Column("cluster", sa.BigInteger),
    sa.Column("place", sa.BigInteger),
    sa.Column("leads", sa.Boolean, nullable=False, default=False),
    sa.Column("by_hand", sa.Boolean, nullable=False, default=False),
    sa.Column("ignored", sa.Text, nullable=False, default=""),
    # with what the queue asks of the tickets of its clusters
    sa.Index("ix_tickets_cluster", "cluster", "channel", "reason"),
    sa.Index("ix_tickets_place", "place"),
    sa.Index("ix_tickets_unplaced", "opened_at", **where("cluster IS NULL")),
    sa.Index("ix_tickets_state", "state", "opened_at"),
    # every page of the console counts by these
    sa.Index("ix_tickets_apart", "apart", "state"),
    sa.Index("ix_tickets_person", "channel", "person"),
    # a report counts by these alone, without looking at the rows
    sa.Index("ix_tickets_opened", "opened_at", "apart"),
    sa.Index(
        "ix_tickets_answering", sa.text(f"({ANSWERED_DAY})"), sa.text(f"({ANSWERED_PART})"), "answered_at", "opened_at"
    ),
)
outbox = sa.Table(
    "outbox",
    metadata,
    row_id(),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("chat", sa.String(160), nullable=False),
    sa.Column("ref", sa.String(160), nullable=False),
    sa.Column("reply", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("due_at", Utc, nullable=False),
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("holder", sa.String(32)),
    sa.Index("ix_outbox_state", "channel", "state", "id"),
    sa.Index("ix_outbox_chat", "channel", "chat", "state"),
    # what is parked for hours must not be walked through by each look
    sa.Index("ix_outbox_due", "channel", "due_at", **where("state = 'pending'")),
    # staff count these few among millions
    sa.Index("ix_outbox_uncertain", "state", **where(UNCERTAIN)),
    sa.Index("ix_outbox_untried", "channel", "created_at", **where("state = 'pending' AND attempts = 0")),
)
forgotten = sa.Table(
    "forgotten",
    metadata,
    sa.Column("channel", sa.String(16), primary_key=True),
    sa.Column("person", sa.String(160), primary_key=True),
    sa.Column("at", Utc, nullable=False),
)
switches = sa.Table(
    "switches",
    metadata,
    sa.Column("channel", sa.String(16), primary_key=True),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("changed_at", Utc, nullable=False),
)
