"""How a Telegram channel begins: no failure of what is only registered holds up what people write."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from pydantic import SecretStr
from telegram.error import BadRequest

from bot.channels.telegram_poll import explain
from bot.store.sql import SqlStore
from intents import Matcher
from tests.channels.bot_api import BotApi
from tests.channels.golden import message
from tests.channels.running import a_channel, alive
from tests.waiting import until


async def test_a_staff_group_that_has_another_id_holds_up_nothing(
    api: BotApi, store: SqlStore, sample_matcher: Matcher, caplog: pytest.LogCaptureFixture
) -> None:
    """A supergroup now: messages are answered, the new id stands in the log, the other staff chat has its commands."""
    api.moved = {-77: -100_777}
    api.add("message", message("公证收费标准"))
    channel = a_channel(api.url, store, sample_matcher, staff_chats=(-77, 9))
    with caplog.at_level(logging.ERROR):
        async with alive(channel):
            assert "以公示为准" in (await api.wait(1))[0]["text"]
            assert await until(lambda: api.calls["setMyCommands"] == 3)
            assert "" == channel.health()["problem"]
    assert [True] == [str(-100_777) in line for line in caplog.messages if "-77 " in line]
    scopes = [json.loads(f["scope"])["chat_id"] for f in api.fields["setMyCommands"] if "scope" in f]
    assert [-77, 9] == sorted(scopes)


@pytest.mark.parametrize("fault", [400, 403, 502, (429, 30)])
async def test_commands_that_are_not_taken_hold_up_nothing(
    api: BotApi, store: SqlStore, sample_matcher: Matcher, caplog: pytest.LogCaptureFixture, fault: int
) -> None:
    """Whatever Telegram says to them, messages are answered; it is logged once and tried until they are taken."""
    api.chaos = lambda method: fault if method == "setMyCommands" else None
    api.add("message", message("公证收费标准"))
    with caplog.at_level(logging.ERROR):
        async with alive(a_channel(api.url, store, sample_matcher)):
            assert 1 == len(await api.wait(1))
            assert await until(lambda: api.calls["setMyCommands"] > 2)
            api.chaos = lambda method: None
            tried = api.calls["setMyCommands"]
            assert await until(lambda: api.calls["setMyCommands"] > tried)
            await asyncio.sleep(0.05)
            last = api.calls["setMyCommands"]
            await asyncio.sleep(0.05)
            assert last == api.calls["setMyCommands"]
    assert 1 == len([line for line in caplog.messages if "commands not registered" in line])


async def test_a_webhook_that_is_refused_is_said_with_telegrams_words(
    api: BotApi, store: SqlStore, sample_matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No failure of the network, and the setting is named."""

    async def refused(fields: dict[str, str]) -> object:
        raise ValueError("bad webhook: HTTPS URL must be provided for webhook")

    monkeypatch.setattr(api, "_setWebhook", refused, raising=False)
    channel = a_channel(
        api.url, store, sample_matcher, mode="webhook", webhook_url="http://x.example/telegram",
        webhook_secret=SecretStr("abc"),
    )  # fmt: skip
    async with alive(channel):
        assert await until(lambda: channel.contact.problem != "")
    for words in ("400", "must be provided for webhook", "telegram.webhook_url"):
        assert words in channel.contact.problem


def test_another_bad_request_is_said_with_telegrams_words() -> None:
    """Whatever it is about, it is not the network."""
    said, _ = explain(BadRequest("something is too long"), 1.0)
    assert (True, False, False) == ("something is too long" in said.lower(), "连不上" in said, "webhook" in said)


async def test_commands_are_registered_with_chinese_descriptions(
    api: BotApi, store: SqlStore, sample_matcher: Matcher
) -> None:
    """Every command of ours, none of staff's."""
    async with alive(a_channel(api.url, store, sample_matcher)):
        assert await until(lambda: api.calls["setMyCommands"] == 1)
    (fields,) = api.fields["setMyCommands"]
    registered = {c["command"]: c["description"] for c in json.loads(fields["commands"])}
    assert ["start", "menu", "human", "ticket", "forget", "help"] == list(registered)
    assert "看有哪些主题" == registered["menu"]
