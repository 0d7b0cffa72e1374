"""Telegram over real HTTP: answers, buttons, commands, and nothing lost or doubled when things break."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from lo_bot_api_emulator import ApiRefusal
from pydantic import SecretStr

from bot.channels.telegram import CHANNEL, TelegramChannel, make_bot
from bot.config import Dialogue as Limits
from bot.config import Telegram
from bot.desk.sender import Sender
from bot.dialogue import Dialogue
from bot.server import make_app
from bot.store.base import Progress
from bot.store.sql import SqlStore
from intents import Matcher
from tests.channels.telegram_server import CHAT, TOKEN, FakeTelegram, buttons, running_telegram
from tests.fakes import FakeClock

Start = Callable[..., contextlib.AbstractAsyncContextManager[TelegramChannel]]


async def becomes(store: SqlStore, state: str, seconds: float = 5.0) -> bool:
    """Wait until a message of the outbox has this state; False when none gets it in time."""
    for _ in range(int(seconds * 50)):
        if (await store.counts()).get(f"outbox_{state}") == 1:
            return True
        await asyncio.sleep(0.02)
    return False


async def no_sleep(seconds: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with running_telegram() as server:
        yield server


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    made = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/fawen.db", now=FakeClock())
    await made.start()
    yield made
    await made.close()


@pytest.fixture
def start(telegram: FakeTelegram, store: SqlStore, sample_matcher: Matcher) -> Start:
    """Starts the bot against the server; leaving the context kills it as a crash would."""

    @contextlib.asynccontextmanager
    async def starting(poll: bool = True) -> AsyncIterator[TelegramChannel]:
        settings = Telegram(token=SecretStr(TOKEN), base_url=telegram.url)
        dialogue = Dialogue(lambda: sample_matcher, store, Limits(), FakeClock())
        channel = TelegramChannel(make_bot(settings), settings, dialogue, lambda: sample_matcher.knowledge, no_sleep)
        await channel.start()
        sender = Sender(CHANNEL, store, channel.send, idle=0.02)
        tasks = [asyncio.create_task(sender.run())]
        if poll:
            tasks.append(asyncio.create_task(channel.poll()))
        try:
            yield channel
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await channel.close()

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
    async with start() as channel:
        await channel.introduce()
        await telegram.says("/start")
        greeting = (await telegram.messages(1))[0]
        await telegram.presses(buttons(greeting)["公证"])
        topic = (await telegram.messages(2))[1]
        await telegram.presses(buttons(topic)["公证收费"])
        answer = (await telegram.messages(3))[2]
    assert "以公示为准" in answer["text"]
    assert "setMyCommands" in telegram.calls
    assert telegram.calls.count("answerCallbackQuery") == 2


async def test_unhelpful_opens_a_ticket(start: Start, telegram: FakeTelegram, store: SqlStore) -> None:
    async with start():
        await telegram.says("公证收费标准")
        answer = (await telegram.messages(1))[0]
        await telegram.presses(buttons(answer)["没帮助"])
        said = (await telegram.messages(2))[1]
    (ticket,) = await store.tickets()
    assert ticket.number in said["text"]
    assert ticket.text == "公证收费标准"


async def test_voice_and_group_messages(start: Start, telegram: FakeTelegram) -> None:
    async with start():
        await telegram.says("", voice={"file_id": "v", "file_unique_id": "v", "duration": 2})
        await telegram.says("继承公证怎么办", chat=-5, kind="group")
        await telegram.says("公证收费标准")
        said = await telegram.messages(2)
    assert "语音" in said[0]["text"]
    assert "以公示为准" in said[1]["text"]


async def test_an_update_is_stored_before_it_is_acknowledged(
    start: Start, telegram: FakeTelegram, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program dies between storing and acknowledging: the update comes again and is answered once."""
    async with start() as channel:
        whole = channel.take_in

        async def dies(update: object) -> None:
            await whole(update)  # type: ignore[arg-type]
            raise asyncio.CancelledError

        monkeypatch.setattr(channel, "take_in", dies)
        await telegram.says("继承公证怎么办")
        await telegram.messages(1)
    async with start():
        await telegram.says("公证收费标准")
        said = await telegram.messages(2)
    assert [("带材料" in m["text"], "以公示" in m["text"]) for m in said] == [(True, False), (False, True)]
    assert len(await store.exchanges("telegram")) == 2


async def test_what_was_received_but_not_answered_is_answered_at_start(
    start: Start, telegram: FakeTelegram, store: SqlStore, sample_matcher: Matcher
) -> None:
    from bot.messages import Kind, Message

    message = Message(CHANNEL, str(CHAT), str(CHAT), "继承公证怎么办", Kind.TEXT, FakeClock()(), "u1")
    assert (await store.receive(message)).progress is Progress.NEW
    dialogue = Dialogue(lambda: sample_matcher, store, Limits(), FakeClock())
    assert await dialogue.resume(CHANNEL, deliver=True) == 1
    assert await dialogue.resume(CHANNEL, deliver=True) == 0
    async with start(poll=False):
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
        assert channel.connected


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


async def test_webhook_needs_its_secret(telegram: FakeTelegram, store: SqlStore, sample_matcher: Matcher) -> None:
    settings = Telegram(
        token=SecretStr(TOKEN), base_url=telegram.url, mode="webhook", webhook_secret=SecretStr("geheim")
    )
    dialogue = Dialogue(lambda: sample_matcher, store, Limits(), FakeClock())
    channel = TelegramChannel(make_bot(settings), settings, dialogue, lambda: sample_matcher.knowledge)
    app = make_app(channel.routes(), store, lambda: "v", 64_000)
    update = {
        "update_id": 9,
        "message": {
            "message_id": 1, "date": 1_790_000_000, "text": "公证收费标准",
            "chat": {"id": 7, "type": "private"}, "from": {"id": 7, "is_bot": False, "first_name": "甲"},
        },
    }  # fmt: skip
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as client:
        refused = await client.post("/telegram", json=update, headers={"X-Telegram-Bot-Api-Secret-Token": "falsch"})
        assert refused.status_code == 403
        assert await store.exchanges() == []
        header = {"X-Telegram-Bot-Api-Secret-Token": "geheim"}
        for _ in range(2):
            assert (await client.post("/telegram", json=update, headers=header)).status_code == 200
    assert len(await store.exchanges()) == 1
    assert len(await store.take(CHANNEL)) == 1
