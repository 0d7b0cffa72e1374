"""Ids of messages that the page sends: each belongs to its visit, and feedback finds the answer it is about."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from bot.channels import visit
from bot.channels.webchat import WebChat
from bot.config import Dialogue as Rules
from bot.config import Web
from bot.dialogue import Dialogue
from bot.messages import Kind, Message
from bot.server import make_app
from bot.store.sql import SqlStore
from intents import Matcher
from tests.fakes import FakeClock

BUBBLES = {"x-fawen": "bubbles"}
TICKET = re.compile(r"<strong>([2-9A-Z]{2}-[2-9A-Z]{4})</strong>")
REF = re.compile(r'name="ref" value="([^"]+)"')


class Site:
    """The web channel in this process, on the durable store."""

    def __init__(self, store: SqlStore, matcher: Matcher) -> None:
        self.store, self.clock = store, FakeClock()
        self.dialogue = Dialogue(lambda: matcher, store, Rules(), self.clock)
        web = WebChat(self.dialogue, lambda: matcher.knowledge, store, Web(), self.clock)
        self.app: Starlette = make_app(web.routes(), store, lambda: "v", 65_536)

    def browser(self) -> httpx.AsyncClient:
        """A browser that was never here."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test", headers=BUBBLES)


@pytest.fixture
async def site(tmp_path: Path, sample_matcher: Matcher) -> AsyncIterator[Site]:
    """Nothing said yet."""
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/fawen.db", now=FakeClock())
    await store.start()
    yield Site(store, sample_matcher)
    await store.close()


@pytest.mark.parametrize("name", ["id", "form"])
async def test_an_id_belongs_to_its_visit(site: Site, name: str) -> None:
    """Who posts an id, or a form, that another visit has used gets an own answer; in one visit it is the same message."""
    said = {"text": "今天天气怎么样啊会下雨吗", name: "same"}
    async with site.browser() as one, site.browser() as other:
        first = [(await one.post("/say", data=said)).text for _ in range(2)]
        second = (await other.post("/say", data=said)).text
    tickets = [TICKET.findall(text) for text in (*first, second)]
    assert [1, 1, 1] == [len(found) for found in tickets]
    assert (tickets[0], 2) == (tickets[1], len(await site.store.exchanges()))
    assert tickets[0] != tickets[2]


async def test_feedback_finds_its_answer(site: Site) -> None:
    """With the longest id there may be; the page shows nothing of the visit's name; of another visit it is lost."""
    async with site.browser() as one, site.browser() as other:
        await one.get("/")
        said = (await one.post("/say", data={"text": "公证收费标准", "id": "x" * 64})).text
        (ref,) = REF.findall(said)
        assert one.cookies[visit.VISIT] not in said
        verdict = {"feedback": "helpful", "ref": ref}
        assert 'data-key="feedback_lost"' in (await other.post("/say", data=verdict)).text
        assert 'data-key="helpful"' in (await one.post("/say", data=verdict)).text
        assert [ref] == REF.findall((await one.get("/")).text)
    assert ["helpful"] == [one.feedback for one in await site.store.exchanges() if one.message_id == ref]


async def test_feedback_finds_an_answer_whose_id_names_no_visit(site: Site) -> None:
    """An id of the page alone, as older versions stored it."""
    async with site.browser() as one:
        await one.get("/")
        name = one.cookies[visit.VISIT]
        await site.dialogue.handle(Message("web", name, name, "公证收费标准", Kind.TEXT, site.clock(), "1-2-3-4"))
        assert ["1-2-3-4"] == REF.findall((await one.get("/")).text)
        said = await one.post("/say", data={"feedback": "helpful", "ref": "1-2-3-4", "id": "5"})
    assert 'data-key="helpful"' in said.text
