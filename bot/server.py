"""The ASGI application: routes of the channels, health, security headers, body limit, one shape of error."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot import health
from bot.channels.alone import alone
from bot.channels.api import error
from bot.channels.cors import mark_error
from bot.headers import headers_for
from bot.store.base import Store

log = logging.getLogger(__name__)
_Writing = Callable[[str], str] | None
_Show = Callable[[Request, int, str, str], Response]
"""Makes the answer of an error: request, status, code, message."""

MOST_UPDATE = 1 << 20
"""Bytes of one delivery by Telegram: two long texts with all their links, one answering the other, are more than 64 KB. What is
refused would come again and hold up what is behind it."""
_OWN_LIMITS = {"/telegram": MOST_UPDATE}
FIRST = ("/wechat", "/telegram", "/api")
"""What nearly every request is for: looked for before the hundred pages of the console."""


def new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where it can be installed (not on Windows), else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class _Guard:
    """Adds the security headers and refuses bodies over the limit before they are read in whole."""

    def __init__(self, app: ASGIApp, max_body: int, hsts_seconds: int) -> None:
        self._app, self._max_body = app, max_body
        self._ours = {
            scheme: [(k.lower().encode(), v.encode()) for k, v in headers_for(scheme, hsts_seconds).items()]
            for scheme in ("http", "https")
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen, most = 0, max(self._max_body, _OWN_LIMITS.get(scope["path"], 0))
        ours = self._ours["https" if scope["scheme"] == "https" else "http"]

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise HTTPException(413)
            return message

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message["headers"]
                present = {name for name, _ in given}
                if scope["scheme"] == "https":
                    # whatever the settings say: what was given over TLS is not sent back in the clear
                    given = [(name, _secure(value) if name == b"set-cookie" else value) for name, value in given]
                message["headers"] = [*given, *(pair for pair in ours if pair[0] not in present)]
            await send(message)

        await self._app(scope, limited, with_headers)


def _secure(cookie: bytes) -> bytes:
    """A Set-Cookie value with its Secure attribute (RFC 6265, 4.1.2.5)."""
    attributes = [part.strip().lower() for part in cookie.split(b";")[1:]]
    return cookie if b"secure" in attributes else cookie + b"; Secure"


def make_app(
    routes: Sequence[BaseRoute],
    store: Store,
    version: Callable[[], str],
    max_body: int,
    pages: Sequence[Route] | None = None,
    hsts_seconds: int = 0,
    traditional: _Writing = None,
    frames: Sequence[str] = (),
) -> Starlette:
    """The application; `version` names the knowledge in force; `pages` are those of bot.health, made here if not given;
    `hsts_seconds` is the age of Strict-Transport-Security, 0 for none; `traditional` writes a sentence in Traditional characters;
    `frames` are sites that may show the chat, and what residents see when something is not there or broke."""
    show = functools.partial(_shown, traditional, frames)
    every = [*(health.routes(store, version) if pages is None else pages), *routes]
    return Starlette(
        routes=sorted(every, key=lambda route: getattr(route, "path", "") not in FIRST),
        middleware=[Middleware(_Guard, max_body=max_body, hsts_seconds=hsts_seconds)],
        exception_handlers={
            HTTPException: functools.partial(_http_error, show),
            ClientDisconnect: _gone,
            Exception: functools.partial(_server_error, hsts_seconds, show),
        },
    )


_NAMES = {
    404: ("not_found", "没有这个页面。"),
    405: ("bad_method", "不支持这种请求方式。"),
    413: ("too_large", "内容太大。"),
}


async def _http_error(show: _Show, request: Request, exc: Exception) -> Response:
    status = exc.status_code if isinstance(exc, HTTPException) else 500
    code, message = _NAMES.get(status, ("bad_request", "请求有误。"))
    shown = show(request, status, code, message)
    # 405 names what is allowed (RFC 9110, 15.5.6)
    shown.headers.update((exc.headers if isinstance(exc, HTTPException) else None) or {})
    return shown


async def _gone(request: Request, exc: Exception) -> Response:
    """The connection broke before the request was whole: no fault of ours, and nobody reads the answer."""
    log.info("a request to %s broke off", request.url.path)
    return error(400, "bad_request", "请求有误。")


async def _server_error(hsts_seconds: int, show: _Show, request: Request, exc: Exception) -> Response:
    log.error("unexpected error on %s", request.url.path, exc_info=exc)
    shown = show(request, 500, "internal", "系统暂时有点问题，请稍后再试；着急请拨打 12348。")
    # this answer is made outside of _Guard
    for name, value in headers_for(request.url.scheme, hsts_seconds).items():
        shown.headers.setdefault(name, value)
    mark_error(request.scope, shown.headers)
    return shown


def _shown(
    traditional: _Writing, frames: Sequence[str], request: Request, status: int, code: str, message: str
) -> Response:
    if request.url.path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
        return error(status, code, message)
    return alone(request.cookies, request.url.path, status, message, traditional, frames)
