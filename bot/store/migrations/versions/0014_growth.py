"""Reports of a large store find times to an answer, and what was given of each entry, in indexes and sort nothing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.schema import ANSWERED_DAY, ANSWERED_PART

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put the index of answered tickets in the order of days and minutes, add that of sums by entry."""
    op.drop_index("ix_tickets_answered", "tickets")
    parts: list[str | sa.TextClause] = [
        sa.text(f"({ANSWERED_DAY})"),
        sa.text(f"({ANSWERED_PART})"),
        "answered_at",
        "opened_at",
    ]
    op.create_index("ix_tickets_answering", "tickets", parts)
    op.create_index("ix_day_entries_entry", "day_entries", ["entry", "day", "n", "up", "down"])
