"""The application and its event loop: what comes most often is found first."""

from __future__ import annotations

import asyncio
import sys

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.server import FIRST, make_app, new_event_loop


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
