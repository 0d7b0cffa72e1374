"""What every store must keep: nothing twice, nothing lost, a ticket and its promise together."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.errors import StoreConflict, StoreUnavailable
from bot.messages import Call, Citation, Kind, Message, Option, Reply
from bot.store.base import OutboxState, Progress, Ticket, TicketState, Turn
from bot.store.desk import DeskStore
from bot.store.sql import SqlStore
from tests.fakes import FakeClock


def question(number: int = 1, text: str = "继承公证怎么办", chat: str = "c1") -> Message:
    return Message("web", chat, chat, text, Kind.TEXT, FakeClock()(), f"{chat}-m{number}")


def reply(text: str = "带材料去公证处。") -> Reply:
    return Reply(
        key="entry", text=text, outcome="answer", entry="notary.inheritance", confidence=0.93, checked="2026-11",
        options=(Option("notary.fee", "公证收费"),), sources=(Citation("中华人民共和国公证法", "公证法", "第二十五条"),),
        calls=(Call("110", "报警"),), feedback=True, extra={"page": 1},
    )  # fmt: skip


def a_ticket(number: str = "K7-3F9Q", text: str = "问") -> Ticket:
    return Ticket(number, "web", "c1", "c1", text, "none", (("notary.fee", 0.4),), FakeClock()())


def turn(message: Message, ticket: Ticket | None = None, deliver: bool = False) -> Turn:
    return Turn(message, reply(), {"entry": "notary.inheritance"}, ticket, (("notary.fee", 0.4),), "v1", 1.5, deliver)


async def test_a_message_is_new_once(store: SqlStore) -> None:
    message = question()
    assert (await store.receive(message)).progress is Progress.NEW
    assert (await store.receive(message)).progress is Progress.PENDING
    await store.finish(turn(message))
    receipt = await store.receive(message)
    assert receipt.progress is Progress.DONE
    assert receipt.reply == reply()


async def test_twenty_deliveries_at_once_are_new_once(store: SqlStore) -> None:
    receipts = await asyncio.gather(*(store.receive(question()) for _ in range(20)))
    assert [r.progress for r in receipts].count(Progress.NEW) == 1


async def test_the_first_finish_stands(store: SqlStore) -> None:
    message = question()
    await store.receive(message)
    await store.finish(turn(message))
    other = replace(turn(message, a_ticket()), reply=reply("别的回答"))
    assert await store.finish(other) == reply()
    assert await store.tickets() == []
    assert len(await store.exchanges()) == 1


async def test_what_a_crash_left_is_found_in_order(store: SqlStore) -> None:
    messages = [question(n) for n in range(3)]
    for message in messages:
        await store.receive(message)
    await store.finish(turn(messages[1]))
    assert await store.left_over("web") == [messages[0], messages[2]]
    assert await store.left_over("telegram") == []


async def test_ticket_exchange_state_and_outbox_stand_together(store: SqlStore) -> None:
    message = question()
    await store.receive(message)
    await store.finish(turn(message, a_ticket(), deliver=True))
    assert await store.ticket("K7-3F9Q") == a_ticket()
    assert await store.tickets(TicketState.NEW) == [a_ticket()]
    assert await store.tickets(TicketState.ANSWERED) == []
    assert await store.conversation("web", "c1") == {"entry": "notary.inheritance"}
    exchange = (await store.exchanges("web"))[0]
    assert (exchange.text, exchange.entry, exchange.took_ms) == (message.text, "notary.inheritance", 1.5)
    assert [o.reply for o in await store.take("web")] == [reply()]
    assert await store.history("web", "c1") == [(message, reply())]


async def test_the_latest_with_a_ref_is_found(store: SqlStore) -> None:
    """Of one chat, answered or not, the newest; no other chat's."""
    first, second, other = question(1), question(2, "继承公证要什么材料"), question(3, chat="c2")
    for message in (first, second, other):
        await store.receive(replace(message, ref="7"))
    await store.receive(replace(question(4), ref="77"))
    await store.finish(turn(replace(first, ref="7")))
    assert replace(second, ref="7") == await store.latest("web", "c1", "7")
    assert None is await store.latest("web", "c1", "8")
    assert None is await store.latest("telegram", "c1", "7")


async def test_a_taken_number_conflicts_and_leaves_nothing(store: SqlStore) -> None:
    first, second = question(1), question(2)
    await store.finish(turn(first, a_ticket()))
    with pytest.raises(StoreConflict):
        await store.finish(turn(second, a_ticket(text="另一件")))
    assert [e.message_id for e in await store.exchanges()] == [first.message_id]
    await store.finish(turn(second, a_ticket("M2-8HWX", "另一件")))
    assert len(await store.tickets()) == 2


async def test_feedback_finds_its_exchange(store: SqlStore) -> None:
    await store.finish(turn(question()))
    found = await store.feedback("web", "c1-m1", "c1", "unhelpful")
    assert found is not None
    assert found.feedback == "unhelpful"
    assert await store.feedback("web", "no such", "c1", "helpful") is None
    assert await store.feedback("web", "c1-m1", "c2", "helpful") is None
    assert ["unhelpful"] == [e.feedback for e in await store.exchanges()]


async def test_outbox_keeps_order_within_a_chat_and_gives_each_once(store: SqlStore, clock: FakeClock) -> None:
    a1 = await store.enqueue("telegram", "a", reply("1"), "r1")
    a2 = await store.enqueue("telegram", "a", reply("2"), "r2")
    b1 = await store.enqueue("telegram", "b", reply("3"), "r3")
    taken = await asyncio.gather(*(store.take("telegram") for _ in range(4)))
    assert sorted(o.id for group in taken for o in group) == [a1, b1]
    await store.settle(a1, OutboxState.PENDING, retry_after=60)
    await store.settle(b1, OutboxState.SENT)
    assert await store.take("telegram") == []
    clock.pass_by(seconds=61)
    assert [o.attempts for o in await store.take("telegram")] == [1]
    await store.settle(a1, OutboxState.FAILED)
    assert [o.id for o in await store.take("telegram")] == [a2]


