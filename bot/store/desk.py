"""The desk on the database: what staff decide, each in one transaction with its line of history."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import DeskConflict, DeskNotFound, DeskRefused
from bot.store.base import OutboxState, TicketState
from bot.store.desk_base import OPEN, Answer, MakeReply
from bot.store.desk_parts import (
    SUPERSEDED,
    cluster_row,
    deliver,
    next_place,
    note,
    refresh,
    settle_tickets,
)
from bot.store.desk_read import DeskReader
from bot.store.desk_schema import answers, clusters, deliveries
from bot.store.locks import Lock
from bot.store.schema import outbox, tickets

T = TypeVar("T")
_SETTLED = {
    TicketState.ANSWERED: "已经答复",
    TicketState.PUBLISHED: "已经答复并写入知识库",
    TicketState.IGNORED: "已经定为不处理",
}
_AGAIN = (OutboxState.UNCERTAIN.value, OutboxState.FAILED.value)


class DeskStore(DeskReader):
    """Reads and writes; made of `store.shared`."""

    async def _change(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run one change while no other touches clusters."""

        async def locked(connection: AsyncConnection) -> T:
            await self._shared.lock(connection, Lock.CLUSTERS)
            return await work(connection)

        return await self._shared.writer.write(locked)

    async def assign(self, cluster: int, owner: str, by: str) -> None:
        """See Desk.assign."""
        state = TicketState.ASSIGNED if owner else TicketState.NEW

        async def work(connection: AsyncConnection) -> None:
            row = await _open(connection, cluster)
            change = sa.update(clusters).where(clusters.c.id == row.id)
            await connection.execute(change.values(owner=owner, state=state.value))
            await settle_tickets(connection, row.id, state, owner=owner)
            detail = {"owner": owner, "before": row.owner}
            await note(connection, self._shared.now(), by, "assigned", cluster=row.id, detail=detail)

        await self._change(work)

    async def answer(self, cluster: int, text: str, by: str, correction: bool, make: MakeReply) -> Answer:
        """See Desk.answer."""
        now = self._shared.now()

        async def work(connection: AsyncConnection) -> Answer:
            row = await cluster_row(connection, cluster)
            state = _answerable(row, correction)
            values = {"cluster": row.id, "text": text, "author": by, "at": now, "correction": correction}
            put = await connection.execute(sa.insert(answers).values(**values).returning(answers.c.id))
            answer = int(put.scalar_one())
            told = {"answer": answer, "answered_at": now, "state": state.value}
            await connection.execute(sa.update(clusters).where(clusters.c.id == row.id).values(**told))
            await settle_tickets(connection, row.id, state, answer=text, answered_at=now)
            askers = await deliver(connection, answer, row.id, make, now)
            what = "corrected" if correction else "answered"
            await note(connection, now, by, what, cluster=row.id, detail={"answer": answer, "askers": askers})
            return Answer(answer, row.id, text, by, now, correction, askers)

        return await self._change(work)

    async def ignore(self, cluster: int, reason: str, by: str) -> None:
        """See Desk.ignore."""

        async def work(connection: AsyncConnection) -> None:
            row = await _open(connection, cluster)
            change = sa.update(clusters).where(clusters.c.id == row.id)
            await connection.execute(change.values(state=TicketState.IGNORED.value, ignored=reason))
            await settle_tickets(connection, row.id, TicketState.IGNORED, ignored=reason)
            await note(connection, self._shared.now(), by, "ignored", why=reason, cluster=row.id)

        await self._change(work)

    async def release(self, cluster: int, by: str) -> None:
        """See Desk.release."""

        async def work(connection: AsyncConnection) -> None:
            row = await cluster_row(connection, cluster)
            if row.state != TicketState.IGNORED.value and not row.apart:
                raise DeskConflict(f"问题组 {row.id} 就在待办里，不用放回。")
            values = {"state": TicketState.NEW.value, "owner": "", "ignored": "", "apart": ""}
            await connection.execute(sa.update(clusters).where(clusters.c.id == row.id).values(**values))
            await settle_tickets(connection, row.id, TicketState.NEW, owner="", ignored="", apart="")
            detail = {"apart": row.apart, "ignored": row.ignored}
            await note(connection, self._shared.now(), by, "released", cluster=row.id, detail=detail)

        await self._change(work)

    async def merge(self, into: int, others: Sequence[int], by: str, make: MakeReply) -> None:
        """See Desk.merge."""
        now = self._shared.now()

        async def work(connection: AsyncConnection) -> None:
            target = await cluster_row(connection, into)
            for other in others:
                row = await cluster_row(connection, other)
                _mergeable(target, row)
                await _move(connection, row, target)
                detail = {"from": row.id, "title": row.title, "size": row.size}
                await note(connection, now, by, "merged", cluster=target.id, detail=detail)
            change = sa.update(clusters).where(clusters.c.id == target.id).values(by_hand=True)
            await connection.execute(change)
            await refresh(connection, [target.id])
            if target.answer is not None:
                await deliver(connection, target.answer, target.id, make, now)

        await self._change(work)

    async def split(self, cluster: int, numbers: Sequence[str], by: str) -> int:
        """See Desk.split."""
        now = self._shared.now()

        async def work(connection: AsyncConnection) -> int:
            row = await cluster_row(connection, cluster)
            mine = sa.select(tickets).where(tickets.c.cluster == row.id, tickets.c.number.in_(numbers))
            found = (await connection.execute(mine.order_by(tickets.c.opened_at))).all()
            if missing := sorted(set(numbers) - {t.number for t in found}):
                raise DeskRefused(f"工单 {'、'.join(missing)} 不在问题组 {row.id} 里。")
            if len(found) == row.size:
                raise DeskRefused(f"问题组 {row.id} 的工单不能全部拆出，至少留一张。")
            fresh = await _new_cluster(connection, found[0], row.apart)
            place = await next_place(connection)
            for offset, ticket in enumerate(found):
                change = sa.update(tickets).where(tickets.c.number == ticket.number)
                values = {"cluster": fresh, "state": TicketState.NEW.value, "owner": "", "answer": "", "ignored": ""}
                placing = {"place": place + offset, "leads": True, "by_hand": True, "answered_at": None}
                await connection.execute(change.values(**values, **placing))
            await refresh(connection, [row.id, fresh])
            moved = {"numbers": [t.number for t in found]}
            await note(connection, now, by, "split", cluster=row.id, detail={"into": fresh, **moved})
            await note(connection, now, by, "split", cluster=fresh, detail={"from": row.id, **moved})
            return fresh

        return await self._change(work)

    async def send_again(self, delivery: int, by: str) -> None:
        """See Desk.send_again."""
        now = self._shared.now()

        async def work(connection: AsyncConnection) -> None:
            found = sa.select(deliveries).where(deliveries.c.id == delivery)
            row = (await connection.execute(found)).one_or_none()
            if row is None:
                raise DeskNotFound(f"没有编号 {delivery} 的送达记录。")
            again = (
                sa.update(outbox)
                .where(outbox.c.id == row.outbox, outbox.c.state.in_(_AGAIN), outbox.c.note != SUPERSEDED)
                .values(state=OutboxState.PENDING.value, attempts=0, due_at=now, note="")
            )
            if not (await connection.execute(again)).rowcount:
                raise DeskConflict("这一条在路上或已送到，或已被更正代替，不能重发。")
            await note(connection, now, by, "sent_again", cluster=row.cluster, ticket=row.ticket)

        await self._change(work)


