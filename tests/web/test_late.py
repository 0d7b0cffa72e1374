"""A late answer on the web: in the page of the visit, with the next message of a program, or by its number."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.app import make_desk
from bot.channels.webchat import WebChat
from bot.config import Dialogue as Limits
from bot.config import Web
from bot.desk.desk import Desk
from bot.desk.gather import Gatherer
from bot.dialogue import Dialogue
from bot.server import make_app
from bot.store.sql import SqlStore
from intents import Matcher
from tests.fakes import FakeClock


class Site:
    """The web channel in this process, with the desk behind it."""

    def __init__(self, store: SqlStore, matcher: Matcher, clock: FakeClock) -> None:
        self.desk: Desk
        self.gatherer: Gatherer
        self.desk, self.gatherer = make_desk(store, lambda: matcher, clock)
        dialogue = Dialogue(lambda: matcher, store, Limits(), clock)
        web = WebChat(dialogue, lambda: matcher.knowledge, store, Web(), clock)
        app = make_app(web.routes(), store, lambda: "v", 65536)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")

    async def answer(self, text: str) -> None:
        """Staff answer the only open cluster."""
        await self.gatherer.once()
        (row,) = (await self.desk.clusters()).rows
        await self.desk.answer(row.id, text, "li")


@pytest.fixture
async def web(tmp_path: Path, sample_matcher: Matcher) -> AsyncIterator[Site]:
    """An empty site."""
    store, clock = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/fawen.db", now=FakeClock()), FakeClock()
    await store.start()
    made = Site(store, sample_matcher, clock)
    yield made
    await made.client.aclose()
    await store.close()


async def test_the_next_visit_shows_it_and_keeps_it(web: Site) -> None:
    """Opened again, twice, by the same browser: the answer stands there once each time; another browser sees nothing."""
    await web.client.post("/say", data={"text": "今天天气怎么样啊会下雨吗"})
    await web.answer("明天下雨，<b>带伞</b>。")
    for _ in range(2):
        page = (await web.client.get("/")).text
        assert 1 == page.count("明天下雨，&lt;b&gt;带伞&lt;/b&gt;。")
    said = await web.client.post("/say", data={"text": "法律援助收费吗"}, headers={"x-fawen": "bubbles"})
    assert "明天下雨" not in said.text
    web.client.cookies.clear()
    assert "明天下雨" not in (await web.client.get("/")).text


async def test_a_program_gets_it_with_its_next_message_once(web: Site) -> None:
    """POST /api/chat: before the reply's own text, then no more; by number always."""
    ask = {"session": "s1", "text": "今天天气怎么样啊会下雨吗"}
    ticket = (await web.client.post("/api/chat", json=ask)).json()["ticket"]
    await web.answer("明天下雨。")
    texts = [
        (await web.client.post("/api/chat", json={**ask, "text": "法律援助收费吗"})).json()["text"] for _ in range(2)
    ]
    assert (1, "不收费。") == (texts[0].count("明天下雨。"), texts[1])
    by_number = (await web.client.post("/api/chat", json={**ask, "text": f"查询 {ticket}"})).json()["text"]
    assert "明天下雨。" in by_number


async def test_the_open_page_hears_of_it(web: Site) -> None:
    """GET /late: nothing before, then the bubble with a name of its own, the same one again; nothing for others."""
    await web.client.post("/say", data={"text": "今天天气怎么样啊会下雨吗"})
    assert 204 == (await web.client.get("/late")).status_code
    await web.answer("明天下雨。")
    first, again = [(await web.client.get("/late")).text for _ in range(2)]
    assert (1, 1) == (first.count("明天下雨。"), first.count("data-late="))
    assert first == again
    web.client.cookies.clear()
    assert 204 == (await web.client.get("/late")).status_code


async def test_the_open_page_hears_of_it_without_cookies(web: Site) -> None:
    """In a frame whose cookies are refused the page names its visit, as its forms do; a cookie counts before that."""
    visit = "v" * 24
    await web.client.post("/say", data={"text": "今天天气怎么样啊会下雨吗", "visit": visit})
    web.client.cookies.clear()
    await web.answer("明天下雨。")
    assert "明天下雨。" in (await web.client.get("/late", headers={"X-Fawen-Visit": visit})).text
    await web.client.get("/")
    assert 204 == (await web.client.get("/late", headers={"X-Fawen-Visit": visit})).status_code
