"""What WeChat needs beside messages: nonces, owed replies, pages, send quotas, access tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.schema import Utc

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _key(name: str, size: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(size), primary_key=True)


def _at(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, Utc, nullable=nullable)


def upgrade() -> None:
    """Create the tables of bot.store.platform_schema."""
    op.create_table(
        "knocks",
        _key("channel", 16),
        _key("nonce", 120),
        sa.Column("message_id", sa.String(160), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        _at("first_at"),
    )
    op.create_index("ix_knocks_first", "knocks", ["first_at"])
    op.create_table(
        "owed",
        _key("channel", 16),
        _key("message_id", 160),
        _at("at"),
        sa.Column("brought", sa.Boolean, nullable=False),
    )
    op.create_index("ix_owed_open", "owed", ["channel", "brought"])
    op.create_table(
        "pages",
        _key("channel", 16),
        _key("chat", 160),
        sa.Column("ref", sa.String(160), nullable=False),
        sa.Column("texts", sa.JSON, nullable=False),
        _at("at"),
    )
    op.create_table(
        "page_turns",
        _key("channel", 16),
        _key("message_id", 160),
        sa.Column("text", sa.Text, nullable=False),
        _at("at"),
    )
    op.create_index("ix_page_turns_at", "page_turns", ["at"])
    op.create_table(
        "quotas",
        _key("channel", 16),
        _key("chat", 160),
        _key("opens", 16),
        _at("opened_at"),
        sa.Column("used", sa.Integer, nullable=False),
    )
    op.create_table(
        "credentials",
        _key("name", 120),
        sa.Column("value", sa.Text, nullable=False),
        _at("expires_at"),
        _at("forced_at", nullable=True),
    )
