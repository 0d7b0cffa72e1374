"""What staff count of the outbox has an index of its own.

By state: SQLite walks through all of the outbox rather than take a partial index whose column the question does not name.
"""

from __future__ import annotations

from alembic import op

from bot.store.schema import UNCERTAIN, where

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index of what is uncertain."""
    op.create_index("ix_outbox_uncertain", "outbox", ["state"], **where(UNCERTAIN))
