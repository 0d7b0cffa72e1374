"""Where the machine puts tickets: it places each ticket once and never moves one, so that what people did stays.

Several processes may gather: each compares outside the transaction with what it has seen, and the placing is refused
(`place` -> False) when anything was placed since; then it looks again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.base import TicketState
from bot.store.desk_base import Apart, MakeReply, Placed, Placement, Unplaced
from bot.store.desk_parts import deliver, grow, next_place, note
from bot.store.desk_schema import answers, clusters
from bot.store.locks import Lock
from bot.store.schema import tickets
from bot.store.shared import DESK, Shared, tell

MACHINE = "machine"
"""Who stands in the history where nobody decided."""
_ANSWERED = (TicketState.ANSWERED.value, TicketState.PUBLISHED.value)
_CHUNK = 5_000


class PlacingStore:
    """What the gatherer needs of the database."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def placed_since(self, place: int) -> list[Placed]:
        """Tickets that others are compared with, placed after `place`, in order."""
        query = (
            sa.select(tickets.c.number, tickets.c.text, tickets.c.apart, tickets.c.place, tickets.c.by_hand)
            .where(tickets.c.place > place, tickets.c.leads)
            .order_by(tickets.c.place)
        )
        async with self._shared.reading() as connection:
            found = await connection.execute(query)
            return [Placed(r.number, r.text, Apart(r.apart), r.place, bool(r.by_hand)) for r in found]

    async def last_place(self) -> int:
        """The number of the last placing; 0 before the first."""
        async with self._shared.reading() as connection:
            return await next_place(connection) - 1

    async def unplaced(self, limit: int) -> list[Unplaced]:
        """Tickets without a cluster, oldest first; empty when there is nothing to do."""
        c = tickets.c
        query = sa.select(c.number, c.text, c.apart).where(c.cluster.is_(None)).order_by(c.opened_at).limit(limit)
        async with self._shared.reading() as connection:
            return [Unplaced(*row) for row in await connection.execute(query)]

    async def place(self, placements: Sequence[Placement], seen: int, make: MakeReply) -> bool:
        """Put each ticket where it was found to belong; False, and nothing done, when others placed since `seen`.

        A ticket like one of an ignored cluster, or like one of an answered cluster but not the same, begins a cluster of
        its own. One that joins an answered cluster is answered at once, in the same transaction.
        """

        async def work(connection: AsyncConnection) -> bool:
            await self._shared.lock(connection, Lock.CLUSTERS)
            start = await next_place(connection)
            if start != seen + 1:
                return False
            step = _Step(connection, placements, start, self._shared.now, make)
            await step.run()
            await tell(connection, DESK)
            return True

        return await self._shared.writer.write(work)


