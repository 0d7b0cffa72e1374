"""What the desk keeps, as values: clusters, tickets, deliveries, proposals, publications, events, and how to ask for them.

A cluster is what staff work on: tickets that ask the same thing. A ticket is one person's question in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Literal, TypeVar

from bot.messages import Message, Reply
from bot.store.base import OutboxState, Ticket, TicketState

T = TypeVar("T")
OPEN = (TicketState.NEW, TicketState.ASSIGNED)
"""States in which somebody still waits for an answer."""
Order = Literal["people", "age", "due", "newest"]


class Apart(StrEnum):
    """Why a ticket is set apart rather than queued; NO for a ticket that waits for an answer."""

    NO = ""
    NONSENSE = "nonsense"
    ABUSE = "abuse"
    ADVERT = "advert"
    CHAT = "chat"


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list."""

    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One page of a list and how long the whole is; `rows` is empty and `total` 0 when nothing fits."""

    rows: tuple[T, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Filter:
    """Which clusters or tickets; every field that is left alone allows all."""

    states: tuple[TicketState, ...] = OPEN
    """Empty: every state."""
    owner: str | None = None
    """User name; `""` for what nobody has taken."""
    channel: str = ""
    reason: str = ""
    topic: str = ""
    """Topic of the nearest entry."""
    text: str = ""
    """Part of the question, or a ticket number."""
    apart: bool = False
    """False: the queue. True: what was set apart (nonsense, abuse, adverts), never both."""
    overdue: bool = False
    """Only what is past its promise (open ones)."""
    least_people: int = 1
    order: Order = "people"
    """`people`: most people first, then oldest. `age`: oldest first. `due`: promise first. `newest`: latest ticket."""


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """One cluster as a list shows it."""

    id: int
    title: str
    """The question that began it, redacted."""
    state: TicketState
    owner: str
    people: int
    """Distinct persons asking."""
    size: int
    """Tickets in it."""
    first_at: datetime
    last_at: datetime
    due_at: datetime
    """When the oldest open promise ends; aware UTC."""
    nearest: tuple[str, float] | None
    """Nearest entry and its confidence when the first ticket was asked; None without any."""
    apart: Apart = Apart.NO
    by_hand: bool = False
    """Whether staff merged or split it."""
    answered_at: datetime | None = None
    channels: tuple[str, ...] = ()

    def overdue(self, now: datetime) -> bool:
        """Whether somebody waits longer than was promised."""
        return self.state in OPEN and self.apart is Apart.NO and self.due_at < now


class DeliveryState(StrEnum):
    """How far an answer is on its way to one asker."""

    WAITING = "waiting"
    """Not out yet. On the web: until the next visit, message or 查询."""
    SENDING = "sending"
    SENT = "sent"
    """Accepted by the platform, shown on the page, or given with the asker's next message."""
    UNCERTAIN = "uncertain"
    """The platform's answer was lost: it may have arrived and is not repeated by the machine."""
    FAILED = "failed"
    """Refused for good or given up; goes with the asker's next message."""
    BLOCKED = "blocked"
    """Refused because the person blocked the bot or left; goes with the asker's next message, should there be one."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One answer to one asker: there is never a second row for both."""

    id: int
    answer: int
    cluster: int
    ticket: str
    channel: str
    chat: str
    person: str
    state: DeliveryState
    attempts: int
    note: str
    """What the platform said, or how it was shown: `page`, `with_message`."""
    at: datetime
    """When it was put on its way."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What staff answered."""

    id: int
    cluster: int
    text: str
    author: str
    at: datetime
    correction: bool = False
    """Replaces an answer given before and goes to everybody again."""
    askers: int = 0
    """Persons it was put on its way to so far."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of history; never changed, never deleted by the desk."""

    id: int
    at: datetime
    who: str
    what: str
    """placed, assigned, answered, corrected, ignored, released, merged, split, proposed, checked, approved, rejected,
    published, rolled_back, sent_again."""
    why: str = ""
    cluster: int | None = None
    ticket: str = ""
    proposal: int | None = None
    publication: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClusterPage:
    """Everything about one cluster."""

    row: ClusterRow
    tickets: tuple[Ticket, ...]
    """Oldest first, at most 500; `row.size` says how many there are."""
    answer: Answer | None
    """The one in force; None until answered."""
    ignored: str
    """Why it is ignored; empty otherwise."""
    deliveries: tuple[Delivery, ...]
    proposals: tuple[Proposal, ...]
    events: tuple[Event, ...]
    """Oldest first."""


