"""Proposals and publications on the database: a change, its check, its approval, and the journal of what came into force.

A publication is written as `publishing` before the first file is touched and as `published` after the last: what a stop
left in between is found again and finished.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import DeskConflict, DeskNotFound
from bot.store import desk_rows as rows
from bot.store.base import TicketState
from bot.store.desk_base import Listing, Page, Proposal, ProposalState, Publication
from bot.store.desk_parts import note, settle_tickets
from bot.store.desk_schema import clusters, proposals, publications
from bot.store.locks import Lock
from bot.store.shared import Shared

T = TypeVar("T")
WAITING = (ProposalState.PROPOSED.value, ProposalState.APPROVED.value)
_STATES = {
    ProposalState.PUBLISHED.value: "已经发布",
    ProposalState.REJECTED.value: "已经退回",
    ProposalState.ROLLED_BACK.value: "发布后已经撤回",
}
_RETURNED = {TicketState.PUBLISHED: TicketState.ANSWERED, TicketState.ANSWERED: TicketState.PUBLISHED}


class ProposalStore:
    """What `bot.desk.changes` needs of the database."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def _change(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async def locked(connection: AsyncConnection) -> T:
            await self._shared.lock(connection, Lock.CLUSTERS)
            return await work(connection)

        return await self._shared.writer.write(locked)

    async def add(self, values: Mapping[str, Any]) -> int:
        """A new proposal; its id."""
        now = self._shared.now()
        whole = {"state": ProposalState.PROPOSED.value, "at": now, "diff": "", "problems": [], **values}
        whole |= {"changes": None, "checked_at": None, "approver": "", "approved_at": None, "rejected": ""}

        async def work(connection: AsyncConnection) -> int:
            put = await connection.execute(sa.insert(proposals).values(**whole).returning(proposals.c.id))
            found = int(put.scalar_one())
            named = {"cluster": values["cluster"], "proposal": found, "detail": {"entry": values["entry"]}}
            await note(connection, now, values["author"], "proposed", why=values["why"], **named)
            return found

        return await self._change(work)

    async def get(self, proposal: int) -> Proposal:
        """Raises DeskNotFound."""
        async with self._shared.reading() as connection:
            return rows.to_proposal(await _row(connection, proposals, proposal, "修改"))

    async def waiting(self, proposal: int) -> Proposal:
        """One that is neither published nor rejected. Raises DeskNotFound, DeskConflict."""
        async with self._shared.reading() as connection:
            return rows.to_proposal(await _waiting(connection, proposal))

    async def find(self, states: Sequence[ProposalState], cluster: int | None, page: Page) -> Listing[Proposal]:
        """Newest first."""
        where: list[sa.ColumnElement[bool]] = []
        if states:
            where.append(proposals.c.state.in_([state.value for state in states]))
        if cluster is not None:
            where.append(proposals.c.cluster == cluster)
        query = sa.select(proposals).where(*where).order_by(proposals.c.id.desc())
        count = sa.select(sa.func.count()).select_from(proposals).where(*where)
        async with self._shared.reading() as connection:
            total = int((await connection.execute(count)).scalar_one())
            found = await connection.execute(query.limit(page.limit).offset(page.offset))
            return Listing(tuple(rows.to_proposal(row) for row in found), total)

    async def settle(self, proposal: int, by: str, what: str, values: Mapping[str, Any], why: str = "") -> Proposal:
        """Change a proposal that still waits. Raises DeskNotFound, DeskConflict."""

        async def work(connection: AsyncConnection) -> Proposal:
            row = await _waiting(connection, proposal)
            await connection.execute(sa.update(proposals).where(proposals.c.id == proposal).values(**values))
            named = {"cluster": row.cluster, "proposal": proposal}
            await note(connection, self._shared.now(), by, what, why=why, **named)
            return rows.to_proposal(await _row(connection, proposals, proposal, "修改"))

        return await self._change(work)

    async def begin(self, values: Mapping[str, Any]) -> int:
        """Journal a publication before its files are written. Raises DeskConflict when its proposal waits no more."""

        async def work(connection: AsyncConnection) -> int:
            if values["proposal"] is not None and values["undoes"] is None:
                await _waiting(connection, values["proposal"])
            if values["undoes"] is not None:
                undone = await _row(connection, publications, values["undoes"], "发布记录")
                if undone.state != "published":
                    raise DeskConflict(f"发布记录 {undone.id} 已经撤回过，不用再撤。")
            whole = {**values, "state": "publishing", "at": self._shared.now()}
            put = await connection.execute(sa.insert(publications).values(**whole).returning(publications.c.id))
            return int(put.scalar_one())

        return await self._change(work)

    async def finish(self, publication: int, version: str) -> Publication:
        """The files are in place: the proposal, its cluster and tickets follow."""

        async def work(connection: AsyncConnection) -> Publication:
            row = await _row(connection, publications, publication, "发布记录")
            if row.state == "publishing":
                await _set(connection, publications, publication, state="published", version_after=version)
                await self._follow(connection, row)
            return rows.to_publication(await _row(connection, publications, publication, "发布记录"))

        return await self._change(work)

    async def _follow(self, connection: AsyncConnection, row: sa.Row[Any]) -> None:
        forward = row.undoes is None
        undone = None if forward else await _row(connection, publications, row.undoes, "发布记录")
        if undone is not None:
            await _set(connection, publications, undone.id, state="rolled_back")
            # a roll back that is rolled back brings the first change into force again
            forward = undone.undoes is not None
        cluster = None
        if row.proposal is not None:
            state = ProposalState.PUBLISHED if forward else ProposalState.ROLLED_BACK
            await _set(connection, proposals, row.proposal, state=state.value)
            cluster = (await _row(connection, proposals, row.proposal, "修改")).cluster
        if cluster is not None:
            await _turn(connection, cluster, TicketState.ANSWERED if forward else TicketState.PUBLISHED)
        what = "published" if row.undoes is None else "rolled_back"
        named = {"cluster": cluster, "proposal": row.proposal, "publication": row.id}
        await note(connection, self._shared.now(), row.author, what, why=row.why, **named)

    async def fail(self, publication: int) -> None:
        """The files could not be brought to either state; nothing of it is in force."""

        async def work(connection: AsyncConnection) -> None:
            await _set(connection, publications, publication, state="failed")

        await self._change(work)

    async def half_done(self) -> list[Publication]:
        """What a stop left between the first file and the last."""
        query = sa.select(publications).where(publications.c.state == "publishing").order_by(publications.c.id)
        async with self._shared.reading() as connection:
            return [rows.to_publication(row) for row in await connection.execute(query)]

    async def publication(self, publication: int) -> Publication:
        """Raises DeskNotFound."""
        async with self._shared.reading() as connection:
            return rows.to_publication(await _row(connection, publications, publication, "发布记录"))

    async def publications(self, page: Page) -> Listing[Publication]:
        """Newest first."""
        query = sa.select(publications).order_by(publications.c.id.desc()).limit(page.limit).offset(page.offset)
        count = sa.select(sa.func.count()).select_from(publications)
        async with self._shared.reading() as connection:
            total = int((await connection.execute(count)).scalar_one())
            return Listing(tuple(rows.to_publication(row) for row in await connection.execute(query)), total)


async def _row(connection: AsyncConnection, table: sa.Table, key: int, what: str) -> sa.Row[Any]:
    row = (await connection.execute(sa.select(table).where(table.c.id == key))).one_or_none()
    if row is None:
        raise DeskNotFound(f"没有编号 {key} 的{what}。")
    return row


async def _set(connection: AsyncConnection, table: sa.Table, key: int, **values: Any) -> None:
    await connection.execute(sa.update(table).where(table.c.id == key).values(**values))


async def _waiting(connection: AsyncConnection, proposal: int) -> sa.Row[Any]:
    row = await _row(connection, proposals, proposal, "修改")
    if row.state not in WAITING:
        raise DeskConflict(f"修改 {proposal} {_STATES[row.state]}，不能再动。")
    return row


async def _turn(connection: AsyncConnection, cluster: int, state: TicketState) -> None:
    """ANSWERED becomes PUBLISHED and back; a cluster in another state stays as it is."""
    to = _RETURNED[state]
    change = sa.update(clusters).where(clusters.c.id == cluster, clusters.c.state == state.value)
    if (await connection.execute(change.values(state=to.value))).rowcount:
        await settle_tickets(connection, cluster, to)
