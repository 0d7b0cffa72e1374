"""People on every channel who ask through a load balancer and try again as their platforms do; what became of each.

The page's program sends the same id again until it has an answer. WeChat gives a delivery five seconds, tries three times
in all, and takes `success` for an answer. Telegram keeps an update until it is acknowledged by the next request.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.channels.bot_api import BotApi
from tests.channels.golden import PRIVATE, message
from tests.channels.wechat_peer import Peer
from tests.channels.wechat_server import FakeWeChat

WECHAT_SECONDS, WECHAT_TRIES = 5.0, 3
WEB_SECONDS, WEB_TRIES = 10.0, 30
_FIRST_CHAT = 1_000_000
Said = tuple[str, str]
"""Channel and id of a message, as the store has them."""


@dataclass
class Channel:
    """What one channel's people have seen."""

    asked: int = 0
    tries: int = 0
    acknowledged: set[str] = field(default_factory=set)
    """Message ids that the service has taken."""
    replies: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Message id -> the different replies that arrived."""


class Watched(BotApi):
    """Remembers when it was asked for updates."""

    def __init__(self) -> None:
        super().__init__()
        self.polled: list[float] = []

    async def _getUpdates(self, fields: dict[str, str]) -> Any:
        self.polled.append(time.monotonic())
        return await super()._getUpdates(fields)

    def longest_pause(self) -> float:
        """Between two requests for updates, seconds."""
        return max((b - a for a, b in zip(self.polled, self.polled[1:], strict=False)), default=0.0)


class Traffic:
    """Asks on every channel at a steady rate until the time is over."""

    def __init__(self, url: str, telegram: BotApi, wechat: FakeWeChat, questions: Iterator[str], outage: str) -> None:
        """`outage` is the text that says that nothing was taken."""
        self._url, self._telegram, self._wechat = url, telegram, wechat
        self._questions, self._outage = questions, outage
        self.web, self.wechat, self.telegram = Channel(), Channel(), Channel()
        # a client without one reads the machine's certificates: more work than the whole request
        self._tls = ssl.create_default_context()

    async def run(self, seconds: float, rate: float) -> None:
        """So many messages a second on each channel; returns when the last one has its answer or was given up."""
        ways: tuple[Callable[[int], Awaitable[None]], ...] = (self._ask_web, self._ask_wechat, self._ask_telegram)
        running: list[asyncio.Task[None]] = []
        ends, number = time.monotonic() + seconds, 0
        while time.monotonic() < ends:
            number += 1
            running += [asyncio.create_task(self._one(way, number)) for way in ways]
            await asyncio.sleep(1 / rate)
        await asyncio.gather(*running)

    @staticmethod
    async def _one(way: Callable[[int], Awaitable[None]], number: int) -> None:
        await way(number)

    def _client(self, seconds: float) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self._url, trust_env=False, timeout=seconds, verify=self._tls)

    async def _ask_web(self, number: int) -> None:
        chat = f"api:s{number % 50}"
        key, text = f"{len(chat)}:{chat}:n{number}", next(self._questions)
        self.web.asked += 1
        body = {"session": f"s{number % 50}", "text": text, "id": f"n{number}"}
        # one in ten asks once more, as a program does whose answer was lost on the way
        for _ in range(2 if number % 10 == 0 else 1):
            for _ in range(WEB_TRIES):
                self.web.tries += 1
                try:
                    async with self._client(WEB_SECONDS) as client:
                        answer = await client.post("/api/chat", json=body)
                except httpx.HTTPError:
                    await asyncio.sleep(0.5)
                    continue
                if answer.status_code == 200:
                    self.web.acknowledged.add(key)
                    _add(self.web, key, answer.json()["text"])
                    break
                await asyncio.sleep(1.0)

    async def _ask_wechat(self, number: int) -> None:
        self.wechat.asked += 1
        key, text = f"m{number}", next(self._questions)
        async with self._client(WECHAT_SECONDS) as client:
            peer = Peer(client, lambda: datetime.now(UTC))
            fields = peer.fields("text", f"o{number}", Content=text, MsgId=number)
            for _ in range(WECHAT_TRIES):
                self.wechat.tries += 1
                try:
                    got = await peer.deliver(fields)
                except httpx.HTTPError:
                    continue
                if got.status != 200:
                    continue
                if got.text != self._outage:
                    self.wechat.acknowledged.add(key)
                if got.text and got.text != self._outage:
                    _add(self.wechat, key, got.text)
                return

    async def _ask_telegram(self, number: int) -> None:
        chat = _FIRST_CHAT + number
        said = message(next(self._questions), {**PRIVATE, "id": chat}, number)
        self.telegram.asked += 1
        self.telegram.tries += 1
        self._telegram.add("message", {**said, "from": {"id": chat, "is_bot": False, "first_name": "甲"}})

    def gather(self) -> None:
        """What came by requests of the service: Telegram's messages and WeChat's customer messages."""
        open_updates = {update["message"]["chat"]["id"] for update in self._telegram.updates}
        for number in range(1, self.telegram.asked + 1):
            if _FIRST_CHAT + number not in open_updates:
                self.telegram.acknowledged.add(str(_FIRST_CHAT + number))
        for sent in self._telegram.sent:
            self.telegram.replies[str(sent["chat"])].append(sent["text"])
        for pushed in self._wechat.sent:
            # every copy counts, the same text again too
            self.wechat.replies[f"m{pushed['touser'].removeprefix('o')}"].append(pushed["text"]["content"])


def _add(channel: Channel, key: str, text: str) -> None:
    """A repeated answer to a repeated request is one reply as long as it is the same."""
    if text not in channel.replies[key]:
        channel.replies[key].append(text)
