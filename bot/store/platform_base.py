"""What a platform's channel keeps besides messages: seen nonces, owed replies, pages, send quotas, access tokens.

All of it is shared by every process on the database: a replay is seen, a token is renewed and a quota is spent once for all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bot.messages import Message, Reply


class Opens(StrEnum):
    """What a person did that allows messages to them for a while."""

    MESSAGE = "message"
    ACTION = "action"
    """A menu click, a follow or a scan."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many messages within so long after the person did something."""

    opens: Opens
    count: int
    span: timedelta


@dataclass(frozen=True, slots=True)
class Knock:
    """A delivery whose signature is right, before it is answered."""

    channel: str
    nonce: str
    """Unique for a request of the platform, at most 120 characters."""
    message_id: str
    chat: str
    at: datetime
    """When the person acted, as the platform says."""
    opens: Opens | None = None
    message: Message | None = None
    """What is to be answered, without personal data: kept like one that was received (Store.receive)."""
    most_tries: int = 4
    """How often the same nonce may come with the same message."""
    tries_for: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Admitted:
    """What is known of a delivery."""

    replayed: bool = False
    """The nonce belongs to another message, or came too often or too late: not to be answered."""
    known: bool = False
    """The message was received before."""
    owed: bool = False
    """Its reply goes out, or went out, by a request of our own."""
    waiting: bool = False
    """Something could not be sent to this chat and waits for such a chance."""
    pages: bool = False
    """Pages of an earlier answer are kept."""


@dataclass(frozen=True, slots=True)
class Credential:
    """An access token."""

    value: str = field(repr=False)
    expires_at: datetime


class Platform(Protocol):
    """Every method raises `StoreUnavailable` when the database cannot be reached; then nothing was written."""

    async def admit(self, knock: Knock) -> Admitted:
        """Note the nonce, and for a new message what it allows to send, and itself; what is known of it."""

    async def owe(self, message: Message) -> None:
        """Keep a (redacted) message and that its reply goes out by a request of our own; once or many times."""

    async def bring(self, channel: str, message_id: str, brief: int) -> bool:
        """Put an owed reply, once it is there, in the outbox, with the question's first `brief` characters.

        Once only: True the first time. What had been attached to this message, and whatever else waits for the chat, is
        to be tried now, before it.
        """

    async def unbrought(self, channel: str) -> list[str]:
        """Messages whose owed reply is there and not in the outbox yet."""

    async def unanswered(self, channel: str, before: datetime) -> list[Message]:
        """Store.take_over of messages received before a moment: claimed, oldest first."""

    async def attach(self, channel: str, chat: str, message_id: str, fresh: bool, most: int) -> list[Reply]:
        """What waits for this chat, to go out with the reply to a message; the same again for its repeats.

        Not `fresh`: only what was attached the first time. What is more than `most` is to be tried now.
        """

    async def lay_out(
        self, channel: str, chat: str, message_id: str, most: int, cut: Callable[[Sequence[Reply]], Sequence[str]]
    ) -> None:
        """Make what waits for this chat, at most so much, the pages that `turn_page` gives next, before any there are, in one
        transaction.

        It counts as gone out with this message; a repeat changes nothing. `cut` makes the pages; it may run more than once.
        """

    async def keep_pages(self, channel: str, chat: str, ref: str, texts: Sequence[str], fresh: bool) -> None:
        """Keep the further pages of an answer in place of older ones.

        Not `fresh`, of a message that came before: those already kept of it, and whatever was kept or turned after it was
        received, stay as they are.
        """

    async def add_pages(self, channel: str, chat: str, ref: str, texts: Sequence[str], tail: str) -> None:
        """Put further pages before those that are not read yet; where there are such, `tail` ends the last of the new ones."""

    async def turn_page(self, channel: str, chat: str, message_id: str) -> str | None:
        """The next page; the same again for a repeated delivery; None when there is none."""

    async def put_back(self, channel: str, chat: str, message_id: str) -> None:
        """The page turned for this message was not shown: it is the next one again, unless the pages are others by now."""

    async def spend(self, channel: str, chat: str, allowances: Sequence[Allowance]) -> Opens | None:
        """Take one message from the first allowance that has one left; None when there is none."""

    async def refund(self, channel: str, chat: str, opens: Opens) -> None:
        """Give back what was certainly not sent."""

    async def exhaust(self, channel: str, chat: str) -> None:
        """The platform says that nothing may be sent, or the person left: until they act again."""

    async def credential(self, name: str) -> Credential | None:
        """The token kept under a name; None when there is none."""

    async def keep_credential(self, name: str, credential: Credential) -> None:
        """Replace it."""

    async def may_force(self, name: str, spacing: timedelta) -> bool:
        """Whether this process may force a new token now: True once in `spacing`, for all processes together."""

    async def tidy(self, before: datetime) -> int:
        """Forget nonces and turned pages older than a moment, other rows after a week; how many."""
