"""The fake platforms, a store on disk, and a WeChat channel whose store can be made to hang or fail."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.store.sql import SqlStore
from intents import Matcher
from tests.channels.bot_api import BotApi, running_bot_api
from tests.channels.running import a_store
from tests.channels.slow_store import SlowStore
from tests.channels.wechat_running import Service, Start, running
from tests.channels.wechat_server import FakeWeChat, running_wechat
from tests.fakes import FakeClock


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with running_bot_api() as server:
        yield server


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with a_store(tmp_path) as made:
        yield made


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def wechat() -> AsyncIterator[FakeWeChat]:
    async with running_wechat() as server:
        yield server


@pytest.fixture
def slow() -> list[SlowStore]:
    """The stores that a test can make hang or fail; one for each start."""
    return []


@pytest.fixture
def start(
    sample_matcher: Matcher, clock: FakeClock, wechat: FakeWeChat, tmp_path: Path, slow: list[SlowStore]
) -> Start:
    def wrap(store: SqlStore) -> Any:
        slow.append(SlowStore(store))
        return slow[-1]

    def starting(**more: Any) -> contextlib.AbstractAsyncContextManager[Service]:
        return running(sample_matcher, clock, wechat, tmp_path, wrap=wrap, **more)

    return starting
