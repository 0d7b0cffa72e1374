"""Looking into the desk: lists with filters and paging, one cluster, one ticket, history, counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Message, Reply
from bot.store import desk_rows as rows
from bot.store.base import Ticket
from bot.store.desk_base import (
    OPEN,
    ClusterPage,
    ClusterRow,
    Delivery,
    DeskNumbers,
    Event,
    Filter,
    Listing,
    Page,
    Proposal,
    TicketPage,
)
from bot.store.desk_schema import answers, clusters, deliveries, events, proposals
from bot.store.rows import to_ticket
from bot.store.schema import UNCERTAIN, messages, outbox, tickets
from bot.store.shared import Shared

MOST_TICKETS = 500
MOST_EVENTS = 200
AROUND = timedelta(days=1)
"""How far around a ticket its conversation is shown."""
_OPEN = [state.value for state in OPEN]
_BLOCKED = sa.or_(outbox.c.note.ilike("%blocked%"), outbox.c.note.ilike("%deactivated%"), outbox.c.note == "blocked")


class DeskReader:
    """Reads only."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def clusters(self, which: Filter, page: Page, now: datetime) -> Listing[ClusterRow]:
        """See Desk.clusters."""
        where = _cluster_where(which, now)
        query = sa.select(clusters).where(*where).order_by(*_cluster_order(which)).limit(page.limit).offset(page.offset)
        count = sa.select(sa.func.count()).select_from(clusters).where(*where)
        async with self._shared.reading() as connection:
            total = int((await connection.execute(count)).scalar_one())
            found = (await connection.execute(query)).all() if total else []
            return Listing(await _with_channels(connection, found), total)

    async def tickets(self, which: Filter, page: Page, now: datetime) -> Listing[Ticket]:
        """See Desk.tickets."""
        where = _ticket_where(which, now)
        newest = which.order == "newest"
        order = (tickets.c.opened_at.desc(), tickets.c.number) if newest else (tickets.c.opened_at, tickets.c.number)
        query = sa.select(tickets).where(*where).order_by(*order).limit(page.limit).offset(page.offset)
        count = sa.select(sa.func.count()).select_from(tickets).where(*where)
        async with self._shared.reading() as connection:
            total = int((await connection.execute(count)).scalar_one())
            found = (await connection.execute(query)).all() if total else []
        return Listing(tuple(to_ticket(row) for row in found), total)

    async def cluster(self, cluster: int) -> ClusterPage | None:
        """See Desk.cluster; None when there is none."""
        async with self._shared.reading() as connection:
            row = await standing(connection, cluster)
            if row is None:
                return None
            of = {"cluster": row.id}
            inside = sa.select(tickets).where(tickets.c.cluster == row.id).order_by(tickets.c.opened_at)
            changes = sa.select(proposals).where(proposals.c.cluster == row.id).order_by(proposals.c.id)
            told = sa.select(events).where(events.c.cluster == row.id).order_by(events.c.id.desc()).limit(MOST_EVENTS)
            (shown,) = await _with_channels(connection, [row])
            return ClusterPage(
                row=shown,
                tickets=tuple(to_ticket(t) for t in await connection.execute(inside.limit(MOST_TICKETS))),
                answer=rows.to_answer(await _answer_in_force(connection, row)),
                ignored=row.ignored,
                deliveries=await _deliveries(connection, **of),
                proposals=tuple(rows.to_proposal(p) for p in await connection.execute(changes)),
                events=tuple(rows.to_event(e) for e in reversed((await connection.execute(told)).all())),
            )

    async def ticket_page(self, number: str) -> TicketPage | None:
        """See Desk.ticket; None when there is none."""
        async with self._shared.reading() as connection:
            row = (await connection.execute(sa.select(tickets).where(tickets.c.number == number))).one_or_none()
            if row is None:
                return None
            ticket = to_ticket(row)
            parent = await standing(connection, ticket.cluster) if ticket.cluster is not None else None
            shown = await _with_channels(connection, [parent]) if parent else ()
            sent = await _deliveries(connection, cluster=ticket.cluster) if parent else ()
            return TicketPage(
                ticket=ticket,
                cluster=shown[0] if shown else None,
                conversation=await _conversation(connection, ticket),
                deliveries=tuple(d for d in sent if (d.channel, d.person) == (ticket.channel, ticket.person)),
            )

    async def deliveries(self, cluster: int) -> tuple[Delivery, ...]:
        """See Desk.deliveries."""
        async with self._shared.reading() as connection:
            return await _deliveries(connection, cluster=cluster)

    async def events(self, cluster: int | None, ticket: str, page: Page) -> Listing[Event]:
        """See Desk.events."""
        where: list[sa.ColumnElement[bool]] = []
        if cluster is not None:
            where.append(events.c.cluster == cluster)
        if ticket:
            where.append(events.c.ticket == ticket)
        query = sa.select(events).where(*where).order_by(events.c.id.desc()).limit(page.limit).offset(page.offset)
        count = sa.select(sa.func.count()).select_from(events).where(*where)
        async with self._shared.reading() as connection:
            total = int((await connection.execute(count)).scalar_one())
            found = (await connection.execute(query)).all()
        return Listing(tuple(rows.to_event(row) for row in found), total)

    async def numbers(self, now: datetime) -> DeskNumbers:
        """See Desk.numbers."""
        standing_ones = clusters.c.merged_into.is_(None)
        queue = sa.and_(standing_ones, clusters.c.apart == "")
        waiting = sa.and_(queue, clusters.c.state.in_(_OPEN))
        by_state = sa.select(clusters.c.state, sa.func.count()).where(queue).group_by(clusters.c.state)
        apart = sa.select(tickets.c.apart, sa.func.count()).where(tickets.c.apart != "").group_by(tickets.c.apart)
        late = sa.select(sa.func.count()).select_from(clusters).where(waiting, clusters.c.due_at < now)
        oldest = sa.select(sa.func.min(clusters.c.first_at)).where(waiting)
        unplaced = sa.select(sa.func.count()).select_from(tickets).where(tickets.c.cluster.is_(None))
        uncertain = (
            sa.select(sa.func.count())
            .select_from(outbox)
            .join(deliveries, deliveries.c.outbox == outbox.c.id)
            # in the very words of the partial index
            .where(sa.text(f"outbox.{UNCERTAIN}"))
        )
        async with self._shared.reading() as connection:
            return DeskNumbers(
                clusters=await _counted(connection, by_state),
                apart=await _counted(connection, apart),
                overdue=int((await connection.execute(late)).scalar_one()),
                unplaced=int((await connection.execute(unplaced)).scalar_one()),
                oldest_open=(await connection.execute(oldest)).scalar_one(),
                uncertain=int((await connection.execute(uncertain)).scalar_one()),
            )

    async def proposals_of(self, cluster: int) -> tuple[Proposal, ...]:
        """Proposals that came from a cluster, oldest first."""
        query = sa.select(proposals).where(proposals.c.cluster == cluster).order_by(proposals.c.id)
        async with self._shared.reading() as connection:
            return tuple(rows.to_proposal(row) for row in await connection.execute(query))


