"""Stand-ins that can be read: a store in memory and a clock that is set by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from bot.errors import StoreConflict, StoreUnavailable
from bot.messages import Kind, Message, Reply
from bot.store.base import (
    Before,
    Exchange,
    Late,
    OutboxState,
    Outgoing,
    Progress,
    Receipt,
    Shown,
    Ticket,
    TicketState,
    Turn,
)
from bot.store.numbers import new_number


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)) -> None:
        self.time = start

    def __call__(self) -> datetime:
        return self.time

    def pass_by(self, **amount: float) -> None:
        """Move on by a timedelta's keywords."""
        self.time += timedelta(**amount)


class MemoryStore:
    """A Store that keeps everything in dictionaries; `broken` makes every call fail."""

    def __init__(self) -> None:
        self.messages: dict[tuple[str, str], Message] = {}
        self.replies: dict[tuple[str, str], Reply] = {}
        self.turns: list[Turn] = []
        self.states: dict[tuple[str, str], dict[str, Any]] = {}
        self.opened: dict[str, Ticket] = {}
        self.outbox: list[Outgoing] = []
        self.verdicts: dict[tuple[str, str], str] = {}
        self.waiting: list[Late] = []
        self.broken = False
        self.random = Random(1)

    def _check(self) -> None:
        if self.broken:
            raise StoreUnavailable("the fake store is switched off")

    async def start(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def ping(self) -> None:
        """Fails when broken."""
        self._check()

    async def before(self, message: Message) -> Before:
        """See Store."""
        reply = await self.seen(message.channel, message.message_id)
        return Before(reply, self.states.get((message.channel, message.conversation)) or {})

    async def seen(self, channel: str, message_id: str) -> Reply | None:
        """See Store."""
        self._check()
        return self.replies.get((channel, message_id))

    async def receive(self, message: Message) -> Receipt:
        """See Store."""
        self._check()
        key = (message.channel, message.message_id)
        if key in self.replies:
            return Receipt(Progress.DONE, self.replies[key])
        if key in self.messages:
            return Receipt(Progress.PENDING)
        self.messages[key] = message
        return Receipt(Progress.NEW)

    async def left_over(self, channel: str, limit: int = 1000) -> list[Message]:
        """See Store."""
        return [m for k, m in self.messages.items() if k not in self.replies and m.channel == channel][:limit]

    async def take_over(self, channel: str, before: datetime | None = None, limit: int = 1000) -> list[Message]:
        """See Store."""
        return await self.left_over(channel, limit)

    async def finish(self, turn: Turn) -> Reply:
        """See Store."""
        self._check()
        key = (turn.message.channel, turn.message.message_id)
        if key in self.replies:
            return self.replies[key]
        if turn.ticket is not None:
            if turn.ticket.number in self.opened:
                raise StoreConflict("ticket number taken")
            self.opened[turn.ticket.number] = turn.ticket
        self.replies[key] = turn.reply
        self.turns.append(turn)
        self.states[turn.message.channel, turn.message.conversation] = turn.state
        if turn.deliver:
            await self.enqueue(turn.message.channel, turn.message.chat, turn.reply, turn.message.message_id)
        for notice in turn.notices:
            await self.enqueue(notice.channel, notice.chat, notice.reply, notice.ref)
        return turn.reply

    async def conversation(self, channel: str, name: str) -> dict[str, Any] | None:
        """See Store."""
        self._check()
        return self.states.get((channel, name))

    async def forget(self, channel: str, person: str) -> int:
        """See Store."""
        gone = [k for k, m in self.messages.items() if m.channel == channel and m.person == person]
        for key in gone:
            del self.messages[key]
        return len(gone)

    async def free_ticket_number(self) -> str:
        """See Store."""
        self._check()
        return new_number(self.random.choice)

    async def ticket(self, number: str) -> Ticket | None:
        """See Store."""
        return self.opened.get(number)

    async def tickets(self, state: TicketState | None = None, limit: int = 100, offset: int = 0) -> list[Ticket]:
        """See Store."""
        return [t for t in self.opened.values() if state in (None, t.state)][offset : offset + limit]

    async def feedback(self, channel: str, message_id: str, person: str, verdict: str) -> Exchange | None:
        """See Store."""
        asked = (channel, message_id, person)
        turn = next(
            (t for t in self.turns if (t.message.channel, t.message.message_id, t.message.person) == asked), None
        )
        if turn is None:
            return None
        self.verdicts[channel, message_id] = verdict
        return replace(_exchange(turn), feedback=verdict)

    async def history(self, channel: str, chat: str, limit: int = 40) -> list[tuple[Message, Reply]]:
        """See Store."""
        self._check()
        found = [(t.message, t.reply) for t in self.turns if (t.message.channel, t.message.chat) == (channel, chat)]
        return found[-limit:]

    async def latest(self, channel: str, chat: str, ref: str) -> Message | None:
        """See Store."""
        said = [m for m in self.messages.values() if (m.channel, m.chat, m.ref) == (channel, chat, ref)]
        return said[-1] if said else None

    async def exchanges(self, channel: str | None = None, limit: int = 100) -> list[Exchange]:
        """See Store."""
        return [_exchange(t) for t in reversed(self.turns) if channel in (None, t.message.channel)][:limit]

    async def enqueue(self, channel: str, chat: str, reply: Reply, ref: str) -> int:
        """See Store."""
        self.outbox.append(Outgoing(len(self.outbox) + 1, channel, chat, reply, ref))
        return len(self.outbox)

    async def reply_sent(self, channel: str, chat: str, ref: str) -> Reply | None:
        """See Store."""
        return next((o.reply for o in self.outbox if (o.channel, o.chat, o.ref) == (channel, chat, ref)), None)

    async def take(self, channel: str, limit: int = 20) -> list[Outgoing]:
        """See Store."""
        due = [o for o in self.outbox if o.channel == channel and o.state is OutboxState.PENDING][:limit]
        for outgoing in due:
            self._set(outgoing.id, OutboxState.SENDING, outgoing.attempts)
        return due

    async def late(self, channel: str, chat: str, refused_only: bool) -> list[Late]:
        """See Store."""
        return [late for late in self.waiting if late.outbox not in {n for turn in self.turns for n in turn.late}]

    async def visit(self, channel: str, chat: str) -> list[Shown]:
        """See Store."""
        return []

    async def settle(
        self, outgoing_id: int, state: OutboxState, retry_after: float | None = None, note: str = ""
    ) -> None:
        """See Store."""
        attempts = self.outbox[outgoing_id - 1].attempts
        self._set(outgoing_id, state, attempts + 1)

    async def recover_outbox(self, channel: str) -> int:
        """See Store."""
        half = [o for o in self.outbox if o.channel == channel and o.state is OutboxState.SENDING]
        for outgoing in half:
            self._set(outgoing.id, OutboxState.UNCERTAIN, outgoing.attempts)
        return len(half)

    async def counts(self, log: bool = True) -> dict[str, int]:
        """See Store."""
        return {"exchanges": len(self.turns), "tickets": len(self.opened), "outbox": len(self.outbox)}

    def _set(self, outgoing_id: int, state: OutboxState, attempts: int) -> None:
        self.outbox[outgoing_id - 1] = replace(self.outbox[outgoing_id - 1], state=state, attempts=attempts)


def _exchange(turn: Turn) -> Exchange:
    m, r = turn.message, turn.reply
    return Exchange(
        m.channel, m.message_id, m.chat, m.person, m.at, m.text, m.kind.value, r.key, r.outcome, r.entry,
        r.confidence, r.ticket, turn.nearest, turn.knowledge_version, turn.took_ms,
    )  # fmt: skip


def a_message(text: str, clock: FakeClock, number: int = 1, kind: Kind = Kind.TEXT, ref: str = "") -> Message:
    """A message of one visitor on the web."""
    return Message("web", "visit-1", "visit-1", text, kind, clock(), f"m{number}", ref)
