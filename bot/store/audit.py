"""The audit: who looked at what and who changed what. It only grows; the database refuses to change or delete a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.accounts_schema import audit
from bot.store.shared import Shared


@dataclass(frozen=True, slots=True)
class Line:
    """One line; it names tickets and users by number and name, and holds no word of a resident."""

    id: int
    at: datetime
    who: str
    """User name; `-` for nobody signed in, `fawen` for the service itself."""
    what: str
    about: str
    """What it was done to, `ticket:K7-3F9Q`, `cluster:12`, `user:lin`; empty for nothing in particular."""
    address: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


class Audit:
    """Made of `store.shared`. Both methods raise StoreUnavailable."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def note(self, who: str, what: str, about: str = "", address: str = "", **detail: Any) -> None:
        """One line, durable when this returns."""
        values = {
            "at": self._shared.now(),
            "who": who[:40],
            "what": what,
            "about": about[:160],
            "address": address[:64],
        }

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(sa.insert(audit).values(**values, detail=detail))

        await self._shared.writer.write(work)

    async def lines(
        self, who: str = "", what: Sequence[str] = (), about: str = "", limit: int = 50, offset: int = 0
    ) -> tuple[list[Line], int]:
        """Newest first, and how many there are in all; empty filters allow all."""
        where: list[sa.ColumnElement[bool]] = []
        if who:
            where.append(audit.c.who == who)
        if what:
            where.append(audit.c.what.in_(what))
        if about:
            where.append(audit.c.about == about)
        async with self._shared.reading() as connection:
            total = (await connection.execute(sa.select(sa.func.count()).select_from(audit).where(*where))).scalar_one()
            page = sa.select(audit).where(*where).order_by(audit.c.id.desc()).limit(limit).offset(offset)
            return [Line(**row._mapping) for row in await connection.execute(page)], int(total)
