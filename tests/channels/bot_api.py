"""A Bot API server of our own, for what the emulator leaves out: HTML, edited messages, "not modified", scripted faults.

Long polling with offset, several answers by script: "lost" (done, then the connection is cut), "reset" (cut before
anything is done), "slow" (answered after a while), an HTTP status (nothing done), or (429, seconds).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from html.parser import HTMLParser
from typing import Any

from aiohttp import web

from tests.waiting import until

TOKEN = "123456:TEST-synthetic-token"  # noqa: S105  a made-up one
BOT = {"id": 123456, "is_bot": True, "first_name": "法问", "username": "fawen_test_bot"}
Fault = str | int | tuple[int, int]
_TAGS: dict[str, set[str]] = {"b": set(), "i": set(), "a": {"href"}, "blockquote": {"expandable"}}


class _Moved(ValueError):
    """A group has become a supergroup with another id."""


class _Html(HTMLParser):
    """What Telegram would show; bad HTML is refused with its words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown, self.open = "", list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _TAGS or {name for name, _ in attrs} - _TAGS[tag]:
            raise ValueError(f"can't parse entities: unsupported start tag {tag!r}")
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise ValueError(f"can't parse entities: unexpected end tag {tag!r}")

    def handle_data(self, data: str) -> None:
        self.shown += data


def shown(text: str, parse_mode: str | None) -> str:
    """The text as a person sees it. Raises ValueError as Telegram refuses it."""
    if parse_mode != "HTML":
        return text
    parser = _Html()
    parser.feed(text)
    parser.close()
    if parser.open or "<" in text.replace("<b>", "").replace("</b>", "").replace("<blockquote expandable>", "").replace(
        "</blockquote>", ""
    ):
        raise ValueError("can't parse entities: unclosed tag")
    return parser.shown


