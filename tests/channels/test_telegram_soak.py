"""Many messages, one in ten delivered twice, one request in twenty failing, the program killed in between.

FAWEN_SOAK sets how many messages (10000 for the full run); the suite runs a few.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.server import make_app
from bot.store.sql import SqlStore
from intents import Matcher
from tests.channels.bot_api import BotApi, Fault, labels, running_bot_api
from tests.channels.golden import PRIVATE, message
from tests.channels.running import FastTime, a_channel, a_store, alive

MESSAGES = int(os.environ.get("FAWEN_SOAK", "80"))
KILLS = 3
QUESTIONS = ("公证收费标准", "继承公证怎么办", "法律援助是什么", "法律援助收费吗")


class Chaos:
    """Faults by chance, the same every run; what it did is counted."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.done: Counter[str] = Counter()

    def fault(self, method: str) -> Fault | None:
        """One request in twenty."""
        if method == "getMe" or self.random.random() >= 0.05:
            return None
        kinds: list[Fault] = ["lost", "reset", 502, 500, (429, 1), "slow"]
        found = self.random.choice(kinds)
        self.done[f"{method} {found}"] += 1
        return found

    def deliver(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """One in ten twice, neighbours swapped now and then."""
        out = [update for update in batch for _ in range(2 if self.random.random() < 0.1 else 1)]
        if len(out) > 1 and self.random.random() < 0.3:
            out[0], out[1] = out[1], out[0]
        return out


def said(number: int) -> dict[str, Any]:
    """The message of one of many people."""
    person = 1 + number % max(MESSAGES // 10, 1)
    who = {"id": person, "is_bot": False, "first_name": "甲"}
    return {**message(QUESTIONS[number % len(QUESTIONS)], {**PRIVATE, "id": person}, number), "from": who}


async def settled(store: SqlStore, time: FastTime, messages: int, seconds: float) -> bool:
    """Wait until every message has an answer that is sent, refused or uncertain; time flies meanwhile."""
    for _ in range(int(seconds * 50)):
        counts = await store.counts()
        ended = sum(counts.get(f"outbox_{state}", 0) for state in ("sent", "uncertain", "failed"))
        if (counts["exchanges"], ended) == (messages, messages):
            return True
        time.time += 0.3
        await asyncio.sleep(0.02)
    return False


async def judge(store: SqlStore, api: BotApi, chaos: Chaos) -> None:
    """One record and at most one reply a message; what is missing is recorded as uncertain, no more than could be."""
    counts = await store.counts()
    refs = Counter(labels(m)["有帮助"] for m in api.sent)
    assert (MESSAGES, MESSAGES) == (counts["messages"], counts["exchanges"])
    assert 1 == max(refs.values())
    assert MESSAGES == counts["outbox_sent"] + counts.get("outbox_uncertain", 0)
    # every one that counts as sent arrived; an uncertain one arrived or not
    assert counts["outbox_sent"] <= len(refs) <= MESSAGES
    unknown = sum(chaos.done[f"sendMessage {fault}"] for fault in ("lost", "reset", 502, 500))
    assert counts.get("outbox_uncertain", 0) <= unknown + KILLS * 32


async def test_polling_with_doubles_faults_and_kills(tmp_path: Path, sample_matcher: Matcher) -> None:
    """Each message has exactly one record and at most one reply; only sends with a lost answer are uncertain."""
    chaos, time = Chaos(1), FastTime()
    async with running_bot_api() as api:
        api.chaos, api.shuffle = chaos.fault, chaos.deliver
        for number in range(1, MESSAGES + 1):
            api.add("message", said(number))
        for kill in range(KILLS + 1):
            async with a_store(tmp_path, time.now) as store:
                channel = a_channel(api.url, store, sample_matcher, time=time)
                await channel._dialogue.resume("telegram", deliver=True)
                async with alive(channel):
                    if kill < KILLS:
                        await settled(store, time, MESSAGES, 0.4)
                    else:
                        assert await settled(store, time, MESSAGES, 60 + MESSAGES / 50)
                        await judge(store, api, chaos)


async def test_webhook_with_doubles_and_faults(
    tmp_path: Path, sample_matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same through the webhook, many deliveries at once: every one is answered 200, none 5xx."""
    chaos, time = Chaos(2), FastTime()
    async with running_bot_api() as api, a_store(tmp_path, time.now) as store:
        channel = a_channel(
            api.url, store, sample_matcher, time=time, waiting=10**6, mode="webhook",
            webhook_secret=SecretStr("geheim"), webhook_url="https://example.org/telegram",
        )  # fmt: skip
        app = make_app(channel.routes(), store, lambda: "v", 64_000)
        api.chaos = chaos.fault
        todo = [{"update_id": n, "message": said(n)} for n in range(1, MESSAGES + 1)]
        todo = chaos.deliver(todo)
        codes: Counter[int] = Counter()

        async def deliver(client: httpx.AsyncClient) -> None:
            while todo:
                response = await client.post("/telegram", json=todo.pop(0))
                codes[response.status_code] += 1

        headers = {"X-Telegram-Bot-Api-Secret-Token": "geheim"}
        transport = httpx.ASGITransport(app)
        async with (
            alive(channel),
            httpx.AsyncClient(transport=transport, base_url="http://t", headers=headers) as client,
        ):
            await asyncio.gather(*(deliver(client) for _ in range(20)))
            assert await settled(store, time, MESSAGES, 60 + MESSAGES / 50)
        assert {200} == set(codes)
        assert codes[200] > MESSAGES
        await judge(store, api, chaos)
