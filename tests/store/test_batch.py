"""The short way to PostgreSQL: many in one statement, and each as if it were alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.errors import StoreConflict, StoreRefused, StoreUnavailable
from bot.store.base import Receipt
from bot.store.platform import PlatformStore
from bot.store.platform_base import Knock
from bot.store.sql import SqlStore
from bot.store.statistics import STEPS
from tests.fakes import FakeClock
from tests.store.test_contract import a_ticket, question, reply, turn

pytestmark = pytest.mark.postgres
Pair = tuple[SqlStore, SqlStore]


async def test_one_that_conflicts_fails_alone(pair: Pair) -> None:
    """A ticket number that is taken, among eight turns at once: that turn leaves nothing, the others stand."""
    store, _ = pair
    await store.finish(turn(question(0), a_ticket("K7-3F9Q")))
    turns = [turn(question(n, chat=f"c{n}"), a_ticket("K7-3F9Q" if n == 5 else f"K7-{n}")) for n in range(1, 9)]
    found = await asyncio.gather(*map(store.finish, turns), return_exceptions=True)
    assert [n for n, one in enumerate(found, 1) if isinstance(one, StoreConflict)] == [5]
    assert [one for one in found if not isinstance(one, StoreConflict)] == [reply()] * 7
    counts = await store.counts()
    assert (8, 8, 8) == tuple(counts[k] for k in ("messages", "exchanges", "tickets"))
    assert await store.conversation("web", "c5") is None


async def test_one_that_cannot_be_kept_fails_alone(pair: Pair) -> None:
    """PostgreSQL keeps no NUL in a text, and no id of 200 characters: never to be tried again as they are."""
    store, _ = pair
    bad = [replace(question(1), message_id="x" * 200), replace(question(2), person="a\0b")]
    found = await asyncio.gather(
        *(store.receive(message) for message in (question(3), *bad, question(4))), return_exceptions=True
    )
    assert [True, False, False, True] == [isinstance(one, Receipt) for one in found]
    assert all(isinstance(one, StoreRefused) for one in found[1:3])
    assert [question(3), question(4)] == await store.left_over("web")


async def test_a_value_that_cannot_be_kept_is_not_an_outage(pair: Pair) -> None:
    """Also where SQLAlchemy reads and writes; what waits in the same transaction stands."""
    store, _ = pair
    platform = PlatformStore(store.shared)
    bad = [
        replace(question(1), person="a\0b"),
        replace(question(2), chat="a\ud800b"),
        replace(question(3), chat="x" * 200),
    ]
    found = await asyncio.gather(*map(platform.owe, [question(4), *bad, question(5)]), return_exceptions=True)
    assert [None, StoreRefused, StoreRefused, StoreRefused, None] == [one and type(one) for one in found]
    assert [question(4), question(5)] == await store.left_over("web")
    with pytest.raises(StoreRefused, match="does not take a value"):
        await store.reply_sent("web", "c", "a\0b")
    assert [] == await store.history("web", "c9")


async def test_a_chats_turns_are_kept_in_order(pair: Pair) -> None:
    """Thirty turns of three chats at once: the last state of each stands, and its exchanges are in the order given."""
    store, _ = pair
    turns = [replace(turn(question(n, chat=f"c{n % 3}")), state={"number": n}, reply=reply(str(n))) for n in range(30)]
    await asyncio.gather(*map(store.finish, turns))
    for chat in range(3):
        numbers = [n for n in range(30) if n % 3 == chat]
        assert {"number": numbers[-1]} == await store.conversation("web", f"c{chat}")
        assert list(map(str, numbers)) == [said.text for _, said in await store.history("web", f"c{chat}")]


async def test_both_replicas_finish_the_same_in_any_order(pair: Pair) -> None:
    """Forty messages worked on by both, in opposite orders: one record each, and both say what stands."""
    messages = [question(n, chat=f"c{n}") for n in range(40)]
    first = [replace(turn(message, deliver=True), reply=reply("甲")) for message in messages]
    second = [replace(turn(message, deliver=True), reply=reply("乙")) for message in reversed(messages)]
    said = await asyncio.gather(*map(pair[0].finish, first), *map(pair[1].finish, second))
    stands = {one.message.message_id: answer.text for one, answer in zip([*first, *second], said, strict=True)}
    assert all(stands[one.message.message_id] == answer.text for one, answer in zip(first, said, strict=False))
    assert {one.message_id: stands[one.message_id] for one in messages} == stands
    counts = await pair[0].counts()
    assert (40, 40, 40) == tuple(counts[k] for k in ("messages", "exchanges", "outbox_pending"))


async def test_a_connection_that_is_cut_is_opened_again(pair: Pair) -> None:
    """At most what was on its way fails; afterwards all works, and nothing stands twice."""
    store, other = pair
    await store.finish(turn(question(1)))
    cut = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    async with other.shared.reading() as connection:
        await connection.execute(cut)
    for _ in range(2):
        found = await asyncio.gather(
            store.finish(turn(question(2, chat="c2"))), store.seen("web", "c1-m1"), return_exceptions=True
        )
        if reply() == found[0] == found[1]:
            break
        assert all(isinstance(one, StoreUnavailable) or one == reply() for one in found)
    assert [reply(), reply()] == list(found)
    assert len(await store.exchanges()) == 2


async def test_many_deliveries_are_admitted_at_once(pair: Pair, clock: FakeClock) -> None:
    """Each hears of itself: the one whose message is known, the one whose nonce belongs to another, and new ones."""
    store, _ = pair
    platform = PlatformStore(store.shared)
    await store.receive(replace(question(7), channel="wechat", message_id="m7", chat="o7"))
    await platform.admit(Knock("wechat", "n3", "other", "o3", clock()))
    found = await asyncio.gather(
        *(platform.admit(Knock("wechat", f"n{n}", f"m{n}", f"o{n}", clock())) for n in range(10))
    )
    assert [n for n, one in enumerate(found) if one.replayed] == [3]
    assert [n for n, one in enumerate(found) if one.known] == [7]


async def test_a_closed_store_takes_nothing(pair: Pair) -> None:
    """What waited is written before it closes."""
    store, other = pair
    waiting = [asyncio.create_task(store.finish(turn(question(n, chat=f"c{n}")))) for n in range(5)]
    await asyncio.sleep(0)
    await store.close()
    assert [reply()] * 5 == await asyncio.gather(*waiting)
    assert len(await other.exchanges()) == 5
    with pytest.raises(StoreUnavailable):
        await store.seen("web", "c1-m1")


async def test_young_tables_are_analysed_as_they_grow(pair: Pair) -> None:
    """From the first hundred messages on a message is found by its own index, not by walking through its channel."""
    store, _ = pair
    plan = "EXPLAIN SELECT 1 FROM messages WHERE channel = 'web' AND message_id = 'm1'"
    async with store.shared.reading() as connection:
        assert "message_id" not in str((await connection.execute(sa.text(plan))).scalars().all()[1])
    await asyncio.gather(*(store.finish(turn(question(n, chat=f"c{n}"))) for n in range(STEPS[0])))
    for _ in range(100):
        async with store.shared.reading() as connection:
            lines = (await connection.execute(sa.text(plan))).scalars().all()
        if "message_id" in str(lines[1]):
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"still {lines}")