class _Step:
    """One transaction of placing."""

    def __init__(
        self, connection: AsyncConnection, placements: Sequence[Placement], start: int, now: Callable[[], Any],
        make: MakeReply,
    ) -> None:  # fmt: skip
        self._connection, self._placements, self._start = connection, placements, start
        self._now, self._make = now, make
        self._state: dict[int, Any] = {}
        """Rows of the clusters that anchors stand in."""

    async def run(self) -> None:
        """Decide for all, then write in bulk."""
        still = await self._still_there()
        homes = await self._homes()
        fresh: list[Placement] = []
        joined: list[tuple[Placement, int | str]] = []
        """Cluster id, or the number of the ticket in this batch that begins the cluster."""
        began: dict[str, str] = {}
        for placement in self._placements:
            number, anchor = placement.ticket.number, placement.anchor
            if number not in still:
                continue
            home: int | str | None = began.get(anchor or "", homes.get(anchor or ""))
            if isinstance(home, int) and not self._welcomes(home, placement.same):
                home = None
            if home is None:
                fresh.append(placement)
                began[number] = number
            else:
                joined.append((placement, home))
                if isinstance(home, str):
                    began[number] = home
                else:
                    homes[number] = home
        ids = await self._begin(fresh)
        at = {number: ids[leader] for number, leader in began.items()}
        rows = [self._row(p, ids[p.ticket.number], leads=True) for p in fresh]
        rows += [self._row(p, at[home] if isinstance(home, str) else home, p.leads) for p, home in joined]
        await self._write(rows)
        await grow(self._connection, self._start)
        await self._answer_late(joined)

    def _welcomes(self, cluster: int, same: bool) -> bool:
        row = self._state[cluster]
        return row.state != TicketState.IGNORED.value and (same or row.state not in _ANSWERED)

    async def _still_there(self) -> set[str]:
        found: set[str] = set()
        for part in _chunks([p.ticket.number for p in self._placements]):
            query = sa.select(tickets.c.number).where(tickets.c.number.in_(part), tickets.c.cluster.is_(None))
            found |= set((await self._connection.execute(query)).scalars())
        return found

    async def _homes(self) -> dict[str, int]:
        """Anchor -> its cluster; the clusters' rows are kept."""
        found: dict[str, int] = {}
        for part in _chunks(sorted({p.anchor for p in self._placements if p.anchor})):
            query = sa.select(tickets.c.number, tickets.c.cluster).where(
                tickets.c.number.in_(part), tickets.c.cluster.is_not(None)
            )
            found |= {row.number: row.cluster for row in await self._connection.execute(query)}
        text = sa.select(answers.c.text).where(answers.c.id == clusters.c.answer).scalar_subquery()
        for ids in _chunks(sorted(set(found.values()))):
            query = sa.select(clusters, text.label("said")).where(clusters.c.id.in_(ids))
            self._state |= {row.id: row for row in await self._connection.execute(query)}
        return found

    async def _begin(self, fresh: Sequence[Placement]) -> dict[str, int]:
        """New clusters; number of the ticket that begins it -> id."""
        if not fresh:
            return {}
        last = (await self._connection.execute(sa.select(sa.func.coalesce(sa.func.max(clusters.c.id), 0)))).scalar_one()
        known: dict[str, sa.Row[Any]] = {}
        for part in _chunks([p.ticket.number for p in fresh]):
            query = sa.select(tickets).where(tickets.c.number.in_(part))
            known |= {row.number: row for row in await self._connection.execute(query)}
        await self._connection.execute(sa.insert(clusters), [_beginning(known[p.ticket.number]) for p in fresh])
        # under Lock.CLUSTERS nobody else inserts: the new ids are in the order of the rows
        new = sa.select(clusters.c.id).where(clusters.c.id > last).order_by(clusters.c.id)
        ids = (await self._connection.execute(new)).scalars().all()
        return {p.ticket.number: int(i) for p, i in zip(fresh, ids, strict=True)}

    def _row(self, placement: Placement, home: int, leads: bool) -> dict[str, Any]:
        place = {"key": placement.ticket.number, "home": home, "leads": leads}
        row = self._state.get(home)
        if row is None or (row.answer is None and not row.owner and row.state == TicketState.NEW.value):
            return place
        answered = row.answer is not None
        return {
            **place,
            "state": row.state,
            "owner": row.owner,
            "said": row.said if answered else "",
            "said_at": self._now() if answered else None,
        }

    async def _write(self, rows: list[dict[str, Any]]) -> None:
        numbered = [{**row, "at": self._start + n} for n, row in enumerate(rows)]
        change = (
            sa.update(tickets)
            .where(tickets.c.number == sa.bindparam("key"))
            .values(cluster=sa.bindparam("home"), place=sa.bindparam("at"), leads=sa.bindparam("leads"))
        )
        if plain := [row for row in numbered if "state" not in row]:
            await self._connection.execute(change, plain)
        # what a person or an answer has made of the cluster holds for the ticket too
        more: dict[str, sa.BindParameter[Any]] = {
            "state": sa.bindparam("state"),
            "owner": sa.bindparam("owner"),
            "answer": sa.bindparam("said"),
            "answered_at": sa.bindparam("said_at"),
        }
        if known := [row for row in numbered if "state" in row]:
            await self._connection.execute(change.values(**more), known)

    async def _answer_late(self, joined: Sequence[tuple[Placement, int | str]]) -> None:
        """Who asks again what was answered gets that answer."""
        now = self._now()
        for placement, home in joined:
            row = self._state.get(home) if isinstance(home, int) else None
            if row is None or row.answer is None:
                continue
            await deliver(self._connection, row.answer, row.id, self._make, now)
            await note(self._connection, now, MACHINE, "answered", cluster=row.id, ticket=placement.ticket.number)


def _beginning(ticket: sa.Row[Any]) -> dict[str, Any]:
    nearest = ticket.nearest[0] if ticket.nearest else ("", 0.0)
    return {
        "title": ticket.text, "state": TicketState.NEW.value, "owner": "", "people": 0, "size": 0,
        "first_at": ticket.opened_at, "last_at": ticket.opened_at, "due_at": ticket.due_at or ticket.opened_at,
        "nearest": nearest[0], "confidence": nearest[1], "apart": ticket.apart, "by_hand": False, "ignored": "",
    }  # fmt: skip


def _chunks(values: Sequence[Any]) -> list[Sequence[Any]]:
    return [values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK)]
