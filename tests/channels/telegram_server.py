"""A Bot API server to test against: lo-bot-api-emulator, an independent implementation of the wire protocol.

It models long polling with redelivery and acknowledgement, 409 for a second poller and Telegram's limits. Added here,
because it leaves them out: the texts that were sent, `username` in getMe, real dates, and faults on demand.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web
from lo_bot_api_emulator import ApiRefusal, LoBotApiEmulator

TOKEN = "123456:TEST-synthetic-token"  # noqa: S105  a made-up one
CHAT = 42


class FakeTelegram(LoBotApiEmulator):  # type: ignore[misc]  # the package has no types
    """The emulator, with what it received at hand."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.faults: dict[str, list[ApiRefusal | str]] = {}
        """Per method, what to answer next instead: a refusal, or "lost" to do it but cut the answer off."""
        self.url = ""

    def validate(self, method: str, fields: dict[str, Any], uploads: dict[str, Any]) -> Any:
        self.calls.append(method)
        waiting = self.faults.get(method) or []
        fault = waiting.pop(0) if waiting else None
        if isinstance(fault, ApiRefusal):
            raise fault
        result = super().validate(method, fields, uploads)
        if method == "getMe":
            result = {**result, "username": "fawen_test_bot"}
        if method == "sendMessage":
            result = {**result, "date": int(time.time())}
            self.sent.append({**fields, "message_id": result["message_id"]})
        if fault == "lost":
            raise _Lost
        return result

    async def handle(self, request: web.Request) -> web.StreamResponse:
        try:
            response: web.StreamResponse = await super().handle(request)
            return response
        except _Lost:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

    async def says(self, text: str, chat: int = CHAT, kind: str = "private", **more: Any) -> None:
        """A person writes to the bot."""
        who = {"id": chat, "is_bot": False, "first_name": "街坊"}
        message = {
            "message_id": int(time.time() * 1000) % 2**31,
            "date": int(time.time()),
            "chat": {"id": chat, "type": kind, "title": "街坊"},
            "from": who,
            **({"text": text} if text else {}),
            **more,
        }
        await self.enqueue_update({"message": message}, token=TOKEN)

    async def presses(self, data: str, chat: int = CHAT) -> None:
        """A person presses a button of the last message."""
        who = {"id": chat, "is_bot": False, "first_name": "街坊"}
        message = {"message_id": 1, "date": int(time.time()), "chat": {"id": chat, "type": "private"}, "text": "…"}
        query = {"id": "777", "from": who, "chat_instance": "1", "data": data, "message": message}
        await self.enqueue_update({"callback_query": query}, token=TOKEN)

    async def messages(self, count: int, seconds: float = 10.0) -> list[dict[str, Any]]:
        """Wait until so many messages were sent; all of them, or those there are when the time is over."""
        for _ in range(int(seconds * 50)):
            if len(self.sent) >= count:
                break
            await asyncio.sleep(0.02)
        return self.sent

    async def called(self, method: str, seconds: float = 5.0, times: int = 1) -> bool:
        """Wait until a method was called so often; False when it was not in time."""
        for _ in range(int(seconds * 50)):
            if self.calls.count(method) >= times:
                return True
            await asyncio.sleep(0.02)
        return False


class _Lost(Exception):
    """The request was carried out, its answer cut off."""


def buttons(message: dict[str, Any]) -> dict[str, str]:
    """Label -> callback data of a sent message."""
    markup = message.get("reply_markup") or {"inline_keyboard": []}
    markup = json.loads(markup) if isinstance(markup, str) else markup
    return {b["text"]: b["callback_data"] for row in markup["inline_keyboard"] for b in row}


@contextlib.asynccontextmanager
async def running_telegram() -> AsyncIterator[FakeTelegram]:
    """The server on a free port of this machine."""
    server = FakeTelegram()
    runner = web.AppRunner(server.app(), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()
