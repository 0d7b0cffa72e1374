"""How many rows there are, by kind and state: for `/metrics` and the staff chat."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.base import OutboxState
from bot.store.schema import exchanges, messages, outbox, tickets

_SENT = OutboxState.SENT.value
_NOT_SENT = [state.value for state in OutboxState if state is not OutboxState.SENT]


async def waiting(connection: AsyncConnection) -> dict[str, int]:
    """`tickets` and `ticket_STATE`, `outbox_STATE`; states without a row are missing."""
    found: dict[str, int] = {"tickets": 0}
    by_state = sa.select(tickets.c.state, sa.func.count()).group_by(tickets.c.state)
    for state, count in await connection.execute(by_state):
        found[f"ticket_{state}"] = int(count)
        found["tickets"] += int(count)
    # one statement, so of one moment: counting those that are sent would walk through them, counting all does not
    every: Any = sa.select(sa.literal(""), sa.func.count()).select_from(outbox)
    both: Any = sa.union_all(_not_sent(), every)
    ways = {str(row[0]): int(row[1]) for row in await connection.execute(both)}
    sent = ways.pop("") - sum(ways.values())
    return found | {f"outbox_{state}": count for state, count in {**ways, _SENT: sent}.items() if count}


async def log(connection: AsyncConnection) -> dict[str, int]:
    """`messages` and `exchanges`."""
    return {table.name: await _total(connection, table) for table in (messages, exchanges)}


async def _total(connection: AsyncConnection, table: sa.Table) -> int:
    return int((await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one())


def _not_sent() -> sa.Select[Any]:
    """The few rows that are not sent, by state: the channels are sought one by one, so that the index on channel and state
    leads past the millions that are."""
    first = sa.select(sa.func.min(outbox.c.channel).label("channel")).cte("channels", recursive=True)
    following = sa.select(sa.func.min(outbox.c.channel)).where(outbox.c.channel > first.c.channel).scalar_subquery()
    channels = first.union_all(sa.select(following).where(first.c.channel.is_not(None)))
    return (
        sa.select(outbox.c.state, sa.func.count())
        .join_from(channels, outbox, outbox.c.channel == channels.c.channel)
        .where(outbox.c.state.in_(_NOT_SENT))
        .group_by(outbox.c.state)
    )
