"""Two replicas on one PostgreSQL database: one record, one reply, one sender, and the work of a dead one taken over."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Message
from bot.store.base import OutboxState, Progress
from bot.store.platform import PlatformStore
from bot.store.platform_base import Allowance, Credential, Knock, Opens
from bot.store.schema import conversations, messages
from bot.store.sql import SqlStore
from tests.fakes import FakeClock
from tests.store.test_contract import a_ticket, question, reply, turn

pytestmark = pytest.mark.postgres
Pair = tuple[SqlStore, SqlStore]


async def falls_silent(store: SqlStore) -> None:
    """As if its process had been killed half a minute ago."""
    await store.replicas.leave()


def ids(found: list[Message]) -> list[str]:
    return [message.message_id for message in found]


async def test_one_delivery_to_both_has_one_record_and_one_reply(pair: Pair) -> None:
    """Both work on it, one finish stands, and both say what stands; the other's ticket and outbox row never exist."""
    one, other = pair
    message = question()
    assert {Progress.NEW, Progress.PENDING} == {
        receipt.progress for receipt in await asyncio.gather(*(store.receive(message) for store in pair))
    }
    said = await asyncio.gather(
        one.finish(turn(message, a_ticket("K7-3F9Q"), deliver=True)),
        other.finish(turn(message, a_ticket("K7-3F9R"), deliver=True)),
    )
    assert [reply(), reply()] == list(said)
    counts = await one.counts()
    assert (1, 1, 1, 1) == tuple(counts[k] for k in ("messages", "exchanges", "tickets", "outbox_pending"))
    assert (Progress.DONE, reply()) == ((found := await other.receive(message)).progress, found.reply)


async def test_what_a_living_replica_holds_is_not_taken_over(pair: Pair) -> None:
    """A replica that starts leaves alone what another one is answering."""
    one, other = pair
    await one.receive(question())
    assert [] == await other.take_over("web")
    assert ["c1-m1"] == ids(await one.take_over("web"))


async def test_a_dead_replicas_messages_are_taken_over_by_one(pair: Pair) -> None:
    """Two look at the same time: every message is claimed once, and stays with who claimed it."""
    one, other = pair
    held = [question(n) for n in range(40)]
    for message in held:
        await one.receive(message)
    await falls_silent(one)
    third = SqlStore(one._url.render_as_string(hide_password=False), now=FakeClock())
    await third.start()
    await third.replicas.beat()
    found = await asyncio.gather(*(store.take_over("web", limit=25) for store in (other, third)))
    rest = await asyncio.gather(*(store.take_over("web") for store in (other, third)))
    await third.close()
    mine, theirs = ({*ids(found[n]), *ids(rest[n])} for n in (0, 1))
    assert {m.message_id for m in held} == mine | theirs
    assert set() == mine & theirs


async def test_a_retry_claims_what_a_dead_replica_held(pair: Pair) -> None:
    """The platform's retry reaches a living replica: from then on nobody else takes the message over."""
    one, other = pair
    await one.receive(question())
    await falls_silent(one)
    assert Progress.PENDING is (await other.receive(question())).progress
    await one.replicas.beat()
    assert [] == await one.take_over("web")


async def test_a_message_is_left_to_its_channel_for_a_while(pair: Pair, clock: FakeClock) -> None:
    """With `before`, what has just come waits for the platform's own retry."""
    one, other = pair
    await one.receive(question())
    await falls_silent(one)
    assert [] == await other.take_over("web", clock() - timedelta(seconds=30))
    clock.pass_by(seconds=31)
    assert ["c1-m1"] == ids(await other.take_over("web", clock() - timedelta(seconds=30)))


async def test_two_senders_never_take_the_same_row(pair: Pair) -> None:
    """Many looks at once on both replicas: each row once, and of a chat only the oldest."""
    one, _ = pair
    rows = [await one.enqueue("telegram", f"chat{n % 20}", reply(), f"r{n}") for n in range(40)]
    taken = await asyncio.gather(*(store.take("telegram", 3) for _ in range(10) for store in pair))
    found = sorted(outgoing.id for group in taken for outgoing in group)
    assert rows[:20] == found


