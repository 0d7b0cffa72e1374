"""`fawen doctor` against a fake Bot API: one Chinese line for what is wrong, its remedy, and never the token."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.channels.telegram_settings import connections
from bot.config import Telegram
from bot.doctor_telegram import telegram_findings
from bot.errors import ConfigError
from tests.channels.bot_api import TOKEN, BotApi, running_bot_api

URL = "https://law.example/telegram"


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with running_bot_api() as server:
        yield server


async def said(api: BotApi, **more: Any) -> tuple[list[bool], str]:
    """Which lines are good, and all their words; the token is in none."""
    settings = Telegram.model_validate({"token": TOKEN, "base_url": api.url, **more})
    found = await telegram_findings(settings)
    words = "\n".join(map(str, found))
    assert TOKEN.partition(":")[2] not in words
    return [one.good for one in found], words


async def test_off_is_nothing_to_complain_of(api: BotApi) -> None:
    """Without a token nothing is asked and nothing is wrong."""
    good, words = await said(api, token="")
    assert ([True], True, 0) == (good, "没有启用" in words, api.calls.total())


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("socks5://me:geheim@127.0.0.1:9", "pip install 'httpx[socks]'"),
        ("127.0.0.1:9", "读不懂"),
        ("socks4://me:geheim@127.0.0.1:9", "socks5://"),
    ],
)
async def test_a_proxy_that_cannot_be_used(
    api: BotApi, monkeypatch: pytest.MonkeyPatch, proxy: str, words: str
) -> None:
    """A line with the remedy, in the doctor and at the start; what is written there is not shown."""
    monkeypatch.setattr("bot.channels.telegram_settings.find_spec", lambda name: None)
    good, line = await said(api, proxy=proxy)
    assert ([False], True, False) == (good, words in line, "geheim" in line)
    with pytest.raises(ConfigError, match=re.escape(words)):
        connections(Telegram.model_validate({"token": TOKEN, "proxy": proxy}))


async def test_all_is_well(api: BotApi) -> None:
    """getMe and getWebhookInfo, no request for updates, which would take the turn of the running service."""
    good, words = await said(api)
    assert ([True], True) == (good, "@fawen_test_bot（长轮询）" in words)
    assert {"getMe": 1, "getWebhookInfo": 1} == dict(api.calls)


@pytest.mark.parametrize("method", ["getMe", "getWebhookInfo"])
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (401, ("401", "@BotFather", "telegram.token")),
        (404, ("404", "telegram.base_url")),
        (409, ("409", "停掉")),
        ((429, 7), ("429", "7 秒")),
        (502, ("连不上", "防火墙")),
        ("reset", ("连不上", "telegram.proxy")),
    ],
)
async def test_each_trouble_is_one_line(api: BotApi, method: str, fault: Any, words: tuple[str, ...]) -> None:
    """What Telegram answers or does not, at either question."""
    api.faults[method] = [fault]
    good, line = await said(api)
    assert ([False], []) == (good, [word for word in words if word not in line]), line
    assert "\n" not in line


async def test_a_page_instead_of_an_answer(api: BotApi, caplog: pytest.LogCaptureFixture) -> None:
    """An address with /bot at the end, or a proxy in between: one line with the remedy, no trace above it."""
    good, line = await said(api, base_url=f"{api.url}/bot")
    assert ([False], True) == (good, "不带 /bot" in line), line
    assert [] == [record.name for record in caplog.records if record.exc_info]


async def test_nobody_there(api: BotApi) -> None:
    """The network is away: the address is named."""
    good, line = await said(api, base_url="http://127.0.0.1:9")
    assert ([False], True) == (good, "连不上 http://127.0.0.1:9" in line), line


@pytest.mark.parametrize(
    ("settings", "info", "words"),
    [
        ({}, {"url": URL}, ("law.example", "409", "自动撤销")),
        ({"mode": "webhook"}, {"url": URL}, ("telegram.webhook_secret",)),
        ({"mode": "webhook", "webhook_secret": "密"}, {"url": URL}, ("telegram.webhook_secret", "不能用的字符")),
        ({"mode": "webhook", "webhook_secret": "s", "webhook_url": "ftp://bot.example/x-secret"}, {"url": ""},
         ("telegram.webhook_url", "https://")),
        ({"mode": "webhook", "webhook_secret": "s"}, {"url": ""}, ("还没有登记", "请设置 telegram.webhook_url")),
        ({"mode": "webhook", "webhook_secret": "s", "webhook_url": URL}, {"url": ""}, ("还没有登记", "启动时会登记")),
        ({"mode": "webhook", "webhook_secret": "s", "webhook_url": URL}, {"url": "https://other.example/x-secret"},
         ("别的地址", "other.example")),
        ({"mode": "webhook", "webhook_secret": "s", "webhook_url": URL},
         {"url": URL, "pending_update_count": 3, "last_error_message": "Connection refused", "last_error_date": 1_790_000_000},
         ("3 条", "Connection refused", "反向代理")),
    ],
)  # fmt: skip
async def test_a_webhook_that_is_not_as_set(
    api: BotApi, settings: dict[str, str], info: dict[str, Any], words: tuple[str, ...]
) -> None:
    """The bot is reached, and a second line says what is wrong with its webhook; of an address only the host is shown."""
    api.webhook = info
    good, lines = await said(api, **settings)
    assert ([True, False], []) == (good, [word for word in words if word not in lines]), lines
    assert "x-secret" not in lines


async def test_a_webhook_as_set_is_well(api: BotApi) -> None:
    """The same address, and nothing waiting: one good line."""
    api.webhook = {"url": URL}
    good, _ = await said(api, mode="webhook", webhook_secret="s", webhook_url=URL)  # noqa: S106  a made-up one
    assert [True] == good


async def test_staff_chats_are_looked_for(api: BotApi) -> None:
    """One line for each: reached, not known or the bot put out, or a group that has another number now."""
    api.absent, api.moved = {4040}, {-77: -100_777}
    good, lines = await said(api, staff_chats=(1001, 4040, -77))
    assert [True, True, False, False] == good
    assert [] == [word for word in ("1001 到得了", "4040 到不了", "-77 升级成了 -100777") if word not in lines], lines
    api.faults["getChatMemberCount"] = [403]
    assert ([True, False], 0) == ((await said(api, staff_chats=(1001,)))[0], api.calls["sendMessage"])
