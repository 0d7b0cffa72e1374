"""Published knowledge as versions, for several machines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.schema import Utc, row_id

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of bot.store.knowledge_schema."""
    op.create_table(
        "knowledge_contents",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("archive", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "knowledge_versions",
        row_id(),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("at", Utc, nullable=False),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )
