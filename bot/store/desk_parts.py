"""Steps that several of the desk's transactions share: counts of a cluster, its history, and putting answers on their way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import DeskNotFound
from bot.store.base import OutboxState, TicketState
from bot.store.desk_base import Asker, MakeReply
from bot.store.desk_read import standing
from bot.store.desk_schema import answers, clusters, deliveries, events
from bot.store.rows import of_outgoing
from bot.store.schema import outbox, tickets
from bot.store.shared import DESK, tell

SUPERSEDED = "superseded"
"""Note on an outbox row that a correction overtook before it went out."""
_MANY = 5_000
_UNSENT = (OutboxState.PENDING.value, OutboxState.FAILED.value)


async def cluster_row(connection: AsyncConnection, cluster: int) -> sa.Row[Any]:
    """The cluster as it stands, followed through merges. Raises DeskNotFound."""
    row = await standing(connection, cluster)
    if row is None:
        raise DeskNotFound(f"没有编号 {cluster} 的问题组。用列表里的编号，例如 fawen review list。")
    return row


async def note(connection: AsyncConnection, now: datetime, who: str, what: str, **more: Any) -> None:
    """One line of history."""
    values = {"why": "", "ticket": "", "detail": {}, **more}
    await connection.execute(sa.insert(events).values(at=now, who=who, what=what, **values))
    await tell(connection, DESK)


async def refresh(connection: AsyncConnection, ids: Iterable[int]) -> None:
    """Count people and tickets of these clusters anew, and their dates; one without tickets stays as it is."""
    wanted = sorted(set(ids))
    c = tickets.c
    person = c.channel + sa.literal(":") + c.person
    first = sa.func.min(c.opened_at)
    counted = sa.select(
        c.cluster.label("key"),
        sa.func.count(sa.distinct(person)).label("people_now"),
        sa.func.count().label("size_now"),
        first.label("first_now"),
        sa.func.max(c.opened_at).label("last_now"),
        sa.func.coalesce(sa.func.min(c.due_at), first).label("due_now"),
    ).group_by(c.cluster)
    change = (
        sa.update(clusters)
        .where(clusters.c.id == sa.bindparam("key"))
        .values(
            people=sa.bindparam("people_now"),
            size=sa.bindparam("size_now"),
            first_at=sa.bindparam("first_now"),
            last_at=sa.bindparam("last_now"),
            due_at=sa.bindparam("due_now"),
        )
    )
    for start in range(0, len(wanted), _MANY):
        found = await connection.execute(counted.where(c.cluster.in_(wanted[start : start + _MANY])))
        if rows := [dict(row._mapping) for row in found]:
            await connection.execute(change, rows)


async def grow(connection: AsyncConnection, first_place: int) -> None:
    """Add the tickets placed from this number on to the counts of their clusters, which are not counted anew."""
    new, old = tickets.alias("new"), tickets.alias("old")
    earlier = sa.exists().where(
        old.c.channel == new.c.channel,
        old.c.person == new.c.person,
        # + 0: not through the index of clusters, which may be large; a person has few tickets
        old.c.cluster + 0 == new.c.cluster,
        old.c.place < new.c.place,
    )
    fresh = sa.case((earlier, 0), else_=1).label("fresh")
    # + 0 again: the new tickets are read by their places, not all tickets in the order of their clusters
    home = (new.c.cluster + 0).label("cluster")
    inner = sa.select(home, new.c.opened_at, new.c.due_at, fresh).where(new.c.place >= first_place)
    part = inner.subquery()
    first = sa.func.min(part.c.opened_at)
    more = (
        sa.select(
            part.c.cluster.label("key"),
            sa.func.sum(part.c.fresh).label("people"),
            sa.func.count().label("size"),
            first.label("first"),
            sa.func.max(part.c.opened_at).label("last"),
            sa.func.coalesce(sa.func.min(part.c.due_at), first).label("due"),
        )
        .group_by(part.c.cluster)
        .subquery("more")
    )
    c, m = clusters.c, more.c
    change = sa.update(clusters).where(c.id == m.key)
    change = change.values(
        people=c.people + m.people,
        size=c.size + m.size,
        first_at=sa.case((c.first_at > m.first, m.first), else_=c.first_at),
        last_at=sa.case((c.last_at < m.last, m.last), else_=c.last_at),
        due_at=sa.case((c.due_at > m.due, m.due), else_=c.due_at),
    )
    await connection.execute(change)


async def next_place(connection: AsyncConnection) -> int:
    """The number after the last ticket that was placed; only under Lock.CLUSTERS."""
    last = (await connection.execute(sa.select(sa.func.max(tickets.c.place)))).scalar_one()
    return int(last or 0) + 1


async def deliver(connection: AsyncConnection, answer: int, cluster: int, make: MakeReply, now: datetime) -> int:
    """Put an answer on its way to every asker of a cluster who has not got it; how many.

    The rows of outbox and deliveries are written in the caller's transaction. For a correction, copies of the answers
    before it that are still here are withdrawn first; who never got one reads no word of a correction.
    """
    row = (await connection.execute(sa.select(answers).where(answers.c.id == answer))).one()
    told = await _askers_told(connection, cluster, row.id if row.correction else None)
    having = set(await _having(connection, answer))
    waiting = [a for a in await _askers(connection, cluster) if (a.channel, a.person) not in having]
    if not waiting:
        return 0
    rows = []
    for asker in waiting:
        reply = make(asker, row.text, (asker.channel, asker.person) in told)
        rows.append(of_outgoing(asker.channel, asker.chat, reply, asker.ticket, now))
    put = sa.insert(outbox).returning(outbox.c.id, sort_by_parameter_order=True)
    ids = (await connection.execute(put, rows)).scalars().all()
    await connection.execute(
        sa.insert(deliveries),
        [
            {"answer": answer, "cluster": cluster, "ticket": a.ticket, "channel": a.channel, "chat": a.chat,
             "person": a.person, "outbox": outgoing, "at": now}
            for a, outgoing in zip(waiting, ids, strict=True)
        ],
    )  # fmt: skip
    return len(waiting)


async def _askers(connection: AsyncConnection, cluster: int) -> Sequence[Asker]:
    """Each person once, with the newest of their tickets."""
    query = sa.select(tickets).where(tickets.c.cluster == cluster, tickets.c.apart == "")
    found: dict[tuple[str, str], Asker] = {}
    for row in await connection.execute(query.order_by(tickets.c.opened_at, tickets.c.number)):
        found[row.channel, row.person] = Asker(row.channel, row.chat, row.person, row.number, row.text)
    return list(found.values())


async def _having(connection: AsyncConnection, answer: int) -> list[tuple[str, str]]:
    query = sa.select(deliveries.c.channel, deliveries.c.person).where(deliveries.c.answer == answer)
    return [(row.channel, row.person) for row in await connection.execute(query)]


async def _askers_told(connection: AsyncConnection, cluster: int, correction: int | None) -> set[tuple[str, str]]:
    """Who has seen an earlier answer of this cluster; copies that did not go out are withdrawn."""
    if correction is None:
        return set()
    earlier = sa.select(deliveries).where(deliveries.c.cluster == cluster, deliveries.c.answer != correction)
    rows = (await connection.execute(earlier)).all()
    withdraw = (
        sa.update(outbox)
        .where(outbox.c.id.in_([row.outbox for row in rows]), outbox.c.state.in_(_UNSENT))
        .values(state=OutboxState.FAILED.value, note=SUPERSEDED)
    )
    await connection.execute(withdraw)
    gone = sa.select(outbox.c.id).where(outbox.c.id.in_([row.outbox for row in rows]), outbox.c.note == SUPERSEDED)
    withdrawn = set((await connection.execute(gone)).scalars())
    return {(row.channel, row.person) for row in rows if row.outbox not in withdrawn}


async def settle_tickets(connection: AsyncConnection, cluster: int, state: TicketState, **more: Any) -> None:
    """All tickets of a cluster follow it into a state."""
    await connection.execute(sa.update(tickets).where(tickets.c.cluster == cluster).values(state=state.value, **more))
