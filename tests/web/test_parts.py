"""联想, Traditional characters, cookies of a visit and embedding, in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from bot.channels import visit
from bot.channels.suggest import Titles
from bot.channels.webchat import WebChat
from bot.config import Dialogue as Limits
from bot.config import Settings, Web
from bot.dialogue import Dialogue
from bot.errors import ConfigError
from bot.messages import Option, Reply
from bot.server import make_app
from bot.traditional import Traditional
from intents import Matcher
from tests.fakes import FakeClock, MemoryStore

CITY = "https://www.city.example"


def _app(matcher: Matcher, settings: Web) -> Starlette:
    store, clock = MemoryStore(), FakeClock()
    web = WebChat(Dialogue(lambda: matcher, store, Limits(), clock), lambda: matcher.knowledge, store, settings, clock)
    return make_app(web.routes(), store, lambda: "v", 65536, frames=settings.embed_origins)


def _client(matcher: Matcher, settings: Web) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(_app(matcher, settings)), base_url="https://test")


@pytest.fixture
async def embedded(sample_matcher: Matcher) -> AsyncIterator[httpx.AsyncClient]:
    """A site that one city's pages may embed."""
    async with _client(sample_matcher, Web(embed_origins=(CITY,), secure_cookies=True)) as made:
        yield made


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("公证", "notary.fee"),  # of two titles, the one that begins with it
        ("继承", "notary.inheritance"),
        ("繼承公證", "notary.inheritance"),
        ("老人去世", "notary.inheritance"),  # only a stored question says so
        ("法援律师要不要给钱", "legal_aid.cost"),  # most pairs of characters
        ("公", None),
        ("今晚吃什么", None),
        ("转人工", None),  # the bot's own business is no question
        ("", None),
    ],
)
def test_titles_for_what_is_typed(typed: str, first: str | None, sample_matcher: Matcher) -> None:
    """Prefix, part, stored question, most pairs; nothing for one character or for something else."""
    found = Titles(sample_matcher.knowledge).find(typed)
    assert first == (found[0].id if found else None)
    assert len({o.id for o in found}) == len(found) <= 6


def test_one_or_the_other_writing_or_neither() -> None:
    """Told by characters that only one of both has; Cantonese words and common characters tell nothing."""
    written = Traditional().written
    assert [True, True] == [written("法律援助收費嗎"), written("公證")]
    assert [False, False] == [written("法律援助收费吗"), written("我係低保户，点样申请")]
    assert [None, None, None] == [written("K7-3F9Q"), written("公共服务中心"[:2]), written("係咩")]


def test_ids_numbers_and_links_are_never_converted() -> None:
    """Text, titles and sources change; everything a machine reads stays."""
    reply = Reply("entry", "工单号：K7-3F9Q，查询请拨 12348", "answer", entry="notary.fee",
                  options=(Option("notary.fee", "公证收费"),), ticket="K7-3F9Q")  # fmt: skip
    shown = Traditional().reply(reply)
    assert "工單號：K7-3F9Q，查詢請撥 12348" == shown.text
    assert (Option("notary.fee", "公證收費"),) == shown.options
    assert ("notary.fee", "K7-3F9Q", "entry") == (shown.entry, shown.ticket, shown.key)


async def test_a_visit_keeps_its_writing(sample_matcher: Matcher) -> None:
    """Asked in Traditional: answer, page and a pressed option after it are Traditional; then Simplified again."""
    async with _client(sample_matcher, Web()) as client:
        bubbles = {"x-fawen": "bubbles"}
        assert "帶材料去公證處" in (await client.post("/say", data={"text": "繼承公證怎麼辦"}, headers=bubbles)).text
        assert "以公示為準" in (await client.post("/say", data={"choice": "notary.fee"}, headers=bubbles)).text
        page = (await client.get("/")).text
        assert [True, True, True] == [word in page for word in ('lang="zh-Hant-HK"', "長者模式", "帶材料去公證處")]
        assert "不收费" in (await client.post("/say", data={"text": "法律援助收费吗"}, headers=bubbles)).text


def test_a_foreign_visit_name_is_not_taken() -> None:
    """A cookie that names a program's session, or nothing of ours, gets a fresh secret name."""
    for given in ("api:somebody", "short", "x" * 200, "a" * 30 + "\n"):
        assert given != visit.read({visit.VISIT: given}).name
    own = visit.read({}).name
    assert own == visit.read({visit.VISIT: own}).name


