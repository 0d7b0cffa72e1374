"""The queue finds channel and reason of a cluster's tickets in the index; texts are found by how often they came.

What staff count of the outbox has an index of its own.
"""

from __future__ import annotations

from alembic import op

from bot.store.schema import UNCERTAIN, where

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Widen the index of tickets by cluster, add those of texts and of what is uncertain."""
    op.drop_index("ix_tickets_cluster", "tickets")
    op.create_index("ix_tickets_cluster", "tickets", ["cluster", "channel", "reason"])
    op.drop_index("ix_outbox_unsent", "outbox")
    op.create_index("ix_outbox_uncertain", "outbox", ["id"], **where(UNCERTAIN))
    op.create_index("ix_asked_texts_n", "asked_texts", ["n"])
