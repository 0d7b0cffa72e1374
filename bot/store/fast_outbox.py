"""The short way (bot.store.fast) for the outbox: what is due is taken, and what became of it is written, in the group commit.

On the general way each take and each settling was a transaction with a commit of its own, which held up every message
that waited to be written meanwhile.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

from bot.messages import Reply
from bot.store.base import OutboxState, Outgoing
from bot.store.connect import decoded
from bot.store.fast import FastPath
from bot.store.schema import micros

_FIRST_OF_CHAT = f"""NOT EXISTS (SELECT 1 FROM outbox AS e WHERE e.channel = o.channel AND e.chat = o.chat AND e.id < o.id
    AND e.state IN ('{OutboxState.PENDING.value}', '{OutboxState.SENDING.value}'))"""  # noqa: S608  # nosec B608  # names of ours
# two looks instead of one with OR: each walks an index of its own and stops at its limit, however long the outbox is
_OPEN = f"FROM outbox AS o WHERE channel = ? AND state = '{OutboxState.PENDING.value}'"  # noqa: S608
_LOOKS = (f"{_OPEN} AND due_at <= ?", f"{_OPEN} AND attempts = 0 AND created_at > ?")
_ORDERS = ("ORDER BY due_at, id", "ORDER BY created_at, id")
_COLUMNS = "id, channel, chat, reply, ref, attempts"


class FastOutbox:
    """Writes of bot.store.sql.SqlStore on a SQLite file."""

    def __init__(self, fast: FastPath, me: str) -> None:
        """`me` is written beside what is taken."""
        self._fast, self._me = fast, me

    async def take(self, channel: str, limit: int, now: datetime) -> list[Outgoing]:
        """See Store."""
        at = micros(now)
        # most looks find nothing: they must not cost a write
        if not any(self._fast.one_row(f"SELECT 1 {look} LIMIT 1", channel, at) for look in _LOOKS):  # noqa: S608  # nosec B608
            return []

        def work(connection: sqlite3.Connection) -> list[Outgoing]:
            found: dict[int, Outgoing] = {}
            for look, order in zip(_LOOKS, _ORDERS, strict=True):
                query = f"SELECT {_COLUMNS} {look} AND {_FIRST_OF_CHAT} {order} LIMIT ?"  # noqa: S608  # nosec B608
                for row in connection.execute(query, (channel, at, limit - len(found))):
                    found[row[0]] = _outgoing(row)
            taken = f"UPDATE outbox SET state = '{OutboxState.SENDING.value}', holder = ? WHERE id = ?"  # noqa: S608  # nosec B608
            connection.executemany(taken, [(self._me, number) for number in found])
            return list(found.values())

        return await self._fast.write(work)

    async def settle(self, outgoing_id: int, state: OutboxState, due: datetime, note: str) -> None:
        """See Store."""
        values = (state.value, micros(due), note, outgoing_id)
        change = "UPDATE outbox SET state = ?, attempts = attempts + 1, due_at = ?, note = ? WHERE id = ?"
        await self._fast.write(lambda connection: connection.execute(change, values))


def _outgoing(row: tuple[Any, ...]) -> Outgoing:
    number, channel, chat, reply, ref, attempts = row
    return Outgoing(number, channel, chat, Reply.from_json(decoded(reply)), ref, attempts, OutboxState.SENDING)
