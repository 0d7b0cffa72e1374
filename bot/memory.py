"""What a conversation remembers from one message to the next, as plain data in the store.

| key | holds |
|---|---|
| `last_question` | the last question in words, which 人工 takes along |
| `options`, `asked` | what can be chosen by its number, and the question it was offered for (都不是) |
| `entry`, `at` | what was last spoken of and when, for follow-ups |
| `human`, `forget`, `rephrased` | what the bot has just asked: the question for staff, 确认删除, to say it differently |
| `traditional` | the person writes Traditional characters |
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.messages import NONE_OF_THESE, Message, Reply
from bot.store.base import Ticket
from intents import Context, Match
from intents.conversation import carried


@dataclass
class Work:
    """One message on its way: what is known of the conversation, and what it will leave behind."""

    message: Message
    state: dict[str, Any]
    match: Match | None = None
    ticket: Ticket | None = None

    def context(self, minutes: float) -> Context | None:
        """What was spoken of, until it lapses."""
        entry, at = self.state.get("entry"), self.state.get("at")
        if not entry or not at:
            return None
        age = self.message.at - datetime.fromisoformat(at)
        return Context(entry) if age <= timedelta(minutes=minutes) else None

    def answered(self, entry: str, match: Match | None) -> None:
        """An entry was given, for the words of a message (`match`) or for a pressed option."""
        if match is not None:
            self.match = match
            self.state["last_question"] = self.message.text
        self.state.pop("options", None)
        self.state.pop("rephrased", None)
        if subject := carried("answer", entry, ()):
            self.state["entry"] = subject
        self.state["at"] = self.message.at.isoformat()

    def asked_back(self, match: Match, minutes: float) -> None:
        """The question could mean several things; `minutes` as in `context`."""
        self.state["asked"] = self.state["last_question"] = self.message.text
        fresh = self.context(minutes) is None
        subject = carried("options", None, match.options, match.ask, fresh=fresh)
        if subject or fresh:
            self.state["entry"] = subject
        self.state["at"] = self.message.at.isoformat()

    def showed(self, reply: Reply) -> None:
        """What is on the screen can be chosen by its number, a menu too."""
        if reply.options:
            self.state["options"] = [o.id for o in reply.options if o.id != NONE_OF_THESE]
