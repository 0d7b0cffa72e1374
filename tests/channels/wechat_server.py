"""A WeChat API server to test against, over real HTTP: tokens, customer messages, the menu, and faults on demand.

Written after WeChat's documents (stable_token, custom/send, menu), because no real server and no independent emulator
could be had: it shows that we keep to the documents as we read them, not that WeChat does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

APP_ID, SECRET = "wx0123456789abcdef", "test-synthetic-secret"  # noqa: S105  made-up ones


class FakeWeChat:
    """What it was asked, what it sent, and what it shall do next."""

    def __init__(self) -> None:
        self.url = ""
        self.token = "token-1"
        self.tokens_given = 1
        self.expires_in = 7200
        self.sent: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        """Bodies of customer messages as they came."""
        self.calls: list[str] = []
        self.menu: list[dict[str, Any]] | None = None
        self.faults: dict[str, list[int | str]] = {}
        """Per path, what to do next instead: an errcode, `5xx`, `html`, `reset` before it is done, `lost` after it."""
        self.quota: int | None = None
        """Customer messages that are still allowed; None for any number."""
        self.away: set[str] = set()
        """People who have not written for 48 hours, as WeChat sees it."""
        self.secret = SECRET

    def app(self) -> web.Application:
        """The routes."""
        app = web.Application()
        app.router.add_post("/cgi-bin/stable_token", self._wrap(self._stable_token, needs_token=False))
        app.router.add_post("/cgi-bin/message/custom/send", self._wrap(self._custom_send))
        app.router.add_post("/cgi-bin/menu/create", self._wrap(self._menu_create))
        app.router.add_get("/cgi-bin/menu/get", self._wrap(self._menu_get))
        return app

    def renew(self) -> None:
        """Another program has forced a new token: the one before is not valid any more."""
        self.tokens_given += 1
        self.token = f"token-{self.tokens_given}"

    def count(self, name: str) -> int:
        """How often a path that ends so was asked."""
        return sum(call.endswith(name) for call in self.calls)

    def _wrap(self, handler: Any, needs_token: bool = True) -> Any:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.calls.append(request.path)
            waiting = self.faults.get(request.path.rpartition("/")[2]) or []
            fault = waiting.pop(0) if waiting else None
            if fault == "reset":
                return _cut(request)
            if fault == "5xx":
                return web.Response(status=502, text="<html>bad gateway</html>")
            if fault == "html":
                return web.Response(text="<html>blocked</html>", content_type="text/html")
            if isinstance(fault, int):
                return _json({"errcode": fault, "errmsg": "scripted rid: 1"})
            if needs_token and request.query.get("access_token") != self.token:
                return _json({"errcode": 40001, "errmsg": "invalid credential, access_token is invalid"})
            answer = handler(await request.read())
            return _cut(request) if fault == "lost" else _json(answer)

        return handle

    def _stable_token(self, body: bytes) -> dict[str, Any]:
        asked = json.loads(body)
        if asked["appid"] != APP_ID:
            return {"errcode": 40013, "errmsg": "invalid appid"}
        if asked["secret"] != self.secret or asked["grant_type"] != "client_credential":
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        if asked.get("force_refresh"):
            self.renew()
        return {"access_token": self.token, "expires_in": self.expires_in}

    def _custom_send(self, body: bytes) -> dict[str, Any]:
        if json.loads(body.decode("utf-8"))["touser"] in self.away:
            return {"errcode": 45015, "errmsg": "response out of time limit"}
        if self.quota is not None:
            if self.quota <= 0:
                return {"errcode": 45047, "errmsg": "out of response count limit"}
            self.quota -= 1
        message = json.loads(body.decode("utf-8"))
        if len(message["text"]["content"].encode()) > 2048:
            return {"errcode": 45002, "errmsg": "content size out of limit"}
        self.raw.append(body)
        self.sent.append(message)
        return {"errcode": 0, "errmsg": "ok"}

    def _menu_create(self, body: bytes) -> dict[str, Any]:
        self.menu = json.loads(body)["button"]
        return {"errcode": 0, "errmsg": "ok"}

    def _menu_get(self, body: bytes) -> dict[str, Any]:
        if self.menu is None:
            return {"errcode": 46003, "errmsg": "menu no exist"}
        # WeChat adds an empty sub_button to buttons without one
        return {"menu": {"button": [{**b, "sub_button": b.get("sub_button", [])} for b in self.menu]}}

    async def messages(self, count: int, seconds: float = 10.0) -> list[str]:
        """Wait until so many customer messages were sent; the texts of all, or of those there are in time."""
        for _ in range(int(seconds * 50)):
            if len(self.sent) >= count:
                break
            await asyncio.sleep(0.02)
        return [m["text"]["content"] for m in self.sent]


def _json(data: dict[str, Any]) -> web.Response:
    # WeChat calls its JSON text/plain
    return web.Response(body=json.dumps(data, ensure_ascii=False).encode(), content_type="text/plain")


def _cut(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@contextlib.asynccontextmanager
async def running_wechat() -> AsyncIterator[FakeWeChat]:
    """The server on a free port of this machine."""
    server = FakeWeChat()
    runner = web.AppRunner(server.app(), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()