async def _open(connection: AsyncConnection, cluster: int) -> sa.Row[Any]:
    row = await cluster_row(connection, cluster)
    if row.state not in OPEN:
        raise DeskConflict(f"问题组 {row.id} {_SETTLED[TicketState(row.state)]}，不能再改。")
    return row


def _answerable(row: sa.Row[Any], correction: bool) -> TicketState:
    """The state after an answer. Raises DeskConflict or DeskRefused."""
    state = TicketState(row.state)
    if row.apart:
        raise DeskConflict(f"问题组 {row.id} 被单独存放，不在待办里。要答复请先放回待办。")
    if correction:
        if row.answer is None:
            raise DeskRefused(f"问题组 {row.id} 还没有答复过，不需要更正，请直接答复。")
        return state
    if state not in OPEN:
        raise DeskConflict(f"问题组 {row.id} {_SETTLED[state]}。要改正答复请用“更正”，要重新处理请先放回待办。")
    return TicketState.ANSWERED


def _mergeable(target: sa.Row[Any], row: sa.Row[Any]) -> None:
    if row.id == target.id:
        raise DeskRefused(f"问题组 {row.id} 已经在 {target.id} 里了。")
    if row.answer is not None:
        raise DeskConflict(f"问题组 {row.id} 有自己的答复，不能并入 {target.id}。可以反过来，把 {target.id} 并入它。")
    if bool(row.apart) != bool(target.apart):
        raise DeskConflict(f"问题组 {row.id} 和 {target.id} 只有一个在待办里。请先把另一个放回待办。")


async def _move(connection: AsyncConnection, row: sa.Row[Any], target: sa.Row[Any]) -> None:
    values: dict[str, Any] = {"cluster": target.id, "state": target.state, "owner": target.owner}
    values |= {"ignored": target.ignored, "answered_at": target.answered_at, "answer": "", "by_hand": True}
    if target.answer is not None:
        values["answer"] = sa.select(answers.c.text).where(answers.c.id == target.answer).scalar_subquery()
    await connection.execute(sa.update(tickets).where(tickets.c.cluster == row.id).values(**values))
    gone = {"merged_into": target.id, "people": 0, "size": 0, "by_hand": True}
    await connection.execute(sa.update(clusters).where(clusters.c.id == row.id).values(**gone))


async def _new_cluster(connection: AsyncConnection, first: sa.Row[Any], apart: str) -> int:
    nearest = first.nearest[0] if first.nearest else ("", 0.0)
    values = {
        "title": first.text, "state": TicketState.NEW.value, "owner": "", "people": 0, "size": 0, "apart": apart,
        "first_at": first.opened_at, "last_at": first.opened_at, "due_at": first.due_at or first.opened_at,
        "nearest": nearest[0], "confidence": nearest[1], "by_hand": True, "ignored": "",
    }  # fmt: skip
    put = await connection.execute(sa.insert(clusters).values(**values).returning(clusters.c.id))
    return int(put.scalar_one())
