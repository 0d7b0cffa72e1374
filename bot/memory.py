"""What a conversation remembers from one message to the next, as plain data in the store.

| key | holds |
|---|---|
| `last_question` | the last question in words, which 人工 takes along; small talk is none |
| `earlier` | the options one of which was just answered: another can be chosen by its number, 上一个 shows them again |
| `ticket` | the number of the last ticket of this conversation |
| `options`, `asked` | what can be chosen by its number, and the question it was offered for (都不是) |
| `menu` | whether that is a menu, offered for no question |
| `shown` | when that was offered, or it was asked to say it differently; it lapses |
| `answered` | the message just answered and its question, for who says that it is not what was meant |
| `told` | the entry of the last answer: 依据是什么 and 继续 are of it |
| `entry`, `at` | what was last spoken of and when, for follow-ups |
| `human`, `forget`, `rephrased` | what the bot has just asked: the question for staff, 确认删除, to say it differently |
| `traditional` | the person writes Traditional characters |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot import picking
from bot.messages import NONE_OF_THESE, Kind, Message, Reply
from bot.pleas import MATTERS
from bot.store.base import Exchange, Ticket
from intents import Context, Match
from intents.conversation import carried
from intents.correction import meant
from intents.model import KnowledgeData


@dataclass
class Work:
    """One message on its way: what is known of the conversation, and what it will leave behind."""

    message: Message
    state: dict[str, Any]
    match: Match | None = None
    ticket: Ticket | None = None
    before: tuple[str, str] = field(init=False)
    """Id of the message before this one and its question, if an entry answered it; else empty."""

    def __post_init__(self) -> None:
        """What was answered last is known for one turn."""
        message_id, question = self.state.pop("answered", None) or ("", "")
        self.before = message_id, question

    def lapse(self, minutes: float) -> None:
        """What was offered or asked of the person long ago is forgotten; `minutes` as in `context`."""
        if not self._recent("shown" if "shown" in self.state else "at", minutes):
            for name in ("options", "earlier", "rephrased"):
                self.state.pop(name, None)
        if not self._recent("at", minutes):
            self.before = "", ""

    def _recent(self, key: str, minutes: float) -> bool:
        """Whether this moment of the state is no longer ago; one that nobody noted counts as recent."""
        at = self.state.get(key)
        return not at or self.message.at - datetime.fromisoformat(at) <= timedelta(minutes=minutes)

    def context(self, minutes: float) -> Context | None:
        """What was spoken of, until it lapses."""
        entry = self.state.get("entry")
        return Context(entry) if entry and self.state.get("at") and self._recent("at", minutes) else None

    def answered(self, entry: str, match: Match | None) -> None:
        """An entry was given, for the words of a message (`match`) or for a pressed option."""
        question = ""
        talk = entry.startswith("chat.") and entry not in MATTERS
        if match is not None:
            self.match = match
            self.state.pop("earlier", None)
            question = self.message.text
            if not talk:
                self.state["last_question"] = question
        elif not self.state.get("menu") and self.state.get("asked") == self.state.get("last_question"):
            question = self.state.get("asked") or ""
        if not talk:
            self.state["answered"] = [self.message.message_id, question]
            self.state["told"] = entry
        if match is None and self.state.get("options"):
            self.state["earlier"] = self.state["options"]
        self.state.pop("options", None)
        self.state.pop("rephrased", None)
        if subject := carried("answer", entry, ()):
            self.state["entry"] = subject
        self.state["at"] = self.message.at.isoformat()

    def picked(self, text: str) -> str | None:
        """As `picking.picked`, of the options that are open; a number alone also of those just answered from."""
        text = meant(text) or text
        if options := self.state.get("options"):
            return picking.picked(text, options)
        earlier = self.state.get("earlier") or []
        others = [name for name in earlier if name != self.state.get("told")]
        if len(others) == 1 and picking.aside(text) is picking.Aside.ANOTHER:
            return str(others[0])
        return picking.picked(text, earlier) if earlier and picking.choice(text, len(earlier)) else None

    @property
    def listed(self) -> int:
        """How many options a number is looked for in."""
        return len(self.state.get("options") or self.state.get("earlier") or ())

    def asked_back(self, match: Match, minutes: float) -> None:
        """The question could mean several things; `minutes` as in `context`."""
        self.state["asked"] = self.state["last_question"] = self.message.text
        self.state.pop("earlier", None)
        fresh = self.context(minutes) is None
        subject = carried("options", None, match.options, match.ask, fresh=fresh)
        if subject or fresh:
            self.state["entry"] = subject
        self.state["at"] = self.message.at.isoformat()

    def rephrase(self, question: str) -> None:
        """None of what was offered was meant: the question is to be said differently."""
        self.state["rephrased"] = True
        self.state["asked"] = question
        self.state["shown"] = self.message.at.isoformat()

    def showed(self, reply: Reply) -> None:
        """What is on the screen can be chosen by its number, a menu too."""
        if reply.options:
            self.state["menu"] = all(o.id != NONE_OF_THESE for o in reply.options)
            self.state["options"] = [o.id for o in reply.options if o.id != NONE_OF_THESE]
            self.state["shown"] = self.message.at.isoformat()

    def unhelped(self, base: KnowledgeData, exchange: Exchange) -> str:
        """The question of an answer that did not help; of a chosen option the one it was offered for, else its title."""
        if exchange.kind != Kind.CHOICE and not picking.aside(exchange.text):
            return exchange.text
        message_id, question = self.before
        if question and message_id == exchange.message_id:
            return question
        entry = base.entries.get(exchange.entry or "")
        return entry.title if entry else exchange.text
