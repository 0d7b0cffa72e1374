"""The short way (bot.store.batch) for the outbox: what is due is taken by one statement, what became of it written for all at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from bot.messages import Reply
from bot.store.base import OutboxState, Outgoing
from bot.store.batch import Batch, Line
from bot.store.connect import decoded
from bot.store.schema import micros

_OPEN = f"FROM outbox AS o WHERE channel = $1 AND state = '{OutboxState.PENDING.value}'"  # noqa: S608  # nosec B608  # names of ours
# OFFSET 0: looked up row by row, by whichever index. As a join, planned while the tables were empty, it walks through all that
# waits for each row that it takes
_FIRST_OF_CHAT = f"""NOT EXISTS (SELECT 1 FROM outbox AS e WHERE e.channel = o.channel AND e.chat = o.chat AND e.id < o.id
    AND e.state IN ('{OutboxState.PENDING.value}', '{OutboxState.SENDING.value}') OFFSET 0)"""  # noqa: S608  # nosec B608
# two looks instead of one with OR: each walks an index of its own and stops at its limit, however long the outbox is
_TAKE = f"""WITH
    due AS MATERIALIZED (SELECT id {_OPEN} AND due_at <= $2 AND {_FIRST_OF_CHAT}
        ORDER BY due_at, id LIMIT $3 FOR UPDATE OF o SKIP LOCKED),
    ahead AS MATERIALIZED (SELECT id {_OPEN} AND attempts = 0 AND created_at > $2 AND due_at > $2 AND {_FIRST_OF_CHAT}
        ORDER BY created_at, id LIMIT $3 - (SELECT count(*) FROM due) FOR UPDATE OF o SKIP LOCKED)
    UPDATE outbox SET state = '{OutboxState.SENDING.value}', holder = $4
    WHERE id IN (SELECT id FROM due UNION ALL SELECT id FROM ahead)
    RETURNING id, channel, chat, reply, ref, attempts"""  # noqa: S608  # nosec B608
_SETTLE = """UPDATE outbox SET state = g.state, attempts = attempts + 1, due_at = g.due_at, note = g.note
    FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[]) AS g (id, state, due_at, note) WHERE outbox.id = g.id"""


class _Take(NamedTuple):
    channel: str
    now: int
    limit: int


class BatchOutbox:
    """Statements of bot.store.sql.SqlStore on PostgreSQL."""

    def __init__(self, line: Line, shown: str, me: str) -> None:
        """`me` is written beside what is taken."""
        self._me = me
        # each take is a statement of its own
        self._takes = Batch(line, shown, self._take, lambda row: ("take",))
        self._settles = Batch(line, shown, self._settle, lambda row: (row[0],))
        self.batches = (self._takes, self._settles)

    async def take(self, channel: str, limit: int, now: datetime) -> list[Outgoing]:
        """See Store."""
        return await self._takes.ask(_Take(channel, micros(now), limit))

    async def settle(self, outgoing_id: int, state: OutboxState, due: datetime, note: str) -> None:
        """See Store."""
        await self._settles.ask((outgoing_id, state.value, micros(due), note))

    async def _take(self, connection: Any, asked: Sequence[_Take]) -> list[list[Outgoing]]:
        (one,) = asked
        found = await connection.fetch(_TAKE, one.channel, one.now, one.limit, self._me)
        return [[_outgoing(row) for row in sorted(found, key=lambda row: int(row["id"]))]]

    @staticmethod
    async def _settle(connection: Any, rows: Sequence[tuple[int, str, int, str]]) -> list[None]:
        await connection.execute(_SETTLE, *(list(column) for column in zip(*sorted(rows), strict=True)))
        return [None] * len(rows)


def _outgoing(row: Any) -> Outgoing:
    reply = Reply.from_json(decoded(row["reply"]))
    return Outgoing(row["id"], row["channel"], row["chat"], reply, row["ref"], row["attempts"], OutboxState.SENDING)
