"""Persons who asked to be forgotten while a ticket of theirs was open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.schema import Utc

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "forgotten",
        sa.Column("channel", sa.String(16), primary_key=True),
        sa.Column("person", sa.String(160), primary_key=True),
        sa.Column("at", Utc, nullable=False),
    )
