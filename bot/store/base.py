"""The store, as the rest of the house sees it: one page of methods.

A store keeps what must not be lost. Everything given to it is already redacted. `Store` is implemented
by `SqlStore` (SQLite through aiosqlite by default, PostgreSQL through asyncpg); one contract test runs on both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from bot.messages import Message, Reply


class Progress(StrEnum):
    """How far a received message is."""

    NEW = "new"
    """Never seen before; now on disk."""
    PENDING = "pending"
    """Seen before, but not answered yet (in work, or left over from a crash)."""
    DONE = "done"
    """Answered; the receipt carries the reply."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the store knows of a message after `receive`."""

    progress: Progress
    reply: Reply | None = None
    """The reply given before, for DONE."""


class TicketState(StrEnum):
    """States of a ticket, in the order of its life."""

    NEW = "new"
    ASSIGNED = "assigned"
    ANSWERED = "answered"
    PUBLISHED = "published"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A question that a person will answer."""

    number: str
    """Shown to the asker, `K7-3F9Q`; upper case, checkable, not guessable."""
    channel: str
    chat: str
    person: str
    text: str
    """The question, redacted."""
    reason: str
    """Why it is a ticket: `none`, `none_of_these`, `unhelpful`, `human`."""
    nearest: tuple[tuple[str, float], ...]
    """Nearest entries and their confidence when it was asked, best first."""
    opened_at: datetime
    state: TicketState = TicketState.NEW
    answer: str = ""
    """What staff answered; empty until then."""
    answered_at: datetime | None = None
    knowledge_version: str = ""
    """Version of the knowledge that had no answer."""
    due_at: datetime | None = None
    """Until when an answer is promised; None when none was promised."""
    apart: str = ""
    """Why it is set apart rather than queued: `nonsense`, `abuse`, `advert`; empty for a plea."""
    owner: str = ""
    """Who has taken it; empty for nobody."""
    cluster: int | None = None
    """The cluster it stands in; None until it is placed, a second after it came."""
    ignored: str = ""
    """Why staff ignored it."""


@dataclass(frozen=True, slots=True)
class Late:
    """An answer by staff that waits for its asker's next message or visit."""

    outbox: int
    ticket: str
    reply: Reply


@dataclass(frozen=True, slots=True)
class Shown:
    """A late answer among the bubbles of a visit."""

    at: datetime
    reply: Reply


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to somebody else that a turn causes (a new ticket, to staff)."""

    channel: str
    chat: str
    reply: Reply
    ref: str
    """What it is about: the ticket number."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Everything one answered message leaves behind; written in one transaction by `finish`."""

    message: Message
    reply: Reply
    state: dict[str, Any]
    """Conversation state after this turn (JSON); replaces the one before."""
    ticket: Ticket | None = None
    nearest: tuple[tuple[str, float], ...] = ()
    knowledge_version: str = ""
    took_ms: float = 0.0
    deliver: bool = False
    """Put the reply in the outbox as well: for channels that answer by a request of their own (Telegram)."""
    late: tuple[int, ...] = ()
    """Outbox rows of late answers that this reply contains; with `deliver`, ones to be sent once more by themselves."""
    notices: tuple[Notice, ...] = ()
    """Put in the outbox with it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A recorded question and what was answered."""

    channel: str
    message_id: str
    chat: str
    person: str
    at: datetime
    text: str
    kind: str
    key: str
    outcome: str
    entry: str | None
    confidence: float
    ticket: str | None
    nearest: tuple[tuple[str, float], ...]
    knowledge_version: str
    took_ms: float
    feedback: str = ""
    """`helpful`, `unhelpful` or empty."""


@dataclass(frozen=True, slots=True)
class Switch:
    """Whether a channel is open; a channel without a switch is."""

    channel: str
    open: bool = True
    text: str = ""
    """What residents read while it is closed; empty: the text `closed` of texts.yaml."""
    changed_at: datetime | None = None


