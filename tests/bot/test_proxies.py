"""Behind a proxy: its word on a visitor's address and scheme is believed, nobody else's; what it gives over TLS is Secure."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from rich.console import Console
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.config import Server, Settings
from bot.errors import ConfigError
from bot.saying import printed
from bot.serve import announce, uvicorn_config
from bot.server import make_app
from tests.fakes import MemoryStore


async def _seen(request: Request) -> Response:
    """What the service knows of the visitor, and a cookie without and one with Secure."""
    assert request.client is not None
    found = JSONResponse({"address": request.client.host, "scheme": request.url.scheme})
    found.set_cookie("plain", "1")
    found.set_cookie("secured", "1", secure=True)
    return found


@contextlib.contextmanager
def _serving(server: Server) -> Iterator[httpx.Client]:
    """The service's own HTTP server on any free port, in a thread; the test is its neighbour at 127.0.0.1."""
    app = make_app([Route("/seen", _seen)], MemoryStore(), lambda: "v", 64_000)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        running = uvicorn.Server(uvicorn_config(server, app))
        thread = threading.Thread(target=running.run, args=([listening],))
        thread.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=30) as client:
            yield client
        running.should_exit = True
        thread.join()


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        # what a visitor writes stands before what the proxy adds
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.1, 203.0.113.9", "203.0.113.9"),
        # a second proxy of ours on the way
        ("6.6.6.6, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("2001:db8::7", "2001:db8::7"),
    ],
)
def test_a_trusted_proxy_is_believed(forwarded: str, address: str) -> None:
    """The last address that is not of a proxy of ours is the visitor's, whatever stands before it."""
    with _serving(Server(trusted_proxies=("127.0.0.1", "10.0.0.0/8"))) as client:
        seen = client.get("/seen", headers={"x-forwarded-for": forwarded, "x-forwarded-proto": "https"})
    assert {"address": address, "scheme": "https"} == seen.json()


@pytest.mark.parametrize("trusted", [(), ("10.0.0.0/8", "::1")])
def test_anybody_else_is_not(trusted: tuple[str, ...]) -> None:
    """From a neighbour that is not in the list the headers change nothing: neither the address nor the scheme."""
    forged = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https", "x-real-ip": "203.0.113.9"}
    forged["forwarded"] = "for=203.0.113.9;proto=https"
    with _serving(Server(trusted_proxies=trusted)) as client:
        seen = client.get("/seen", headers=forged)
    assert {"address": "127.0.0.1", "scheme": "http"} == seen.json()
    assert ["plain=1; Path=/; SameSite=lax", "secured=1; Path=/; SameSite=lax; Secure"] == seen.headers.get_list(
        "set-cookie"
    )


def test_cookies_given_over_tls_are_secure() -> None:
    """Whatever the settings of page and console say; and said once."""
    with _serving(Server()) as client:
        given = client.get("/seen", headers={"x-forwarded-proto": "https"}).headers.get_list("set-cookie")
    assert ["plain=1; Path=/; SameSite=lax; Secure", "secured=1; Path=/; SameSite=lax; Secure"] == given


def test_the_environment_of_others_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server library would trust everybody by FORWARDED_ALLOW_IPS; only our setting counts."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    assert ["127.0.0.1", "::1"] == uvicorn_config(Server(), None).forwarded_allow_ips


@pytest.mark.parametrize("wrong", ["*", "nginx", "10.0.0.1/8"])
def test_what_is_no_address_is_named(wrong: str) -> None:
    """Trusting everybody, a name, a network with bits of a host: refused with the remedy."""
    with pytest.raises(ConfigError, match=r"server\.trusted_proxies.*不是 IP 地址或网段"):
        Settings.load(None, {"FAWEN_SERVER__TRUSTED_PROXIES": f"127.0.0.1,{wrong}"})


def test_the_start_page_shows_square_brackets() -> None:
    """A note with square brackets, such as the package to install, is shown whole."""
    screen = io.StringIO()
    note = "关（没有安装；pip install 'fawen[encoder]' 后更懂口语）"
    announce(printed(Console(file=screen, width=120)), "http://127.0.0.1:8000/", [("句向量", note)])
    assert f"  句向量：{note}" in screen.getvalue().splitlines()