async def standing(connection: AsyncConnection, cluster: int | None) -> sa.Row[Any] | None:
    """The row of a cluster, or of the one it was merged into; None when there is none."""
    for _ in range(100):
        query = sa.select(clusters).where(clusters.c.id == cluster)
        row = (await connection.execute(query)).one_or_none()
        if row is None or row.merged_into is None:
            return row
        cluster = row.merged_into
    raise ValueError(f"cluster {cluster}: merged in a circle")


async def _counted(connection: AsyncConnection, query: sa.Select[Any]) -> dict[str, int]:
    return {str(name): int(count) for name, count in await connection.execute(query)}


async def _answer_in_force(connection: AsyncConnection, row: sa.Row[Any]) -> sa.Row[Any] | None:
    sent = sa.select(sa.func.count()).where(deliveries.c.answer == answers.c.id).scalar_subquery()
    query = sa.select(answers, sent.label("askers")).where(answers.c.id == row.answer)
    return (await connection.execute(query)).one_or_none()


async def _with_channels(connection: AsyncConnection, found: Sequence[sa.Row[Any]]) -> tuple[ClusterRow, ...]:
    if not found:
        return ()
    ids = [row.id for row in found]
    query = sa.select(tickets.c.cluster, tickets.c.channel).where(tickets.c.cluster.in_(ids)).distinct()
    channels: dict[int, list[str]] = {}
    for cluster, channel in await connection.execute(query.order_by(tickets.c.channel)):
        channels.setdefault(cluster, []).append(channel)
    return tuple(rows.to_cluster(row, tuple(channels.get(row.id, ()))) for row in found)


