"""A question on its way to the desk: what the ticket keeps of the moment, what is promised, what is set apart."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from bot.desk.promise import due, shown
from bot.messages import Message, Reply
from bot.replies import phrase, text
from bot.store.base import Ticket
from intents import Match, Matcher
from intents.apart import Sorter

NEAREST = 5


def nearest(match: Match | None) -> tuple[tuple[str, float], ...]:
    """The nearest entries with their confidence, best first."""
    return tuple((c.entry, c.confidence) for c in match.candidates[:NEAREST]) if match else ()


class Intake:
    """Makes tickets and the replies that promise them."""

    def __init__(self, reply_days: int, hours: str = "") -> None:
        """`reply_days` working days are promised; `hours` is said with the promise where it is set."""
        self._days, self._hours = reply_days, hours
        self._sorters: WeakKeyDictionary[Matcher, Sorter] = WeakKeyDictionary()

    def ticket(
        self, matcher: Matcher, message: Message, number: str, reason: str, question: str, match: Match | None
    ) -> Ticket:
        """The ticket of a question. Only what the bot sorted itself is set apart: who asks for a person gets one."""
        return Ticket(
            number=number,
            channel=message.channel,
            chat=message.chat,
            person=message.person,
            text=question,
            reason=reason,
            nearest=nearest(match),
            opened_at=message.at,
            knowledge_version=matcher.knowledge.version,
            due_at=due(message.at, self._days),
            apart=self._sorted(matcher).kind(question, match) if reason == "none" else "",
        )

    def promise(self, matcher: Matcher, ticket: Ticket, key: str) -> Reply:
        """What the asker reads: number, expected day and working hours; for what is set apart no promise at all."""
        base = matcher.knowledge
        if ticket.apart:
            return text(base, f"apart_{ticket.apart}")
        human = ticket.reason == "human"
        hours = "\n" + phrase(base, "ticket_hours", hours=self._hours) if self._hours else ""
        return text(
            base,
            key,
            outcome="answer" if human else "none",
            entry="chat.human" if human else None,
            ticket=ticket.number,
            days=str(self._days),
            due=shown(ticket.due_at),
            hours=hours,
        )

    def prepare(self, matcher: Matcher) -> None:
        """Learn beforehand what the first ticket would wait for (50 ms): in a thread, before the matcher comes into force."""
        self._sorters[matcher] = Sorter(matcher.knowledge, matcher.normalizer)

    def _sorted(self, matcher: Matcher) -> Sorter:
        if matcher not in self._sorters:
            self.prepare(matcher)
        return self._sorters[matcher]
