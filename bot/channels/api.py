"""POST /api/chat: the chat for programs, one JSON shape in and out, one shape of error.

In:  {"session": str, "text": str}, optionally "choice" (option id), "feedback" (helpful | unhelpful) with "ref", and
     "id" (the same id again gets the same reply again, and is counted once).
Out: {"id", "outcome", "text", "entry", "options": [{"id", "title"}], "sources": [...], "calls": [...], "ticket"}
Error: {"error": {"code", "message"}} with 400, 413, 415 or 422.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.dialogue import Dialogue
from bot.messages import Kind, Message, Reply

_MOST = {"session": 64, "text": 8000, "choice": 100, "feedback": 20, "ref": 64, "id": 64}
_KINDS = (("choice", Kind.CHOICE), ("feedback", Kind.FEEDBACK), ("text", Kind.TEXT))


class _BadRequest(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def error(status: int, code: str, message: str) -> JSONResponse:
    """The one error shape."""
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)


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


def routes(dialogue: Dialogue, now: Callable[[], datetime]) -> list[Route]:
    """The API's route, bound to one dialogue."""

    async def chat(request: Request) -> Response:
        try:
            data = await _body(request)
        except _BadRequest as bad:
            return error(bad.status, bad.code, bad.message)
        message = _message(data, now())
        reply = await dialogue.handle(message)
        return JSONResponse({"id": message.message_id.rpartition(":")[2], **shape(reply)})

    return [Route("/api/chat", chat, methods=["POST"])]


async def _body(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise _BadRequest(415, "not_json", "请以 application/json 发送。")
    try:
        data = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise _BadRequest(400, "bad_json", "请求体不是有效的 JSON。") from None
    if not isinstance(data, dict):
        raise _BadRequest(422, "not_object", "请求体应当是一个对象，含 session 和 text。")
    for key, most in _MOST.items():
        value = data.get(key)
        if value is None:
            continue
        if not isinstance(value, str):
            raise _BadRequest(422, "bad_type", f"“{key}”应当是文字。")
        if len(value) > most:
            raise _BadRequest(422, "too_long", f"“{key}”最多 {most} 个字符。")
        if any("\ud800" <= c <= "\udfff" or c == "\0" for c in value):
            raise _BadRequest(422, "bad_text", f"“{key}”含有无法保存的字符。")
    if not data.get("session"):
        raise _BadRequest(422, "no_session", "缺少“session”：同一次会话请用同一个字符串。")
    if not any(key in data for key, _ in _KINDS):
        raise _BadRequest(422, "no_text", "缺少“text”。")
    return {k: v for k, v in data.items() if k in _MOST and isinstance(v, str)}


def _message(data: dict[str, str], at: datetime) -> Message:
    key, kind = next((k, kind) for k, kind in _KINDS if k in data)
    # a session named by a program is kept apart from the page's visits, whose names are secrets
    chat = f"api:{data['session']}"
    return Message(
        channel="web",
        chat=chat,
        person=chat,
        text=data[key].strip(),
        kind=kind,
        at=at,
        message_id=f"{chat}:{data.get('id') or secrets.token_urlsafe(12)}",
        ref=f"{chat}:{data['ref']}" if data.get("ref") else "",
    )
