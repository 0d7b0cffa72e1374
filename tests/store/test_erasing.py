"""Erasing on request and in time, on SQLite and PostgreSQL: what goes, and what stays."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from bot.messages import Kind, Message, Reply
from bot.store.base import OutboxState, Ticket, TicketState, Turn
from bot.store.desk import DeskStore
from bot.store.desk_base import Asker, Placement
from bot.store.desk_place import PlacingStore
from bot.store.erasing import Eraser, Terms
from bot.store.schema import metadata
from bot.store.sql import SqlStore
from tests.fakes import FakeClock

NUMBERS = ("ER-NJSE", "WZ-QYY6")
TERMS = Terms(timedelta(days=90), timedelta(days=365), timedelta(days=365))


def made(asker: Asker, answer: str, correction: bool) -> Reply:
    return Reply("late_answer", f"{asker.question}：{answer}", "answer", ticket=asker.ticket)


async def asked(store: SqlStore, clock: FakeClock, channel: str = "telegram") -> int:
    """Two persons ask the same; the cluster's id."""
    for person, number in zip(("p1", "p2"), NUMBERS, strict=True):
        clock.pass_by(minutes=1)
        text = f"{person} 的楼道堵了"
        message = Message(channel, person, person, text, Kind.TEXT, clock(), f"m-{person}")
        ticket = Ticket(number, channel, person, person, text, "none", (), clock(), due_at=clock())
        await store.finish(Turn(message, Reply("no_answer", "…", "none", ticket=number), {}, ticket))
    placing = PlacingStore(store.shared)
    fresh = await placing.unplaced(10)
    placements = [
        Placement(t, None if t.number == NUMBERS[0] else NUMBERS[0], leads=t.number == NUMBERS[0]) for t in fresh
    ]
    assert await placing.place(placements, 0, made)
    page = await DeskStore(store.shared).ticket_page(NUMBERS[0])
    assert page is not None
    assert page.cluster is not None
    return page.cluster.id


async def answered(store: SqlStore, cluster: int) -> None:
    """Staff answer, and both get it."""
    await DeskStore(store.shared).answer(cluster, "找社区调解。", "wang", False, made)
    for outgoing in await store.take("telegram"):
        await store.settle(outgoing.id, OutboxState.SENT)


async def ticket(store: SqlStore, number: str) -> Ticket:
    found = await store.ticket(number)
    assert found is not None
    return found


async def test_a_settled_ticket_goes_with_its_person(store: SqlStore, clock: FakeClock) -> None:
    """Text, person, address and what was sent are gone; the staff's answer and the neighbour's ticket stay."""
    cluster = await asked(store, clock)
    await answered(store, cluster)
    await store.forget("telegram", "p1")
    gone, kept = await ticket(store, NUMBERS[0]), await ticket(store, NUMBERS[1])
    assert ("", "", "", "找社区调解。") == (gone.text, gone.person, gone.chat, gone.answer)
    assert ("p2", "p2 的楼道堵了") == (kept.person, kept.text)
    page = await DeskStore(store.shared).cluster(cluster)
    assert page is not None
    assert "p2 的楼道堵了" == page.row.title
    assert ["p2"] == [d.person for d in page.deliveries if not d.person.startswith("erased:")]
    assert [] == await store.visit("telegram", "p1")
    assert [] == await store.history("telegram", "p1")


async def test_an_open_ticket_waits_for_its_answer(store: SqlStore, clock: FakeClock) -> None:
    """Who asks to be forgotten while a ticket is open still gets the answer; then the ticket goes too."""
    cluster = await asked(store, clock)
    await store.forget("telegram", "p1")
    await store.forget("telegram", "p1")
    assert "p1" == (await ticket(store, NUMBERS[0])).person
    eraser = Eraser(store.shared)
    assert 0 == (await eraser.purge(TERMS))["forgotten"]
    await DeskStore(store.shared).answer(cluster, "找社区调解。", "wang", False, made)
    assert 0 == (await eraser.purge(TERMS))["forgotten"]
    for outgoing in await store.take("telegram"):
        await store.settle(outgoing.id, OutboxState.SENT)
    assert 1 == (await eraser.purge(TERMS))["forgotten"]
    assert ("", "p2") == ((await ticket(store, NUMBERS[0])).person, (await ticket(store, NUMBERS[1])).person)
    assert 0 == (await eraser.purge(TERMS))["forgotten"]


