"""What other bots taught people to type: commands with a slash, 续. On the page and in the API they open no tickets."""

from __future__ import annotations

import httpx
import pytest

from bot.channels.webchat import WebChat
from bot.config import Dialogue as Rules
from bot.config import Limits, Web
from bot.dialogue import Dialogue
from bot.gate import Gate
from bot.messages import Message
from bot.server import make_app
from bot.store.base import Switch
from intents import Matcher
from tests.fakes import FakeClock, MemoryStore


class House:
    """Page and API in this process."""

    def __init__(self, matcher: Matcher) -> None:
        self.store, clock, self.switches = MemoryStore(), FakeClock(), dict[str, Switch]()
        self.gate = Gate(Limits(in_work=1), lambda: self.switches)
        dialogue = Dialogue(lambda: matcher, self.store, Rules(per_minute=3), clock, gate=self.gate)
        web = WebChat(dialogue, lambda: matcher.knowledge, self.store, Web(), clock)
        app = make_app(web.routes(), self.store, lambda: "v", 65_536)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")

    async def says(self, text: str, way: str = "page", **more: str) -> tuple[Message, str, int]:
        """The message and the key of the reply as they are kept, and the status."""
        if way == "page":
            got = await self.client.post("/say", data={"text": text, **more}, headers={"X-Fawen": "bubbles"})
        else:
            got = await self.client.post("/api/chat", json={"session": "s", "text": text, **more})
        last = self.store.turns[-1]
        return last.message, last.reply.key, got.status_code


@pytest.fixture
def house(sample_matcher: Matcher) -> House:
    return House(sample_matcher)


@pytest.mark.parametrize("way", ["page", "api"])
@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("/start", "greeting"), (" /START ", "greeting"), ("/开始", "greeting"), ("/help", "help"), ("/帮助", "help"),
        ("／幫助", "help"), ("/", "help"), ("/queue", "help"), ("/菜单", "menu"), ("/menu@some_bot", "menu"),
        ("/human", "human_ask"), ("/ticket", "ticket_ask"), ("/forget", "forget_ask"),
        ("/公证收费标准", "entry"), ("/help 公证收费标准", "entry"),
    ],
)  # fmt: skip
async def test_a_command_of_other_bots_is_understood(house: House, way: str, text: str, key: str) -> None:
    """As on Telegram; what follows one is the question."""
    assert (key, 200) == (await house.says(text, way))[1:]
    assert {} == house.store.opened


@pytest.mark.parametrize("text", ["/12348", "/救命", "http://example.com/help", "他/她打我"])
async def test_what_only_has_a_slash_is_no_command(house: House, text: str) -> None:
    """Its words are looked at."""
    message, key, _ = await house.says(text)
    assert text.removeprefix("/") == message.text
    assert key not in ("help", "greeting")


async def test_the_page_shows_a_command_by_its_name(house: House) -> None:
    """In the history, as a pressed button is."""
    await house.says("/help")
    page = (await house.client.get("/")).text
    assert ("怎么用" in page, "/help" in page) == (True, False)


@pytest.mark.parametrize("way", ["page", "api"])
@pytest.mark.parametrize("text", ["续", "續", "“续”。"])
async def test_there_is_no_rest_of_an_answer(house: House, way: str, text: str) -> None:
    """The whole stands there, and is said to; sent again it counts once, and what was spoken of stays."""
    await house.says("公证收费标准", way)
    assert "all_shown" == (await house.says(text, way, id="1"))[1]
    count = len(house.store.turns)
    assert ("all_shown", count) == ((await house.says(text, way, id="1"))[1], len(house.store.turns))
    assert {} == house.store.opened


async def test_that_too_is_said_within_switch_and_limits(house: House) -> None:
    """Closed, too fast, too many at once, and while the store is away."""
    assert ["all_shown"] * 3 + ["too_fast"] == [(await house.says("续"))[1] for _ in range(4)]
    with house.gate.working():
        busy = await house.client.post("/api/chat", json={"session": "t", "text": "续"})
    assert (503, "busy") == (busy.status_code, busy.json()["error"]["code"])
    house.switches["web"] = Switch("web", False, "系统维护")
    assert "closed" == (await house.says("续", "api"))[1]
    house.switches.clear()
    house.store.broken = True
    away = await house.client.post("/api/chat", json={"session": "u", "text": "续"})
    assert (503, "outage") == (away.status_code, away.json()["error"]["code"])
