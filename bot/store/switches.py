"""Which channels are closed, and what residents read meanwhile: the kill switches, kept with everything else."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.base import Switch
from bot.store.schema import switches
from bot.store.shared import Shared


class Switches:
    """The switches of all channels; raises StoreUnavailable like the store it belongs to."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def all(self) -> dict[str, Switch]:
        """Channel -> its switch, for every channel that was ever switched."""
        async with self._shared.reading() as connection:
            found = await connection.execute(sa.select(switches).order_by(switches.c.channel))
            return {row.channel: Switch(row.channel, row.open, row.text, row.changed_at) for row in found}

    async def set(self, channel: str, is_open: bool, text: str = "") -> None:
        """Open or close a channel; durable when it returns."""
        values = {"open": is_open, "text": text, "changed_at": self._shared.now()}
        statement = self._shared.insert(switches).values(channel=channel, **values)
        statement = statement.on_conflict_do_update(index_elements=["channel"], set_=values)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statement)

        await self._shared.writer.write(work)
