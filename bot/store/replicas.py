"""Which processes on this database are alive, and taking over what the others left.

Who receives a message or takes an outbox row writes its name beside it. On PostgreSQL a process gives a sign of life
every few seconds, by the database's clock, so that a machine whose clock is wrong declares nobody dead. What a silent
process held is free: its messages are answered by another one, its half sent replies become uncertain. This decides
only who works; that there is one record and one reply to a message is decided by `finish`, whoever works on it.

SQLite is one process: at its start everything open is its own again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Message
from bot.store.base import OutboxState
from bot.store.replica_schema import replicas
from bot.store.schema import messages, outbox
from bot.store.shared import Shared

BEAT_SECONDS = 3.0
SILENT_SECONDS = 10.0
"""After so long without a sign of life a process counts as dead."""
_KEPT_SECONDS = 3600.0


class Replicas:
    """The processes that share this database. Every method raises StoreUnavailable."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def beat(self) -> None:
        """Give a sign of life; nothing on SQLite."""
        if not self._shared.postgres:
            return
        until = {"alive_until": _clock(SILENT_SECONDS)}
        mine = self._shared.insert(replicas).values(id=self._shared.me, **until)
        mine = mine.on_conflict_do_update(index_elements=["id"], set_=until)
        old = sa.delete(replicas).where(replicas.c.alive_until < _clock(-_KEPT_SECONDS))

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(mine)
            await connection.execute(old)

        await self._shared.apart(work)

    async def leave(self) -> None:
        """Say that this process ends: what it still holds is free at once."""
        if self._shared.postgres:
            gone = sa.delete(replicas).where(replicas.c.id == self._shared.me)
            await self._shared.apart(lambda connection: connection.execute(gone))

    async def alive(self) -> list[str]:
        """The names of those that gave a sign of life lately; on SQLite this process."""
        if not self._shared.postgres:
            return [self._shared.me]
        query = sa.select(replicas.c.id).where(replicas.c.alive_until > _clock()).order_by(replicas.c.id)
        async with self._shared.reading() as connection:
            return [row.id for row in await connection.execute(query)]

    def free(self, holder: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """Whether whoever holds a row is dead."""
        if not self._shared.postgres:
            return sa.true()
        return sa.not_(sa.exists().where(replicas.c.id == holder, replicas.c.alive_until > _clock()))

    async def take_over(self, channel: str, before: datetime | None = None, limit: int = 1000) -> list[Message]:
        """See Store."""
        which = [messages.c.channel == channel, sa.not_(messages.c.done)]
        which.append(sa.or_(messages.c.holder == self._shared.me, self.free(messages.c.holder)))
        if before is not None:
            which.append(messages.c.received_at < before)
        query = sa.select(messages.c.id, messages.c.body).where(*which).order_by(messages.c.id).limit(limit)
        async with self._shared.reading() as connection:
            # most looks find nothing: they must not cost a write
            if (await connection.execute(query.limit(1))).first() is None:
                return []
        if self._shared.postgres:
            query = query.with_for_update(skip_locked=True, of=messages)

        async def work(connection: AsyncConnection) -> list[Message]:
            found = (await connection.execute(query)).all()
            mine = sa.update(messages).where(messages.c.id.in_([row.id for row in found]))
            await connection.execute(mine.values(holder=self._shared.me))
            return [Message.from_json(row.body) for row in found]

        return await self._shared.writer.write(work)

    def takes(self, channel: str, message_id: str) -> sa.Update:
        """A repeated delivery is worked on here if nobody alive works on it."""
        one = sa.and_(messages.c.channel == channel, messages.c.message_id == message_id, sa.not_(messages.c.done))
        return sa.update(messages).where(one, self.free(messages.c.holder)).values(holder=self._shared.me)

    async def recover_outbox(self, channel: str) -> int:
        """See Store."""
        change = (
            sa.update(outbox)
            .where(outbox.c.channel == channel, outbox.c.state == OutboxState.SENDING.value)
            .where(self.free(outbox.c.holder))
            .values(state=OutboxState.UNCERTAIN.value)
        )

        async def work(connection: AsyncConnection) -> int:
            return int((await connection.execute(change)).rowcount)

        return await self._shared.writer.write(work)


def _clock(ahead: float = 0.0) -> sa.ColumnElement[int]:
    """PostgreSQL's clock as bot.store.schema.Utc stores it, so many seconds ahead."""
    micros = int(timedelta(seconds=ahead) / timedelta(microseconds=1))
    return sa.literal_column(f"((extract(epoch from clock_timestamp()) * 1000000)::bigint + {micros})", sa.BigInteger)
