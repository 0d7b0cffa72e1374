"""Every route of the whole service, asked in every way: no response leaves without its headers, no cookie is loose."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from bot.channels import wechat_webhook
from bot.channels.visit import VISIT
from bot.channels.webchat import WebChat
from bot.channels.wechat import Parts, WeChatChannel
from bot.channels.wechat_api import WeChatApi, make_client
from bot.channels.wechat_crypto import sign
from bot.config import Dialogue as Limits
from bot.config import Settings, Web, WeChat
from bot.console.site import routes as console_routes
from bot.dialogue import Dialogue
from bot.health import routes as health_routes
from bot.metrics import Metrics
from bot.server import make_app
from bot.store.accounts import Role
from bot.store.platform import PlatformStore
from tests.channels.running import a_channel
from tests.console.desk import Office, filled

YEAR = 31_536_000
SITE = "https://www.city.example"
ALWAYS = {
    "x-content-type-options": {"nosniff"},
    "referrer-policy": {"same-origin"},
    "permissions-policy": {"camera=(), microphone=(), geolocation=(), payment=(), usb=()"},
    "cross-origin-opener-policy": {"same-origin"},
    "cross-origin-resource-policy": {"same-origin"},
}
TELLTALE = {"server", "x-powered-by"}
METHODS = ("GET", "HEAD", "POST", "PUT", "OPTIONS")


@dataclass(frozen=True)
class Said:
    """The beginning of a response."""

    status: int
    headers: Sequence[tuple[str, str]]

    def one(self, name: str) -> str:
        """The value of a header that must stand there once."""
        found = [value for key, value in self.headers if key == name]
        assert 1 == len(found), f"{name}: {found}"
        return found[0]


async def ask(
    app: Starlette,
    method: str,
    target: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    scheme: str = "https",
) -> Said:
    """One request by ASGI; an endless response (live numbers) is left as soon as it has begun."""
    path, _, query = target.partition("?")
    begun: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
    told = {"host": "console.test", **(headers or {})}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": scheme, "path": path,
        "raw_path": path.encode(), "query_string": query.encode(), "client": ("127.0.0.1", 4000),
        "server": ("console.test", 443), "headers": [(k.encode(), v.encode()) for k, v in told.items()],
    }  # fmt: skip
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    gone = asyncio.Event()

    async def receive() -> Any:
        if messages:
            return messages.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            begun.set_result(Said(message["status"], [(k.decode(), v.decode()) for k, v in message["headers"]]))

    async def answer() -> None:
        with contextlib.suppress(_Boom):  # Starlette answers 500 and raises it again for the server's log
            await app(scope, receive, send)

    task = asyncio.create_task(answer())
    said = await begun
    gone.set()
    await task
    return said


class _Boom(Exception):
    """An error nobody foresaw."""


async def _boom(_: Request) -> Response:
    raise _Boom


@pytest.fixture
async def app(office: Office) -> AsyncIterator[Starlette]:
    """Everything that `fawen serve` can answer, and one page that breaks."""
    matcher, store, clock = office.house.matcher(), office.store, office.clock
    dialogue = Dialogue(lambda: matcher, store, Limits(per_minute=10_000), clock)
    web = WebChat(dialogue, lambda: matcher.knowledge, store, Web(embed_origins=(SITE,), secure_cookies=True), clock)
    telegram = a_channel("http://127.0.0.1:9", store, matcher, mode="webhook", webhook_secret=SecretStr("s" * 20))
    wechat = WeChat(app_id="wx1", token=SecretStr("token"), mode="plain")
    secure = office.house.settings.console.model_copy(update={"secure_cookies": True})
    object.__setattr__(office.house, "settings", Settings(console=secure))
    async with make_client(wechat) as client:
        platform = PlatformStore(store.shared)
        api = WeChatApi(wechat, client, platform, clock)
        channel = WeChatChannel(Parts(dialogue, store, platform, api, lambda: matcher.knowledge, clock))
        routes = [
            *web.routes(), *console_routes(office.house), *telegram.routes(),
            *wechat_webhook.routes(wechat, channel, clock, lambda _: False), Route("/boom", _boom),
        ]  # fmt: skip
        pages = health_routes(store, lambda: "v1", dict, Metrics())
        yield make_app(routes, store, lambda: "v1", 65_536, pages, YEAR, frames=(SITE,))
        await channel.close()
        await telegram.close()


def _paths(routes: Sequence[BaseRoute], before: str = "") -> Iterator[str]:
    """Every path that is routed, with something in its holes; of mounted files some that are there and one that is not."""
    for route in routes:
        if isinstance(route, Route):
            yield before + (filled(route.path) or "/")
        elif isinstance(route, Mount):
            inner = getattr(route.app, "_app", route.app)
            found = list(getattr(inner, "routes", []))
            yield from _paths(found, before + route.path)
            if not found:
                files = {"/static": "chat.css", "/console/static": "console.css"}
                yield from (f"{before}{route.path}/{name}" for name in (files[before + route.path], "nothing.css"))
        else:
            raise AssertionError(f"a kind of route this walk does not know: {route}")


def check(said: Said, where: str, scheme: str = "https") -> None:
    """What holds for every response."""
    assert set() == TELLTALE & {name for name, _ in said.headers}, where
    policy = said.one("content-security-policy")
    assert policy.startswith("default-src 'none'"), where
    assert "unsafe" not in policy, where
    assert "base-uri 'none'" in policy
    path = where.partition("?")[0].partition(" ")[2]
    page = any(name == "content-type" and value.startswith("text/html") for name, value in said.headers)
    # the page itself, and what residents see when something is not there or broke
    framed = page and not path.startswith("/console") and (path in ("/", "/say") or said.status >= 400)
    assert f"frame-ancestors {SITE if framed else chr(39) + 'none' + chr(39)}" in policy, where
    for name, allowed in ALWAYS.items():
        expected = (
            {"cross-origin"} if where.endswith(" /embed.js") and "resource" in name and said.status == 200 else allowed
        )
        assert said.one(name) in expected, (where, name)
    transport = [value for name, value in said.headers if name == "strict-transport-security"]
    assert ([f"max-age={YEAR}"] if scheme == "https" else []) == transport, where
    if "/console" in where and "/static" not in where and said.status not in (404, 405):
        assert said.one("cache-control").startswith("no-store"), where
    for name, cookie in said.headers:
        if name == "set-cookie":
            parts = {part.strip().lower() for part in cookie.split(";")[1:]}
            assert {"secure", "httponly"} <= parts, (where, cookie)
            site = "samesite=strict" if cookie.startswith("fawen_staff") else "samesite=none"
            assert site in parts, (where, cookie)


async def test_every_route_in_every_way(app: Starlette) -> None:
    """All paths with all methods, by a stranger, over TLS and without; whatever the status is, the headers are there."""
    paths = [*dict.fromkeys(_paths(app.routes)), "/nothing", "/console/nothing", "/api/nothing", "/boom", "/%00"]
    assert {"/", "/api/chat", "/console/queue", "/wechat", "/telegram", "/metrics", "/embed.js", "/readyz"} <= set(
        paths
    )
    seen = set()
    for path in paths:
        for method in METHODS:
            said = await ask(app, method, path, {"accept": "text/html"})
            seen.add(said.status)
            check(said, f"{method} {path}")
        check(await ask(app, "GET", path, scheme="http"), f"GET {path}", "http")
    assert {200, 303, 401, 403, 404, 405, 415, 422, 500} <= seen


async def test_every_console_page_of_somebody_signed_in(app: Starlette, office: Office) -> None:
    """With a session: pages, downloads, the live stream; and the cookies of entering and leaving."""
    user = await office.signed_in(Role.ADMIN)
    cookie = {"cookie": f"fawen_staff={user.cookie}"}
    statuses = {}
    for path in dict.fromkeys(p for p in _paths(app.routes) if p.startswith("/console")):
        said = await ask(app, "GET", path, cookie)
        check(said, f"GET {path}")
        statuses[path] = said.status
    assert {200} == {
        statuses[p] for p in ("/console", "/console/queue", "/console/live", "/console/reports/export.csv")
    }
    form = {"origin": "https://console.test", "content-type": "application/x-www-form-urlencoded"}
    found = await office.house.door.look(user.cookie)
    assert found is not None
    body = f"csrf={found[0].csrf}".encode()
    left = await ask(app, "POST", "/console/signout", {**form, **cookie}, body)
    check(left, "POST /console/signout")
    assert left.one("set-cookie").startswith('fawen_staff=""')
    entered = await ask(app, "POST", "/console/signin", form, b"name=lin&password=correct+horse+77")
    check(entered, "POST /console/signin")
    assert (303, True) == (entered.status, entered.one("set-cookie").startswith("fawen_staff="))


async def test_what_residents_and_platforms_get(app: Starlette, office: Office) -> None:
    """Real answers: page, form, API, preflight, too large, WeChat's check of the address."""
    timestamp = str(int(office.clock().timestamp()))
    query = f"signature={sign('token', timestamp, 'n1')}&timestamp={timestamp}&nonce=n1&echostr=hello"
    asked = json.dumps({"session": "s1", "text": "法律援助收费吗"}).encode()
    json_type = {"content-type": "application/json"}
    visit = f"{VISIT}={'v' * 24}"
    for method, target, headers, body, status in (
        ("GET", "/", {}, b"", 200),
        ("GET", "/embed.js", {}, b"", 200),
        ("POST", "/say", {"content-type": "application/x-www-form-urlencoded"}, b"text=x", 200),
        ("POST", "/say", {"content-type": "application/x-www-form-urlencoded", "cookie": visit}, b"text=x", 303),
        ("POST", "/say", {"origin": "https://evil.example"}, b"text=x", 403),
        ("POST", "/api/chat", json_type, asked, 200),
        ("POST", "/api/chat", {**json_type, "origin": SITE}, asked, 200),
        ("POST", "/api/chat", json_type, b" " * 70_000, 413),
        ("OPTIONS", "/api/chat", {"origin": SITE, "access-control-request-method": "POST"}, b"", 204),
        ("GET", f"/wechat?{query}", {}, b"", 200),
        ("POST", "/wechat", {}, b"x" * 40_000, 413),
        ("POST", f"/wechat?{query}", {}, b"<xml/>", 400),
        ("POST", "/telegram", {"x-telegram-bot-api-secret-token": "s" * 20}, b"{", 400),
        ("GET", "/metrics", {}, b"", 200),
        ("GET", "/metrics", {"x-forwarded-for": "127.0.0.1"}, b"", 403),
    ):
        said = await ask(app, method, target, headers, body)
        assert status == said.status, target
        check(said, f"{method} {target}")


async def test_nothing_is_said_of_tls_where_it_is_not_wanted(office: Office) -> None:
    """Strict-Transport-Security only where the setting gives a time."""
    app = make_app([Route("/boom", _boom)], office.store, lambda: "v1", 65_536)
    for path in ("/readyz", "/nothing", "/boom"):
        said = await ask(app, "GET", path)
        assert "strict-transport-security" not in {name for name, _ in said.headers}