@dataclass(frozen=True, slots=True)
class TicketPage:
    """One ticket with what was said around it. Looking at it is looking at a person's conversation."""

    ticket: Ticket
    cluster: ClusterRow | None
    """None in the second before it is placed."""
    conversation: tuple[tuple[Message, Reply], ...]
    """Of the day before the ticket and after, oldest first, at most 40; empty once the person has erased it."""
    deliveries: tuple[Delivery, ...]
    """To this ticket's asker."""


class ProposalState(StrEnum):
    """How far a change of the knowledge is."""

    PROPOSED = "proposed"
    """Stored; not yet checked, or checked and waiting."""
    APPROVED = "approved"
    """A second person agreed."""
    REJECTED = "rejected"
    PUBLISHED = "published"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of the knowledge, stored until it is published or rejected."""

    id: int
    kind: str
    """`question` (add to an entry), `entry` (a new one), `edit` (answer, sources or dates of an entry)."""
    state: ProposalState
    entry: str
    cluster: int | None
    author: str
    at: datetime
    why: str
    law: bool
    """Whether it changes law content (an answer or its sources): then a second person must approve."""
    operation: dict[str, Any]
    """What is to be done; applied to the files as they are when it is published."""
    diff: str
    """Unified text diff of the files as they were when it was checked."""
    problems: tuple[dict[str, Any], ...] = ()
    """Findings of validate and lint that the change brings: path, line, severity, code, message."""
    changes: tuple[dict[str, Any], ...] | None = None
    """The answer diff (text, old, new, kind); None until `check` has run."""
    checked_at: datetime | None = None
    approver: str = ""
    approved_at: datetime | None = None
    rejected: str = ""
    """Why it was rejected."""

    @property
    def errors(self) -> int:
        """Problems that forbid publishing."""
        return sum(p["severity"] == "error" for p in self.problems)


@dataclass(frozen=True, slots=True)
class Publication:
    """A change that came into force, or undid one."""

    id: int
    state: str
    """`publishing` (a stop came in between; finished at the next start), `published`, `rolled_back`, `failed`."""
    proposal: int | None
    undoes: int | None
    """For a roll back: the publication it undid."""
    author: str
    approver: str
    at: datetime
    why: str
    files: dict[str, tuple[str | None, str | None]]
    """Path below the knowledge directory -> text before and after; None where the file did not or does not exist."""
    version_before: str
    version_after: str


@dataclass(frozen=True, slots=True)
class DeskNumbers:
    """Counts of the desk; zeros when there is nothing."""

    clusters: dict[str, int] = field(default_factory=dict)
    """Queue clusters by state."""
    apart: dict[str, int] = field(default_factory=dict)
    """Tickets that were set apart, by kind."""
    overdue: int = 0
    """Open queue clusters past their promise."""
    unplaced: int = 0
    """Tickets that no cluster has yet."""
    oldest_open: datetime | None = None
    uncertain: int = 0
    """Answers of which nobody knows whether they arrived: a person decides whether they are sent again."""


@dataclass(frozen=True, slots=True)
class Asker:
    """To whom an answer goes: one person, with the newest of their tickets in the cluster."""

    channel: str
    chat: str
    person: str
    ticket: str
    question: str


MakeReply = Callable[[Asker, str, bool], Reply]
"""(asker, answer, correction) -> what the asker gets; the wording comes from texts.yaml."""


@dataclass(frozen=True, slots=True)
class Placed:
    """What the index knows of a ticket that stands in a cluster."""

    number: str
    text: str
    apart: Apart
    place: int
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Unplaced:
    """What comparing needs of a ticket without a cluster."""

    number: str
    text: str
    apart: str


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the machine puts a ticket."""

    ticket: Unplaced
    anchor: str | None
    """Number of the ticket it is like; None: it begins a cluster of its own."""
    same: bool = False
    """Whether it is so like the anchor that an answer given before answers it as well."""
    leads: bool = False
    """Whether later tickets are compared with this one."""


def delivery_state(outbox: OutboxState, blocked: bool) -> DeliveryState:
    """The asker's view of an outbox row."""
    if outbox is OutboxState.FAILED and blocked:
        return DeliveryState.BLOCKED
    return DeliveryState.WAITING if outbox is OutboxState.PENDING else DeliveryState(outbox.value)
