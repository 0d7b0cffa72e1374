"""The queue finds channel and reason of a cluster's tickets in the index; texts are found by how often they came."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Widen the index of tickets by cluster, add that of texts."""
    op.drop_index("ix_tickets_cluster", "tickets")
    op.create_index("ix_tickets_cluster", "tickets", ["cluster", "channel", "reason"])
    op.create_index("ix_asked_texts_n", "asked_texts", ["n"])
