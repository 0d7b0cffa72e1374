"""Telegram against an independent Bot API server: answers, buttons, commands, outages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from lo_bot_api_emulator import ApiRefusal

from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_updates import CHANNEL
from bot.config import Dialogue as Limits
from bot.dialogue import Dialogue
from bot.store.base import Progress
from bot.store.sql import SqlStore
from intents import Matcher
from tests.channels.running import a_channel, alive, becomes
from tests.channels.telegram_server import CHAT, FakeTelegram, buttons, running_telegram
from tests.fakes import FakeClock

Start = Callable[..., contextlib.AbstractAsyncContextManager[TelegramChannel]]


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with running_telegram() as server:
        yield server


@pytest.fixture
def start(telegram: FakeTelegram, store: SqlStore, sample_matcher: Matcher) -> Start:
    """Starts the bot against the server; leaving the context kills it as a crash would."""

    def starting(receive: bool = True) -> contextlib.AbstractAsyncContextManager[TelegramChannel]:
        return alive(a_channel(telegram.url, store, sample_matcher), receive)

    return starting


async def test_a_question_gets_its_cited_answer(start: Start, telegram: FakeTelegram, store: SqlStore) -> None:
    async with start():
        await telegram.says("继承公证怎么办")
        (answer,) = await telegram.messages(1)
    assert int(answer["chat_id"]) == CHAT
    assert "带材料去公证处" in answer["text"]
    assert "依据" in answer["text"]
    assert set(buttons(answer)) == {"有帮助", "没帮助"}
    assert [e.entry for e in await store.exchanges("telegram")] == ["notary.inheritance"]


async def test_start_menu_and_a_topic_by_button(start: Start, telegram: FakeTelegram) -> None:
    async with start():
        await telegram.says("/start")
        greeting = (await telegram.messages(1))[0]
        await telegram.presses(buttons(greeting)["公证"])
        topic = (await telegram.messages(2))[1]
        await telegram.presses(buttons(topic)["公证收费"])
        answer = (await telegram.messages(3))[2]
        assert "以公示为准" in answer["text"]
        assert "setMyCommands" in telegram.calls
        assert await telegram.called("answerCallbackQuery", times=2)


async def test_unhelpful_opens_a_ticket(start: Start, telegram: FakeTelegram, store: SqlStore) -> None:
    async with start():
        await telegram.says("公证收费标准")
        answer = (await telegram.messages(1))[0]
        await telegram.presses(buttons(answer)["没帮助"])
        said = (await telegram.messages(2))[1]
    (ticket,) = await store.tickets()
    assert ticket.number in said["text"]
    assert ticket.text == "公证收费标准"


async def test_words_behind_human_are_the_ticket(start: Start, telegram: FakeTelegram, store: SqlStore) -> None:
    """The question typed behind /human reaches staff, not the one before it."""
    async with start():
        await telegram.says("公证收费标准")
        await telegram.says("/human 我的房产证被邻居拿走了")
        said = (await telegram.messages(2))[1]
    (ticket,) = await store.tickets()
    assert "我的房产证被邻居拿走了" == ticket.text
    assert ticket.number in said["text"]


async def test_voice_and_group_messages(start: Start, telegram: FakeTelegram) -> None:
    async with start():
        await telegram.says("", voice={"file_id": "v", "file_unique_id": "v", "duration": 2})
        await telegram.says("继承公证怎么办", chat=-5, kind="group")
        await telegram.says("公证收费标准")
        said = await telegram.messages(2)
    assert "语音" in said[0]["text"]
    assert "以公示为准" in said[1]["text"]


async def test_what_was_received_but_not_answered_is_answered_at_start(
    start: Start, telegram: FakeTelegram, store: SqlStore, sample_matcher: Matcher
) -> None:
    from bot.messages import Kind, Message

    message = Message(CHANNEL, str(CHAT), str(CHAT), "继承公证怎么办", Kind.TEXT, FakeClock()(), "123456-1")
    assert (await store.receive(message)).progress is Progress.NEW
    dialogue = Dialogue(lambda: sample_matcher, store, Limits(), FakeClock())
    assert await dialogue.resume(CHANNEL, deliver=True) == 1
    assert await dialogue.resume(CHANNEL, deliver=True) == 0
    async with start(receive=False):
        (answer,) = await telegram.messages(1)
    assert "带材料" in answer["text"]


async def test_an_outage_of_polling_is_survived(start: Start, telegram: FakeTelegram) -> None:
    telegram.faults["getUpdates"] = [
        ApiRefusal("Bad Gateway", 502),
        ApiRefusal("Conflict: terminated by other getUpdates request", 409),
        ApiRefusal("Too Many Requests", 429, {"retry_after": 1}),
        ApiRefusal("Unauthorized", 401),
    ]
    async with start() as channel:
        await telegram.says("继承公证怎么办")
        assert len(await telegram.messages(1)) == 1
        assert channel.contact.problem == ""


async def test_flood_limit_waits_and_sends_once(start: Start, telegram: FakeTelegram, store: SqlStore) -> None:
    telegram.faults["sendMessage"] = [ApiRefusal("Too Many Requests: retry after 3", 429, {"retry_after": 3})]
    clock = FakeClock()
    store._now = clock  # the store's own clock decides when it is due again
    async with start():
        await telegram.says("继承公证怎么办")
        assert await telegram.called("sendMessage")
        assert await becomes(store, "pending")
        clock.pass_by(seconds=5)
        assert len(await telegram.messages(1)) == 1
        assert await becomes(store, "sent")


async def test_a_lost_answer_is_uncertain_and_never_repeated(
    start: Start, telegram: FakeTelegram, store: SqlStore
) -> None:
    telegram.faults["sendMessage"] = ["lost"]
    async with start():
        await telegram.says("继承公证怎么办")
        await telegram.messages(1)
        assert await becomes(store, "uncertain")
        await asyncio.sleep(0.1)
    assert len(telegram.sent) == 1


async def test_a_person_who_blocked_the_bot_is_not_asked_again(
    start: Start, telegram: FakeTelegram, store: SqlStore
) -> None:
    telegram.faults["sendMessage"] = [ApiRefusal("Forbidden: bot was blocked by the user", 403)]
    async with start():
        await telegram.says("继承公证怎么办")
        await telegram.says("公证收费标准", chat=43)
        await telegram.messages(1)
        assert await becomes(store, "failed")