class OutboxState(StrEnum):
    """States of an outgoing message."""

    PENDING = "pending"
    SENDING = "sending"
    """Taken by a sender; after a crash it is UNCERTAIN, never sent again blindly."""
    SENT = "sent"
    UNCERTAIN = "uncertain"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way to a person."""

    id: int
    channel: str
    chat: str
    reply: Reply
    ref: str
    """`message_id` it answers, or the ticket number for a late answer."""
    attempts: int = 0
    state: OutboxState = OutboxState.PENDING
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Before:
    """What is known as a message comes in."""

    reply: Reply | None = None
    """Given to this delivery before; None when it was not answered."""
    state: dict[str, Any] = field(default_factory=dict)
    """What the last turn of its conversation left."""
    late: bool = True
    """Whether staff ever answered in its chat: what waits is worth asking for only then."""


class Store(Protocol):
    """Keeps messages, exchanges, conversations, tickets and the outbox.

    Every method raises `StoreUnavailable` when the database cannot be reached; then nothing was written.
    A coroutine that writes returns only when the data is durable.
    """

    async def start(self) -> None:
        """Open the database, bring its schema up to date, start the writer."""

    async def close(self) -> None:
        """Write what is queued, then close; safe to call twice."""

    async def ping(self) -> None:
        """Answer when the database does (for /readyz)."""

    async def seen(self, channel: str, message_id: str) -> Reply | None:
        """The reply given before to this delivery; None when it was not answered or never seen. Writes nothing."""

    async def before(self, message: Message) -> Before:
        """All that is known before a message is answered, in one look. Writes nothing."""

    async def receive(self, message: Message) -> Receipt:
        """Put a message on disk before it is acknowledged; a repeated delivery finds what became of the first."""

    async def left_over(self, channel: str, limit: int = 1000) -> list[Message]:
        """Messages received but not answered, oldest first: what a crash left behind."""

    async def take_over(self, channel: str, before: datetime | None = None, limit: int = 1000) -> list[Message]:
        """Claim what waits for an answer and nobody alive works on, received before a moment; oldest first.

        Those this process holds itself are among them: it knows which it is working on. On SQLite: all.
        """

    async def finish(self, turn: Turn) -> Reply:
        """Write exchange, conversation state, ticket and outbox row together, and mark the message answered.

        Returns the reply that stands: `turn.reply`, or the earlier one when this message was finished before
        (then nothing is written). Raises `StoreConflict` when the ticket number is taken, or a late answer of the turn.
        """

    async def conversation(self, channel: str, name: str) -> dict[str, Any] | None:
        """State that the last turn left, by `Message.conversation`; None for a new conversation."""

    async def forget(self, channel: str, person: str) -> int:
        """Erase what is personal of one person: messages, conversation, questions, settled tickets; rows touched.

        Open tickets are erased once they are settled (bot.store.erasing).
        """

    async def free_ticket_number(self) -> str:
        """A random number that no ticket has."""

    async def late(self, channel: str, chat: str, refused_only: bool) -> list[Late]:
        """Late answers that wait for this chat, oldest first; `refused_only` leaves out what a sender will bring.

        By chat, not by person: what somebody asked in private is not told in a group.
        """

    async def visit(self, channel: str, chat: str) -> list[Shown]:
        """Every late answer of a visit, oldest first, but those given with a message; new ones count as given now."""

    async def ticket(self, number: str) -> Ticket | None:
        """The ticket of this number; None when there is none."""

    async def tickets(self, state: TicketState | None = None, limit: int = 100, offset: int = 0) -> list[Ticket]:
        """Tickets, oldest first."""

    async def feedback(self, channel: str, message_id: str, person: str, verdict: str) -> Exchange | None:
        """Note `helpful` or `unhelpful` on a person's exchange; the exchange, or None when this person has none such."""

    async def history(self, channel: str, chat: str, limit: int = 40) -> list[tuple[Message, Reply]]:
        """The last answered messages of one conversation with their replies, oldest first."""

    async def latest(self, channel: str, chat: str, ref: str) -> Message | None:
        """The newest message of a chat with this `ref`, answered or not; None when there is none."""

    async def exchanges(self, channel: str | None = None, limit: int = 100) -> list[Exchange]:
        """Newest exchanges first."""

    async def enqueue(self, channel: str, chat: str, reply: Reply, ref: str) -> int:
        """Put one message in the outbox; its id."""

    async def reply_sent(self, channel: str, chat: str, ref: str) -> Reply | None:
        """The reply in the outbox, in whatever state, that answers `ref` in this chat; None when there is none."""

    async def take(self, channel: str, limit: int = 20) -> list[Outgoing]:
        """Due PENDING messages, oldest first, one per chat, marked SENDING so that no other sender gets them."""

    async def settle(
        self, outgoing_id: int, state: OutboxState, retry_after: float | None = None, note: str = ""
    ) -> None:
        """Say what became of a taken message; PENDING with `retry_after` seconds puts it back.

        `note` is what the platform said, for staff; `blocked` when the person does not want messages any more.
        """

    async def recover_outbox(self, channel: str) -> int:
        """Mark as UNCERTAIN what a process was SENDING that is not alive (on SQLite: anything); how many."""

    async def counts(self, log: bool = True) -> dict[str, int]:
        """Rows by kind and state (tickets, ticket_new, outbox_pending ...), with `log` messages and exchanges too, which take
        long to count in a large store."""