async def test_what_is_parked_holds_up_nobody(store: SqlStore, clock: FakeClock) -> None:
    """However much waits for later, what is due is taken; what is parked comes when its time has come, its chat in order."""
    parked = [await store.enqueue("wechat", f"p{n}", reply(str(n)), f"p{n}") for n in range(30)]
    behind = await store.enqueue("wechat", "p0", reply("then"), "behind")
    for outgoing in await store.take("wechat", 30):
        await store.settle(outgoing.id, OutboxState.PENDING, retry_after=3600)
    due = await store.enqueue("wechat", "q", reply("now"), "q")
    assert [due] == [o.id for o in await store.take("wechat", 5)]
    clock.pass_by(seconds=3601)
    assert parked == sorted([o.id for _ in range(6) for o in await store.take("wechat", 5)])
    await store.settle(parked[0], OutboxState.SENT)
    assert [behind] == [o.id for o in await store.take("wechat", 5)]


async def test_a_clock_set_back_holds_up_no_reply(store: SqlStore, clock: FakeClock) -> None:
    """A row that was written in a time still to come is taken now."""
    ahead = await store.enqueue("telegram", "a", reply(), "r1")
    clock.pass_by(seconds=-3600)
    assert [ahead] == [o.id for o in await store.take("telegram")]


async def test_half_sent_becomes_uncertain_never_sent_again(store: SqlStore) -> None:
    await store.enqueue("telegram", "a", reply(), "r1")
    await store.take("telegram")
    assert await store.recover_outbox("telegram") == 1
    assert await store.take("telegram") == []
    assert (await store.counts())["outbox_uncertain"] == 1


async def test_forget_erases_one_person(store: SqlStore) -> None:
    for chat in ("c1", "c2"):
        await store.finish(turn(question(chat=chat)))
    assert await store.forget("web", "c1") == 3
    assert await store.conversation("web", "c1") is None
    assert await store.history("web", "c1") == []
    assert [e.person for e in await store.exchanges()] == ["c2"]


def in_group(number: int, person: str, text: str) -> Message:
    return Message("telegram", "-500", person, text, Kind.TEXT, FakeClock()(), f"g{number}")


async def test_in_a_group_each_person_has_a_conversation(store: SqlStore) -> None:
    """One person's state is not another's, in the group or in private; the reply goes to the group."""
    said = {name: in_group(n, name, f"{name} 问的") for n, name in enumerate(("p1", "p2"))}
    for name, message in said.items():
        await store.finish(replace(turn(message, deliver=True), state={"last_question": name}))
    assert ["-500/p1", "-500/p2"] == [message.conversation for message in said.values()]
    states = [await store.conversation("telegram", name) for name in ("-500/p1", "-500/p2", "-500", "p1")]
    assert [{"last_question": "p1"}, {"last_question": "p2"}, None, None] == states
    assert ["-500"] == [o.chat for o in await store.take("telegram")]


async def test_one_look_before_an_answer(store: SqlStore) -> None:
    """The reply given to this delivery, the state of the person's own conversation; nothing of a chat that staff never answered."""
    first, other = in_group(0, "p1", "问的"), in_group(1, "p1", "再问")
    fresh = await store.before(first)
    assert (None, {}) == (fresh.reply, fresh.state)
    await store.receive(first)
    assert fresh == await store.before(first)
    await store.finish(replace(turn(first), state={"last_question": "问的"}))
    assert (reply(), {"last_question": "问的"}) == ((again := await store.before(first)).reply, again.state)
    assert (None, again.state) == ((after := await store.before(other)).reply, after.state)
    assert {} == (await store.before(replace(other, person="p2"))).state


async def test_forgetting_in_a_group_leaves_the_others(store: SqlStore) -> None:
    """The conversation, questions and replies of one member go; those of the others stay."""
    for number, person in enumerate(("p1", "p2")):
        message = in_group(number, person, f"{person} 问的")
        await store.finish(replace(turn(message, deliver=True), reply=reply(f"答{person}")))
        for outgoing in await store.take("telegram"):
            await store.settle(outgoing.id, OutboxState.SENT)
    assert 4 == await store.forget("telegram", "p1")
    assert None is await store.conversation("telegram", "-500/p1")
    assert {"entry": "notary.inheritance"} == await store.conversation("telegram", "-500/p2")
    assert ["p2"] == [e.person for e in await store.exchanges()]
    assert None is await store.reply_sent("telegram", "-500", "g0")
    assert reply("答p2") == await store.reply_sent("telegram", "-500", "g1")


async def test_a_closed_store_says_so(store: SqlStore) -> None:
    await store.close()
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.receive(question())


async def test_beside_a_ticket_of_a_group_stands_what_its_asker_said(store: SqlStore, clock: FakeClock) -> None:
    """What other members asked in the same group is not shown with it."""
    for number, person in enumerate(("p1", "p2", "p1")):
        message = Message("telegram", "-500", person, f"{person} 说的", Kind.TEXT, clock(), f"g{number}")
        ticket = Ticket("22-2222", "telegram", "-500", person, "p1 说的", "none", (), clock()) if number == 2 else None
        await store.finish(Turn(message, Reply("no_answer", "已记下", "none"), {}, ticket))
    page = await DeskStore(store.shared).ticket_page("22-2222")
    assert page is not None
    assert ["p1 说的"] * 2 == [m.text for m, _ in page.conversation]
