"""The whole loop over real HTTP, each channel: asked, answered, delivered to both who asked, published, rolled back.

The service is a process of its own (`fawen serve`); staff work in this one, on the same database and the same files.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import httpx
import pytest

from bot.app import make_changes, make_desk
from bot.brain import Brain
from bot.desk.changes import Changes
from bot.desk.desk import Desk
from bot.store.base import TicketState
from bot.store.desk_base import ClusterRow, DeliveryState
from bot.store.sql import SqlStore
from tests.channels.telegram_server import TOKEN, FakeTelegram, running_telegram
from tests.sample import service_environ

ASKED = "楼道堵死了该找哪个评理"
ANSWER = "可以找社区的人民调解委员会，不收费。"
PATIENCE = 60.0
"""Seconds that the service may take for a step on a busy machine."""


@dataclass
class Town:
    """The running service, Telegram, and the staff's side."""

    url: str
    telegram: FakeTelegram
    http: httpx.AsyncClient
    desk: Desk
    changes: Changes


async def until(found: Callable[[], Awaitable[object]]) -> None:
    """Wait until this is true; fail with its name when it does not become so."""
    end = asyncio.get_running_loop().time() + PATIENCE
    while not await found():
        assert asyncio.get_running_loop().time() < end, f"waited {PATIENCE} s in vain: {found}"
        await asyncio.sleep(0.1)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """`fawen serve` on any free port, polling the Bot API server of this test."""
    url = f"sqlite+aiosqlite:///{tmp_path}/fawen.db"
    async with running_telegram() as telegram, httpx.AsyncClient(timeout=PATIENCE) as http:
        environ = service_environ(
            tmp_path, FAWEN_KNOWLEDGE__RELOAD_SECONDS="0.2", FAWEN_DIALOGUE__PER_MINUTE="10000", FAWEN_DESK__GATHER_SECONDS="0.1",
            FAWEN_TELEGRAM__TOKEN=TOKEN, FAWEN_TELEGRAM__BASE_URL=telegram.url,
        )  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "serve", cwd=tmp_path, env=environ, stderr=asyncio.subprocess.PIPE
        )
        assert process.stderr is not None
        said = b""
        while not (found := re.search(rb"http://127\.0\.0\.1:\d+", said)):
            line = await process.stderr.readline()
            assert line, said.decode()
            said += line
        store = SqlStore(url, now=lambda: datetime.now(UTC))
        await store.start()
        brain = Brain(tmp_path / "knowledge", None)
        desk, _ = make_desk(store, brain.current, lambda: datetime.now(UTC))
        yield Town(found.group().decode(), telegram, http, desk, make_changes(store, brain, lambda: datetime.now(UTC)))
        await store.close()
        process.terminate()
        rest = (await process.stderr.read()).decode()
        assert (0, False) == (await process.wait(), "Traceback" in rest), rest


class Web:
    """Two visitors through the JSON API."""

    def __init__(self, town: Town) -> None:
        self.town = town

    async def says(self, who: int, text: str) -> str:
        """The reply's text."""
        body = {"session": f"s{who}", "text": text}
        return str((await self.town.http.post(f"{self.town.url}/api/chat", json=body)).json()["text"])

    async def got(self, who: int, words: str) -> int:
        """How often the answer has reached this visitor by now: it comes with their next message."""
        said = [await self.says(who, "法律援助收费吗") for _ in range(2)]
        return sum(words in text for text in said)


class Telegram:
    """Two chats through the Bot API server."""

    def __init__(self, town: Town) -> None:
        self.town = town

    async def says(self, who: int, text: str) -> str:
        """The text that was sent back."""
        before = len(self._texts(who))
        await self.town.telegram.says(text, chat=100 + who)

        async def answered() -> bool:
            return len(self._texts(who)) > before

        await until(answered)
        return self._texts(who)[before]

    async def got(self, who: int, words: str) -> int:
        """How often the answer was sent to this chat."""
        return sum(words in text for text in self._texts(who))

    def _texts(self, who: int) -> list[str]:
        return [str(m["text"]) for m in self.town.telegram.sent if str(m["chat_id"]) == str(100 + who)]


@pytest.mark.parametrize("way", [Web, Telegram])
async def test_the_whole_loop(town: Town, way: type[Web] | type[Telegram]) -> None:
    """Both askers get the one answer once; published, the question is answered at once; rolled back, it is not."""
    people = way(town)
    for who in (1, 2):
        await people.says(who, "转人工")
        assert re.search(r"[A-Z0-9]{2}-[A-Z0-9]{4}", await people.says(who, ASKED))

    async def gathered() -> ClusterRow | None:
        rows = (await town.desk.clusters()).rows
        return rows[0] if rows and rows[0].people == 2 else None

    await until(gathered)
    row = await gathered()
    assert row is not None
    assert 2 == (await town.desk.answer(row.id, ANSWER, "li")).askers

    async def delivered() -> bool:
        states = {d.state for d in await town.desk.deliveries(row.id)}
        return way is Web or states == {DeliveryState.SENT}

    await until(delivered)
    assert [1, 1] == [await people.got(who, ANSWER) for who in (1, 2)]
    both = await town.desk.deliveries(row.id)
    assert [DeliveryState.SENT] * 2 == [d.state for d in both]

    proposal = await town.changes.propose_question(row.id, "legal_aid.what", ASKED, "li", "两个人问过")
    done = await town.changes.publish(proposal.id, "li")
    assert TicketState.PUBLISHED == (await town.desk.cluster(row.id)).row.state

    # somebody new each time: who had the answer before has a conversation about it
    others = count(3)

    async def known() -> bool:
        return "法律援助是国家的制度" in await people.says(next(others), ASKED)

    await until(known)
    await town.changes.roll_back(done.id, "wang", "放错了条目")

    async def unknown() -> bool:
        return not await known()

    await until(unknown)
    assert set(both) <= set(await town.desk.deliveries(row.id))
