"""The whole loop on Telegram and WeChat: asked over the platform, staff in a real browser; the page is in test_browser.py."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import httpx
import pytest
from playwright.sync_api import Browser, expect

from bot.store.accounts import Role
from tests.channels.elsewhere import Elsewhere, elsewhere
from tests.channels.telegram_server import TOKEN as BOT_TOKEN
from tests.channels.telegram_server import FakeTelegram, running_telegram
from tests.channels.wechat_peer import KEY, TOKEN, Peer
from tests.channels.wechat_server import APP_ID, SECRET, FakeWeChat, running_wechat
from tests.console.live import PATIENCE_MS, Site, at_desk, running_site
from tests.console.steps import ANSWER, ASKED, ENTRY, answer_both, delivered, propose_entry, publish, roll_back
from tests.web.conftest import chromium as chromium  # a fixture, shared with the tests of the chat page

pytestmark = pytest.mark.browser
NUMBER = re.compile(r"[A-Z0-9]{2}-[A-Z0-9]{4}")
KNOWN = "法律援助收费吗"
expect.set_options(timeout=PATIENCE_MS)


class People(Protocol):
    """Those who write over one platform."""

    site: Site

    def says(self, who: int, text: str) -> str:
        """What comes back at once."""

    def pushed(self, who: int) -> list[str]:
        """What this person was sent without writing first, or on Telegram all they were sent."""

    def get_it_later(self) -> None:
        """Bring about that the second person can be reached with their next message only, where there is such a thing."""

    pushes_to: tuple[int, ...]
    """Who of the two is reached at once."""


def becomes(true: Callable[[], bool]) -> bool:
    """Wait for something over there; False when it does not come in a minute."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


class WeChatPeople:
    """Signed, encrypted deliveries to /wechat; what is pushed arrives at the API server."""

    pushes_to: tuple[int, ...] = (1,)

    def __init__(self, site: Site, server: FakeWeChat) -> None:
        self.site, self._server = site, server
        self._peer = Peer(httpx.AsyncClient(), lambda: datetime.now(UTC))

    def says(self, who: int, text: str) -> str:
        query, body = self._peer.request(self._peer.fields("text", _openid(who), Content=text))
        response = httpx.post(
            f"{self.site.url}/wechat", params=query, content=body, headers={"Content-Type": "text/xml"}, timeout=60
        )
        text = self._peer.opened(response.status_code, response.text).text
        assert (200, True) == (response.status_code, bool(text)), response.text
        return text

    def pushed(self, who: int) -> list[str]:
        return [str(m["text"]["content"]) for m in self._server.sent if m["touser"] == _openid(who)]

    def get_it_later(self) -> None:
        self._server.away.add(_openid(2))


class TelegramPeople:
    """Long polling at the Bot API server; everything is pushed."""

    pushes_to: tuple[int, ...] = (1, 2)

    def __init__(self, site: Site, server: FakeTelegram, there: Elsewhere) -> None:
        self.site, self._server, self._there = site, server, there

    def says(self, who: int, text: str) -> str:
        before = len(self.pushed(who))
        self._there.run(self._server.says(text, chat=100 + who))
        assert becomes(lambda: len(self.pushed(who)) > before)
        return self.pushed(who)[before]

    def pushed(self, who: int) -> list[str]:
        return [str(m["text"]) for m in self._server.sent if str(m["chat_id"]) == str(100 + who)]

    def get_it_later(self) -> None:
        """Telegram has no window."""


def _openid(who: int) -> str:
    return f"oNeighbour000000000000000000{who}"


@pytest.fixture(params=["wechat", "telegram"])
def people(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[People]:
    """`fawen serve` with one platform's server beside it."""
    with ExitStack() as stack:
        if request.param == "wechat":
            _, wechat = stack.enter_context(elsewhere(running_wechat()))
            yield WeChatPeople(stack.enter_context(running_site(
                tmp_path, FAWEN_WECHAT__APP_ID=APP_ID, FAWEN_WECHAT__APP_SECRET=SECRET, FAWEN_WECHAT__TOKEN=TOKEN,
                FAWEN_WECHAT__ENCODING_AES_KEY=KEY, FAWEN_WECHAT__MODE="safe", FAWEN_WECHAT__API_BASE=wechat.url,
            )), wechat)  # fmt: skip
        else:
            there, telegram = stack.enter_context(elsewhere(running_telegram()))
            site = running_site(tmp_path, FAWEN_TELEGRAM__TOKEN=BOT_TOKEN, FAWEN_TELEGRAM__BASE_URL=telegram.url)
            yield TelegramPeople(stack.enter_context(site), telegram, there)


def test_the_whole_loop(people: People, chromium: Browser) -> None:
    """Two ask and get the answer once each, pushed or with the next message; published it answers, rolled back no more."""
    for who in (1, 2):
        people.says(who, "转人工")
        assert NUMBER.search(people.says(who, ASKED))
    people.get_it_later()
    curator = at_desk(people.site, chromium, Role.CURATOR)
    answer_both(curator)
    for who in people.pushes_to:
        assert becomes(partial(_has_it, people, who))
    delivered(curator, len(people.pushes_to))
    heard = {who: [people.says(who, KNOWN) for _ in range(2)] for who in (1, 2)}
    later = {who: (0, 0) if who in people.pushes_to else (1, 0) for who in (1, 2)}
    assert later == {who: (_times(texts[:1]), _times(texts[1:])) for who, texts in heard.items()}
    assert {who: int(who in people.pushes_to) for who in (1, 2)} == {who: _times(people.pushed(who)) for who in (1, 2)}
    delivered(curator, 2)

    proposal = propose_entry(curator)
    reviewer = at_desk(people.site, chromium, Role.REVIEWER)
    publish(reviewer)
    assert becomes(lambda: ANSWER in people.says(3, ASKED)), ENTRY
    roll_back(reviewer, proposal)
    assert ANSWER not in people.says(4, ASKED)
    for desk in (curator, reviewer):
        desk.context.close()
    assert [[], []] == [curator.wrong, reviewer.wrong]


def _has_it(people: People, who: int) -> bool:
    return _times(people.pushed(who)) == 1


def _times(texts: list[str]) -> int:
    return sum(text.count(ANSWER) for text in texts)
