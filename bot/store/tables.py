"""Every table of every area, for what concerns the store as a whole."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store import (
    accounts_schema,
    desk_schema,
    knowledge_schema,
    platform_schema,
    replica_schema,
    schema,
    sums_schema,
)  # fmt: skip

_AREAS = (schema, desk_schema, accounts_schema, platform_schema, replica_schema, sums_schema, knowledge_schema)


def every_table() -> dict[str, sa.Table]:
    """Name -> table, of all areas; alembic's own note of the version is not among them."""
    return {name: table for area in _AREAS for name, table in area.metadata.tables.items()}
