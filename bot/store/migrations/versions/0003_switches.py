"""Kill switches of the channels."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.schema import Utc

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One row for each channel that was ever switched."""
    op.create_table(
        "switches",
        sa.Column("channel", sa.String(16), primary_key=True),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("changed_at", Utc, nullable=False),
    )
