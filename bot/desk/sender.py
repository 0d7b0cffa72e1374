"""Brings out what stands in the outbox, one channel at a time, and writes down what became of it.

Known failures are tried again with growing pauses; a send whose outcome is unknown is recorded as uncertain and never
repeated blindly: nobody gets two copies.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from bot.errors import DeliveryDelayed, DeliveryRefused, DeliveryUncertain, StoreUnavailable
from bot.logs import attend
from bot.messages import Reply
from bot.store.base import OutboxState, Outgoing, Store

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 400
"""With the pauses below more than a day, whatever the platform says: an outage of hours loses no answer."""
AT_ONCE = 32
"""Messages on their way at the same time, each to another chat."""
IDLE_SECONDS = 0.5
SETTLE_SECONDS = 1.0
GRACE_SECONDS = 5.0
"""At a stop, how long what is on its way may take to arrive."""
_PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
"""At least; longer where the platform says so."""
Send = Callable[[str, Reply, str], Awaitable[None]]


class Sender:
    """Empties one channel's outbox through `send(chat, reply, ref)`; a slow chat holds up no other."""

    def __init__(self, channel: str, store: Store, send: Send, idle: float = IDLE_SECONDS) -> None:
        self._channel, self._store, self._send, self._idle = channel, store, send, idle
        self._wake = asyncio.Event()
        self._busy: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look at the outbox now rather than at the next interval."""
        self._wake.set()

    async def run(self) -> None:
        """Send for ever. What a crash left half sent is marked uncertain first."""
        await self.recover()
        try:
            while True:
                try:
                    begun = await self._begin()
                except StoreUnavailable as error:
                    log.error("%s outbox not readable: %s", self._channel, error)
                    begun = 0
                if not begun:
                    await self._rest()
        finally:
            await self._finish(GRACE_SECONDS)

    async def recover(self) -> int:
        """Mark what this channel's dead senders left half sent as uncertain; how many. Raises StoreUnavailable."""
        left = await self._store.recover_outbox(self._channel)
        if left:
            log.warning("%s: %d messages were being sent when a program stopped: marked uncertain", self._channel, left)
        return left

    async def once(self) -> int:
        """Send what is due now and wait until it is settled; how many were taken."""
        begun = await self._begin()
        await asyncio.gather(*self._busy)
        return begun

    async def _begin(self) -> int:
        """Begin to send what is due, as many as there is room for; how many."""
        room = AT_ONCE - len(self._busy)
        taken = await self._store.take(self._channel, room) if room > 0 else []
        for outgoing in taken:
            task = asyncio.create_task(self._one(outgoing), name=f"send-{self._channel}-{outgoing.id}")
            self._busy.add(task)
            task.add_done_callback(self._done)
        return len(taken)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._busy.discard(task)
        # the next message of the same chat may be sent now
        self._wake.set()

    async def _finish(self, seconds: float) -> None:
        if self._busy:
            await asyncio.wait(self._busy, timeout=seconds)
        for task in list(self._busy):
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)

    async def _rest(self) -> None:
        # not wait_for: in Python 3.11 it swallows a cancellation that comes together with the event
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._idle):
                await self._wake.wait()
                self._wake.clear()

    async def _one(self, outgoing: Outgoing) -> None:
        attend(self._channel, outgoing.ref)
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
                pause = max(error.retry_after or 0.0, _PAUSES[min(outgoing.attempts, len(_PAUSES) - 1)])
        except DeliveryUncertain as error:
            state, note = OutboxState.UNCERTAIN, str(error)
            log.warning("%s: message %d may or may not have arrived: %s", self._channel, outgoing.id, error)
        except Exception:
            # a bug in a channel must not stop the others' messages; whether it was sent is unknown
            state, note = OutboxState.UNCERTAIN, "unexpected error"
            log.exception("%s: sending message %d failed unexpectedly", self._channel, outgoing.id)
        await self._settle(outgoing, state, pause, note)

    async def _settle(self, outgoing: Outgoing, state: OutboxState, pause: float | None, note: str) -> None:
        """Write down what became of it, however long the store is away: unsettled it would hold up its chat."""
        while True:
            try:
                return await self._store.settle(outgoing.id, state, pause, note)
            except StoreUnavailable as error:
                log.error("%s: message %d is %s, not written yet: %s", self._channel, outgoing.id, state.value, error)
                await asyncio.sleep(SETTLE_SECONDS)
