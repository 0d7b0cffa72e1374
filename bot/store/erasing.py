"""Erasing what is personal: on a person's own request, and when its time is over.

What goes: messages, conversations, pages kept for 续, the text, the person and the id of questions (a program's id holds the
name of its session), the text and the person of tickets, the address of deliveries, text and address of what was sent. What stays: counts (entry, outcome, channel, day), the answers of staff, and the
audit, which names tickets by number. An open ticket stays until it is settled, so that the person gets the answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.messages import Reply
from bot.store.base import OutboxState, TicketState
from bot.store.desk_schema import clusters, deliveries
from bot.store.platform_schema import page_turns, pages
from bot.store.schema import conversations, exchanges, forgotten, messages, outbox, tickets
from bot.store.shared import Shared
from bot.store.sums import add, add_texts, drop_zeros, lower_mark, settled

_OPEN = (TicketState.NEW.value, TicketState.ASSIGNED.value)
_WAITING = (OutboxState.PENDING.value, OutboxState.SENDING.value)
_BLANK = Reply("erased", "", "none").to_json()
_ERASED = {"reply": _BLANK, "chat": "", "note": "erased"}
_PART = 500
"""Rows of one step, so that a purge never holds the database for long."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long things are kept."""

    conversations: timedelta
    questions: timedelta
    tickets: timedelta
    """From when a ticket was settled, or last asked where it was ignored."""


async def forget(shared: Shared, channel: str, person: str) -> int:
    """Erase one person; rows touched. Open tickets are erased once they are settled (`Eraser.purge`)."""

    async def work(connection: AsyncConnection) -> int:
        touched = 0
        theirs = (exchanges.c.channel == channel, exchanges.c.person == person)
        await add(shared, connection, await settled(shared, connection, *theirs), -1)
        # replies that went out by themselves (Telegram): to the person's own chat, and in groups those to this person
        for whose in (outbox.c.chat == person, _in_groups(channel, person)):
            sent = _sent(outbox.c.channel == channel, whose)
            touched += (await connection.execute(sa.update(outbox).where(*sent).values(**_ERASED))).rowcount
        for table in (messages, conversations, exchanges):
            gone = sa.delete(table).where(table.c.channel == channel, table.c.person == person)
            touched += (await connection.execute(gone)).rowcount
        await lower_mark(shared, connection)
        await connection.execute(sa.delete(pages).where(pages.c.channel == channel, pages.c.chat == person))
        touched += await _erase_tickets(connection, channel, person)
        still = sa.select(tickets.c.number).where(tickets.c.channel == channel, tickets.c.person == person)
        if (await connection.execute(still.limit(1))).first() is not None:
            row = shared.insert(forgotten).values(channel=channel, person=person, at=shared.now())
            await connection.execute(row.on_conflict_do_nothing(index_elements=["channel", "person"]))
        return touched

    return await shared.writer.write(work)


def _in_groups(channel: str, person: str) -> sa.ColumnElement[bool]:
    """Of the outbox: what answers a message of this person in a chat that is not theirs alone."""
    theirs = (messages.c.channel == channel, messages.c.person == person, messages.c.chat != person)
    chats = sa.select(messages.c.chat).where(*theirs).distinct()
    return sa.and_(outbox.c.chat.in_(chats), outbox.c.ref.in_(sa.select(messages.c.message_id).where(*theirs)))


def _sent(*which: sa.ColumnElement[bool]) -> tuple[sa.ColumnElement[bool], ...]:
    """Rows of the outbox that are over and nobody's late answer, whose state is what staff look at."""
    late = sa.exists().where(deliveries.c.outbox == outbox.c.id)
    return (*which, outbox.c.state.not_in(_WAITING), outbox.c.note != "erased", sa.not_(late))


async def _erase_tickets(connection: AsyncConnection, channel: str, person: str) -> int:
    """Settled tickets of one person and what was delivered for them, once the answer has reached them."""
    under_way = (
        sa.exists()
        .where(deliveries.c.ticket == tickets.c.number, deliveries.c.outbox == outbox.c.id)
        .where(outbox.c.state.in_(_WAITING))
    )
    theirs = (
        tickets.c.channel == channel, tickets.c.person == person, tickets.c.state.not_in(_OPEN), sa.not_(under_way),
    )  # fmt: skip
    numbers = (await connection.execute(sa.select(tickets.c.number).where(*theirs))).scalars().all()
    return await _erase(connection, numbers)


