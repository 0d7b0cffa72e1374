"""The values that travel through the house: what came in (Message) and what goes out (Reply).

Channels turn wire formats into these and back; nothing else of a platform goes further inward.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Self

Outcome = Literal["answer", "options", "none"]


class Kind(StrEnum):
    """What a person did."""

    TEXT = "text"
    COMMAND = "command"
    """`text` is the command's name without a slash: start, help, menu, human, ticket."""
    CHOICE = "choice"
    """`text` is the id of an option that was offered: an entry id, a topic id or NONE_OF_THESE."""
    FEEDBACK = "feedback"
    """`text` is `helpful` or `unhelpful`; `ref` names the message whose answer is meant."""
    FOLLOW = "follow"
    VOICE = "voice"
    IMAGE = "image"
    OTHER = "other"


NONE_OF_THESE = "none_of_these"
"""Option id of 都不是."""
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable(text: str) -> str:
    """A text without what databases do not keep: NUL, and halves of surrogate pairs."""
    return _UNSTORABLE.sub("", text)


@dataclass(frozen=True, slots=True)
class Message:
    """One thing a person sent, already redacted (bot.privacy) when it leaves the channel."""

    channel: str
    """`web`, `telegram`, `wechat` or `terminal`."""
    chat: str
    """Conversation, unique within the channel: Telegram chat id, openid, web session."""
    person: str
    """Who spoke, unique within the channel; equals `chat` except for a person in a group."""
    text: str
    kind: Kind
    at: datetime
    """When the platform says it was sent; aware, UTC."""
    message_id: str
    """Unique within the channel; a repeated delivery carries the same one."""
    ref: str = ""
    """For feedback: `message_id` of the message that was answered. Of what was written on Telegram: its number in the chat, which
    an edit keeps."""

    def __post_init__(self) -> None:
        """Whatever a channel reads, the store can keep it: a message that it refused would be tried again for ever."""
        for name in ("text", "message_id", "ref"):
            object.__setattr__(self, name, storable(getattr(self, name)))

    @property
    def conversation(self) -> str:
        """What the state of the conversation is kept under: in a group each person has one of their own."""
        return self.chat if self.person == self.chat else f"{self.chat}/{self.person}"

    def to_json(self) -> dict[str, Any]:
        """Plain data for the store; `from_json` is its inverse."""
        return {
            "channel": self.channel,
            "chat": self.chat,
            "person": self.person,
            "text": self.text,
            "kind": self.kind.value,
            "at": self.at.isoformat(),
            "message_id": self.message_id,
            "ref": self.ref,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Inverse of `to_json`."""
        return cls(**{**data, "kind": Kind(data["kind"]), "at": datetime.fromisoformat(data["at"])})


@dataclass(frozen=True, slots=True)
class Option:
    """A choice offered to the person; `id` comes back as the text of a CHOICE message."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Citation:
    """One source of an answer, ready to show."""

    title: str
    """Full title, without 《》."""
    short: str
    article: str = ""
    """`第四十一条`, or a part of a document; empty when the whole is meant."""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A telephone number to show as a button; only emergencies have them."""

    number: str
    label: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the person gets, channel-neutral; channels only cut it to their budget."""

    key: str
    """Key of the text in texts.yaml, or `entry` for a curated answer."""
    text: str
    outcome: Outcome
    entry: str | None = None
    options: tuple[Option, ...] = ()
    sources: tuple[Citation, ...] = ()
    checked: str = ""
    """Month in which the answer was last checked against its sources, `2026-11`."""
    ticket: str | None = None
    calls: tuple[Call, ...] = ()
    confidence: float = 0.0
    feedback: bool = False
    """Whether 有帮助 / 没帮助 is asked below the answer."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Reserved for channels that need more (page number of a long answer)."""

    def to_json(self) -> dict[str, Any]:
        """Plain data for the store; `from_json` is its inverse."""
        return {
            "key": self.key,
            "text": self.text,
            "outcome": self.outcome,
            "entry": self.entry,
            "options": [[o.id, o.title] for o in self.options],
            "sources": [[c.title, c.short, c.article, c.link] for c in self.sources],
            "checked": self.checked,
            "ticket": self.ticket,
            "calls": [[c.number, c.label] for c in self.calls],
            "confidence": self.confidence,
            "feedback": self.feedback,
            "extra": self.extra,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Inverse of `to_json`."""
        return cls(
            **{
                **data,
                "options": tuple(Option(*o) for o in data["options"]),
                "sources": tuple(Citation(*c) for c in data["sources"]),
                "calls": tuple(Call(*c) for c in data["calls"]),
            }
        )
