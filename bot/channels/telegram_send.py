"""Bringing replies to Telegram: one request a reply, its outcome told apart, never repeated blindly.

- Refused (400, 403): will be refused again. Delayed (429, not reached, token refused): certainly not sent, tried again.
- Uncertain (answer lost, 5xx): may have been sent; Telegram's servers answer 5xx to requests they carried out, too.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from datetime import timedelta

import httpx
from telegram import Bot, InlineKeyboardMarkup, ReplyParameters
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)  # fmt: skip

from bot.channels.telegram_pace import Pace
from bot.channels.telegram_view import Convert, keyboard, pages
from bot.errors import DeliveryDelayed, DeliveryError, DeliveryRefused, DeliveryUncertain
from bot.messages import Reply
from intents.model import KnowledgeData

os.environ.setdefault("PTB_TIMEDELTA", "true")  # the library's switch to the type its next version will have
log = logging.getLogger(__name__)

HANGS_SECONDS = 60.0
"""A request that takes longer than every timeout of the client together."""
TOKEN_PAUSE_SECONDS = 60.0
_CERTAINLY_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class Delivery:
    """Sends for the outbox, turns pages and stops buttons from spinning."""

    def __init__(self, bot: Bot, knowledge: Callable[[], KnowledgeData], pace: Pace, convert: Convert) -> None:
        self._bot, self._knowledge, self._pace, self._convert = bot, knowledge, pace, convert

    async def send(self, chat: str, reply: Reply, ref: str) -> None:
        """Bring one reply out. Raises DeliveryRefused, DeliveryDelayed or DeliveryUncertain."""
        base = self._knowledge()
        cut = pages(base, reply, self._convert)
        markup = keyboard(base, reply, ref, 1, len(cut), self._convert)
        await self._pace.turn(chat)
        try:
            await self._try(chat, cut[0], markup, _answers(ref))
        except ChatMigrated as error:
            # a group that became a supergroup has another id; nothing was sent to the old one
            await self._again(str(error.new_chat_id), cut[0], markup)
        except BadRequest as error:
            if "parse entities" not in str(error):
                raise DeliveryRefused(str(error)) from error
            log.error("Telegram could not read our HTML, sent as it is: %s", error)
            await self._again(chat, reply.text[:4000], markup, html=False)
        except (TelegramError, TimeoutError) as error:
            raise self._outcome(error) from error

    async def _again(self, chat: str, text: str, markup: InlineKeyboardMarkup | None, html: bool = True) -> None:
        """A second request after one that certainly changed nothing."""
        try:
            await self._try(chat, text, markup, None, html)
        except (TelegramError, TimeoutError) as error:
            raise self._outcome(error) from error

    async def _try(
        self, chat: str, text: str, markup: InlineKeyboardMarkup | None, answers: int | None, html: bool = True
    ) -> None:
        to = ReplyParameters(answers, allow_sending_without_reply=True) if answers else None
        async with asyncio.timeout(HANGS_SECONDS):
            await self._bot.send_message(
                chat_id=int(chat), text=text, parse_mode="HTML" if html else None, reply_markup=markup,
                reply_parameters=to,
            )  # fmt: skip

    async def turn_page(self, chat: str, shown: int, reply: Reply, ref: str, page: int) -> None:
        """Show another page of a long answer in the same message; doing it twice changes nothing."""
        base = self._knowledge()
        cut = pages(base, reply, self._convert)
        page = min(max(page, 1), len(cut))
        await self._pace.turn(chat)
        try:
            async with asyncio.timeout(HANGS_SECONDS):
                await self._bot.edit_message_text(
                    chat_id=int(chat), message_id=shown, text=cut[page - 1], parse_mode="HTML",
                    reply_markup=keyboard(base, reply, ref, page, len(cut), self._convert),
                )  # fmt: skip
        except BadRequest as error:
            if "not modified" not in str(error):
                raise DeliveryRefused(str(error)) from error
        except (TelegramError, TimeoutError) as error:
            raise self._outcome(error) from error

    async def stop_spinning(self, query: str, text: str = "") -> None:
        """Answer a pressed button; with a text it is shown over the chat. Failing costs nothing but the spinner."""
        try:
            async with asyncio.timeout(HANGS_SECONDS):
                await self._bot.answer_callback_query(query, text=text or None, show_alert=bool(text))
        except (TelegramError, TimeoutError) as error:
            log.info("callback answer not accepted: %s", type(error).__name__)

    def _outcome(self, error: Exception) -> DeliveryError:
        if isinstance(error, RetryAfter):
            self._pace.hold(flood_wait(error))
            return DeliveryDelayed("flood limit", flood_wait(error))
        if isinstance(error, InvalidToken):
            return DeliveryDelayed("token refused", TOKEN_PAUSE_SECONDS)
        if isinstance(error, Forbidden | BadRequest | ChatMigrated):
            return DeliveryRefused(str(error))
        if isinstance(error, NetworkError) and isinstance(error.__cause__, _CERTAINLY_NOT_SENT):
            return DeliveryDelayed("not reached")
        return DeliveryUncertain(f"answer lost: {type(error.__cause__ or error).__name__}")


def flood_wait(error: RetryAfter) -> float:
    """Seconds Telegram asks to wait."""
    seconds = error.retry_after
    return seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)


def _answers(ref: str) -> int | None:
    """Telegram's id of the group message that is answered, kept in our message id (`7-99.1234`)."""
    number = ref.rpartition(".")[2]
    return int(number) if "." in ref and number.isdecimal() else None
