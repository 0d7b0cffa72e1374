"""bot.store.platform_base.Platform on the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Message, Reply
from bot.store import rows
from bot.store.base import OutboxState
from bot.store.batch_platform import BatchPlatform
from bot.store.desk_parts import SUPERSEDED
from bot.store.fast_platform import FastPlatform
from bot.store.platform_base import Admitted, Allowance, Credential, Knock, Opens
from bot.store.platform_pages import PageStore
from bot.store.platform_schema import credentials, knocks, owed, page_turns, pages, quotas
from bot.store.replicas import Replicas
from bot.store.schema import messages, outbox
from bot.store.shared import Shared

_WAITING = (OutboxState.PENDING.value, OutboxState.FAILED.value)
_KEPT = timedelta(days=7)
"""How long pages, quotas and settled debts name a person; no quota lasts longer than two days."""
_WITH = "with:"
"""Note of an outbox row that went out with the reply to a message."""


class PlatformStore(PageStore):
    """Reads and writes; made of `store.shared`."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._replicas = Replicas(shared)

    async def admit(self, knock: Knock) -> Admitted:
        """See Platform."""
        now, received = self._shared.now(), None
        if knock.message is not None:
            received = {**rows.of_message(knock.message, now), "holder": self._shared.me}
        if isinstance(self._fast, FastPlatform):
            return await self._fast.admit(knock, now, received)
        if self._fast is not None:
            return await self._admit_in_batches(self._fast, knock, now, received)
        first = self._shared.insert(knocks).values(
            channel=knock.channel, nonce=knock.nonce, message_id=knock.message_id, tries=1, first_at=now
        )
        noted = first.on_conflict_do_update(
            index_elements=["channel", "nonce"], set_={"tries": knocks.c.tries + 1}
        ).returning(knocks.c.message_id, knocks.c.tries, knocks.c.first_at)
        found = _found(knock)
        opened = self._opening(knock) if knock.opens else None
        kept = self._shared.insert(messages).values(**received).on_conflict_do_nothing() if received else None

        async def work(connection: AsyncConnection) -> Admitted:
            seen = (await connection.execute(noted)).one()
            late = now - seen.first_at > knock.tries_for
            if seen.message_id != knock.message_id or seen.tries > knock.most_tries or late:
                return Admitted(replayed=True)
            known, is_owed, waiting, has_pages = (bool(x) for x in (await connection.execute(found)).one())
            if opened is not None and not known:
                await connection.execute(opened)
            if kept is not None:
                await connection.execute(kept)
            return Admitted(False, known, is_owed, waiting, has_pages)

        return await self._shared.writer.write(work)

    async def _admit_in_batches(
        self, batches: BatchPlatform, knock: Knock, now: datetime, received: dict[str, Any] | None
    ) -> Admitted:
        admitted = await batches.admit(knock, now)
        if received is not None and not admitted.replayed and not admitted.known:
            assert self._shared.batches is not None
            await self._shared.batches.messages.receive(received)
        return admitted

    def _opening(self, knock: Knock) -> Any:
        """A newer act of the person opens the allowance anew; an older one, delivered late, does not."""
        statement = self._shared.insert(quotas).values(
            channel=knock.channel, chat=knock.chat, opens=str(knock.opens), opened_at=knock.at, used=0
        )
        return statement.on_conflict_do_update(
            index_elements=["channel", "chat", "opens"],
            set_={"opened_at": knock.at, "used": 0},
            where=quotas.c.opened_at < statement.excluded.opened_at,
        )

    async def owe(self, message: Message) -> None:
        """See Platform."""
        now = self._shared.now()
        values = {**rows.of_message(message, now), "holder": self._shared.me}
        kept = self._shared.insert(messages).values(**values).on_conflict_do_nothing()
        owing = self._shared.insert(owed).values(
            channel=message.channel, message_id=message.message_id, at=now, brought=False
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(kept)
            await connection.execute(owing.on_conflict_do_nothing())

        await self._shared.writer.write(work)

    async def bring(self, channel: str, message_id: str, brief: int) -> bool:
        """See Platform."""
        now = self._shared.now()
        answered = sa.select(messages.c.body, messages.c.reply).where(
            messages.c.channel == channel, messages.c.message_id == message_id, messages.c.done
        )
        mine = (
            sa.update(owed)
            .where(owed.c.channel == channel, owed.c.message_id == message_id, sa.not_(owed.c.brought))
            .values(brought=True)
        )
        again = (
            sa.update(outbox)
            .where(outbox.c.channel == channel, outbox.c.note == _WITH + message_id)
            .values(state=OutboxState.PENDING.value, note="", attempts=0)
        )

        async def work(connection: AsyncConnection) -> bool:
            row = (await connection.execute(answered)).one_or_none()
            if row is None or not row.reply or not (await connection.execute(mine)).rowcount:
                return False
            await connection.execute(again)
            message, reply = Message.from_json(row.body), Reply.from_json(row.reply)
            await connection.execute(_due(channel, message.chat, now))
            text = message.text if len(message.text) <= brief else message.text[:brief] + "…"
            reply.extra["asked"] = text
            values = rows.of_outgoing(channel, message.chat, reply, message_id, now)
            await connection.execute(sa.insert(outbox).values(**values))
            return True

        return await self._shared.writer.write(work)

    async def unbrought(self, channel: str) -> list[str]:
        """See Platform."""
        query = (
            sa.select(owed.c.message_id)
            .join(messages, sa.and_(messages.c.channel == owed.c.channel, messages.c.message_id == owed.c.message_id))
            .where(owed.c.channel == channel, sa.not_(owed.c.brought), messages.c.done)
        )
        async with self._shared.reading() as connection:
            return [row.message_id for row in await connection.execute(query)]

    async def unanswered(self, channel: str, before: datetime) -> list[Message]:
        """See Platform."""
        return await self._replicas.take_over(channel, before)

    async def attach(self, channel: str, chat: str, message_id: str, fresh: bool, most: int) -> list[Reply]:
        """See Platform."""

        async def work(connection: AsyncConnection) -> list[Reply]:
            found = await _given(connection, channel, chat, message_id)
            return found or (await self._taken(connection, channel, chat, message_id, most) if fresh else [])

        return await self._shared.writer.write(work)

    async def lay_out(
        self, channel: str, chat: str, message_id: str, most: int, cut: Callable[[Sequence[Reply]], Sequence[str]]
    ) -> None:
        """See Platform."""

        async def work(connection: AsyncConnection) -> None:
            # of a repeat the pages stay where the first one put them
            if await _given(connection, channel, chat, message_id):
                return
            if taken := await self._taken(connection, channel, chat, message_id, most):
                await self._put_first(connection, channel, chat, message_id, cut(taken))

        await self._shared.writer.write(work)

    async def _taken(
        self, connection: AsyncConnection, channel: str, chat: str, message_id: str, most: int
    ) -> list[Reply]:
        """What waits for a chat, now noted as gone out with the reply to a message."""
        waiting = sa.select(outbox.c.id, outbox.c.reply).where(
            *_chat(channel, chat), outbox.c.state.in_(_WAITING), outbox.c.note != SUPERSEDED
        )
        if self._shared.postgres:
            waiting = waiting.with_for_update(skip_locked=True)
        found = (await connection.execute(waiting.order_by(outbox.c.id).limit(most))).all()
        taken = sa.update(outbox).where(outbox.c.id.in_([row.id for row in found]))
        await connection.execute(taken.values(state=OutboxState.SENT.value, note=_WITH + message_id))
        await connection.execute(_due(channel, chat, self._shared.now()))
        return [Reply.from_json(row.reply) for row in found]

    async def spend(self, channel: str, chat: str, allowances: Sequence[Allowance]) -> Opens | None:
        """See Platform."""
        now = self._shared.now()

        async def work(connection: AsyncConnection) -> Opens | None:
            for allowance in allowances:
                change = _quota(channel, chat, allowance.opens).where(
                    quotas.c.used < allowance.count, quotas.c.opened_at > now - allowance.span
                )
                if (await connection.execute(change.values(used=quotas.c.used + 1))).rowcount:
                    return allowance.opens
            return None

        return await self._shared.writer.write(work)

    async def refund(self, channel: str, chat: str, opens: Opens) -> None:
        """See Platform."""
        change = _quota(channel, chat, opens).where(quotas.c.used > 0).values(used=quotas.c.used - 1)
        await self._shared.writer.write(lambda connection: connection.execute(change))

    async def exhaust(self, channel: str, chat: str) -> None:
        """See Platform."""
        change = sa.delete(quotas).where(quotas.c.channel == channel, quotas.c.chat == chat)
        await self._shared.writer.write(lambda connection: connection.execute(change))

    async def credential(self, name: str) -> Credential | None:
        """See Platform."""
        query = sa.select(credentials.c.value, credentials.c.expires_at).where(
            credentials.c.name == name, credentials.c.value != ""
        )
        async with self._shared.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return Credential(row.value, row.expires_at) if row else None

    async def keep_credential(self, name: str, credential: Credential) -> None:
        """See Platform."""
        values = {"value": credential.value, "expires_at": credential.expires_at}
        statement = self._shared.insert(credentials).values(name=name, **values)
        statement = statement.on_conflict_do_update(index_elements=["name"], set_=values)
        await self._shared.writer.write(lambda connection: connection.execute(statement))

    async def may_force(self, name: str, spacing: timedelta) -> bool:
        """See Platform."""
        now = self._shared.now()
        statement = self._shared.insert(credentials).values(name=name, value="", expires_at=now, forced_at=now)
        statement = statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"forced_at": now},
            where=sa.or_(credentials.c.forced_at.is_(None), credentials.c.forced_at <= now - spacing),
        ).returning(credentials.c.name)

        async def work(connection: AsyncConnection) -> bool:
            return (await connection.execute(statement)).one_or_none() is not None

        return await self._shared.writer.write(work)

    async def tidy(self, before: datetime) -> int:
        """See Platform."""
        now = self._shared.now()
        old = (
            (knocks, knocks.c.first_at < before),
            (page_turns, page_turns.c.at < before),
            (pages, pages.c.at < now - _KEPT),
            (quotas, quotas.c.opened_at < now - _KEPT),
            (owed, sa.and_(owed.c.brought, owed.c.at < now - _KEPT)),
        )

        async def work(connection: AsyncConnection) -> int:
            return sum([(await connection.execute(sa.delete(table).where(which))).rowcount for table, which in old])

        return await self._shared.writer.write(work)


