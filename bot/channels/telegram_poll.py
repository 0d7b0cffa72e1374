"""Fetching updates for ever, and watching that it does.

An update is acknowledged (by the next request's offset) only when it is on disk. A lost network is survived with growing
pauses; a request that hangs is cut off; a loop that stands still is started again with fresh connections; and how long
ago Telegram last answered is there for everybody to see.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from telegram import Bot, Update
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.request import BaseRequest, HTTPXRequest

from bot.channels.telegram_send import flood_wait
from bot.channels.telegram_updates import ALLOWED
from bot.errors import StoreUnavailable

log = logging.getLogger(__name__)

POLL_SECONDS = 25
HANGS_SECONDS = 90.0
"""A request for updates that takes this long hangs."""
STALL_SECONDS = 240.0
"""Without a sign of life from the loop for so long it is started again."""
BACKOFF_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
FRESH_AFTER = 4
"""Failures in a row after which the connections are made anew."""


class Contact:
    """When Telegram last answered, and what is wrong if it does not."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: float | None = None
        self.problem = ""
        """One Chinese sentence with the remedy; empty while all is well."""

    def good(self) -> None:
        """Telegram answered."""
        self._last, self.problem = self._clock(), ""

    def age(self) -> float | None:
        """Seconds since Telegram last answered; None when it never did."""
        return None if self._last is None else self._clock() - self._last


class Fetching(HTTPXRequest):
    """The connections for polling. An update that the library cannot read becomes an empty one, so that it is passed
    over instead of blocking those behind it for ever."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """See the library's BaseRequest."""
        data: dict[str, Any] = HTTPXRequest.parse_json_payload(payload)
        if isinstance(found := data.get("result"), list):
            data["result"] = [
                item if to_update(item) is not None else {"update_id": item["update_id"]}
                for item in found
                if isinstance(item, dict) and "update_id" in item
            ]
        return data


class Poller:
    """Long polling. `take` puts updates on disk and raises StoreUnavailable when it cannot."""

    def __init__(
        self,
        bot: Bot,
        connections: BaseRequest,
        take: Callable[[Sequence[Update]], Awaitable[None]],
        contact: Contact,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        stall: float = STALL_SECONDS,
    ) -> None:
        """`connections` are those that `bot` fetches updates with."""
        self._bot, self._connections, self._take, self._contact = bot, connections, take, contact
        self._clock, self._sleep, self._stall = clock, sleep, stall
        self._beat = clock()
        self._offset: int | None = None
        self.restarts = 0
        """How often a loop that stood still was started again."""
        self.running = False

    async def run(self) -> None:
        """Poll for ever, starting again whatever stops."""
        self.running = True
        try:
            await self._forever()
        finally:
            # whoever polls now knows how it is
            self.running, self._contact.problem = False, ""

    async def _forever(self) -> None:
        while True:
            self._beat = self._clock()
            loop = asyncio.create_task(self._poll(), name="telegram-poll")
            try:
                while not loop.done() and self._clock() - self._beat < self._stall:
                    await asyncio.wait({loop}, timeout=min(self._stall / 4, 10.0))
            finally:
                await _stopped(loop)
            self.restarts += 1
            ended = "it stood still" if loop.cancelled() else type(loop.exception()).__name__
            log.error("polling stood still or stopped (%s): starting it again", ended)
            await self._fresh()
            await self._sleep(BACKOFF_SECONDS[0])

    async def _poll(self) -> None:
        failures = 0
        while True:
            self._beat = self._clock()
            try:
                updates = await self._fetch()
                await self._take(updates)
                # the next request tells Telegram to forget these. Where nothing came it has forgotten all before: after a week
                # of silence it numbers anew at random, and below a kept offset whatever comes would be forgotten unseen
                self._offset = max((update.update_id for update in updates), default=-1) + 1 or None
                failures = 0
                continue
            except (TelegramError, TimeoutError) as error:
                pause = await self._explained(error, failures)
            except StoreUnavailable as error:
                log.error("updates not stored, so not acknowledged: %s", error)
                pause = _backoff(failures)
            failures += 1
            if failures % FRESH_AFTER == 0:
                await self._fresh()
            # a pause is life, however long Telegram asked for
            self._beat = self._clock() + pause
            await self._sleep(pause)

    async def _fetch(self) -> Sequence[Update]:
        async with asyncio.timeout(HANGS_SECONDS):
            found = await self._bot.get_updates(offset=self._offset, timeout=POLL_SECONDS, allowed_updates=ALLOWED)
        self._contact.good()
        return found

    async def _explained(self, error: Exception, failures: int) -> float:
        """Say what is wrong, do what can be done about it; how long to wait."""
        sentence, pause = explain(error, _backoff(failures))
        if sentence != self._contact.problem:
            log.warning("%s", sentence)
        self._contact.problem = sentence
        if isinstance(error, Conflict) and "webhook" in str(error):
            try:
                await self._bot.delete_webhook()
            except TelegramError as failed:
                log.warning("webhook not removed: %s", type(failed).__name__)
            return BACKOFF_SECONDS[0]
        return pause

    async def _fresh(self) -> None:
        """New connections: one that a proxy or router has forgotten is never used again."""
        try:
            await self._connections.shutdown()
            await self._connections.initialize()
        except Exception:
            log.exception("connections for polling not made anew")


def to_update(data: dict[str, Any], bot: Bot | None = None) -> Update | None:
    """One update as the library reads it; None, and a line in the log, for one that it cannot read."""
    try:
        return Update.de_json(data, bot)
    except Exception as error:
        # the library raises whatever the missing field leads to; the update's text must not reach the log
        log.error("update %s not understood (%s): passed over", data.get("update_id"), type(error).__name__)
        return None


def explain(error: Exception, pause: float) -> tuple[str, float]:
    """One Chinese sentence on what is wrong and what helps, and how long to wait before the next try, seconds."""
    words = str(error)
    if isinstance(error, InvalidToken):
        if "not found" in words.lower():
            return (
                "Telegram 返回 404：地址或令牌的格式不对，请核对 telegram.base_url（不带 /bot）和 telegram.token。",
                60.0,
            )
        return "Telegram 返回 401：令牌不对或已作废，请到 @BotFather 核对后改 telegram.token 并重启。", 60.0
    if isinstance(error, Conflict):
        if "webhook" in words:
            return "Telegram 返回 409：这个机器人登记过 webhook，已自动撤销，改为长轮询。", pause
        # at first soon: a replica that has just died may be remembered for a moment
        return "Telegram 返回 409：另有程序正用同一个令牌收消息，请停掉那一个；半分钟内再试。", min(pause, 30.0)
    if isinstance(error, RetryAfter):
        return f"Telegram 返回 429：要求等 {flood_wait(error):.0f} 秒再试，会自动照办。", flood_wait(error)
    if isinstance(error, BadRequest):
        remedy = (
            "请核对 telegram.webhook_url（https 开头、/telegram 结尾的公网地址），改好后重启。"
            if "webhook" in words.lower()
            else "请把这句话和日志交给维护的人。"
        )
        return f"Telegram 返回 400，不接受这个请求（{words}）：{remedy}", 60.0
    return "连不上 Telegram：请检查网络和 telegram.proxy；会一直自动重试，消息不会丢。", pause


async def _stopped(task: asyncio.Task[None]) -> None:
    """End a task. A cancellation that arrives while a connection is being closed can get lost: it is said again."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=1.0)


def _backoff(failures: int) -> float:
    return BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
