"""The tables of the console: users, sessions, attempts to sign in, and the audit that only grows."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.schema import Utc, metadata

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", _BIG, primary_key=True),
    sa.Column("name", sa.String(40), nullable=False, unique=True),
    sa.Column("password", sa.String(200), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("secret", sa.String(64), nullable=False),
    sa.Column("last_step", sa.BigInteger, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("seen_at", Utc),
)
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("token", sa.String(64), primary_key=True),
    sa.Column("user", sa.BigInteger, nullable=False),
    sa.Column("csrf", sa.String(64), nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("seen_at", Utc, nullable=False),
    sa.Index("ix_sessions_user", "user"),
)
attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", _BIG, primary_key=True),
    sa.Column("name", sa.String(40), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Index("ix_attempts_name", "name", "at"),
    sa.Index("ix_attempts_address", "address", "at"),
)
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", _BIG, primary_key=True),
    sa.Column("at", Utc, nullable=False),
    sa.Column("who", sa.String(40), nullable=False),
    sa.Column("what", sa.String(40), nullable=False),
    sa.Column("about", sa.String(160), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Index("ix_audit_at", "at"),
    sa.Index("ix_audit_who", "who", "at"),
    sa.Index("ix_audit_about", "about"),
)
