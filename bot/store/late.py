"""Late answers on the asker's side: what waits for a next message or visit, and how it is marked as given.

Telegram and WeChat fetch outbox rows themselves. What they were refused, and everything on the web and the terminal,
waits here. A row is marked in the transaction that stores the reply it goes with, only if nobody took it meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreConflict
from bot.messages import Reply
from bot.store.base import Late, OutboxState, Shown
from bot.store.desk_parts import SUPERSEDED
from bot.store.desk_schema import deliveries
from bot.store.schema import outbox
from bot.store.shared import Shared

WITH_MESSAGE, ON_PAGE = "with_message", "page"
_WAITING = (OutboxState.PENDING.value, OutboxState.FAILED.value)


class LateAnswers:
    """What SqlStore does with late answers."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def waiting(self, channel: str, chat: str, refused_only: bool) -> list[Late]:
        """See Store.late."""
        states = (OutboxState.FAILED.value,) if refused_only else _WAITING
        query = (
            sa.select(outbox.c.id, outbox.c.ref, outbox.c.reply)
            .join(deliveries, deliveries.c.outbox == outbox.c.id)
            .where(deliveries.c.channel == channel, deliveries.c.chat == chat)
            .where(outbox.c.state.in_(states), outbox.c.note != SUPERSEDED)
            .order_by(outbox.c.id)
        )
        async with self._shared.reading() as connection:
            found = await connection.execute(query)
            return [Late(row.id, row.ref, Reply.from_json(row.reply)) for row in found]

    async def visit(self, channel: str, chat: str) -> list[Shown]:
        """See Store.visit."""
        query = (
            sa.select(outbox.c.id, outbox.c.state, outbox.c.reply, deliveries.c.at)
            .join(deliveries, deliveries.c.outbox == outbox.c.id)
            .where(deliveries.c.channel == channel, deliveries.c.chat == chat)
            .where(outbox.c.note.not_in((SUPERSEDED, WITH_MESSAGE)))
            .order_by(outbox.c.id)
        )
        async with self._shared.reading() as connection:
            found = (await connection.execute(query)).all()
        fresh = [row.id for row in found if row.state in _WAITING]
        if fresh:
            await self._shared.writer.write(lambda connection: _mark(connection, fresh, ON_PAGE))
        return [Shown(row.at, Reply.from_json(row.reply)) for row in found]


async def give(connection: AsyncConnection, ids: Sequence[int], pushed: bool) -> None:
    """Within a turn's transaction: these go with its reply; on a channel that sends by itself, once more by themselves.

    Raises StoreConflict when one of them is on its way already.
    """
    if not ids:
        return
    if pushed:
        again = {"state": OutboxState.PENDING.value, "attempts": 0, "note": ""}
        change = sa.update(outbox).where(outbox.c.id.in_(ids), outbox.c.state == OutboxState.FAILED.value)
        await connection.execute(change.values(**again))
    elif await _mark(connection, ids, WITH_MESSAGE) != len(ids):
        raise StoreConflict("a late answer was taken by a sender in between")


async def _mark(connection: AsyncConnection, ids: Sequence[int], how: str) -> int:
    change = sa.update(outbox).where(outbox.c.id.in_(ids), outbox.c.state.in_(_WAITING))
    return int((await connection.execute(change.values(state=OutboxState.SENT.value, note=how))).rowcount)
