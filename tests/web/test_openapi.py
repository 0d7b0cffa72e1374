"""The description of the API says what the code does: shapes, codes, paths, and a machine that asks whatever it allows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator

from bot.channels import openapi
from bot.channels.webchat import WebChat
from bot.config import Dialogue as Rate
from bot.config import Limits, Web
from bot.dialogue import Dialogue
from bot.gate import Gate
from bot.server import make_app
from intents import Matcher
from tests.fakes import FakeClock, MemoryStore

CASES = 12
"""Requests of each operation and kind; a few seconds."""


@pytest.fixture
def client(site: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site, timeout=10) as made:
        yield made


@pytest.fixture
def described(client: httpx.Client) -> dict[str, Any]:
    """The document as served."""
    found = client.get("/api/openapi.json").json()
    assert isinstance(found, dict)
    return found


def _fits(described: dict[str, Any], name: str, value: object) -> list[str]:
    schema = {"$ref": f"#/components/schemas/{name}", "components": described["components"]}
    return [error.message for error in Draft202012Validator(schema).iter_errors(value)]


def test_every_kind_of_reply_fits_its_schema(client: httpx.Client, described: dict[str, Any]) -> None:
    """Answer, options, ticket, emergency, Traditional, feedback, suggestions: no field too many, none missing."""
    asked: list[dict[str, str]] = [
        {"text": "继承公证怎么办", "id": "a:1"},
        {"text": "菜单"},
        {"text": "今天天气怎么样"},
        {"text": "他现在正在打我"},
        {"text": "繼承公證怎麼辦"},
        {"choice": "notary.fee"},
        {"feedback": "helpful", "ref": "a:1"},
        {"text": ""},
    ]
    replies = [client.post("/api/chat", json={"session": "shape", **body}) for body in asked]
    assert [200] * len(asked) == [r.status_code for r in replies]
    assert [[]] * len(asked) == [_fits(described, "Reply", r.json()) for r in replies]
    assert "a:1" == replies[0].json()["id"]
    assert [] == _fits(described, "Suggestions", client.get("/api/suggest", params={"q": "公证"}).json())


def test_every_error_has_the_one_shape_and_its_code_is_described(
    client: httpx.Client, described: dict[str, Any]
) -> None:
    """400, 404, 405, 413, 415 and 422 over real HTTP; 405 names the allowed methods."""
    as_json = {"content-type": "application/json"}
    found = {
        400: client.post("/api/chat", content=b"{", headers=as_json),
        404: client.get("/api/nothing"),
        405: client.put("/api/chat", json={}),
        413: client.post("/api/chat", content=b" " * 70_000, headers=as_json),
        415: client.post("/api/chat", content=b"a"),
        422: client.post("/api/chat", json={"session": "s", "text": None}),
    }
    assert {status: status for status in found} == {status: r.status_code for status, r in found.items()}
    assert {status: [] for status in found} == {s: _fits(described, "Error", r.json()) for s, r in found.items()}
    assert [] == [s for s, r in found.items() if r.json()["error"]["code"] not in openapi.CODES[s]]
    assert "POST" == found[405].headers["allow"]


@pytest.mark.parametrize(("kind", "status"), [("too_fast", 429), ("busy", 503), ("outage", 503), ("internal", 500)])
async def test_what_was_not_answered_is_an_error(
    kind: str, status: int, sample_matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too fast, too much at once, no database, a fault of ours: the one shape, with a Chinese sentence and no trace."""
    store, clock = MemoryStore(), FakeClock()
    gate = Gate(Limits(per_second=1, in_work=1)) if kind == "busy" else None
    dialogue = Dialogue(lambda: sample_matcher, store, Rate(per_minute=1), clock, gate=gate)
    web = WebChat(dialogue, lambda: sample_matcher.knowledge, store, Web(), clock)
    app = make_app(web.routes(), store, lambda: "v", 65536)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await client.post("/api/chat", json={"session": "s", "text": "公证收费标准"})
        store.broken = kind == "outage"
        if kind == "internal":
            monkeypatch.setattr(store, "seen", None)
        refused = await client.post("/api/chat", json={"session": "s", "text": "公证收费标准"})
    assert (status, kind) == (refused.status_code, refused.json()["error"]["code"])
    assert [] == _fits(openapi.document("法问"), "Error", refused.json())
    assert "default-src 'none'" in refused.headers["content-security-policy"]
    assert ("5" if kind != "internal" else None) == refused.headers.get("retry-after")