async def _deliveries(connection: AsyncConnection, cluster: int | None) -> tuple[Delivery, ...]:
    query = (
        sa.select(deliveries, outbox.c.state, outbox.c.attempts, outbox.c.note, _BLOCKED.label("blocked"))
        .join(outbox, outbox.c.id == deliveries.c.outbox)
        .where(deliveries.c.cluster == cluster)
        .order_by(deliveries.c.id)
    )
    return tuple(rows.to_delivery(row) for row in await connection.execute(query))


async def _conversation(connection: AsyncConnection, ticket: Ticket) -> tuple[tuple[Message, Reply], ...]:
    query = (
        sa.select(messages.c.body, messages.c.reply)
        .where(messages.c.channel == ticket.channel, messages.c.chat == ticket.chat, messages.c.done)
        # in a group, what others asked is none of this ticket's
        .where(messages.c.person == ticket.person)
        .where(messages.c.received_at.between(ticket.opened_at - AROUND, ticket.opened_at + AROUND))
        .order_by(messages.c.id)
        .limit(40)
    )
    found = (await connection.execute(query)).all()
    return tuple((Message.from_json(row.body), Reply.from_json(row.reply)) for row in found)


def _cluster_where(which: Filter, now: datetime) -> list[sa.ColumnElement[bool]]:
    where = [clusters.c.merged_into.is_(None), clusters.c.apart != "" if which.apart else clusters.c.apart == ""]
    if which.states:
        where.append(clusters.c.state.in_([state.value for state in which.states]))
    if which.owner is not None:
        where.append(clusters.c.owner == which.owner)
    if which.topic:
        where.append(clusters.c.nearest.startswith(f"{which.topic}.", autoescape=True))
    if which.least_people > 1:
        where.append(clusters.c.people >= which.least_people)
    if which.overdue:
        where += [clusters.c.due_at < now, clusters.c.state.in_(_OPEN)]
    inside = _inside(which)
    if inside:
        # cluster by cluster: the tickets of those in question are fewer than all that a word or channel has
        where.append(sa.exists().where(tickets.c.cluster == clusters.c.id, *inside))
    return where


def _inside(which: Filter) -> list[sa.ColumnElement[bool]]:
    """Conditions on single tickets."""
    where = []
    if which.channel:
        where.append(tickets.c.channel == which.channel)
    if which.reason:
        where.append(tickets.c.reason == which.reason)
    if which.text:
        number = tickets.c.number == which.text.upper()
        where.append(sa.or_(tickets.c.text.contains(which.text, autoescape=True), number))
    return where


def _ticket_where(which: Filter, now: datetime) -> list[sa.ColumnElement[bool]]:
    where = [tickets.c.apart != "" if which.apart else tickets.c.apart == "", *_inside(which)]
    if which.states:
        where.append(tickets.c.state.in_([state.value for state in which.states]))
    if which.owner is not None:
        where.append(tickets.c.owner == which.owner)
    if which.overdue:
        where += [tickets.c.due_at < now, tickets.c.state.in_(_OPEN)]
    if which.topic:
        near = clusters.c.nearest.startswith(f"{which.topic}.", autoescape=True)
        where.append(tickets.c.cluster.in_(sa.select(clusters.c.id).where(near)))
    if which.least_people > 1:
        many = sa.select(clusters.c.id).where(clusters.c.people >= which.least_people)
        where.append(tickets.c.cluster.in_(many))
    return where


def _cluster_order(which: Filter) -> tuple[Any, ...]:
    return {
        "people": (clusters.c.people.desc(), clusters.c.first_at, clusters.c.id),
        "age": (clusters.c.first_at, clusters.c.id),
        "due": (clusters.c.due_at, clusters.c.id),
        "newest": (clusters.c.last_at.desc(), clusters.c.id),
    }[which.order]