async def test_what_is_over_its_time_goes_and_counts_stay(store: SqlStore, clock: FakeClock) -> None:
    """Conversations after 90 days, questions and settled tickets after a year; open tickets never."""
    cluster = await asked(store, clock)
    eraser = Eraser(store.shared)
    clock.pass_by(days=91)
    found = await eraser.purge(TERMS)
    assert (2, 0, 0) == (found["messages"], found["questions"], found["tickets"])
    assert [] == await store.history("telegram", "p1")
    clock.pass_by(days=300)
    found = await eraser.purge(TERMS)
    assert (2, 0) == (found["questions"], found["tickets"])
    assert [("", "", "none")] * 2 == [(e.text, e.person, e.outcome) for e in await store.exchanges()]
    assert TicketState.NEW == (await ticket(store, NUMBERS[0])).state
    assert "p1 的楼道堵了" == (await ticket(store, NUMBERS[0])).text
    await answered(store, cluster)
    clock.pass_by(days=366)
    assert 2 == (await eraser.purge(TERMS))["tickets"]
    page = await DeskStore(store.shared).cluster(cluster)
    assert page is not None
    assert ("", "找社区调解。") == (page.row.title, page.answer.text if page.answer else None)
    assert {"", "erased"} >= {(await ticket(store, n)).person for n in NUMBERS}
    assert {0} == set((await eraser.purge(TERMS)).values())


async def replied(store: SqlStore, clock: FakeClock, channel: str, person: str, message_id: str, text: str) -> None:
    """A question whose answer went out through the outbox."""
    message = Message(channel, person, person, text, Kind.TEXT, clock(), message_id)
    await store.finish(Turn(message, Reply("entry", f"答复{text}", "answer"), {}, deliver=True))


async def everything(store: SqlStore) -> str:
    """Each value of each row of each table, as text."""
    async with store.shared.engine.connect() as connection:
        rows = [row for table in metadata.sorted_tables for row in (await connection.execute(sa.select(table))).all()]
    return "\n".join(str(tuple(row)) for row in rows)


async def test_what_was_sent_to_a_forgotten_person_goes_too(store: SqlStore, clock: FakeClock) -> None:
    """The address and the words of replies that are out; what still waits, and what others got, stays."""
    await replied(store, clock, "telegram", "chat-7001", "u1", "离婚怎么办")
    await replied(store, clock, "telegram", "chat-7002", "u2", "欠薪怎么办")
    for outgoing in await store.take("telegram"):
        await store.settle(outgoing.id, OutboxState.SENT)
    await replied(store, clock, "telegram", "chat-7001", "u3", "还在路上")
    await store.forget("telegram", "chat-7001")
    whole = await everything(store)
    assert ("离婚" in whole, "还在路上" in whole, "chat-7002" in whole, "欠薪" in whole) == (False, True, True, True)


async def test_over_its_time_no_table_names_anybody(store: SqlStore, clock: FakeClock) -> None:
    """Neither person nor session nor words, in any column of any table; the count stays."""
    await replied(store, clock, "telegram", "chat-7001", "u1", "离婚怎么办")
    for outgoing in await store.take("telegram"):
        await store.settle(outgoing.id, OutboxState.SENT)
    session = Message("web", "api:s-7003", "api:s-7003", "欠薪怎么办", Kind.TEXT, clock(), "10:api:s-7003:1")
    await store.finish(Turn(session, Reply("entry", "答", "answer"), {"last_question": "欠薪怎么办"}))
    clock.pass_by(days=366)
    await Eraser(store.shared).purge(TERMS)
    whole = await everything(store)
    assert [] == [word for word in ("7001", "7003", "离婚", "欠薪") if word in whole]
    assert 2 == (await store.counts())["exchanges"]
