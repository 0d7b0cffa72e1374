"""The JSON API and the server's own manners, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest


@pytest.fixture
def client(site: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site, timeout=10) as made:
        yield made


def test_answer_and_follow_up_in_one_session(client: httpx.Client) -> None:
    first = client.post("/api/chat", json={"session": "s1", "text": "继承公证怎么办"}).json()
    assert (first["outcome"], first["entry"]) == ("answer", "notary.inheritance")
    assert first["sources"][0]["article"] == "第二条"
    again = client.post("/api/chat", json={"session": "s1", "text": "那要多少钱"}).json()
    assert again["entry"] == "notary.fee"


def test_the_same_id_is_answered_once(client: httpx.Client) -> None:
    body = {"session": "s2", "text": "给我讲个笑话", "id": "one"}
    tickets = {client.post("/api/chat", json=body).json()["ticket"] for _ in range(3)}
    assert len(tickets) == 1
    assert None not in tickets


@pytest.mark.parametrize(
    ("send", "status", "code"),
    [
        ({"json": {"text": "问"}}, 422, "no_session"),
        ({"json": {"session": "s"}}, 422, "no_text"),
        ({"json": {"session": "s", "text": 5}}, 422, "bad_type"),
        ({"json": {"session": "s", "text": "问" * 9000}}, 422, "too_long"),
        ({"json": ["s"]}, 422, "not_object"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400, "bad_json"),
        ({"content": b"[" * 60_000, "headers": {"content-type": "application/json"}}, 400, "bad_json"),
        ({"content": b"text=a", "headers": {"content-type": "text/plain"}}, 415, "not_json"),
        ({"content": b" " * 70_000, "headers": {"content-type": "application/json"}}, 413, "too_large"),
    ],
)
def test_bad_requests_are_named(client: httpx.Client, send: dict[str, object], status: int, code: str) -> None:
    response = client.post("/api/chat", **send)  # type: ignore[arg-type]  # one of httpx's body arguments
    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert response.json()["error"]["message"]


def test_health_headers_and_unknown_pages(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "channels": {"web": {"open": True}}}
    ready = client.get("/readyz").json()
    assert ready["status"] == "ok"
    assert ready["knowledge"]
    page = client.get("/")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "HttpOnly" in page.headers["set-cookie"]
    missing = client.get("/nothing", headers={"accept": "text/html"})
    assert missing.status_code == 404
    assert "没有这个页面" in missing.text


def test_posts_from_other_sites_are_refused(client: httpx.Client) -> None:
    for header in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert client.post("/say", data={"text": "问"}, headers=header).status_code == 403
