"""The store on a database: SQLite by default, PostgreSQL for more than one machine."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Message, Reply
from bot.store import census, rows
from bot.store.base import Before, Exchange, Late, OutboxState, Outgoing, Progress, Receipt, Ticket, TicketState, Turn
from bot.store.batch_outbox import BatchOutbox
from bot.store.batches import Batches
from bot.store.connect import make_engine, migrate, parse_url
from bot.store.erasing import forget
from bot.store.fast import FastPath, Rows
from bot.store.fast_outbox import FastOutbox
from bot.store.late import LateAnswers, give
from bot.store.numbers import new_number
from bot.store.replicas import Replicas
from bot.store.schema import conversations, exchanges, messages, outbox, tickets
from bot.store.shared import Shared
from bot.store.sums import add_entries, recording, settled
from bot.store.writer import Writer

_PAGE = 10_000
_NOTE = 200


class SqlStore:
    """Implements bot.store.base.Store."""

    def __init__(
        self,
        url: str,
        now: Callable[[], datetime],
        choice: Callable[[Sequence[str]], str] = secrets.choice,
    ) -> None:
        self._url = parse_url(url)
        self._shown = self._url.render_as_string(hide_password=True)
        self._now, self._choice = now, choice
        self._engine = make_engine(self._url)
        self._writer = Writer(self._engine.execution_options(write=True), self._shown)
        file = None if self._engine.dialect.name == "postgresql" else self._url.database
        self._fast = FastPath(file, self._shown, self._writer.turn) if file and file != ":memory:" else None
        me, postgres = secrets.token_hex(8), self._engine.dialect.name == "postgresql"
        self._batches = Batches(self._engine, self._shown, me) if postgres else None
        self.shared = Shared(self._engine, self._writer, self._shown, now, me, self._fast, self._batches)
        self._fast_outbox: FastOutbox | BatchOutbox | None = (
            FastOutbox(self._fast, me) if self._fast is not None else None
        )
        if self._batches is not None:
            self._fast_outbox = self._batches.outbox
        self.replicas = Replicas(self.shared)
        self.take_over, self.recover_outbox = self.replicas.take_over, self.replicas.recover_outbox
        self._late = LateAnswers(self.shared)
        self.visit = self._late.visit
        self._reading, self._insert = self.shared.reading, self.shared.insert

    async def start(self) -> None:
        """See Store."""
        await migrate(self._engine, self._url)
        self._writer.start()
        if self._fast is not None:
            self._fast.start()
        if self._batches is not None:
            self._batches.start()

    async def close(self) -> None:
        """See Store."""
        if self._fast is not None:
            await self._fast.close()
        if self._batches is not None:
            await self._batches.close()
        await self._writer.close()
        await self._engine.dispose()

    async def ping(self) -> None:
        """See Store."""
        async with self._reading() as connection:
            await connection.execute(sa.text("SELECT 1"))

    async def before(self, message: Message) -> Before:
        """See Store."""
        if self._fast is not None:
            return self._fast.before(message)
        if self._batches is not None:
            return await self._batches.messages.before(message)
        reply = await self.seen(message.channel, message.message_id)
        return Before(reply, await self.conversation(message.channel, message.conversation) or {})

    async def seen(self, channel: str, message_id: str) -> Reply | None:
        """See Store."""
        if self._fast is not None:
            return self._fast.seen(channel, message_id)
        if self._batches is not None:
            return await self._batches.messages.seen(channel, message_id)
        async with self._reading() as connection:
            query = sa.select(messages.c.reply).where(_is(channel, message_id), messages.c.done)
            row = (await connection.execute(query)).one_or_none()
        return Reply.from_json(row.reply) if row and row.reply else None

    async def late(self, channel: str, chat: str, refused_only: bool) -> list[Late]:
        """See Store."""
        return await self._late.waiting(channel, chat, refused_only)

    async def receive(self, message: Message) -> Receipt:
        """See Store."""
        values = {**rows.of_message(message, self._now()), "holder": self.shared.me}
        if self._fast is not None:
            return await self._fast.receive(values)
        if self._batches is not None and await self._batches.messages.receive(values):
            return Receipt(Progress.NEW)
        statement = self._insert(messages).values(**values)
        statement = statement.on_conflict_do_nothing(index_elements=["channel", "message_id"])

        async def work(connection: AsyncConnection) -> Receipt:
            if (await connection.execute(statement)).rowcount:
                return Receipt(Progress.NEW)
            found = await connection.execute(
                sa.select(messages.c.done, messages.c.reply).where(_is(message.channel, message.message_id))
            )
            row = found.one()
            if not row.done:
                await connection.execute(self.replicas.takes(message.channel, message.message_id))
                return Receipt(Progress.PENDING)
            return Receipt(Progress.DONE, Reply.from_json(row.reply) if row.reply else None)

        return await self._writer.write(work)

    async def left_over(self, channel: str, limit: int = 1000) -> list[Message]:
        """See Store."""
        query = (
            sa.select(messages.c.body)
            .where(messages.c.channel == channel, sa.not_(messages.c.done))
            .order_by(messages.c.id)
            .limit(limit)
        )
        async with self._reading() as connection:
            return [Message.from_json(row.body) for row in await connection.execute(query)]

    async def finish(self, turn: Turn) -> Reply:
        """See Store."""
        message, now = turn.message, self._now()
        if self._fast is not None and not turn.late:
            return await self._fast.finish(_plain(turn, now), turn.reply)
        if self._batches is not None and not turn.late:
            return await self._batches.messages.finish(_plain(turn, now), turn.reply)
        received = self._insert(messages).values(**rows.of_message(message, now)).on_conflict_do_nothing()
        mark = (
            sa.update(messages)
            .where(_is(message.channel, message.message_id), sa.not_(messages.c.done))
            .values(done=True, reply=turn.reply.to_json())
        )

        async def work(connection: AsyncConnection) -> Reply:
            await connection.execute(received)
            if not (await connection.execute(mark)).rowcount:
                found = await connection.execute(
                    sa.select(messages.c.reply).where(_is(message.channel, message.message_id))
                )
                return Reply.from_json(found.one().reply)
            if turn.ticket is not None:
                await connection.execute(sa.insert(tickets).values(**rows.of_ticket(turn.ticket)))
            await recording(self.shared, connection)
            await connection.execute(sa.insert(exchanges).values(**rows.of_turn(turn)))
            await connection.execute(self._keep_state(turn, now))
            await give(connection, turn.late, turn.deliver)
            if turn.deliver:
                values = rows.of_outgoing(message.channel, message.chat, turn.reply, message.message_id, now)
                await connection.execute(sa.insert(outbox).values(**values))
            for notice in turn.notices:
                values = rows.of_outgoing(notice.channel, notice.chat, notice.reply, notice.ref, now)
                await connection.execute(sa.insert(outbox).values(**values))
            return turn.reply

        return await self._writer.write(work)

    def _keep_state(self, turn: Turn, now: datetime) -> Any:
        message = turn.message
        values = {"person": message.person, "state": turn.state, "updated_at": now}
        statement = self._insert(conversations).values(channel=message.channel, chat=message.conversation, **values)
        return statement.on_conflict_do_update(index_elements=["channel", "chat"], set_=values)

    async def conversation(self, channel: str, name: str) -> dict[str, Any] | None:
        """See Store."""
        if self._fast is not None:
            return self._fast.conversation(channel, name)
        if self._batches is not None:
            return await self._batches.messages.conversation(channel, name)
        query = sa.select(conversations.c.state).where(conversations.c.channel == channel, conversations.c.chat == name)
        async with self._reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return dict(row.state) if row else None

    async def forget(self, channel: str, person: str) -> int:
        """See Store."""
        return await forget(self.shared, channel, person)

    async def free_ticket_number(self) -> str:
        """See Store."""
        while True:
            number = new_number(self._choice)
            if not await self._ticket_exists(number):
                return number

    async def _ticket_exists(self, number: str) -> bool:
        if self._fast is not None:
            return self._fast.ticket_exists(number)
        if self._batches is not None:
            return await self._batches.messages.ticket_exists(number)
        return await self.ticket(number) is not None

    async def ticket(self, number: str) -> Ticket | None:
        """See Store."""
        async with self._reading() as connection:
            row = (await connection.execute(sa.select(tickets).where(tickets.c.number == number))).one_or_none()
        return rows.to_ticket(row) if row else None

    async def tickets(self, state: TicketState | None = None, limit: int = 100, offset: int = 0) -> list[Ticket]:
        """See Store."""
        query = sa.select(tickets).order_by(tickets.c.opened_at, tickets.c.number)
        if state is not None:
            query = query.where(tickets.c.state == state.value)
        async with self._reading() as connection:
            found = await connection.execute(query.limit(min(limit, _PAGE)).offset(offset))
            return [rows.to_ticket(row) for row in found]

    async def feedback(self, channel: str, message_id: str, person: str, verdict: str) -> Exchange | None:
        """See Store."""
        where = (
            exchanges.c.channel == channel, exchanges.c.message_id == message_id, exchanges.c.person == person,
        )  # fmt: skip

        async def work(connection: AsyncConnection) -> Exchange | None:
            summed = await settled(self.shared, connection, *where)
            await add_entries(self.shared, connection, summed, -1)
            await connection.execute(sa.update(exchanges).where(*where).values(feedback=verdict))
            await add_entries(self.shared, connection, summed, 1)
            row = (await connection.execute(sa.select(exchanges).where(*where))).one_or_none()
            return rows.to_exchange(row) if row else None

        return await self._writer.write(work)

    async def history(self, channel: str, chat: str, limit: int = 40) -> list[tuple[Message, Reply]]:
        """See Store."""
        query = (
            sa.select(messages.c.body, messages.c.reply)
            .where(messages.c.channel == channel, messages.c.chat == chat, messages.c.done)
            .order_by(messages.c.id.desc())
            .limit(limit)
        )
        async with self._reading() as connection:
            found = (await connection.execute(query)).all()
        return [(Message.from_json(row.body), Reply.from_json(row.reply)) for row in reversed(found)]

    async def latest(self, channel: str, chat: str, ref: str) -> Message | None:
        """See Store."""
        query = sa.select(messages.c.body).where(messages.c.channel == channel, messages.c.chat == chat)
        query = query.where(messages.c.body["ref"].as_string() == ref).order_by(messages.c.id.desc()).limit(1)
        async with self._reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return Message.from_json(row.body) if row else None

    async def exchanges(self, channel: str | None = None, limit: int = 100) -> list[Exchange]:
        """See Store."""
        query = sa.select(exchanges).order_by(exchanges.c.id.desc()).limit(min(limit, _PAGE))
        if channel is not None:
            query = query.where(exchanges.c.channel == channel)
        async with self._reading() as connection:
            return [rows.to_exchange(row) for row in await connection.execute(query)]

    async def enqueue(self, channel: str, chat: str, reply: Reply, ref: str) -> int:
        """See Store."""
        values = rows.of_outgoing(channel, chat, reply, ref, self._now())

        async def work(connection: AsyncConnection) -> int:
            key = (await connection.execute(sa.insert(outbox).values(**values))).inserted_primary_key
            return int(key[0]) if key else 0

        return await self._writer.write(work)

    async def reply_sent(self, channel: str, chat: str, ref: str) -> Reply | None:
        """See Store."""
        where = (outbox.c.channel == channel, outbox.c.chat == chat, outbox.c.ref == ref)
        async with self._reading() as connection:
            found = await connection.execute(
                sa.select(outbox.c.reply).where(*where).order_by(outbox.c.id.desc()).limit(1)
            )
            row = found.one_or_none()
        return Reply.from_json(row.reply) if row else None

    async def take(self, channel: str, limit: int = 20) -> list[Outgoing]:
        """See Store. The oldest unsettled message of each chat only, so that order is kept within a chat."""
        now = self._now()
        if self._fast_outbox is not None:
            return await self._fast_outbox.take(channel, limit, now)
        earlier = outbox.alias("earlier")
        blocked = sa.exists().where(
            earlier.c.channel == outbox.c.channel,
            earlier.c.chat == outbox.c.chat,
            earlier.c.id < outbox.c.id,
            earlier.c.state.in_([OutboxState.PENDING.value, OutboxState.SENDING.value]),
        )
        due = (
            sa.select(outbox)
            .where(outbox.c.channel == channel, outbox.c.state == OutboxState.PENDING.value)
            .where(sa.or_(outbox.c.due_at <= now, _ahead(now)), sa.not_(blocked))
            .order_by(outbox.c.id)
            .limit(limit)
        )
        async with self._reading() as connection:
            # most looks find nothing: they must not cost a write
            quick = sa.select(outbox.c.id).where(
                outbox.c.channel == channel, outbox.c.state == OutboxState.PENDING.value
            )
            if (await connection.execute(quick.limit(1))).first() is None:
                return []

        async def work(connection: AsyncConnection) -> list[Outgoing]:
            found = (await connection.execute(due)).all()
            ids = [row.id for row in found]
            values = {"state": OutboxState.SENDING.value, "holder": self.shared.me}
            taken = sa.update(outbox).where(outbox.c.id.in_(ids)).values(**values)
            if ids:
                await connection.execute(taken)
            return [rows.to_outgoing(row) for row in found]

        return await self._writer.write(work)

    async def settle(
        self, outgoing_id: int, state: OutboxState, retry_after: float | None = None, note: str = ""
    ) -> None:
        """See Store."""
        due = self._now() + timedelta(seconds=retry_after or 0)
        if self._fast_outbox is not None:
            await self._fast_outbox.settle(outgoing_id, state, due, note[:_NOTE])
            return
        change = (
            sa.update(outbox)
            .where(outbox.c.id == outgoing_id)
            .values(state=state.value, attempts=outbox.c.attempts + 1, due_at=due, note=note[:_NOTE])
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(change)

        await self._writer.write(work)

    async def counts(self, log: bool = True) -> dict[str, int]:
        """See Store."""
        async with self._reading() as connection:
            found = await census.waiting(connection)
            return {**found, **await census.log(connection)} if log else found


def _ahead(now: datetime) -> sa.ColumnElement[bool]:
    """A row that was never tried and comes from a time still to come: the clock was set back, it must not wait for it."""
    return sa.and_(outbox.c.attempts == 0, outbox.c.created_at > now)


def _plain(turn: Turn, now: datetime) -> Rows:
    """What a turn writes that brings no late answer along."""
    message, reply = turn.message, turn.reply
    out = [rows.of_outgoing(message.channel, message.chat, reply, message.message_id, now)] if turn.deliver else []
    out += [rows.of_outgoing(notice.channel, notice.chat, notice.reply, notice.ref, now) for notice in turn.notices]
    return Rows(
        {**rows.of_message(message, now), "done": True, "reply": reply.to_json()},
        rows.of_turn(turn),
        {
            "channel": message.channel,
            "chat": message.conversation,
            "person": message.person,
            "state": turn.state,
            "updated_at": now,
        },
        rows.of_ticket(turn.ticket) if turn.ticket else None,
        tuple(out),
    )


def _is(channel: str, message_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(messages.c.channel == channel, messages.c.message_id == message_id)
