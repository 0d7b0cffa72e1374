"""Several processes on one database: who is alive, and who holds which message."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.schema import Utc

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of bot.store.replica_schema; messages and outbox name their holder."""
    op.create_table(
        "replicas",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("alive_until", Utc, nullable=False),
    )
    op.add_column("messages", sa.Column("holder", sa.String(32)))
    op.add_column("outbox", sa.Column("holder", sa.String(32)))
