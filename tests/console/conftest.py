"""A console with a clock set by hand; PostgreSQL is asked in the store's own tests."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import make_changes, make_desk
from bot.brain import Brain
from bot.config import Settings
from bot.console.checks import Checks
from bot.console.house import House
from bot.console.pulse import Pulse
from bot.console.render import Renderer
from bot.console.site import routes
from bot.desk.gather import Gatherer
from bot.server import make_app
from bot.store.accounts import Accounts
from bot.store.audit import Audit
from bot.store.reports import Reports
from bot.store.sql import SqlStore
from tests.console.desk import Office, cheap_door
from tests.fakes import FakeClock
from tests.sample import write_sample


@pytest.fixture(scope="session")
def brain(tmp_path_factory: pytest.TempPathFactory) -> Brain:
    """A brain on the sample, for tests that change no knowledge."""
    home = tmp_path_factory.mktemp("console")
    return Brain(write_sample(home / "knowledge"), home / "cache")


@pytest.fixture
def clock() -> FakeClock:
    """Monday 23 November 2026, ten in the morning in Zhongshan."""
    return FakeClock()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables and nothing in them, to be copied: making the tables takes longest."""
    path = tmp_path_factory.mktemp("empty") / "fawen.db"

    async def make() -> None:
        store = SqlStore(f"sqlite+aiosqlite:///{path}", now=FakeClock())
        await store.start()
        await store.close()

    asyncio.run(make())
    return path


@pytest.fixture
async def office(tmp_path: Path, clock: FakeClock, brain: Brain, empty_database: Path) -> AsyncIterator[Office]:
    """An empty console."""
    shutil.copy(empty_database, tmp_path / "fawen.db")
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/fawen.db", now=clock)
    await store.start()
    desk, _ = make_desk(store, brain.current, clock)
    changes = make_changes(store, brain, clock)
    settings, accounts = Settings(), Accounts(store.shared)
    house = House(
        settings=settings, accounts=accounts, audit=Audit(store.shared),
        door=cheap_door({"accounts": accounts, "settings": settings}, clock), desk=desk, changes=changes,
        reports=Reports(store.shared), matcher=brain.current, render=Renderer(),
        pulse=Pulse(desk, changes, lambda: clock().timestamp()), checks=Checks(), now=clock,
    )  # fmt: skip
    made = Office(house, store, clock, make_app(routes(house), store, lambda: "v1", settings.server.max_body))
    yield made
    for client in made.browsers:
        await client.aclose()
    await store.close()


@pytest.fixture
def gatherer(office: Office) -> Gatherer:
    """What gathers the tickets of this console's store."""
    return make_desk(office.store, office.house.matcher, office.clock)[1]
