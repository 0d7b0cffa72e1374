"""What `fawen doctor` asks Telegram: who the bot is (getMe), where its messages go (getWebhookInfo), and whether the staff
chats are there (getChatMemberCount, which changes and shows nothing).

It asks for no updates: getUpdates would take the turn of the service that runs (409, core.telegram.org/bots/api#getupdates).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from telegram import Bot, WebhookInfo
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from bot.channels.telegram_send import flood_wait
from bot.channels.telegram_settings import connections, webhook_address, webhook_secret
from bot.checkup import Finding
from bot.config import Telegram
from bot.errors import ConfigError

NAME = "Telegram"
_WEBHOOK = "Telegram webhook"
_STAFF = "工作人员的聊天"


async def telegram_findings(settings: Telegram) -> list[Finding]:
    """One line on the bot, more where its webhook or a staff chat is not as set. Neither token nor proxy is ever shown."""
    if not settings.on:
        return [Finding(True, NAME, "没有启用（没有设置 telegram.token）")]
    try:
        how_to = connections(settings)
    except ConfigError as error:
        return [Finding(False, NAME, str(error))]
    async with HTTPXRequest(connection_pool_size=1, **how_to) as request:
        bot = Bot(
            settings.token.get_secret_value(), base_url=f"{settings.base_url.rstrip('/')}/bot", request=request,
        )  # fmt: skip
        try:
            with _quiet():
                me, info = await bot.get_me(), await bot.get_webhook_info()
                staff = [await _staff(bot, chat) for chat in settings.staff_chats]
        except TelegramError as error:
            return [Finding(False, NAME, _wrong(error, settings))]
    how = "长轮询" if settings.mode == "polling" else "webhook"
    trouble = _polling(info) if settings.mode == "polling" else _webhook(settings, info)
    found = [Finding(True, NAME, f"能连上，机器人是 @{me.username}（{how}）")]
    return [*found, *([Finding(False, _WEBHOOK, trouble)] if trouble else []), *staff]


async def _staff(bot: Bot, chat: int) -> Finding:
    """Is the bot in a staff chat. Raises TelegramError for what concerns more than this chat."""
    try:
        await bot.get_chat_member_count(chat)
    except ChatMigrated as error:
        return Finding(
            False, _STAFF, f"群 {chat} 升级成了 {error.new_chat_id}。请改 telegram.staff_chats，再重启服务。"
        )
    except (BadRequest, Forbidden) as error:
        said = f"{chat} 到不了（{error}），收不到新工单通知。"
        return Finding(
            False, _STAFF, f"{said}请核对 telegram.staff_chats；是人，请他先跟机器人说一句话；是群，请把机器人拉进群。"
        )
    return Finding(True, _STAFF, f"{chat} 到得了")


@contextmanager
def _quiet() -> Iterator[None]:
    """The library logs the trace of an answer that is no JSON, a proxy's page for instance; the finding says it in a line."""
    library = logging.getLogger("telegram")
    before = library.level
    library.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        library.setLevel(before)


def _wrong(error: TelegramError, settings: Telegram) -> str:
    """One sentence with the remedy; the library's own words may hold the address, and with it the token."""
    if isinstance(error, InvalidToken):
        if "not found" in str(error).lower():
            return "返回 404：地址或令牌的格式不对。请核对 telegram.base_url（不带 /bot）和 telegram.token。"
        return "返回 401：令牌不对或已作废。请到 @BotFather 核对后改 telegram.token，再重启服务。"
    if isinstance(error, Conflict):
        return "返回 409：另有程序正用同一个令牌。请停掉那一个；一个令牌只能由一处使用。"
    if isinstance(error, RetryAfter):
        return f"返回 429：问得太密，请 {flood_wait(error):.0f} 秒后再运行 fawen doctor。"
    return f"连不上 {settings.base_url}（{type(error).__name__}）。请检查网络、telegram.proxy 和防火墙。"


def _polling(info: WebhookInfo) -> str:
    if not info.url:
        return ""
    return (
        f"登记着 webhook（{_host(info.url)}），长轮询会得到 409。是本服务从前登记的，启动 fawen serve 会自动撤销；"
        "是别的程序在用，请先停掉它，或者换一个令牌。"
    )


def _webhook(settings: Telegram, info: WebhookInfo) -> str:
    try:
        webhook_secret(settings)
        webhook_address(settings)
    except ConfigError as error:
        return f"服务启动不了：{error}"
    if not info.url:
        if settings.webhook_url:
            return "还没有登记。fawen serve 启动时会登记 telegram.webhook_url；已经启动了的，请看它的日志。"
        return "还没有登记。请设置 telegram.webhook_url（https 开头、/telegram 结尾的公网地址）并启动 fawen serve。"
    if settings.webhook_url and info.url != settings.webhook_url:
        return (
            f"登记的是别的地址（{_host(info.url)}）。服务会改回来；一再变回去，就是另有程序在用同一个令牌，请停掉它。"
        )
    if info.pending_update_count and info.last_error_message:
        return (
            f"有 {info.pending_update_count} 条送不到（{info.last_error_message}）。请检查域名、证书和反向代理，"
            "/telegram 要转给 fawen serve。"
        )
    return ""


def _host(url: str) -> str:
    """Only the name: what follows it may be secret."""
    return urlsplit(url).hostname or "地址不明"
