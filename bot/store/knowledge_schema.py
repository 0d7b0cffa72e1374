"""The tables of published knowledge."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.schema import Utc, metadata, row_id

knowledge_contents = sa.Table(
    "knowledge_contents",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("archive", sa.LargeBinary, nullable=False),
)
knowledge_versions = sa.Table(
    "knowledge_versions",
    metadata,
    row_id(),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("version", sa.String(40), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("author", sa.String(80), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
)