async def test_only_a_dead_senders_rows_become_uncertain(pair: Pair) -> None:
    """A replica that starts does not meddle with what the other one is sending; its death frees the chat."""
    one, other = pair
    first = await one.enqueue("telegram", "a", reply(), "r1")
    second = await one.enqueue("telegram", "a", reply(), "r2")
    assert [first] == [outgoing.id for outgoing in await one.take("telegram")]
    assert (0, 0) == (await other.recover_outbox("telegram"), await one.recover_outbox("telegram"))
    await falls_silent(one)
    assert 1 == await other.recover_outbox("telegram")
    assert [second] == [outgoing.id for outgoing in await other.take("telegram")]
    await one.settle(first, OutboxState.SENT)
    assert 1 == (await other.counts())["outbox_sent"]


async def test_a_conversation_goes_on_on_the_other_replica(pair: Pair) -> None:
    """What one turn left is where the next one begins, wherever it is served."""
    one, other = pair
    await one.finish(turn(question()))
    assert {"entry": "notary.inheritance"} == await other.conversation("web", "c1")
    assert [question()] == [asked for asked, _ in await other.history("web", "c1")]


async def test_the_quota_is_one_for_all(pair: Pair, clock: FakeClock) -> None:
    """Five customer messages are allowed: both replicas together send five."""
    ledgers = [PlatformStore(store.shared) for store in pair]
    await ledgers[0].admit(Knock("wechat", "1.n", "m1", "o1", clock(), Opens.MESSAGE))
    five = [Allowance(Opens.MESSAGE, 5, timedelta(hours=48))]
    spent = await asyncio.gather(*(ledger.spend("wechat", "o1", five) for _ in range(8) for ledger in ledgers))
    assert 5 == sum(one is Opens.MESSAGE for one in spent)


async def test_the_access_token_is_one_for_all(pair: Pair, clock: FakeClock) -> None:
    """What one replica fetched the other uses; to force a new one is granted to one of them."""
    ledgers = [PlatformStore(store.shared) for store in pair]
    token = Credential("t" * 512, clock() + timedelta(hours=2))
    await ledgers[0].keep_credential("wechat:wx1", token)
    assert token == await ledgers[1].credential("wechat:wx1")
    granted = await asyncio.gather(*(ledger.may_force("wechat:wx1", timedelta(minutes=2)) for ledger in ledgers))
    assert 1 == sum(granted)


async def test_a_nonce_is_worn_out_on_both(pair: Pair, clock: FakeClock) -> None:
    """A nonce that carried one message to one replica carries no other one to the other."""
    ledgers = [PlatformStore(store.shared) for store in pair]
    await ledgers[0].admit(Knock("wechat", "1.n", "m1", "o1", clock(), Opens.MESSAGE))
    assert (await ledgers[1].admit(Knock("wechat", "1.n", "m2", "o1", clock(), Opens.MESSAGE))).replayed


async def test_writes_that_meet_are_written_all_the_same(pair: Pair) -> None:
    """Two replicas' groups lock the same rows in opposite order: the database ends one of them, and both are written."""
    one, other = pair
    for chat in ("a", "b"):
        await one.finish(turn(question(chat=chat)))
    locked = [asyncio.Event(), asyncio.Event()]

    async def crosswise(mine: int) -> int:
        chats = ("a", "b") if mine == 0 else ("b", "a")

        async def work(connection: AsyncConnection) -> int:
            for number, chat in enumerate(chats):
                change = sa.update(conversations).where(conversations.c.chat == chat)
                await connection.execute(change.values(person=f"by {mine}"))
                if number == 0:
                    locked[mine].set()
                    await locked[1 - mine].wait()
            return mine

        return await pair[mine].shared.writer.write(work)

    assert [0, 1] == list(await asyncio.gather(crosswise(0), crosswise(1)))


async def test_signs_of_life(pair: Pair) -> None:
    """Both are alive; one that leaves is gone at once."""
    one, other = pair
    assert sorted((one.shared.me, other.shared.me)) == await one.replicas.alive()
    await other.replicas.leave()
    assert [one.shared.me] == await one.replicas.alive()


async def test_a_message_names_its_holder(pair: Pair) -> None:
    """The name beside a message is that of the process, new at each start."""
    one, other = pair
    await one.receive(question())
    async with other.shared.reading() as connection:
        row = (await connection.execute(sa.select(messages.c.holder))).one()
    assert one.shared.me == row.holder
    assert one.shared.me != other.shared.me
