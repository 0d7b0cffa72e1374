"""The chat for programs, one JSON shape in and out, one shape of error; described at GET /api/openapi.json (openapi.py).

POST /api/chat     {"session": str, "text": str}, optionally "choice" (option id), "feedback" (helpful | unhelpful)
                   with "ref", and "id" (the same id again gets the same reply again, and is counted once)
                -> {"id", "outcome", "text", "entry", "options": [{"id", "title"}], "sources": [...], "calls": [...],
                   "ticket", ...}
GET  /api/suggest  ?q= -> {"suggestions": [{"id", "title"}]}
Error: {"error": {"code", "message"}}; every code stands in openapi.CODES
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router

from bot.channels import openapi
from bot.channels.cors import Cors
from bot.channels.suggest import Suggestions
from bot.dialogue import Dialogue
from bot.logs import attend
from bot.messages import Kind, Message, Reply
from bot.traditional import Traditional, is_marked
from bot.typed import meant
from intents.model import KnowledgeData

_KINDS = (("choice", Kind.CHOICE), ("feedback", Kind.FEEDBACK), ("text", Kind.TEXT))
_TURNED_AWAY = {"too_fast": 429, "busy": 503, "outage": 503}
"""Replies that are errors to a program, by their key: nothing was answered."""
_RETRY_SECONDS = 5
_TYPING_RETRY_SECONDS = 1
_SURROGATE = re.compile("[\ud800-\udfff]")


class _BadRequest(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class _Said(JSONResponse):
    """JSON of texts that the store has kept: no half of a surrogate pair is in them."""

    def render(self, content: Any) -> bytes:
        """See JSONResponse."""
        return orjson.dumps(content)


def error(status: int, code: str, message: str, retry_seconds: int = 0) -> JSONResponse:
    """The one error shape; `retry_seconds` says when to come again."""
    headers = {"Retry-After": str(retry_seconds)} if retry_seconds else None
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status, headers=headers)


def shape(reply: Reply) -> dict[str, Any]:
    """A reply as the API gives it."""
    return {
        "outcome": reply.outcome,
        "text": reply.text,
        "entry": reply.entry,
        "options": [{"id": o.id, "title": o.title} for o in reply.options],
        "sources": [
            {"title": c.title, "article": c.article, **({"link": c.link} if c.link else {})} for c in reply.sources
        ],
        "checked": reply.checked,
        "calls": [{"number": c.number, "label": c.label} for c in reply.calls],
        "ticket": reply.ticket,
        "confidence": round(reply.confidence, 4),
    }


class Api:
    """Turns JSON into Messages and Replies into JSON; holds no conversation of its own."""

    def __init__(
        self,
        dialogue: Dialogue,
        knowledge: Callable[[], KnowledgeData],
        now: Callable[[], datetime],
        written: Traditional,
    ) -> None:
        self._dialogue, self._now, self._traditional = dialogue, now, written
        self._suggestions = Suggestions(knowledge)

    def routes(self, title: str, origins: Sequence[str] = ()) -> list[BaseRoute]:
        """Everything under /api; pages of `origins` may call it from a browser."""
        description = openapi.document(title)

        async def describe(_: Request) -> Response:
            return JSONResponse(description)

        inner = Router([
            Route("/chat", _named(self.chat), methods=["POST"]),
            Route("/suggest", _named(self.suggest), methods=["GET"]),
            Route("/openapi.json", describe, methods=["GET"]),
        ], redirect_slashes=False)  # fmt: skip
        return [Mount("/api", app=Cors(inner, origins))]

    async def chat(self, request: Request) -> Response:
        """One message; who asks in Traditional characters is answered in them, also after a choice. Raises _BadRequest."""
        data = await _body(request)
        name = data.get("id") or secrets.token_urlsafe(12)
        message = _message({**data, "id": name}, self._now())
        attend(message.channel, message.message_id)
        reply = await self._dialogue.handle(message)
        if is_marked(reply):
            reply = self._traditional.reply(reply)
        if status := _TURNED_AWAY.get(reply.key):
            return error(status, reply.key, reply.text, _RETRY_SECONDS)
        return _Said({"id": name, **shape(reply)}, headers={"Cache-Control": "no-store"})

    async def suggest(self, request: Request) -> Response:
        """Titles for what is typed so far. Raises _BadRequest."""
        typed = _typed(request)
        traditional = bool(self._traditional.written(typed))
        if not self._dialogue.gate.typing(self._now()):
            said = "现在打字的人太多，稍后再显示联想。"
            return error(429, "too_fast", self._traditional.text(said) if traditional else said, _TYPING_RETRY_SECONDS)
        shown = [
            {"id": o.id, "title": self._traditional.text(o.title) if traditional else o.title}
            for o in await self._suggestions.find(typed)
        ]
        return JSONResponse({"suggestions": shown}, headers={"Cache-Control": "private, max-age=60"})


def _named(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Bad requests in the one error shape."""

    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except _BadRequest as bad:
            return error(bad.status, bad.code, bad.message)

    return answered


def _typed(request: Request) -> str:
    typed = request.query_params.get("q")
    if typed is None:
        raise _BadRequest(422, "no_q", "缺少“q”：已经打出的字。")
    _check("q", typed, openapi.MOST_TYPED)
    return typed


def _check(key: str, value: object, most: int) -> None:
    if not isinstance(value, str):
        raise _BadRequest(422, "bad_type", f"“{key}”应当是文字。")
    if len(value) > most:
        raise _BadRequest(422, "too_long", f"“{key}”最多 {most} 个字符。")
    if _SURROGATE.search(value):
        raise _BadRequest(422, "bad_text", f"“{key}”含有无法保存的字符。")


async def _body(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise _BadRequest(415, "not_json", "请以 application/json 发送。")
    data = _parsed(await request.body())
    if not isinstance(data, dict):
        raise _BadRequest(422, "not_object", "请求体应当是一个对象，含 session 和 text。")
    for key, most in openapi.MOST.items():
        if key in data:
            _check(key, data[key], most)
    if not data.get("session"):
        raise _BadRequest(422, "no_session", "缺少“session”：同一次会话请用同一个字符串。")
    if not any(key in data for key, _ in _KINDS):
        raise _BadRequest(422, "no_text", "缺少“text”。")
    if data.get("feedback", openapi.FEEDBACK[0]) not in openapi.FEEDBACK:
        raise _BadRequest(422, "bad_value", f"“feedback”只能是 {' 或 '.join(openapi.FEEDBACK)}。")
    # PostgreSQL stores no NUL
    return {key: data[key].replace("\0", "\ufffd") for key in openapi.MOST if key in data}


def _parsed(body: bytes) -> Any:
    with contextlib.suppress(ValueError):
        return orjson.loads(body)
    # what orjson refuses may be JSON all the same: halves of surrogate pairs, numbers of any length
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise _BadRequest(400, "bad_json", "请求体不是有效的 JSON。") from None


def _message(data: dict[str, str], at: datetime) -> Message:
    key, kind = next((k, kind) for k, kind in _KINDS if k in data)
    # a session named by a program is kept apart from the page's visits, whose names are secrets
    chat = f"api:{data['session']}"
    # its length stands before it: a colon in a session or an id cannot make two messages one
    within = f"{len(chat)}:{chat}:"
    kind, text = meant(data[key].strip()) if kind is Kind.TEXT else (kind, data[key].strip())
    return Message(
        channel="web",
        chat=chat,
        person=chat,
        text=text,
        kind=kind,
        at=at,
        message_id=f"{within}{data['id']}",
        ref=f"{within}{data['ref']}" if data.get("ref") else "",
    )
