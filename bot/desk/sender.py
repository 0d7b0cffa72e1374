"""Brings out what stands in the outbox, one channel at a time, and writes down what became of it.

Known failures are tried again with growing pauses; a send whose outcome is unknown is recorded as uncertain and never
repeated blindly: nobody gets two copies.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.errors import DeliveryDelayed, DeliveryRefused, DeliveryUncertain, StoreUnavailable
from bot.messages import Reply
from bot.store.base import OutboxState, Outgoing, Store

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 12
IDLE_SECONDS = 0.5
_PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
Send = Callable[[str, Reply, str], Awaitable[None]]


class Sender:
    """Empties one channel's outbox through `send(chat, reply, ref)`."""

    def __init__(self, channel: str, store: Store, send: Send, idle: float = IDLE_SECONDS) -> None:
        self._channel, self._store, self._send, self._idle = channel, store, send, idle
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look at the outbox now rather than at the next interval."""
        self._wake.set()

    async def run(self) -> None:
        """Send for ever. What a crash left half sent is marked uncertain first."""
        left = await self._store.recover_outbox(self._channel)
        if left:
            log.warning(
                "%s: %d messages were being sent when the program stopped: marked uncertain", self._channel, left
            )
        while True:
            try:
                sent = await self.once()
            except StoreUnavailable as error:
                log.error("%s outbox not readable: %s", self._channel, error)
                sent = 0
            if not sent:
                await self._rest()

    async def once(self) -> int:
        """Send what is due now; how many were taken."""
        taken = await self._store.take(self._channel)
        await asyncio.gather(*(self._one(outgoing) for outgoing in taken))
        return len(taken)

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), self._idle)
        except TimeoutError:
            return
        self._wake.clear()

    async def _one(self, outgoing: Outgoing) -> None:
        state, pause, note = OutboxState.SENT, None, ""
        try:
            await self._send(outgoing.chat, outgoing.reply, outgoing.ref)
        except DeliveryRefused as error:
            state, note = OutboxState.FAILED, str(error)
            log.info("%s: message %d refused for good: %s", self._channel, outgoing.id, error)
        except DeliveryDelayed as error:
            note = str(error)
            if outgoing.attempts + 1 >= MOST_ATTEMPTS:
                state = OutboxState.FAILED
            else:
                state = OutboxState.PENDING
                pause = error.retry_after or _PAUSES[min(outgoing.attempts, len(_PAUSES) - 1)]
        except DeliveryUncertain as error:
            state, note = OutboxState.UNCERTAIN, str(error)
            log.warning("%s: message %d may or may not have arrived: %s", self._channel, outgoing.id, error)
        except Exception:
            # a bug in a channel must not stop the others' messages; whether it was sent is unknown
            state, note = OutboxState.UNCERTAIN, "unexpected error"
            log.exception("%s: sending message %d failed unexpectedly", self._channel, outgoing.id)
        await self._store.settle(outgoing.id, state, pause, note)