async def test_the_configured_site_may_embed_and_call(embedded: httpx.AsyncClient) -> None:
    """frame-ancestors, embed.js, CORS with preflight, and cookies that live in a frame, for this origin only."""
    page = await embedded.get("/")
    assert f"frame-ancestors {CITY}" in page.headers["content-security-policy"]
    assert all("SameSite=none; Secure; Partitioned" in c for c in page.headers.get_list("set-cookie"))
    script = await embedded.get("/embed.js")
    assert (200, True) == (script.status_code, "iframe" in script.text)
    asked = {"origin": CITY, "access-control-request-method": "POST"}
    assert CITY == (await embedded.options("/api/chat", headers=asked)).headers["access-control-allow-origin"]
    for origin, allowed in ((CITY, CITY), ("https://evil.example", None)):
        said = await embedded.get("/api/suggest", params={"q": "公证"}, headers={"origin": origin})
        assert (allowed, "Origin") == (said.headers.get("access-control-allow-origin"), said.headers["vary"])
    assert 405 == (await embedded.options("/api/chat", headers={**asked, "origin": "https://evil.example"})).status_code


async def test_the_configured_site_may_read_refusals(embedded: httpx.AsyncClient) -> None:
    """Every status that the API refuses with says so to the allowed origin, and to no other; 405 still names what is allowed.
    The headers that say what to do then may be read too (Fetch standard, 3.3.4)."""
    for method, path, body, status in (
        ("GET", "/api/nothing", b"", 404),
        ("PUT", "/api/chat", b"{}", 405),
        ("POST", "/api/chat", b" " * 70_000, 413),
        ("POST", "/api/chat", b"{}", 422),
    ):
        for origin, allowed in ((CITY, CITY), ("https://evil.example", None)):
            headers = {"origin": origin, "content-type": "application/json"}
            said = await embedded.request(method, path, content=body, headers=headers)
            marks = (said.headers.get("access-control-allow-origin"), said.headers["vary"])
            assert (status, allowed, "Origin") == (said.status_code, *marks)
            assert ("POST" if status == 405 else None) == said.headers.get("allow")
            assert ("Retry-After, Allow" if allowed else None) == said.headers.get("access-control-expose-headers")


async def test_the_configured_site_shows_what_went_wrong(embedded: httpx.AsyncClient) -> None:
    """A refusal is a page in the frame too, not a blank one; the console's never is."""
    as_form = {"content-type": "application/x-www-form-urlencoded"}
    for method, path, headers, body, status, frames in (
        ("GET", "/nothing", {}, b"", 404, CITY),
        ("PUT", "/say", {}, b"", 405, CITY),
        ("POST", "/say", as_form, b"a" * 70_000, 413, CITY),
        ("POST", "/say", {**as_form, "sec-fetch-site": "cross-site"}, b"text=x", 403, CITY),
        ("GET", "/console", {}, b"", 404, "'none'"),
        ("GET", "/console/nothing", {}, b"", 404, "'none'"),
    ):
        said = await embedded.request(method, path, content=body, headers={"accept": "text/html", **headers})
        assert (status, True) == (said.status_code, said.headers["content-type"].startswith("text/html")), path
        assert said.headers["content-security-policy"].endswith(f"frame-ancestors {frames}"), path


async def test_the_configured_site_may_read_that_something_broke(
    sample_matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(Dialogue, "handle", broken)
    app = _app(sample_matcher, Web(embed_origins=(CITY,)))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://test") as client:
        for origin, allowed in ((CITY, CITY), ("https://evil.example", None)):
            said = await client.post("/api/chat", json={"session": "s", "text": "公证"}, headers={"origin": origin})
            assert (500, allowed) == (said.status_code, said.headers.get("access-control-allow-origin"))
        said = await client.post("/say", data={"text": "公证"}, headers={"accept": "text/html"})
        assert (500, True) == (said.status_code, f"frame-ancestors {CITY}" in said.headers["content-security-policy"])
        assert "nosniff" == said.headers["x-content-type-options"]


async def test_nobody_may_embed_by_default(sample_matcher: Matcher) -> None:
    """No origins: no frame, no script, no CORS."""
    async with _client(sample_matcher, Web()) as client:
        assert "frame-ancestors 'none'" in (await client.get("/")).headers["content-security-policy"]
        assert 404 == (await client.get("/embed.js")).status_code
        said = await client.get("/api/suggest", params={"q": "公证"}, headers={"origin": CITY})
        assert "access-control-allow-origin" not in said.headers


def test_an_origin_is_checked() -> None:
    """A path, a star or a stray semicolon never reaches the policy header."""
    for wrong in ("https://a.example/", "*", "https://a.example; script-src *"):
        with pytest.raises(ConfigError, match="embed_origins"):
            Settings.load(None, {"FAWEN_WEB__EMBED_ORIGINS": wrong})
    loaded = Settings.load(None, {"FAWEN_WEB__EMBED_ORIGINS": "https://a.example,https://b.example"})
    assert ("https://a.example", "https://b.example") == loaded.web.embed_origins
