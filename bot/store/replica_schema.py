"""The tables of several processes on one database."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.schema import Utc, metadata

replicas = sa.Table(
    "replicas",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("alive_until", Utc, nullable=False),
)
rates = sa.Table(
    "rates",
    metadata,
    sa.Column("key", sa.String(32), primary_key=True),
    sa.Column("slot", sa.BigInteger, nullable=False),
    sa.Column("used", sa.Integer, nullable=False),
    sa.Column("before", sa.Integer, nullable=False),
    sa.Column("most", sa.Integer, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
)
