"""查询: how a ticket stands, by its number. The number is the key, so guessing numbers is made useless.

Guesses that hit nothing are counted. After `PERSON_MISSES` of one person in ten minutes, a number is told to that person only in
the chat that owns it, until the time is over; nobody else notices. As visits of the page are free, the same holds for a whole
channel after `CHANNEL_MISSES`: who guesses on the page shuts nobody out who asks by WeChat or Telegram, where a person is an account.

Five random characters are 31^5, 28.6 million numbers. A hundred misses in ten minutes are 14,400 a day. Of 1,000 tickets that
wait (three days of a busy office) one number in 28,600 is one: a hit every other day, which says that it waits. Of 100,000
tickets in the store (a year's) one in 286: 50 a day, each an answer by staff without question and asker. One certain ticket is
found after 1,990 days at the latest and 990 on average, its asker is erased after 365 (`retention.ticket_days`), and nothing
shows that it was the one. Without any bound, a service that takes 200 messages a second would give a hit in 1.4 seconds.
"""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta

from bot import replies
from bot.messages import Message, Reply
from bot.store.base import Store, Ticket
from bot.store.numbers import parse_number
from intents.model import KnowledgeData

PERSON_MISSES = 5
"""A mistyped number is caught by its check character and is no miss, so that honest people make hardly any."""
CHANNEL_MISSES = 100
"""Thirty of 31 mistyped numbers are caught: so many misses are 3,000 mistyped numbers in ten minutes, or guesses."""
WINDOW = timedelta(minutes=10)


class Lookup:
    """Looks tickets up, and remembers who asked for numbers that nobody has."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._misses: defaultdict[str, deque[tuple[datetime, str]]] = defaultdict(lambda: deque(maxlen=CHANNEL_MISSES))
        """By channel: when, and the person."""

    async def reply(self, base: KnowledgeData, message: Message, typed: str) -> Reply:
        """The state of the ticket, or that there is none. Raises StoreUnavailable."""
        number = parse_number(typed)
        if number is None:
            return replies.ticket_state(base, typed.upper(), None)
        ticket = await self._store.ticket(number)
        if not _own(ticket, message) and self._guessed(message):
            return replies.text(base, "ticket_slow")
        if ticket is None:
            self._misses[message.channel].append((message.at, message.person))
        return replies.ticket_state(base, number, ticket)

    async def waiting(self, base: KnowledgeData, message: Message, number: str) -> Reply:
        """For who asks how their question stands without its number: the ticket of this conversation, else how answers come."""
        ticket = await self._store.ticket(number) if number else None
        return (
            replies.ticket_state(base, number, ticket) if _own(ticket, message) else replies.text(base, "ticket_wait")
        )

    def _guessed(self, message: Message) -> bool:
        """Whether this person, or everybody on this channel together, has missed too often lately."""
        persons = [who for when, who in self._misses[message.channel] if message.at - when < WINDOW]
        return len(persons) == CHANNEL_MISSES or persons.count(message.person) >= PERSON_MISSES


def _own(ticket: Ticket | None, message: Message) -> bool:
    """Whether there is such a ticket, and it is of the chat that asks."""
    return ticket is not None and (ticket.channel, ticket.chat) == (message.channel, message.chat)
