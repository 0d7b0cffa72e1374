"""A store on SQLite and the same on PostgreSQL: every contract test runs on both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.sql import SqlStore
from tests.databases import a_database
from tests.fakes import FakeClock


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqlStore]:
    """An empty store, started."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path}/fawen.db"
    else:
        url = a_database(request.getfixturevalue("postgres"))
    made = SqlStore(url, now=clock)
    await made.start()
    yield made
    await made.close()
