"""Telegram's flood limits, kept before Telegram has to say so.

About one message a second in a chat, 20 a minute in a group, 30 a second overall (Bots FAQ, "My bot is hitting limits").
When Telegram does answer 429, nothing is sent before the time it named is over: a shorter answer that comes later never
shortens a longer one.

Where several processes send for the bot, each counts for itself what is allowed overall and in each chat, and asks for its
turn in the chat as well: no chat gets more than that from all of them together.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable

from bot.errors import DeliveryDelayed

OVERALL, OVERALL_SECONDS = 30, 1.05
CHAT_SECONDS = 1.0
GROUP, GROUP_SECONDS = 20, 60.0
PATIENCE_SECONDS = 3.0
"""A wait up to this long is waited for; a longer one puts the message back in the outbox."""
_MOST_CHATS = 20_000
Turns = Callable[[str, int, float, float], Awaitable[float]]
"""Takes a turn among several processes: name, how many in how many seconds, seconds between two (bot.store.turns)."""


class Pace:
    """Gives out turns to send."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`clock` in seconds, never going back."""
        self._clock, self._sleep = clock, sleep
        self._all: deque[float] = deque(maxlen=OVERALL)
        self._chats: OrderedDict[str, deque[float]] = OrderedDict()
        self._held_until = 0.0
        self._overall = OVERALL
        self._turns: Turns | None = None

    def shared_by(self, processes: int) -> None:
        """So many processes send for this bot: each takes its part of what is allowed overall."""
        self._overall = max(1, OVERALL // max(1, processes))

    def agree(self, turns: Turns) -> None:
        """Ask for each turn in a chat, because other processes may send there, too."""
        self._turns = turns

    async def turn(self, chat: str) -> None:
        """Wait until a message may be sent to this chat. Raises DeliveryDelayed when that takes too long."""
        while (wait := self.wait(chat) or await self._take(chat)) > 0:
            if wait > PATIENCE_SECONDS:
                raise DeliveryDelayed("flood limit", wait)
            await self._sleep(wait)

    def hold(self, seconds: float) -> None:
        """Telegram asked to wait: nobody sends before that."""
        self._held_until = max(self._held_until, self._clock() + seconds)

    def wait(self, chat: str) -> float:
        """Seconds until a message may be sent to this chat; 0 for now."""
        now, sent = self._clock(), self._chats.get(chat) or deque()
        free = [self._held_until]
        if len(self._all) >= self._overall:
            free.append(self._all[-self._overall] + OVERALL_SECONDS)
        if sent:
            free.append(sent[-1] + CHAT_SECONDS)
        if len(sent) == GROUP:
            free.append(sent[0] + GROUP_SECONDS)
        return max(0.0, *(at - now for at in free))

    async def _take(self, chat: str) -> float:
        """Take a turn that is free here; 0 when it is taken, else the seconds that another process's turns ask to wait."""
        # counted before the others are asked: meanwhile nobody here takes the same turn
        now = self._clock()
        sent = self._count(chat, now)
        if self._turns is None:
            return 0.0
        most, window = (GROUP, GROUP_SECONDS) if is_group(chat) else (1, CHAT_SECONDS)
        if wait := await self._turns(f"telegram {chat}", most, window, CHAT_SECONDS):
            for counted in (self._all, sent):
                if now in counted:
                    counted.remove(now)
        return wait

    def _count(self, chat: str, now: float) -> deque[float]:
        self._all.append(now)
        # a private chat needs its last time only; in a group the last 20 count
        sent = self._chats.setdefault(chat, deque(maxlen=GROUP if is_group(chat) else 1))
        sent.append(now)
        self._chats.move_to_end(chat)
        while len(self._chats) > _MOST_CHATS:
            self._chats.popitem(last=False)
        return sent


def is_group(chat: str) -> bool:
    """Whether a Telegram chat id is that of a group or channel."""
    return chat.startswith("-")
