"""The desk's part of the store, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

import bot.store
from bot.desk.desk import Desk
from bot.desk.wording import late_reply
from bot.errors import DeskConflict, DeskNotFound, DeskRefused
from bot.messages import Kind, Message, Reply
from bot.store import desk_schema
from bot.store.base import OutboxState, Ticket, TicketState, Turn
from bot.store.desk import DeskStore
from bot.store.desk_base import Apart, DeliveryState, DeskNumbers, Filter, Listing, Page, Placement, Unplaced
from bot.store.desk_parts import refresh
from bot.store.desk_place import PlacingStore
from bot.store.schema import metadata, outbox
from bot.store.sql import SqlStore
from intents.model import KnowledgeData
from tests.fakes import FakeClock

BASE = KnowledgeData({}, texts={"late_answer": "{ticket}|{question}|{answer}", "late_correction": "改|{answer}"})
NUMBERS = ("22-2222", "33-333P", "44-444B", "55-555Z", "66-666M", "77-7779")
Ask = Callable[..., Awaitable[Ticket]]
Place = Callable[..., Awaitable[bool]]


def _unplaced(ticket: Ticket) -> Unplaced:
    return Unplaced(ticket.number, ticket.text, ticket.apart)


@pytest.fixture
def desk(store: SqlStore, clock: FakeClock) -> Desk:
    """A desk on an empty store."""
    return Desk(DeskStore(store.shared), lambda: BASE, clock)


@pytest.fixture
def ask(store: SqlStore, clock: FakeClock) -> Ask:
    """Open a ticket as a conversation does."""

    async def opened(
        n: int, person: str = "a", text: str = "公证处几点下班", channel: str = "web", apart: str = ""
    ) -> Ticket:
        due = clock() + timedelta(days=3)
        near = (("notary.fee", 0.4),)
        ticket = Ticket(
            NUMBERS[n], channel, person, person, text, "none", near, clock(),
            knowledge_version="v1", due_at=due, apart=apart,
        )  # fmt: skip
        message = Message(channel, person, person, text, Kind.TEXT, clock(), f"{person}-{n}")
        await store.finish(Turn(message, Reply("no_answer", "已记下", "none", ticket=ticket.number), {}, ticket))
        clock.pass_by(minutes=1)
        return ticket

    return opened


@pytest.fixture
def place(store: SqlStore) -> Place:
    """Place tickets: (ticket, anchor number or None) pairs."""
    placing = PlacingStore(store.shared)

    async def placed(*pairs: tuple[Ticket, str | None], same: bool = True) -> bool:
        steps = [Placement(_unplaced(ticket), anchor, same, leads=anchor is None) for ticket, anchor in pairs]
        return await placing.place(
            steps, await placing.last_place(), lambda asker, text, again: late_reply(BASE, asker, text, again)
        )

    return placed


async def test_an_empty_desk_says_so(desk: Desk) -> None:
    """Lists are empty, counts are zero, what is looked for by name is not found."""
    assert Listing((), 0) == await desk.clusters(Filter(text="公证", channel="web", topic="notary", owner=""))
    assert Listing((), 0) == await desk.tickets(Filter(states=(), overdue=True, least_people=2, topic="notary"))
    assert Listing((), 0) == await desk.overdue()
    assert Listing((), 0) == await desk.events()
    assert () == await desk.deliveries(1)
    assert DeskNumbers() == await desk.numbers()
    for action in (desk.cluster(7), desk.assign(7, "li", "wang"), desk.answer(7, "好", "li"), desk.ignore(7, "x", "li"),
                   desk.release(7, "li"), desk.merge(7, [8], "li"), desk.split(7, [NUMBERS[0]], "li")):  # fmt: skip
        with pytest.raises(DeskNotFound, match="7"):
            await action
    with pytest.raises(DeskNotFound, match="K7-3F9Q"):
        await desk.ticket("K7-3F9Q")
    with pytest.raises(DeskNotFound):
        await desk.send_again(1, "li")


async def test_the_migrations_lead_to_the_tables(store: SqlStore) -> None:
    """Every table and column of the schema is in a migrated database, and no other column."""
    for module in pkgutil.iter_modules(bot.store.__path__, "bot.store."):
        if module.name.endswith("schema"):
            importlib.import_module(module.name)
    async with store.shared.reading() as connection:
        found = await connection.run_sync(
            lambda c: {t: {x["name"] for x in sa.inspect(c).get_columns(t)} for t in sa.inspect(c).get_table_names()}
        )
    assert desk_schema.clusters.name in found
    assert {t.name: {c.name for c in t.columns} for t in metadata.sorted_tables} == {
        name: columns for name, columns in found.items() if name != "alembic_version"
    }


async def test_a_ticket_is_seen_before_and_after_it_is_placed(desk: Desk, ask: Ask, place: Place) -> None:
    """Unplaced it is counted and can be opened; placed it has a cluster with people, size, dates, nearest entry."""
    first, second = await ask(0, "a"), await ask(1, "b", "公证处几点关门")
    third = await ask(2, "a")
    assert (3, None) == ((await desk.numbers()).unplaced, (await desk.ticket(first.number)).cluster)
    assert await place((first, None), (second, first.number), (third, second.number))
    (row,) = (await desk.clusters()).rows
    assert (2, 3, first.opened_at, third.opened_at, first.due_at) == (
        row.people, row.size, row.first_at, row.last_at, row.due_at,
    )  # fmt: skip
    assert (("notary.fee", 0.4), ("web",), first.text) == (row.nearest, row.channels, row.title)
    page = await desk.ticket(second.number.lower())
    assert (row, "v1", ["公证处几点关门"]) == (
        page.cluster, page.ticket.knowledge_version, [m.text for m, _ in page.conversation],
    )  # fmt: skip


async def test_filters_and_paging(desk: Desk, ask: Ask, place: Place, clock: FakeClock) -> None:
    """Each filter keeps what it names; order and pages are stable; the total counts all."""
    a, b, c = (
        await ask(0, "a"),
        await ask(1, "b", "社保卡丢了", "telegram"),
        await ask(2, "c", "加微信办证", apart="advert"),
    )
    d = await ask(3, "d", "社保卡不见了")
    await place((a, None), (b, None), (c, None), (d, b.number))
    titles = [r.title for r in (await desk.clusters()).rows]
    assert [b.text, a.text] == titles
    assert [a.text, b.text] == [r.title for r in (await desk.clusters(Filter(order="age"))).rows]
    assert [b.text, a.text] == [r.title for r in (await desk.clusters(Filter(order="newest"))).rows]
    one = await desk.clusters(page=Page(1, 1))
    assert ([a.text], 2) == ([r.title for r in one.rows], one.total)
    for which, expected in (
        (Filter(channel="telegram"), [b.text]),
        (Filter(text="社保"), [b.text]),
        (Filter(text=d.number.lower()), [b.text]),
        (Filter(text="%"), []),
        (Filter(least_people=2), [b.text]),
        (Filter(topic="notary"), [b.text, a.text]),
        (Filter(topic="legal_aid"), []),
        (Filter(reason="human"), []),
        (Filter(owner="li"), []),
        (Filter(apart=True), [c.text]),
        (Filter(overdue=True), []),
    ):
        assert expected == [r.title for r in (await desk.clusters(which)).rows], which
    assert 3 == (await desk.tickets()).total
    assert [d.number] == [t.number for t in (await desk.tickets(Filter(order="newest"), Page(1))).rows]
    clock.pass_by(days=4)
    assert [a.text, b.text] == [r.title for r in (await desk.overdue()).rows]
    numbers = await desk.numbers()
    assert (2, {"advert": 1}, {"new": 2}) == (numbers.overdue, numbers.apart, numbers.clusters)


async def test_one_answer_serves_everybody_once(desk: Desk, ask: Ask, place: Place, store: SqlStore) -> None:
    """Two people, three tickets: two outbox rows, each with the newest number; every ticket has the answer."""
    a, b, c = await ask(0, "a"), await ask(1, "b", channel="telegram"), await ask(2, "a")
    await place((a, None), (b, a.number), (c, a.number))
    (row,) = (await desk.clusters()).rows
    await desk.assign(row.id, "li", "wang")
    assert (TicketState.ASSIGNED, "li") == (
        (await desk.clusters()).rows[0].state,
        (await desk.clusters()).rows[0].owner,
    )
    answer = await desk.answer(row.id, " 下午五点半。 ", "li")
    assert (2, "下午五点半。") == (answer.askers, answer.text)
    with pytest.raises(DeskConflict):
        await desk.answer(row.id, "再答一次", "li")
    page = await desk.cluster(row.id)
    assert {("web", c.number), ("telegram", b.number)} == {(d.channel, d.ticket) for d in page.deliveries}
    assert {DeliveryState.WAITING} == {d.state for d in page.deliveries}
    assert {(TicketState.ANSWERED, "下午五点半。")} == {(t.state, t.answer) for t in page.tickets}
    assert ["assigned", "answered"] == [e.what for e in page.events]
    (outgoing,) = await store.take("telegram")
    assert f"{b.number}|{b.text}|下午五点半。" == outgoing.reply.text
    await store.settle(outgoing.id, OutboxState.FAILED, note="Forbidden: bot was blocked by the user")
    after = await desk.cluster(row.id)
    assert [DeliveryState.BLOCKED, DeliveryState.WAITING] == sorted(d.state for d in after.deliveries)


async def test_what_may_not_have_arrived_is_counted(desk: Desk, ask: Ask, place: Place, store: SqlStore) -> None:
    """An answer whose fate nobody knows, not a reply of the same fate."""
    a = await ask(0, "a", channel="telegram")
    await place((a, None))
    (row,) = (await desk.clusters()).rows
    await desk.answer(row.id, "下午五点半。", "li")
    reply = await store.enqueue("telegram", "b", Reply("entry", "…", "answer"), "m1")
    await store.take("telegram")
    assert 0 == (await desk.numbers()).uncertain
    for outgoing in (reply, *(await _sending(store))):
        await store.settle(outgoing, OutboxState.UNCERTAIN)
    assert 1 == (await desk.numbers()).uncertain


async def _sending(store: SqlStore) -> list[int]:
    query = sa.select(outbox.c.id).where(outbox.c.state == OutboxState.SENDING.value)
    async with store.shared.reading() as connection:
        return list((await connection.execute(query)).scalars())


async def test_answering_at_once_from_many_sides_answers_once(desk: Desk, ask: Ask, place: Place) -> None:
    """Eight answers at the same moment: one stands, seven are refused, one delivery."""
    a = await ask(0)
    await place((a, None))
    (row,) = (await desk.clusters()).rows
    done = await asyncio.gather(*(desk.answer(row.id, f"第 {n} 个", "li") for n in range(8)), return_exceptions=True)
    assert 7 == sum(isinstance(d, DeskConflict) for d in done)
    assert 1 == len(await desk.deliveries(row.id))


async def test_who_asks_later_gets_the_answer(desk: Desk, ask: Ask, place: Place) -> None:
    """A late joiner of an answered cluster is answered in the same step; who has it already gets no second copy."""
    a = await ask(0, "a")
    await place((a, None))
    (row,) = (await desk.clusters()).rows
    await desk.answer(row.id, "五点半。", "li")
    b, c, d = await ask(1, "b"), await ask(2, "a"), await ask(3, "d")
    await place((b, a.number), (c, a.number))
    await place((d, a.number), same=False)
    assert ["a", "b"] == [x.person for x in await desk.deliveries(row.id)]
    assert (TicketState.ANSWERED, "五点半。") == (
        (await desk.ticket(b.number)).ticket.state,
        (await desk.ticket(c.number)).ticket.answer,
    )
    fresh = (await desk.ticket(d.number)).cluster
    assert (TicketState.NEW, True) == (fresh and fresh.state, bool(fresh and fresh.id != row.id))


async def test_a_correction_goes_to_everybody_and_overtakes(
    desk: Desk, ask: Ask, place: Place, store: SqlStore
) -> None:
    """Who got the first answer reads that it changed; a copy that was not out yet is withdrawn, not sent as well."""
    a, b = await ask(0, "a", channel="telegram"), await ask(1, "b", channel="telegram")
    await place((a, None), (b, a.number))
    (row,) = (await desk.clusters()).rows
    with pytest.raises(DeskRefused):
        await desk.answer(row.id, "五点。", "li", correction=True)
    await desk.answer(row.id, "五点。", "li")
    first, second = await store.take("telegram")
    await store.settle(first.id, OutboxState.SENT)
    await store.settle(second.id, OutboxState.PENDING, 60)
    await desk.answer(row.id, "五点半。", "li", correction=True)
    assert ["改|五点半。", f"{b.number}|{b.text}|五点半。"] == [o.reply.text for o in await store.take("telegram")]
    page = await desk.cluster(row.id)
    assert ("五点半。", True) == (page.answer and page.answer.text, bool(page.answer and page.answer.correction))


async def test_ignored_and_set_apart_can_come_back(desk: Desk, ask: Ask, place: Place) -> None:
    """A reason is needed; nobody joins an ignored cluster; release puts back either."""
    a, b = await ask(0, "a"), await ask(1, "b", "加微信", apart="advert")
    await place((a, None), (b, None))
    (row,) = (await desk.clusters()).rows
    with pytest.raises(DeskRefused):
        await desk.ignore(row.id, "  ", "li")
    await desk.ignore(row.id, "重复投诉", "li")
    c = await ask(2, "c")
    await place((c, a.number))
    assert [c.number] == [t.number for t in (await desk.tickets()).rows]
    assert "重复投诉" == (await desk.cluster(row.id)).ignored
    (apart,) = (await desk.clusters(Filter(apart=True))).rows
    with pytest.raises(DeskConflict):
        await desk.answer(apart.id, "不办证。", "li")
    for one in (row.id, apart.id):
        await desk.release(one, "li")
    assert 3 == (await desk.clusters()).total
    with pytest.raises(DeskConflict):
        await desk.release(row.id, "li")


async def test_merging_moves_everything_and_answers_who_waits(desk: Desk, ask: Ask, place: Place) -> None:
    """Into an answered cluster: its answer goes to the newcomers; the old id leads on; answered ones do not move."""
    a, b = await ask(0, "a"), await ask(1, "b", "你们什么时候下班")
    await place((a, None), (b, None))
    other, target = (await desk.clusters(Filter(order="newest"))).rows
    await desk.answer(target.id, "五点半。", "li")
    await desk.merge(target.id, [other.id], "li")
    page = await desk.cluster(other.id)
    assert (target.id, 2, True) == (page.row.id, page.row.size, page.row.by_hand)
    assert ["a", "b"] == [d.person for d in page.deliveries]
    assert {TicketState.ANSWERED} == {t.state for t in page.tickets}
    c = await ask(2, "c")
    await place((c, b.number))
    assert ["a", "b", "c"] == [d.person for d in await desk.deliveries(target.id)]
    d = await ask(3, "d", "别的事")
    await place((d, None))
    (fresh,) = (await desk.clusters()).rows
    with pytest.raises(DeskConflict):
        await desk.merge(fresh.id, [target.id], "li")
    with pytest.raises(DeskRefused):
        await desk.merge(fresh.id, [fresh.id], "li")


async def test_splitting_opens_anew_and_leads(desk: Desk, ask: Ask, place: Place, store: SqlStore) -> None:
    """The ticket taken out waits again in a cluster of its own, and later ones are compared with it."""
    a, b, c = await ask(0, "a"), await ask(1, "b", "公证处几点上班"), await ask(2, "c")
    await place((a, None), (b, a.number), (c, a.number))
    (row,) = (await desk.clusters()).rows
    await desk.answer(row.id, "五点半。", "li")
    before = await PlacingStore(store.shared).last_place()
    fresh = await desk.split(row.id, [b.number], "li")
    page = await desk.cluster(fresh)
    assert (TicketState.NEW, b.text, 1, True) == (page.row.state, page.row.title, page.row.size, page.row.by_hand)
    assert 2 == (await desk.cluster(row.id)).row.size
    (leader,) = await PlacingStore(store.shared).placed_since(before)
    assert (b.number, True, Apart.NO) == (leader.number, leader.by_hand, leader.apart)
    for numbers in ([b.number], [a.number, c.number], ["xx"], []):
        with pytest.raises(DeskRefused):
            await desk.split(row.id, numbers, "li")


async def test_placing_gives_way_to_what_was_placed_meanwhile(ask: Ask, place: Place, store: SqlStore) -> None:
    """Two processes that saw the same state: the second is refused and nothing of it is written."""
    a, b = await ask(0), await ask(1, "b")
    placing = PlacingStore(store.shared)
    make = lambda asker, text, again: late_reply(BASE, asker, text, again)  # noqa: E731
    assert await placing.place([Placement(_unplaced(a), None, leads=True)], 0, make)
    assert not await placing.place([Placement(_unplaced(b), None, leads=True)], 0, make)
    assert [b.number] == [t.number for t in await placing.unplaced(10)]


async def test_what_waits_goes_with_the_next_message_once(desk: Desk, ask: Ask, place: Place, store: SqlStore) -> None:
    """On the web: listed for the person, marked with the turn, then gone from the list; a page visit shows the rest."""
    a = await ask(0, "a")
    await place((a, None))
    await desk.answer((await desk.clusters()).rows[0].id, "五点半。", "li")
    (late,) = await store.late("web", "a", refused_only=False)
    assert [] == await store.late("web", "a", refused_only=True)
    message = Message("web", "a", "a", "谢谢", Kind.TEXT, a.opened_at, "a-9")
    assert (await store.before(message)).late
    await store.finish(Turn(message, Reply("thanks", "不客气", "answer"), {}, late=(late.outbox,)))
    assert [] == await store.late("web", "a", refused_only=False)
    assert [] == await store.visit("web", "a")
    assert [("sent", "with_message")] == [(d.state.value, d.note) for d in await desk.deliveries(1)]


async def test_a_visit_shows_late_answers_each_time(desk: Desk, ask: Ask, place: Place, store: SqlStore) -> None:
    """Shown on the page it counts as given, stays on the page, and does not come again with a message."""
    a = await ask(0, "a")
    await place((a, None))
    await desk.answer((await desk.clusters()).rows[0].id, "五点半。", "li")
    for _ in range(2):
        assert [f"{a.number}|{a.text}|五点半。"] == [s.reply.text for s in await store.visit("web", "a")]
    assert [] == await store.late("web", "a", refused_only=False)
    assert ["page"] == [d.note for d in await desk.deliveries(1)]


async def test_the_uncertain_is_sent_again_by_a_person_only(
    desk: Desk, ask: Ask, place: Place, store: SqlStore
) -> None:
    """The machine leaves an uncertain delivery alone; staff may send it again; what is on its way may not be."""
    a = await ask(0, "a", channel="telegram")
    await place((a, None))
    await desk.answer((await desk.clusters()).rows[0].id, "五点半。", "li")
    (delivery,) = await desk.deliveries(1)
    with pytest.raises(DeskConflict):
        await desk.send_again(delivery.id, "li")
    await store.take("telegram")
    await store.recover_outbox("telegram")
    assert [DeliveryState.UNCERTAIN] == [d.state for d in await desk.deliveries(1)]
    assert [] == await store.take("telegram")
    await desk.send_again(delivery.id, "li")
    assert 1 == len(await store.take("telegram"))
    assert "sent_again" == (await desk.events(ticket=a.number)).rows[0].what


async def test_one_failing_write_does_not_stop_the_writer(store: SqlStore, desk: Desk, ask: Ask) -> None:
    """A refusal inside a transaction reaches who asked, and the next write works."""
    with pytest.raises(DeskNotFound):
        await desk.assign(99, "li", "wang")
    assert NUMBERS[0] == (await ask(0)).number


async def test_counts_that_grow_are_the_counts_made_anew(desk: Desk, ask: Ask, place: Place, store: SqlStore) -> None:
    """People and dates after three placings, the same persons among them, are what counting everything gives."""
    a, b, c = await ask(0, "a"), await ask(1, "b"), await ask(2, "a")
    await place((a, None), (b, a.number), (c, None))
    d, e, f = await ask(3, "a"), await ask(4, "d"), await ask(5, "d")
    await place((d, c.number), (e, a.number))
    await place((f, a.number))
    grown = (await desk.clusters()).rows
    assert [(3, 4), (1, 2)] == [(row.people, row.size) for row in grown]
    async with store.shared.engine.begin() as connection:
        await refresh(connection, [row.id for row in grown])
    assert grown == (await desk.clusters()).rows