async def _erase(connection: AsyncConnection, numbers: Iterable[str]) -> int:
    numbers = list(numbers)
    if not numbers:
        return 0
    rows = sa.select(tickets.c.cluster).where(tickets.c.number.in_(numbers), tickets.c.cluster.is_not(None)).distinct()
    touched = (await connection.execute(rows)).scalars().all()
    blank = sa.update(tickets).where(tickets.c.number.in_(numbers))
    await connection.execute(blank.values(text="", person="", chat=""))
    # what still waits after so long reaches nobody any more
    stuck = sa.select(deliveries.c.outbox).where(deliveries.c.ticket.in_(numbers))
    given_up = sa.update(outbox).where(outbox.c.id.in_(stuck), outbox.c.state.in_(_WAITING))
    await connection.execute(given_up.values(state=OutboxState.FAILED.value))
    sent = sa.select(deliveries.c.id, deliveries.c.outbox).where(deliveries.c.ticket.in_(numbers))
    for row in (await connection.execute(sent)).all():
        gone = f"erased:{row.id}"  # one answer to one asker stays one row: the database insists on it
        await connection.execute(sa.update(deliveries).where(deliveries.c.id == row.id).values(person=gone, chat=gone))
        await connection.execute(sa.update(outbox).where(outbox.c.id == row.outbox).values(reply=_BLANK, chat=gone))
    for cluster in touched:
        other = sa.select(tickets.c.text).where(tickets.c.cluster == cluster, tickets.c.text != "")
        title = (await connection.execute(other.order_by(tickets.c.opened_at).limit(1))).scalar() or ""
        await connection.execute(sa.update(clusters).where(clusters.c.id == cluster).values(title=title))
    return len(numbers)


class Eraser:
    """Erases what has been kept long enough; made of `store.shared`."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def purge(self, terms: Terms) -> dict[str, int]:
        """Erase what is over its time; rows by kind. Works in small steps; a stop in between loses nothing."""
        now = self._shared.now()
        await self._shared.writer.write(drop_zeros)
        return {
            "messages": await self._delete(messages, messages.c.received_at < now - terms.conversations),
            "conversations": await self._drop_states(now - terms.conversations),
            "questions": await self._blank_questions(now - terms.questions),
            "tickets": await self._old_tickets(now - terms.tickets),
            "sent": await self._blank_sent(now - terms.conversations),
            "forgotten": await self._take_up_forgotten(),
        }

    async def _delete(self, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
        part = sa.select(table.c.id).where(where).limit(_PART)

        async def work(connection: AsyncConnection) -> int:
            return int((await connection.execute(sa.delete(table).where(table.c.id.in_(part)))).rowcount)

        return await self._until_done(work)

    async def _drop_states(self, before: datetime) -> int:
        async def work(connection: AsyncConnection) -> int:
            turned = await connection.execute(sa.delete(page_turns).where(page_turns.c.at < before))
            kept = await connection.execute(sa.delete(pages).where(pages.c.at < before))
            states = await connection.execute(sa.delete(conversations).where(conversations.c.updated_at < before))
            return int(turned.rowcount + kept.rowcount + states.rowcount)

        return await self._shared.writer.write(work)

    async def _blank_questions(self, before: datetime) -> int:
        part = sa.select(exchanges.c.id).where(exchanges.c.at < before, exchanges.c.person != "").limit(_PART)
        name = sa.literal("erased:") + sa.cast(exchanges.c.id, sa.String)
        blank = sa.update(exchanges).values(text="", person="", chat="", message_id=name)

        async def work(connection: AsyncConnection) -> int:
            these = exchanges.c.id.in_((await connection.execute(part)).scalars().all())
            # their words and askers leave the sums with them; day, topic, entry and outcome stay in both
            await add_texts(self._shared, connection, await settled(self._shared, connection, these), -1)
            return int((await connection.execute(blank.where(these))).rowcount)

        return await self._until_done(work)

    async def _old_tickets(self, before: datetime) -> int:
        settled = sa.func.coalesce(tickets.c.answered_at, tickets.c.opened_at)
        old = sa.select(tickets.c.number).where(tickets.c.state.not_in(_OPEN), settled < before, tickets.c.person != "")
        apart = sa.select(tickets.c.number).where(
            tickets.c.apart != "", tickets.c.opened_at < before, tickets.c.person != ""
        )

        async def work(connection: AsyncConnection) -> int:
            numbers = (await connection.execute(sa.union(old, apart).limit(_PART))).scalars().all()
            return await _erase(connection, numbers)

        return await self._until_done(work)

    async def _blank_sent(self, before: datetime) -> int:
        """Texts of messages that were sent, or given up, long ago."""
        part = sa.select(outbox.c.id).where(*_sent(outbox.c.created_at < before)).limit(_PART)
        blank = sa.update(outbox).where(outbox.c.id.in_(part)).values(**_ERASED)

        async def work(connection: AsyncConnection) -> int:
            return int((await connection.execute(blank)).rowcount)

        return await self._until_done(work)

    async def _take_up_forgotten(self) -> int:
        """Persons who asked to be forgotten while a ticket was open: erased now that it is settled."""

        async def work(connection: AsyncConnection) -> int:
            erased = 0
            for row in (await connection.execute(sa.select(forgotten))).all():
                erased += await _erase_tickets(connection, row.channel, row.person)
                theirs = (tickets.c.channel == row.channel, tickets.c.person == row.person)
                if (await connection.execute(sa.select(tickets.c.number).where(*theirs).limit(1))).first() is None:
                    key = (forgotten.c.channel == row.channel, forgotten.c.person == row.person)
                    await connection.execute(sa.delete(forgotten).where(*key))
            return erased

        return await self._shared.writer.write(work)

    async def _until_done(self, work: Callable[[AsyncConnection], Awaitable[int]]) -> int:
        total = 0
        while touched := await self._shared.writer.write(work):
            total += touched
        return total
