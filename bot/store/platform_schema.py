"""The tables of bot.store.platform."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.schema import Utc, metadata

knocks = sa.Table(
    "knocks",
    metadata,
    sa.Column("channel", sa.String(16), primary_key=True),
    sa.Column("nonce", sa.String(120), primary_key=True),
    sa.Column("message_id", sa.String(160), nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("first_at", Utc, nullable=False),
    sa.Index("ix_knocks_first", "first_at"),
)
owed = sa.Table(
    "owed",
    metadata,
    sa.Column("channel", sa.String(16), primary_key=True),
    sa.Column("message_id", sa.String(160), primary_key=True),
    sa.Column("at", Utc, nullable=False),
    sa.Column("brought", sa.Boolean, nullable=False),
    sa.Index("ix_owed_open", "channel", "brought"),
)
pages = sa.Table(
    "pages",
    metadata,
    sa.Column("channel", sa.String(16), primary_key=True),
    sa.Column("chat", sa.String(160), primary_key=True),
    sa.Column("ref", sa.String(160), nullable=False),
    sa.Column("texts", sa.JSON, nullable=False),
    sa.Column("at", Utc, nullable=False),
)
page_turns = sa.Table(
    "page_turns",
    metadata,
    sa.Column("channel", sa.String(16), primary_key=True),
    sa.Column("message_id", sa.String(160), primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Index("ix_page_turns_at", "at"),
)
quotas = sa.Table(
    "quotas",
    metadata,
    sa.Column("channel", sa.String(16), primary_key=True),
    sa.Column("chat", sa.String(160), primary_key=True),
    sa.Column("opens", sa.String(16), primary_key=True),
    sa.Column("opened_at", Utc, nullable=False),
    sa.Column("used", sa.Integer, nullable=False),
)
credentials = sa.Table(
    "credentials",
    metadata,
    sa.Column("name", sa.String(120), primary_key=True),
    # WeChat asks to keep room for 512 characters and more
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("expires_at", Utc, nullable=False),
    sa.Column("forced_at", Utc),
)
