"""The first schema: messages, exchanges, conversations, tickets, outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.schema import Utc

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("channel", sa.String(16), primary_key=True),
        sa.Column("chat", sa.String(160), primary_key=True),
        sa.Column("person", sa.String(160), nullable=False),
        sa.Column("state", sa.JSON, nullable=False),
        sa.Column("updated_at", Utc, nullable=False),
    )
    op.create_index("ix_conversations_person", "conversations", ["channel", "person"])


def _exchanges() -> None:
    op.create_table(
        "exchanges",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("message_id", sa.String(160), nullable=False),
        sa.Column("chat", sa.String(160), nullable=False),
        sa.Column("person", sa.String(160), nullable=False),
        sa.Column("at", Utc, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("entry", sa.String(80), nullable=True),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("ticket", sa.String(16), nullable=True),
        sa.Column("nearest", sa.JSON, nullable=False),
        sa.Column("knowledge_version", sa.String(40), nullable=False),
        sa.Column("took_ms", sa.Float, nullable=False),
        sa.Column("feedback", sa.String(16), nullable=False),
        sa.UniqueConstraint("channel", "message_id", name="uq_exchanges_message"),
    )
    op.create_index("ix_exchanges_at", "exchanges", ["at"])
    op.create_index("ix_exchanges_person", "exchanges", ["channel", "person"])


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("message_id", sa.String(160), nullable=False),
        sa.Column("chat", sa.String(160), nullable=False),
        sa.Column("person", sa.String(160), nullable=False),
        sa.Column("received_at", Utc, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.Column("reply", sa.JSON, nullable=True),
        sa.UniqueConstraint("channel", "message_id", name="uq_messages_delivery"),
    )
    op.create_index("ix_messages_chat", "messages", ["channel", "chat", "id"])
    op.create_index(
        "ix_messages_open",
        "messages",
        ["channel", "id"],
        sqlite_where=sa.text("done = 0"),
        postgresql_where=sa.text("NOT done"),
    )
    op.create_index("ix_messages_person", "messages", ["channel", "person"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("chat", sa.String(160), nullable=False),
        sa.Column("ref", sa.String(160), nullable=False),
        sa.Column("reply", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("due_at", Utc, nullable=False),
    )
    op.create_index("ix_outbox_chat", "outbox", ["channel", "chat", "state"])
    op.create_index("ix_outbox_state", "outbox", ["channel", "state", "id"])


def _tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("number", sa.String(16), primary_key=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("chat", sa.String(160), nullable=False),
        sa.Column("person", sa.String(160), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("reason", sa.String(24), nullable=False),
        sa.Column("nearest", sa.JSON, nullable=False),
        sa.Column("opened_at", Utc, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("answered_at", Utc, nullable=True),
    )
    op.create_index("ix_tickets_person", "tickets", ["channel", "person"])
    op.create_index("ix_tickets_state", "tickets", ["state", "opened_at"])


def upgrade() -> None:
    """Create every table."""
    _conversations()
    _exchanges()
    _messages()
    _outbox()
    _tickets()