def _chat(channel: str, chat: str) -> tuple[sa.ColumnElement[bool], ...]:
    return outbox.c.channel == channel, outbox.c.chat == chat


async def _given(connection: AsyncConnection, channel: str, chat: str, message_id: str) -> list[Reply]:
    """What went out with the reply to a message."""
    query = sa.select(outbox.c.reply).where(*_chat(channel, chat), outbox.c.note == _WITH + message_id)
    return [Reply.from_json(row.reply) for row in await connection.execute(query.order_by(outbox.c.id))]


def _due(channel: str, chat: str, now: datetime) -> sa.Update:
    """What waits in the outbox for a chat is tried now: the person is there, and nothing may hold up what follows."""
    waiting = sa.and_(outbox.c.channel == channel, outbox.c.chat == chat, outbox.c.state == OutboxState.PENDING.value)
    return sa.update(outbox).where(waiting).values(due_at=now)


def _quota(channel: str, chat: str, opens: Opens) -> sa.Update:
    return sa.update(quotas).where(quotas.c.channel == channel, quotas.c.chat == chat, quotas.c.opens == opens.value)


def _found(knock: Knock) -> Any:
    """One row of four numbers: the message, its debt, what waits for the chat, its pages."""
    message = sa.and_(messages.c.channel == knock.channel, messages.c.message_id == knock.message_id)
    debt = sa.and_(owed.c.channel == knock.channel, owed.c.message_id == knock.message_id)
    parked = sa.and_(outbox.c.channel == knock.channel, outbox.c.chat == knock.chat, outbox.c.state.in_(_WAITING))
    kept = sa.and_(pages.c.channel == knock.channel, pages.c.chat == knock.chat)
    conditions = {"known": message, "owed": debt, "waiting": parked, "pages": kept}
    columns: list[sa.ColumnElement[bool]] = [sa.exists().where(c).label(name) for name, c in conditions.items()]
    return sa.select(*columns)
