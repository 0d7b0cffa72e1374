"""The desk: clusters, answers, deliveries, proposals, publications, history; what tickets need for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.schema import Utc

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(name: str, size: int = 0) -> sa.Column[str]:
    kind: sa.types.TypeEngine[str] = sa.String(size) if size else sa.Text()
    return sa.Column(name, kind, nullable=False, server_default="")


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


def _tickets() -> None:
    for column in (
        _text("knowledge_version", 40),
        sa.Column("due_at", Utc),
        _text("apart", 16),
        _text("owner", 80),
        sa.Column("cluster", sa.BigInteger),
        sa.Column("place", sa.BigInteger),
        _flag("leads"),
        _flag("by_hand"),
        _text("ignored"),
    ):
        op.add_column("tickets", column)
    op.create_index("ix_tickets_cluster", "tickets", ["cluster"])
    op.create_index("ix_tickets_place", "tickets", ["place"])
    op.create_index(
        "ix_tickets_unplaced",
        "tickets",
        ["opened_at"],
        sqlite_where=sa.text("cluster IS NULL"),
        postgresql_where=sa.text("cluster IS NULL"),
    )
    op.add_column("outbox", _text("note"))


def _clusters() -> None:
    op.create_table(
        "clusters",
        sa.Column("id", BIG, primary_key=True),
        _text("title"),
        _text("state", 16),
        _text("owner", 80),
        sa.Column("people", sa.Integer, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("first_at", Utc, nullable=False),
        sa.Column("last_at", Utc, nullable=False),
        sa.Column("due_at", Utc, nullable=False),
        _text("nearest", 80),
        sa.Column("confidence", sa.Float, nullable=False),
        _text("apart", 16),
        _flag("by_hand"),
        sa.Column("answer", sa.BigInteger),
        sa.Column("answered_at", Utc),
        _text("ignored"),
        sa.Column("merged_into", sa.BigInteger),
    )
    op.create_index("ix_clusters_people", "clusters", ["state", "people", "first_at"])
    op.create_index("ix_clusters_due", "clusters", ["state", "due_at"])
    op.create_index("ix_clusters_last", "clusters", ["state", "last_at"])


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("cluster", sa.BigInteger, nullable=False),
        _text("text"),
        _text("author", 80),
        sa.Column("at", Utc, nullable=False),
        _flag("correction"),
    )
    op.create_index("ix_answers_cluster", "answers", ["cluster"])
    op.create_table(
        "deliveries",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("answer", sa.BigInteger, nullable=False),
        sa.Column("cluster", sa.BigInteger, nullable=False),
        _text("ticket", 16),
        _text("channel", 16),
        _text("chat", 160),
        _text("person", 160),
        sa.Column("outbox", sa.BigInteger, nullable=False),
        sa.Column("at", Utc, nullable=False),
        sa.UniqueConstraint("answer", "channel", "person", name="uq_deliveries_asker"),
    )
    op.create_index("ix_deliveries_cluster", "deliveries", ["cluster"])
    op.create_index("ix_deliveries_chat", "deliveries", ["channel", "chat"])
    op.create_index("ix_deliveries_outbox", "deliveries", ["outbox"])


def _events() -> None:
    op.create_table(
        "desk_events",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("at", Utc, nullable=False),
        _text("who", 80),
        _text("what", 24),
        _text("why"),
        sa.Column("cluster", sa.BigInteger),
        _text("ticket", 16),
        sa.Column("proposal", sa.BigInteger),
        sa.Column("publication", sa.BigInteger),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    op.create_index("ix_desk_events_cluster", "desk_events", ["cluster"])
    op.create_index("ix_desk_events_at", "desk_events", ["at"])


def _changes() -> None:
    op.create_table(
        "proposals",
        sa.Column("id", BIG, primary_key=True),
        _text("kind", 16),
        _text("state", 16),
        _text("entry", 160),
        sa.Column("cluster", sa.BigInteger),
        _text("author", 80),
        sa.Column("at", Utc, nullable=False),
        _text("why"),
        _flag("law"),
        sa.Column("operation", sa.JSON, nullable=False),
        _text("diff"),
        sa.Column("problems", sa.JSON, nullable=False),
        sa.Column("changes", sa.JSON),
        sa.Column("checked_at", Utc),
        _text("approver", 80),
        sa.Column("approved_at", Utc),
        _text("rejected"),
    )
    op.create_index("ix_proposals_state", "proposals", ["state", "id"])
    op.create_index("ix_proposals_cluster", "proposals", ["cluster"])
    op.create_table(
        "publications",
        sa.Column("id", BIG, primary_key=True),
        _text("state", 16),
        sa.Column("proposal", sa.BigInteger),
        sa.Column("undoes", sa.BigInteger),
        _text("author", 80),
        _text("approver", 80),
        sa.Column("at", Utc, nullable=False),
        _text("why"),
        sa.Column("files", sa.JSON, nullable=False),
        _text("version_before", 40),
        _text("version_after", 40),
    )
    op.create_index("ix_publications_state", "publications", ["state", "id"])


def upgrade() -> None:
    """Create the desk's tables and the columns of tickets and outbox."""
    _tickets()
    _clusters()
    _answers()
    _events()
    _changes()
