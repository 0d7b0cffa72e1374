"""查询: how a ticket stands, by its number. The number is the key, so guessing numbers is made useless.

Five random characters are 28.6 million numbers. Where a hundred thousand tickets are in the store, one guess in 286 would
hit; at the full speed of the service that is one a second. Guesses that hit nothing are therefore counted for the whole
process: after `MOST_MISSES` in ten minutes a number is told only to the chat that owns it, until the time is over.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from bot import replies
from bot.messages import Message, Reply
from bot.store.base import Store
from bot.store.numbers import parse_number
from intents.model import KnowledgeData

MOST_MISSES = 20
"""A mistyped number is caught by its check character and is no miss, so that honest people make hardly any."""
WINDOW = timedelta(minutes=10)


class Lookup:
    """Looks tickets up, and remembers how many numbers there were that nobody has."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._misses: deque[datetime] = deque(maxlen=MOST_MISSES)

    async def reply(self, base: KnowledgeData, message: Message, typed: str) -> Reply:
        """The state of the ticket, or that there is none. Raises StoreUnavailable."""
        number = parse_number(typed)
        if number is None:
            return replies.ticket_state(base, typed.upper(), None)
        ticket = await self._store.ticket(number)
        own = ticket is not None and (ticket.channel, ticket.chat) == (message.channel, message.chat)
        if not own and self._guessed(message.at):
            return replies.text(base, "ticket_slow")
        if ticket is None:
            self._misses.append(message.at)
        return replies.ticket_state(base, number, ticket)

    def _guessed(self, at: datetime) -> bool:
        return len(self._misses) == MOST_MISSES and at - self._misses[0] < WINDOW
