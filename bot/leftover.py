"""What a stop left unanswered: answered by the next start or by another process; when every try fails, its sender is told so."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Container
from typing import Protocol

from bot import replies
from bot.errors import StoreUnavailable
from bot.logs import about
from bot.messages import Message, Reply
from bot.store.base import Store
from intents.model import KnowledgeData

log = logging.getLogger(__name__)
_MOST_TRIES = 3


class Answering(Protocol):
    """What bot.dialogue.Dialogue does with one message."""

    async def answer(self, message: Message, deliver: bool) -> Reply:
        """Answer a message that was accepted."""

    async def say(self, message: Message, reply: Reply, deliver: bool = False) -> Reply:
        """Record a reply that was made elsewhere."""


class Leftovers:
    """Counts the tries of this process."""

    def __init__(self, dialogue: Answering, store: Store, base: Callable[[], KnowledgeData]) -> None:
        self._dialogue, self._store, self._base = dialogue, store, base
        self._failed: Counter[tuple[str, str]] = Counter()

    async def resume(self, channel: str, deliver: bool, busy: Container[str]) -> int:
        """See Dialogue."""
        answered = 0
        for message in await self._store.take_over(channel):
            if message.message_id in busy or self._failed[channel, message.message_id] > _MOST_TRIES:
                continue
            with about(channel, message.message_id):
                answered += await self._answer(message, deliver)
        return answered

    async def _answer(self, message: Message, deliver: bool) -> bool:
        """One that cannot be answered must not keep the service from starting. A start looks once: all tries are made now."""
        key = (message.channel, message.message_id)
        while self._failed[key] < _MOST_TRIES:
            try:
                await self._dialogue.answer(message, deliver)
                return True
            except StoreUnavailable:
                raise
            except Exception:
                self._failed[key] += 1
                log.exception("%s: a message left over from before could not be answered", message.channel)
        told = await self.give_up(message, deliver)
        self._failed[key] += 1
        return told

    async def give_up(self, message: Message, deliver: bool) -> bool:
        """The last word to a message whose answer always fails: `trouble`. Whether it was recorded. Raises StoreUnavailable."""
        try:
            await self._dialogue.say(message, replies.text(self._base(), "trouble"), deliver)
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("message %s: nor could that be said", message.message_id)
            return False
        return True
