"""/healthz, /readyz and /metrics: who may read what, and what they say."""

from __future__ import annotations

import httpx
import pytest

from bot.health import routes
from bot.metrics import Metrics
from bot.server import make_app
from tests.fakes import MemoryStore


async def asked(
    path: str, client: str = "10.0.0.9", token: str = "", headers: dict[str, str] | None = None, broken: bool = False
) -> httpx.Response:
    """One request from an address."""
    store = MemoryStore()
    store.broken = broken
    pages = routes(store, lambda: "v7", lambda: {"telegram": {"open": True, "contact_age": 3.5}}, Metrics(), token)
    app = make_app([], store, lambda: "v7", 64_000, pages)
    transport = httpx.ASGITransport(app, client=(client, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as http:
        return await http.get(path, headers=headers)


@pytest.mark.parametrize(
    ("client", "token", "headers", "status"),
    [
        ("127.0.0.1", "", {}, 200),
        ("::1", "geheim", {}, 200),
        ("10.0.0.9", "", {}, 403),
        ("10.0.0.9", "geheim", {"Authorization": "Bearer geheim"}, 200),
        ("10.0.0.9", "geheim", {"Authorization": "Bearer falsch"}, 403),
        ("10.0.0.9", "", {"Authorization": "Bearer "}, 403),
        ("127.0.0.1", "", {"X-Forwarded-For": "203.0.113.5"}, 403),
        ("127.0.0.1", "", {"Forwarded": "for=203.0.113.5"}, 403),
    ],
)
async def test_metrics_are_for_this_machine_or_the_token(
    client: str, token: str, headers: dict[str, str], status: int
) -> None:
    """Loopback without a proxy in between, or the configured token; everybody else is refused."""
    assert status == (await asked("/metrics", client, token, headers)).status_code


async def test_metrics_name_the_age_of_the_last_poll() -> None:
    """Prometheus text with the platform's last sign of life."""
    response = await asked("/metrics", "127.0.0.1")
    assert response.headers["content-type"].startswith("text/plain")
    assert 'fawen_channel_contact_age_seconds{channel="telegram"} 3.5' in response.text


def said(health: dict[str, dict[str, object]], seconds: float = 0.0) -> str:
    """What /metrics says of channels, so long after the start."""
    times = iter((100.0, 100.0 + seconds))
    return Metrics(lambda: next(times)).show({}, "v7", {}, health).decode()


def test_a_platform_never_reached_ages_from_the_start() -> None:
    """No contact at all is no less silent than one long ago; a channel that has no contact has no such sample."""
    text = said({"telegram": {"contact_age": None}, "web": {}}, 400.0)
    assert 'fawen_channel_contact_age_seconds{channel="telegram"} 400.0' in text
    assert 'contact_age_seconds{channel="web"}' not in text


@pytest.mark.parametrize(("problem", "value"), [("连不上 Telegram", 1), ("", 0)])
def test_metrics_tell_a_channel_s_problem(problem: str, value: int) -> None:
    """That there is one, not its words; none of a channel that cannot have any."""
    text = said({"telegram": {"problem": problem}, "web": {}})
    assert f'fawen_channel_problem{{channel="telegram"}} {value}.0' in text
    assert 'fawen_channel_problem{channel="web"}' not in text
    assert "连不上" not in text


async def test_health_tells_each_channel() -> None:
    """Alive is alive, whatever a platform does; how each channel is stands beside it."""
    expected = {"status": "ok", "channels": {"telegram": {"open": True, "contact_age": 3.5}}}
    assert expected == (await asked("/healthz")).json()


async def test_ready_needs_the_store() -> None:
    """503 while the database is away, with one error shape."""
    assert 200 == (await asked("/readyz")).status_code
    response = await asked("/readyz", broken=True)
    assert (503, "store_unavailable") == (response.status_code, response.json()["error"]["code"])


async def test_ready_tells_why_new_knowledge_is_not_in_force() -> None:
    """With a broken file the service is ready on the last good version, and says where the error is."""
    store = MemoryStore()
    pages = routes(store, lambda: "v7", refused=lambda: "entries/notary.yaml:1: 错误")
    transport = httpx.ASGITransport(app=make_app([], store, lambda: "v7", 64_000, pages))
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as http:
        response = await http.get("/readyz")
    expected = {"status": "ok", "knowledge": "v7", "knowledge_refused": "entries/notary.yaml:1: 错误"}
    assert (200, expected) == (response.status_code, response.json())
