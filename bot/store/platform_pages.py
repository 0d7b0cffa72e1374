"""The pages of bot.store.platform_base.Platform on the database: kept, put first, turned, put back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.batch_platform import BatchPlatform
from bot.store.fast_platform import FastPlatform
from bot.store.platform_schema import page_turns, pages
from bot.store.schema import messages
from bot.store.shared import Shared


class PageStore:
    """What PlatformStore does with pages."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._fast: FastPlatform | BatchPlatform | None = FastPlatform(shared.fast) if shared.fast is not None else None
        if shared.batches is not None:
            self._fast = shared.batches.platform

    async def keep_pages(self, channel: str, chat: str, ref: str, texts: Sequence[str], fresh: bool) -> None:
        """See Platform."""
        if self._fast is not None:
            await self._fast.keep_pages(channel, chat, ref, texts, fresh, self._shared.now())
            return
        statement = self._keeping(channel, chat, ref, texts, fresh)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statement)

        await self._shared.writer.write(work)

    def _keeping(self, channel: str, chat: str, ref: str, texts: Sequence[str], fresh: bool) -> Any:
        values = {"ref": ref, "texts": list(texts), "at": self._shared.now()}
        statement = self._shared.insert(pages).values(channel=channel, chat=chat, **values)
        received = sa.select(messages.c.received_at).where(messages.c.channel == channel, messages.c.message_id == ref)
        older = sa.and_(pages.c.ref != ref, pages.c.at <= received.scalar_subquery())
        return statement.on_conflict_do_update(
            index_elements=["channel", "chat"], set_=values, where=None if fresh else older
        )

    async def add_pages(self, channel: str, chat: str, ref: str, texts: Sequence[str], tail: str) -> None:
        """See Platform."""

        async def work(connection: AsyncConnection) -> None:
            await self._put_first(connection, channel, chat, ref, texts, tail)

        await self._shared.writer.write(work)

    async def _put_first(
        self, connection: AsyncConnection, channel: str, chat: str, ref: str, texts: Sequence[str], tail: str = ""
    ) -> None:
        row = (await connection.execute(self._held(channel, chat))).one_or_none()
        if texts and row is not None and row.texts:
            texts = [*texts[:-1], texts[-1] + tail, *row.texts]
        await connection.execute(self._keeping(channel, chat, ref, texts, fresh=True))

    def _held(self, channel: str, chat: str) -> sa.Select[Any]:
        """The pages of a chat; nobody else turns them meanwhile."""
        held = sa.select(pages.c.texts, pages.c.at).where(*_of(channel, chat))
        return held.with_for_update() if self._shared.postgres else held

    async def turn_page(self, channel: str, chat: str, message_id: str) -> str | None:
        """See Platform."""
        now = self._shared.now()
        turned = sa.select(page_turns.c.text).where(*_turned(channel, message_id))

        async def work(connection: AsyncConnection) -> str | None:
            row = (await connection.execute(self._held(channel, chat))).one_or_none()
            before = (await connection.execute(turned)).one_or_none()
            if before is not None:
                return str(before.text)
            if row is None or not row.texts:
                return None
            text, *rest = row.texts
            await connection.execute(sa.update(pages).where(*_of(channel, chat)).values(texts=rest, at=now))
            values = {"channel": channel, "message_id": message_id, "text": text, "at": now}
            await connection.execute(sa.insert(page_turns).values(**values))
            return str(text)

        return await self._shared.writer.write(work)

    async def put_back(self, channel: str, chat: str, message_id: str) -> None:
        """See Platform."""
        turned = sa.select(page_turns.c.text, page_turns.c.at).where(*_turned(channel, message_id))
        change = sa.update(pages).where(*_of(channel, chat))

        async def work(connection: AsyncConnection) -> None:
            row = (await connection.execute(self._held(channel, chat))).one_or_none()
            turn = (await connection.execute(turned)).one_or_none()
            # a turn marks the pages with its time: another one means that they are not those it was made of
            if row is None or turn is None or row.at != turn.at:
                return
            await connection.execute(change.values(texts=[turn.text, *row.texts]))
            await connection.execute(sa.delete(page_turns).where(*_turned(channel, message_id)))

        await self._shared.writer.write(work)


def _of(channel: str, chat: str) -> tuple[sa.ColumnElement[bool], ...]:
    return pages.c.channel == channel, pages.c.chat == chat


def _turned(channel: str, message_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return page_turns.c.channel == channel, page_turns.c.message_id == message_id
