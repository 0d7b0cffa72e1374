"""Two replicas on one PostgreSQL: one of them polls Telegram, the other takes over, nobody is answered twice or too fast."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from bot import serve
from bot.channels import telegram_pace
from bot.channels.telegram import TelegramChannel
from bot.config import Telegram
from bot.desk.sender import Sender
from bot.keeping import Keeper
from bot.messages import Reply
from bot.store.alone import Alone
from bot.store.locks import Lock
from bot.store.replica_schema import rates
from bot.store.sql import SqlStore
from intents import Matcher
from tests.channels.bot_api import TOKEN, BotApi, running_bot_api
from tests.channels.golden import ATTACHMENTS, GROUP, PRIVATE, US, message, pressed
from tests.channels.running import Held, a_channel, alive
from tests.fakes import FakeClock
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


async def test_a_nul_silences_nobody(pair: tuple[SqlStore, SqlStore], sample_matcher: Matcher) -> None:
    """PostgreSQL keeps no NUL in a text: a person who sends it on every way is answered, and so are those behind."""
    store, _ = pair
    async with running_bot_api() as api:
        channel = a_channel(api.url, store, sample_matcher)
        async with alive(channel):
            for data in ("c:\0x", "c:no\0tary", "f:y:\0", "p:1:\0", "h:\0\ud800"):
                api.add("callback_query", pressed(data))
            api.add("message", message("公证\0收费标准"))
            api.add("edited_message", message("继承公证\ud800怎么办", edit_date=1_790_000_100))
            api.add("message", message("法律援助收费吗", {**PRIVATE, "id": 43}))
            sent = await api.wait(6)
            assert await until(lambda: channel.health()["waiting"] == 0)
    assert 6 == len(sent)
    answers = {e.text: e.key for e in await store.exchanges("telegram")}
    assert {"公证收费标准": "entry", "继承公证怎么办": "entry", "法律援助收费吗": "entry"}.items() <= answers.items()
    assert [] == await store.left_over("telegram")


LONG = 1000.0
"""Seconds: longer than any test takes."""


@contextlib.asynccontextmanager
async def served(api: BotApi, store: SqlStore, matcher: Matcher) -> AsyncIterator[Sender]:
    """What sends for Telegram, put together as the service does it."""
    settings = Telegram(token=SecretStr(TOKEN), base_url=api.url)
    core: Any = SimpleNamespace(
        settings=SimpleNamespace(telegram=settings), dialogue=a_channel(api.url, store, matcher)._dialogue, store=store,
        brain=SimpleNamespace(current=lambda: matcher), sharing=SimpleNamespace(keeper=Keeper(store.replicas)),
    )  # fmt: skip
    tasks: list[Any] = []
    async with serve._telegram(core, [], tasks, [], {}):
        yield tasks[0].__self__


async def put(store: SqlStore, chat: str, count: int) -> None:
    for number in range(count):
        await store.enqueue("telegram", chat, Reply("entry", f"第{number}条", "answer"), "")


async def written(store: SqlStore) -> int:
    """How many messages were ever put in the outbox."""
    return sum(count for name, count in (await store.counts()).items() if name.startswith("outbox_"))


async def pass_by(clock: FakeClock, store: SqlStore) -> None:
    """It is later, for the store and for the turns that were taken."""
    clock.pass_by(seconds=LONG)
    async with store.shared.engine.begin() as connection:
        await connection.execute(sa.update(rates).values(slot=rates.c.slot - int(LONG * 1_000_000)))


async def test_a_chat_has_one_pace_on_all_replicas(
    pair: tuple[SqlStore, SqlStore], sample_matcher: Matcher, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one replica sent holds up the other one in that chat and in no other, and not for longer than that."""
    monkeypatch.setattr(telegram_pace, "CHAT_SECONDS", LONG)
    async with (
        running_bot_api() as api,
        served(api, pair[0], sample_matcher) as first,
        served(api, pair[1], sample_matcher) as second,
    ):
        await put(pair[0], "42", 2)
        assert 1 == await first.once()
        await put(pair[0], "43", 1)
        assert 2 == await second.once()
        assert {42: 1, 43: 1} == Counter(sent["chat"] for sent in api.sent)
        assert 1 == (await pair[0].counts())["outbox_pending"]
        await pass_by(clock, pair[0])
        assert 1 == await second.once()
        assert {42: 2, 43: 1} == Counter(sent["chat"] for sent in api.sent)


async def test_a_group_has_one_minute_on_all_replicas(
    pair: tuple[SqlStore, SqlStore], sample_matcher: Matcher, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many in its time from both together, and so many again after it."""
    for name, value in (("CHAT_SECONDS", 0.0), ("GROUP", 3), ("GROUP_SECONDS", LONG)):
        monkeypatch.setattr(telegram_pace, name, value)
    async with (
        running_bot_api() as api,
        served(api, pair[0], sample_matcher) as first,
        served(api, pair[1], sample_matcher) as second,
    ):
        await put(pair[0], "-500", 7)
        for sender in (first, second) * 3:
            await sender.once()
        assert 3 == len(api.sent)
        await pass_by(clock, pair[0])
        for sender in (second, first) * 3:
            await sender.once()
        assert [f"第{number}条" for number in range(6)] == [sent["text"] for sent in api.sent]


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("worded", [0, 1, 2])
async def test_an_album_that_comes_to_both_gets_one_answer(
    pair: tuple[SqlStore, SqlStore], sample_matcher: Matcher, worded: int, grouped: bool
) -> None:
    """Its words are answered, whichever replica they came to and when; the pictures that came to the other get no word."""
    photo, time = ATTACHMENTS["photo"], Held()
    ours: dict[str, Any] = {"reply_to_message": {**message("旧", GROUP), "from": US}} if grouped else {}
    async with running_bot_api() as api:
        both = [a_channel(api.url, store, sample_matcher, time=time, mode="webhook") for store in pair]
        async with alive(both[0], receive=False), alive(both[1], receive=False):
            for number in range(4):
                words: dict[str, Any] = {"caption": "公证收费标准"} if number == worded else {}
                body = message("", GROUP if grouped else None, number + 1, media_group_id="9", **words, **ours, **photo)
                assert 200 == (await both[number % 2]._delivered({"update_id": number, "message": body})).status_code
            (said,) = await api.wait(1)
            time.go.set()
            assert await until(lambda: not any(channel.health()["waiting"] for channel in both))
    assert said["text"].startswith("以公示为准。")
    assert 1 == await written(pair[0])
    assert [] == await pair[0].left_over("telegram")


async def test_an_album_without_words_that_comes_to_both_gets_one_word(
    pair: tuple[SqlStore, SqlStore], sample_matcher: Matcher
) -> None:
    """Both replicas have pictures of it and answer them; one answer stands."""
    async with running_bot_api() as api:
        both = [a_channel(api.url, store, sample_matcher, mode="webhook") for store in pair]
        async with alive(both[0], receive=False), alive(both[1], receive=False):
            for number in range(4):
                body = message("", None, number + 1, media_group_id="9", **ATTACHMENTS["photo"])
                await both[number % 2]._delivered({"update_id": number, "message": body})
            assert await until(lambda: not any(channel.health()["waiting"] for channel in both))
            assert 1 == len(await api.wait(1))
    assert 1 == await written(pair[0])