class BotApi:
    """The server; what it was asked for stands in its lists."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.sent: list[dict[str, Any]] = []
        """Messages that reached their chat: `chat`, `text` as shown, `raw`, `markup`, `reply_to`, `id`."""
        self.edits: list[dict[str, Any]] = []
        self.alerts: list[str] = []
        self.calls: Counter[str] = Counter()
        self.fields: dict[str, list[dict[str, str]]] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.chaos: Callable[[str], Fault | None] = lambda method: None
        """Asked where the script holds nothing for a method."""
        self.offsets: list[int] = []
        self.shuffle: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda batch: batch
        """What becomes of a batch on its way: repeated, reordered."""
        self.webhook: dict[str, Any] = {}
        """What getWebhookInfo says instead of none."""
        self.absent: set[int] = set()
        """Chats that getChatMemberCount does not find."""
        self.moved: dict[int, int] = {}
        """Groups that became supergroups, and their new ids."""
        self.url, self.next_id = "", 1
        self._arrived = asyncio.Event()

    def add(self, kind: str, body: dict[str, Any], update_id: int | None = None) -> int:
        """Put an update in the queue; its id."""
        number = update_id or self.next_id
        self.next_id = max(self.next_id, number) + 1
        self.updates.append({"update_id": number, kind: body})
        self._arrived.set()
        return number

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Any method of the API."""
        method = request.match_info["method"]
        fields = {key: str(value) for key, value in (await request.post()).items()}
        self.calls[method] += 1
        self.fields.setdefault(method, []).append(fields)
        waiting = self.faults.get(method)
        fault = waiting.pop(0) if waiting else self.chaos(method)
        if fault == "reset":
            return _cut(request)
        if isinstance(fault, tuple):
            return _refused(fault[0], "Too Many Requests", {"retry_after": fault[1]})
        if isinstance(fault, int):
            names = {401: "Unauthorized", 404: "Not Found", 409: "Conflict: terminated by other getUpdates request"}
            return _refused(fault, names.get(fault, "Bad Gateway"))
        if fault == "slow":
            await asyncio.sleep(0.3)
        answer = getattr(self, f"_{method}", self._fine)
        try:
            result = await answer(fields)
        except _Moved as error:
            said = "Bad Request: group chat was upgraded to a supergroup chat"
            return _refused(400, said, {"migrate_to_chat_id": error.args[0]})
        except ValueError as error:
            return _refused(400, f"Bad Request: {error}")
        return _cut(request) if fault == "lost" else web.json_response({"ok": True, "result": result})

    async def _fine(self, fields: dict[str, str]) -> Any:
        return True

    async def _getMe(self, fields: dict[str, str]) -> Any:
        return BOT

    async def _getWebhookInfo(self, fields: dict[str, str]) -> Any:
        return {"url": "", "has_custom_certificate": False, "pending_update_count": 0, **self.webhook}

    async def _getChatMemberCount(self, fields: dict[str, str]) -> Any:
        if (chat := int(fields["chat_id"])) in self.moved:
            raise _Moved(self.moved[chat])
        if chat in self.absent:
            raise ValueError("chat not found")
        return 2

    async def _setMyCommands(self, fields: dict[str, str]) -> Any:
        chat = json.loads(fields.get("scope", "{}")).get("chat_id", 0)
        if chat in self.moved:
            raise _Moved(self.moved[chat])
        return True

    async def _getUpdates(self, fields: dict[str, str]) -> Any:
        if offset := int(fields.get("offset", 0)):
            self.offsets.append(offset)
            self.updates = [u for u in self.updates if u["update_id"] >= offset]
        if not self.updates:
            self._arrived.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), min(float(fields.get("timeout", 0)), 0.5))
        return self.shuffle(list(self.updates[:100]))

    async def _sendMessage(self, fields: dict[str, str]) -> Any:
        text = self._checked(fields)
        to = json.loads(fields["reply_parameters"])["message_id"] if "reply_parameters" in fields else None
        number = len(self.sent) + 1
        self.sent.append(
            {"chat": int(fields["chat_id"]), "text": text, "raw": fields["text"], "id": number, "reply_to": to,
             "markup": json.loads(fields.get("reply_markup", "{}")), "at": time.monotonic()}
        )  # fmt: skip
        return _message(int(fields["chat_id"]), number, text)

    async def _editMessageText(self, fields: dict[str, str]) -> Any:
        text = self._checked(fields)
        number = int(fields["message_id"])
        before = [e["text"] for e in self.edits if e["id"] == number] or [
            m["text"] for m in self.sent if m["id"] == number
        ]
        if before and before[-1] == text:
            raise ValueError("message is not modified")
        self.edits.append({"id": number, "text": text, "markup": json.loads(fields.get("reply_markup", "{}"))})
        return _message(int(fields["chat_id"]), number, text)

    async def _answerCallbackQuery(self, fields: dict[str, str]) -> Any:
        self.alerts.append(fields.get("text", ""))
        return True

    def _checked(self, fields: dict[str, str]) -> str:
        text = shown(fields["text"], fields.get("parse_mode"))
        if not text.strip():
            raise ValueError("message text is empty")
        if len(text.encode("utf-16-le")) // 2 > 4096:
            raise ValueError("message is too long")
        for row in json.loads(fields.get("reply_markup", "{}")).get("inline_keyboard", []):
            for button in row:
                if not 1 <= len(button["callback_data"].encode()) <= 64:
                    raise ValueError("BUTTON_DATA_INVALID")
        return text

    async def wait(self, count: int, seconds: float = 10.0) -> list[dict[str, Any]]:
        """Wait until so many messages were sent; all of them, or those there are when the time is over."""
        await until(lambda: len(self.sent) >= count, seconds)
        return self.sent


def _message(chat: int, number: int, text: str) -> dict[str, Any]:
    return {"message_id": number, "date": 1_790_000_000, "chat": {"id": chat, "type": "private"}, "text": text}


def _refused(status: int, words: str, parameters: dict[str, int] | None = None) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": words}
    return web.json_response({**body, **({"parameters": parameters} if parameters else {})}, status=status)


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def labels(message: dict[str, Any]) -> dict[str, str]:
    """Label -> callback data of a sent or edited message."""
    return {b["text"]: b["callback_data"] for row in message["markup"].get("inline_keyboard", []) for b in row}


@contextlib.asynccontextmanager
async def running_bot_api(server: BotApi | None = None) -> AsyncIterator[BotApi]:
    """The server on a free port of this machine."""
    server = server or BotApi()
    app = web.Application()
    app.router.add_post("/bot{token}/{method}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()
