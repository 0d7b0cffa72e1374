"""The outbox is looked at by what is due, however much of it is parked; the console counts tickets by an index."""

from __future__ import annotations

from alembic import op

from bot.store.schema import where

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the partial indexes of bot.store.schema."""
    op.create_index("ix_outbox_due", "outbox", ["channel", "due_at"], **where("state = 'pending'"))
    op.create_index(
        "ix_outbox_untried", "outbox", ["channel", "created_at"], **where("state = 'pending' AND attempts = 0")
    )
    op.create_index("ix_tickets_apart", "tickets", ["apart", "state"])
