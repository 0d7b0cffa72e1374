"""The application and its event loop: what comes most often is found first."""

from __future__ import annotations

import asyncio
import sys

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channels import visit
from bot.server import FIRST, make_app, new_event_loop
from bot.traditional import Traditional


async def page(_: Request) -> Response:
    """Any page."""
    return Response()


def test_messages_are_looked_for_before_pages() -> None:
    """The callbacks and the API come before everything else, in the order given; nothing is left out."""
    console: list[BaseRoute] = [Route(f"/console/{n}", page) for n in range(3)]
    routes = [*console, Route("/wechat", page), Route("/telegram", page)]
    paths = [getattr(route, "path", "") for route in make_app(routes, None, lambda: "v", 1, []).routes]  # type: ignore[arg-type]  # no store is asked
    assert ["/wechat", "/telegram", "/console/0", "/console/1", "/console/2"] == paths
    assert {"/wechat", "/telegram", "/api"} == set(FIRST)


async def broken(_: Request) -> Response:
    """A page with a bug."""
    raise RuntimeError("bug")


@pytest.mark.parametrize(
    ("method", "path", "status", "said", "in_traditional"),
    [
        ("GET", "/nothing", 404, "没有这个页面。", "沒有這個頁面。"),
        ("PUT", "/here", 405, "不支持这种请求方式。", "不支持這種請求方式。"),
        ("GET", "/broken", 500, "系统暂时有点问题", "系統暫時有點問題"),
    ],
)
async def test_what_is_not_there_is_a_page_of_the_house(
    method: str, path: str, status: int, said: str, in_traditional: str
) -> None:
    """A heading, fit for a phone, a way back, in the size and the writing of the visit; a program gets JSON."""
    routes: list[BaseRoute] = [Route("/here", page), Route("/broken", broken)]
    app = make_app(routes, None, lambda: "v", 1, [], traditional=Traditional().text)  # type: ignore[arg-type]  # no store is asked
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers={"accept": "text/html"}
    ) as client:
        plain = await client.request(method, path)
        cookies = f"{visit.SIZE}=elder; {visit.WRITING}=traditional"
        chosen = await client.request(method, path, headers={"cookie": cookies})
        program = await client.request(method, path, headers={"accept": "application/json"})
    assert [status] * 3 == [one.status_code for one in (plain, chosen, program)]
    for one, lang, size, words, home in (
        (plain, "zh-CN", "standard", said, "回到聊天页面"),
        (chosen, "zh-Hant-HK", "elder", in_traditional, "回到聊天頁面"),
    ):
        assert f'<html lang="{lang}" data-size="{size}">' in one.text
        assert '<meta name="viewport" content="width=device-width' in one.text
        assert words in one.text.partition("<h1")[2].partition("</h1>")[0]
        assert f'href="/">{home}</a>' in one.text
    assert said in program.json()["error"]["message"]


def test_without_uvloop_the_loop_is_pythons_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it cannot be installed the service runs all the same."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    loop = new_event_loop()
    try:
        assert isinstance(loop, asyncio.SelectorEventLoop)
    finally:
        loop.close()


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop cannot be installed on Windows")
def test_the_loop_is_the_fast_one() -> None:
    """Elsewhere it is a dependency, so it is used."""
    loop = new_event_loop()
    try:
        assert type(loop).__module__.startswith("uvloop")
    finally:
        loop.close()
