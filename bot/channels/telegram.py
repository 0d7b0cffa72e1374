"""Telegram: updates in, messages out, nothing lost in between.

In: long polling or a webhook; an update is on disk (Dialogue.handle) before it is acknowledged, so that a crash brings
it again and `update_id` finds the reply given before. Out: the reply stands in the outbox, written in the same
transaction as the exchange; `TelegramSender` brings it out, and never repeats blindly what may have arrived.

Limits (Bot API): 4096 UTF-16 units a text, 64 bytes of callback data, updates kept for 24 hours.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from bot import replies
from bot.channels.split import split_text
from bot.config import Telegram
from bot.dialogue import Dialogue
from bot.errors import ConfigError, DeliveryDelayed, DeliveryRefused, DeliveryUncertain
from bot.messages import Kind, Message, Reply
from intents.model import KnowledgeData

os.environ.setdefault("PTB_TIMEDELTA", "true")  # the library's switch to the type its next version will have
log = logging.getLogger(__name__)

CHANNEL = "telegram"
TEXT_UNITS = 4096
POLL_SECONDS = 25
BACKOFF_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
ALLOWED = ["message", "callback_query"]
COMMANDS = ("start", "menu", "human", "help")
_CERTAINLY_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


def make_bot(settings: Telegram) -> Bot:
    """A client with pools of its own for polling and for sending, so that one never starves the other."""
    proxy = settings.proxy or None
    return Bot(
        settings.token.get_secret_value(),
        base_url=f"{settings.base_url.rstrip('/')}/bot",
        request=HTTPXRequest(connection_pool_size=8, proxy=proxy, connect_timeout=10, read_timeout=20),
        get_updates_request=HTTPXRequest(connection_pool_size=2, proxy=proxy, connect_timeout=10, read_timeout=20),
    )


def to_message(update: Update) -> Message | None:
    """The Message of an update; None for what is not for us (channel posts, groups without a mention)."""
    message_id = f"u{update.update_id}"
    if (query := update.callback_query) is not None:
        if query.message is None or not query.data:
            return None
        kind, _, rest = query.data.partition(":")
        chat, person = str(query.message.chat.id), str(query.from_user.id)
        at = datetime.now(UTC)
        if kind == "f":
            verdict, _, ref = rest.partition(":")
            word = "helpful" if verdict == "y" else "unhelpful"
            return Message(CHANNEL, chat, person, word, Kind.FEEDBACK, at, message_id, ref)
        return Message(CHANNEL, chat, person, rest, Kind.CHOICE, at, message_id) if kind == "c" else None
    found = update.message
    if found is None or found.from_user is None or found.chat.type != "private":
        return None
    text = found.text or found.caption or ""
    kind = Kind.TEXT if text else Kind.VOICE if found.voice else Kind.IMAGE if found.photo else Kind.OTHER
    if text.startswith("/"):
        kind, text = Kind.COMMAND, text[1:].split("@")[0].split()[0] if len(text) > 1 else "help"
    return Message(CHANNEL, str(found.chat.id), str(found.from_user.id), text, kind, found.date, message_id)


def keyboard(base: KnowledgeData, reply: Reply, ref: str) -> InlineKeyboardMarkup | None:
    """Options one a row, feedback side by side; None without either."""
    rows = [[InlineKeyboardButton(o.title, callback_data=f"c:{o.id}")] for o in reply.options]
    if reply.feedback:
        yes, no = replies.phrase(base, "feedback_yes"), replies.phrase(base, "feedback_no")
        rows.append(
            [
                InlineKeyboardButton(yes, callback_data=f"f:y:{ref}"),
                InlineKeyboardButton(no, callback_data=f"f:n:{ref}"),
            ]
        )
    return InlineKeyboardMarkup(rows) if rows else None


class TelegramChannel:
    """Receives by polling or webhook; sends what the outbox holds for Telegram."""

    def __init__(
        self,
        bot: Bot,
        settings: Telegram,
        dialogue: Dialogue,
        knowledge: Callable[[], KnowledgeData],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._bot = bot
        self._settings = settings
        self._dialogue = dialogue
        self._knowledge = knowledge
        self._sleep = sleep
        self._stack = AsyncExitStack()
        self.connected = False
        """Whether the last request to Telegram succeeded."""

    async def start(self) -> None:
        """Open the connection pools; says nothing to Telegram yet."""
        await self._stack.enter_async_context(self._bot)

    async def close(self) -> None:
        """Close the connection pools."""
        await self._stack.aclose()

    async def introduce(self) -> None:
        """Register the commands, and the webhook where that is the mode; tries again until Telegram accepts it."""
        failures = 0
        while True:
            try:
                return await self._register()
            except TelegramError as error:
                await self._sleep(_pause(error, failures))
                failures += 1

    async def _register(self) -> None:
        base, settings = self._knowledge(), self._settings
        await self._bot.set_my_commands([BotCommand(c, replies.phrase(base, f"command_{c}")) for c in COMMANDS])
        if settings.mode == "webhook" and settings.webhook_url:
            secret = settings.webhook_secret.get_secret_value()
            await self._bot.set_webhook(settings.webhook_url, allowed_updates=ALLOWED, secret_token=secret)
        elif settings.mode == "polling":
            await self._bot.delete_webhook()

    async def poll(self) -> None:
        """Fetch updates for ever. An update is acknowledged only when it and its reply are on disk."""
        offset, failures = None, 0
        while True:
            try:
                updates = await self._bot.get_updates(
                    offset=offset, timeout=POLL_SECONDS, allowed_updates=ALLOWED, read_timeout=POLL_SECONDS + 10
                )
                self.connected, failures = True, 0
            except TelegramError as error:
                self.connected = False
                delay = _pause(error, failures)
                failures += 1
                await self._sleep(delay)
                continue
            for update in updates:
                await self.take_in(update)
                offset = update.update_id + 1

    async def take_in(self, update: Update) -> None:
        """Answer one update into the outbox; its button stops spinning whether or not that worked."""
        message = to_message(update)
        if message is None:
            return
        await self._dialogue.handle(message, deliver=True)
        if update.callback_query is not None:
            try:
                await self._bot.answer_callback_query(update.callback_query.id)
            except TelegramError as error:
                log.info("callback answer not accepted: %s", error)

    async def send(self, chat: str, reply: Reply, ref: str) -> None:
        """Bring one reply out. Raises DeliveryRefused, DeliveryDelayed or DeliveryUncertain."""
        base = self._knowledge()
        line = replies.sources_line(base, reply)
        calls = "\n".join(f"☎ {c.number} {c.label}" for c in reply.calls)
        whole = "\n".join(part for part in (calls, reply.text, line) if part)
        pieces = split_text(whole, TEXT_UNITS, _units)
        for i, piece in enumerate(pieces):
            last = i == len(pieces) - 1
            markup = keyboard(base, reply, ref) if last else None
            await self._send_piece(chat, piece, markup, first=i == 0)

    async def _send_piece(self, chat: str, text: str, markup: InlineKeyboardMarkup | None, first: bool) -> None:
        try:
            await self._bot.send_message(chat_id=int(chat), text=text, reply_markup=markup)
        except RetryAfter as error:
            self._failed(first, DeliveryDelayed("flood limit", _flood_wait(error)), error)
        except (Forbidden, BadRequest, InvalidToken) as error:
            self._failed(first, DeliveryRefused(str(error)), error)
        except NetworkError as error:
            if isinstance(error.__cause__, _CERTAINLY_NOT_SENT):
                self._failed(first, DeliveryDelayed("not reached"), error)
            raise DeliveryUncertain(f"answer lost: {type(error.__cause__).__name__}") from error

    @staticmethod
    def _failed(first: bool, outcome: Exception, cause: Exception) -> None:
        # after a first piece has arrived, sending the whole again would repeat it
        if not first:
            raise DeliveryUncertain("a later part of a long text failed") from cause
        raise outcome from cause

    def routes(self) -> list[Route]:
        """POST /telegram for webhook mode; the secret is compared in constant time."""
        secret = self._settings.webhook_secret.get_secret_value()
        if not secret:
            raise ConfigError("telegram.mode 是 webhook 时必须设置 telegram.webhook_secret（1 到 256 个字母数字）。")

        async def webhook(request: Request) -> Response:
            given = request.headers.get("x-telegram-bot-api-secret-token", "")
            if not hmac.compare_digest(given.encode(), secret.encode()):
                return JSONResponse({"error": {"code": "forbidden", "message": "校验串不对。"}}, status_code=403)
            data: dict[str, Any] = await request.json()
            update = Update.de_json(data, self._bot)
            if update is not None:
                await self.take_in(update)
            return JSONResponse({})

        return [Route("/telegram", webhook, methods=["POST"])]


def _units(text: str) -> int:
    """Length as Telegram counts it: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def _flood_wait(error: RetryAfter) -> float:
    """Seconds Telegram asks to wait."""
    seconds = error.retry_after
    return seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)


def _pause(error: TelegramError, failures: int) -> float:
    """How long to wait after a failed poll, with one sentence in the log on what is wrong."""
    delay = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
    if isinstance(error, InvalidToken):
        log.error("Telegram refuses the token (401 or 404): check telegram.token; trying again in 60 s")
        return 60.0
    if isinstance(error, Conflict):
        log.error("another program polls with this token (409): stop it, or remove its webhook; trying again in 30 s")
        return 30.0
    if isinstance(error, RetryAfter):
        return _flood_wait(error)
    log.warning("Telegram not reached (%s), trying again in %.0f s", type(error).__name__, delay)
    return delay