async def test_suggestions_have_a_limit(sample_matcher: Matcher) -> None:
    """Twenty at one moment however few messages are let in, then 429 in the one shape; a second later again. Messages are
    counted apart."""
    store, clock = MemoryStore(), FakeClock()
    dialogue = Dialogue(lambda: sample_matcher, store, Rate(), clock, gate=Gate(Limits(per_second=1)))
    web = WebChat(dialogue, lambda: sample_matcher.knowledge, store, Web(), clock)
    transport = httpx.ASGITransport(make_app(web.routes(), store, lambda: "v", 65536))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        said = [await client.get("/api/suggest", params={"q": "公证"}) for _ in range(30)]
        assert [200] * 20 + [429] * 10 == [one.status_code for one in said]
        refused = said[-1]
        assert ("too_fast", "1") == (refused.json()["error"]["code"], refused.headers["retry-after"])
        assert [] == _fits(openapi.document("法问"), "Error", refused.json())
        assert 200 == (await client.post("/api/chat", json={"session": "s", "text": "公证收费标准"})).status_code
        clock.pass_by(seconds=1)
        assert 200 == (await client.get("/api/suggest", params={"q": "公证"})).status_code


def test_headers_of_refusals_are_described(described: dict[str, Any]) -> None:
    """When to come again, and what is allowed, wherever such an answer is described; nowhere else."""
    named = {
        (path, status): sorted(answer.get("headers", {}))
        for path, operations in described["paths"].items()
        for operation in operations.values()
        for status, answer in operation["responses"].items()
    }
    wanted = {"405": ["Allow"], "429": ["Retry-After"], "503": ["Retry-After"]}
    assert {key: wanted.get(key[1], []) for key in named} == named
    assert {("/api/chat", "429"), ("/api/chat", "503"), ("/api/suggest", "429")} <= set(named)


def test_the_limits_are_those_of_the_code(described: dict[str, Any]) -> None:
    """Each field's longest value stands in the document, and the codes are all of CODES."""
    fields = described["components"]["schemas"]["Request"]["properties"]
    limits = {name: schema["maxLength"] for name, schema in fields.items() if "maxLength" in schema}
    assert {n: m for n, m in openapi.MOST.items() if n != "feedback"} == limits
    codes = described["components"]["schemas"]["Error"]["properties"]["error"]["properties"]["code"]["enum"]
    assert sorted(c for group in openapi.CODES.values() for c in group) == codes


def test_a_machine_asks_whatever_the_description_allows(site: str, described: dict[str, Any]) -> None:
    """schemathesis: valid and broken requests to every operation; no server error, nothing undescribed."""
    schema = schemathesis.openapi.from_dict(described)
    schema.config.update(base_url=site)
    asked: list[int] = []
    for result in schema.get_all_operations():
        operation = result.ok()  # type: ignore[union-attr]  # an error of the schema fails the test here
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            if mode is schemathesis.GenerationMode.NEGATIVE and operation.path == "/api/openapi.json":
                continue  # it takes nothing that could be wrong

            @settings(max_examples=CASES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
                      suppress_health_check=list(HealthCheck))  # fmt: skip
            @given(case=operation.as_strategy(mode))
            def ask(case: schemathesis.Case[Any]) -> None:
                asked.append(case.call_and_validate().status_code)

            ask()
    assert {200, 422} <= set(asked)
