"""telegram.proxy against a real HTTP proxy: everything goes through it, and its absence loses nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from intents import Matcher
from tests.channels.bot_api import running_bot_api
from tests.channels.golden import PRIVATE, message
from tests.channels.http_proxy import running_proxy
from tests.channels.running import a_channel, a_store, alive, becomes


async def test_polling_and_sending_go_through_the_proxy(tmp_path: Path, sample_matcher: Matcher) -> None:
    """Every request the server sees came by the proxy: getMe, getUpdates and sendMessage, each by the pool of its own."""
    async with running_bot_api() as api, running_proxy() as (proxy, url), a_store(tmp_path) as store:
        api.add("message", message("继承公证怎么办", PRIVATE, 1))
        async with alive(a_channel(api.url, store, sample_matcher, proxy=url)):
            assert await becomes(store, "sent", seconds=20)
    through = {asked.partition(" ")[2] for asked in proxy.asked}
    assert {"getMe", "getUpdates", "sendMessage"} <= through
    assert set(api.calls) <= through
    assert 1 == len(api.sent)


async def test_a_proxy_that_is_away_loses_nothing(tmp_path: Path, sample_matcher: Matcher) -> None:
    """While the proxy refuses, health names network and telegram.proxy; once it is back the message is answered once."""
    async with running_bot_api() as api, running_proxy() as (proxy, url), a_store(tmp_path) as store:
        proxy.down = True
        api.add("message", message("继承公证怎么办", PRIVATE, 1))
        channel = a_channel(api.url, store, sample_matcher, proxy=url)
        async with alive(channel):
            for _ in range(500):
                if channel.contact.problem:
                    break
                await asyncio.sleep(0.02)
            assert "telegram.proxy" in channel.contact.problem
            assert not api.calls
            proxy.down = False
            assert await becomes(store, "sent", seconds=20)
    assert 1 == len(api.sent)
