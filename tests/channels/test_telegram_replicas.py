"""Two replicas on one PostgreSQL: one of them polls Telegram, the other takes over, nobody is answered twice."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from bot.channels.telegram import TelegramChannel
from bot.store.alone import Alone
from bot.store.locks import Lock
from bot.store.sql import SqlStore
from intents import Matcher
from tests.channels.bot_api import BotApi, running_bot_api
from tests.channels.golden import PRIVATE, message
from tests.channels.running import a_channel, alive
from tests.waiting import until

pytestmark = pytest.mark.postgres


def a_replica(api: BotApi, store: SqlStore, matcher: Matcher) -> TelegramChannel:
    alone = Alone(store.shared, Lock.POLLING, "telegram polling", again=0.05, look=0.05)
    channel = a_channel(api.url, store, matcher)
    channel._alone = alone.run
    return channel


async def test_one_polls_and_the_other_takes_over(pair: tuple[SqlStore, SqlStore], sample_matcher: Matcher) -> None:
    """Whoever polls, both send; when the poller is killed the other one polls, and each message is answered once."""
    async with running_bot_api() as api:
        first, second = (a_replica(api, store, sample_matcher) for store in pair)
        async with alive(second):
            async with alive(first):
                assert await until(lambda: first.poller.running or second.poller.running)
                for number in range(1, 21):
                    api.add("message", message("公证收费标准", {**PRIVATE, "id": number}, number))
                assert 20 == len(await api.wait(20))
                assert 1 == sum(channel.health()["receiving"] is True for channel in (first, second))
            assert await until(lambda: second.poller.running)
            for number in range(21, 31):
                api.add("message", message("公证收费标准", {**PRIVATE, "id": number}, number))
            assert 30 == len(await api.wait(30))
            await asyncio.sleep(0.2)
        assert dict.fromkeys(range(1, 31), 1) == Counter(sent["chat"] for sent in api.sent)
        assert 30 == (await pair[0].counts())["exchanges"]
