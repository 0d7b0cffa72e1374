"""The desk's part of the store, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.desk.desk import Desk
from bot.errors import DeskNotFound
from bot.store import desk_schema
from bot.store.desk import DeskStore
from bot.store.desk_base import DeskNumbers, Filter, Listing
from bot.store.schema import metadata
from bot.store.sql import SqlStore
from intents.model import KnowledgeData
from tests.fakes import FakeClock


@pytest.fixture
def desk(store: SqlStore, clock: FakeClock) -> Desk:
    """A desk on an empty store."""
    return Desk(DeskStore(store.shared), lambda: KnowledgeData({}), clock)


async def test_an_empty_desk_says_so(desk: Desk) -> None:
    """Lists are empty, counts are zero, what is looked for by name is not found."""
    assert Listing((), 0) == await desk.clusters(Filter(text="公证", channel="web", topic="notary", owner=""))
    assert Listing((), 0) == await desk.tickets(Filter(states=(), overdue=True, least_people=2, topic="notary"))
    assert Listing((), 0) == await desk.overdue()
    assert Listing((), 0) == await desk.events()
    assert () == await desk.deliveries(1)
    assert DeskNumbers() == await desk.numbers()
    with pytest.raises(DeskNotFound, match="7"):
        await desk.cluster(7)
    with pytest.raises(DeskNotFound, match="K7-3F9Q"):
        await desk.ticket("K7-3F9Q")


async def test_the_migrations_lead_to_the_tables(store: SqlStore) -> None:
    """Every table and column of the schema is in a migrated database, and no other column."""
    async with store.shared.reading() as connection:
        found = await connection.run_sync(
            lambda c: {t: {x["name"] for x in sa.inspect(c).get_columns(t)} for t in sa.inspect(c).get_table_names()}
        )
    assert desk_schema.clusters.name in found
    assert {t.name: {c.name for c in t.columns} for t in metadata.sorted_tables} == {
        name: columns for name, columns in found.items() if name != "alembic_version"
    }
