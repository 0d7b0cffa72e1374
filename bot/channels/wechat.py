"""WeChat Official Account: a delivery in, its answer out within five seconds, or later as a customer message.

    webhook -> admit (nonce, repeats) -> page turn | dialogue -> first page in the answer to the request
                                              \\-> too slow: `success` now, the reply owed -> outbox -> customer message

WeChat hangs up after 5 s and tries three times in all; it takes `success` for an answer (被动回复用户消息). What is owed is
on disk, with its message, before `success` is said. What could not be sent waits for the person's next message.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot import replies
from bot.channels.wechat_api import WeChatApi
from bot.channels.wechat_codes import PlatformSaid
from bot.channels.wechat_messages import CHANNEL, Incoming
from bot.channels.wechat_pages import BYTES, hint, pages, pick, size
from bot.channels.wechat_turning import MOST_TOGETHER, Turning
from bot.dialogue import Dialogue
from bot.errors import DeliveryDelayed, DeliveryRefused, FawenError, StoreUnavailable
from bot.messages import Kind, Message, Reply
from bot.store.base import Progress, Receipt, Store
from bot.store.platform_base import Admitted, Allowance, Knock, Opens, Platform
from intents.model import KnowledgeData

log = logging.getLogger(__name__)

ANSWER_SECONDS = 4.0
"""After so long `success` is said; WeChat waits 5 s, the way there and back included."""
OWE_SECONDS = 0.6
"""How long writing down what is owed may take after that."""
ALLOWANCES = (
    Allowance(Opens.ACTION, 3, timedelta(seconds=58)),
    Allowance(Opens.MESSAGE, 5, timedelta(hours=47, minutes=59)),
)
"""客服消息: 3 in a minute after a menu click, follow or scan, 5 in 48 h after a message; a little less for the way there."""
PARK_SECONDS = 6 * 3600.0
LEFT_AFTER = timedelta(seconds=30)
"""A message without a reply after so long is left over: WeChat has stopped trying."""
BRIEF = 40
_TIDY_SECONDS = 10.0
_KEPT = timedelta(hours=1)
_MOST_TRIES = 5
_MOST_TOLD = 10_000
_T = TypeVar("_T")
_CHECK = "check"
"""What a nonce that came with the check of the address belongs to."""


class Replayed(FawenError):
    """The delivery's nonce has been used for another message, or too often."""


@dataclass(frozen=True)
class Parts:
    """What the channel stands on."""

    dialogue: Dialogue
    store: Store
    platform: Platform
    api: WeChatApi
    knowledge: Callable[[], KnowledgeData]
    now: Callable[[], datetime]


class WeChatChannel:
    """Answers deliveries; sends what the outbox holds for WeChat."""

    def __init__(
        self,
        parts: Parts,
        patience: float = ANSWER_SECONDS,
        owe_within: float = OWE_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._dialogue, self._store, self._platform = parts.dialogue, parts.store, parts.platform
        self._api, self._knowledge, self._now = parts.api, parts.knowledge, parts.now
        self._patience, self._owe_within, self._sleep = patience, owe_within, sleep
        self._convert = parts.dialogue.traditional.text
        self._working: dict[str, asyncio.Task[str]] = {}
        self._owed: dict[str, Message] = {}
        """Answered with `success`, or not at all, by this process, and not in the outbox yet."""
        self._told: dict[str, None] = {}
        """Told to be sent again, oldest first; should the store have kept one after all, that text is its only reply."""
        self._turning = Turning(parts.platform, self._pages)
        self._background: set[asyncio.Task[Any]] = set()
        self._failures: dict[str, int] = {}

    async def close(self) -> None:
        """Let what is being answered be finished."""
        waiting = [*self._working.values(), *self._background, *self._turning.tasks]
        if waiting:
            await asyncio.wait(waiting, timeout=5)
        for task in (*self._working.values(), *self._background, *self._turning.tasks):
            task.cancel()

    def health(self) -> dict[str, object]:
        """For /healthz and /metrics: what WeChat last refused, answers on their way by a request of our own."""
        return {"problem": self._api.problem, "waiting": len(self._owed)}

    async def take(self, incoming: Incoming, nonce: str) -> str | None:
        """The text to answer a verified delivery with; None for `success`. Raises Replayed."""
        until = asyncio.get_running_loop().time() + self._patience
        message, room = incoming.message, True
        admitting: asyncio.Task[Admitted] | None = None
        try:
            async with asyncio.timeout_at(until):
                if message is not None and not incoming.more:
                    message = self._dialogue.clean(await self._meant(message))
                if message is not None:
                    room = await self._dialogue.room(message)
                knock = self._knock(incoming, nonce, message if room else None)
                with self._dialogue.gate.working():
                    # what is being written may be written after we have stopped waiting for it
                    admitting = asyncio.create_task(self._platform.admit(knock))
                    admitted = await asyncio.shield(admitting)
            if admitted.replayed:
                raise Replayed("this nonce was used before")
            if incoming.left:
                await self._platform.exhaust(CHANNEL, incoming.chat)
            if message is None or admitted.owed or incoming.message_id in self._owed:
                return None
            if not room and not admitted.known:
                return self._phrase("busy")
            if incoming.more:
                return await self._more(incoming, message, admitted.waiting, until)
        except (StoreUnavailable, TimeoutError) as error:
            log.error("message %s not recorded: %s", incoming.message_id, type(error).__name__)
            if admitting is not None:
                if knock.message is not None:
                    self._tell(knock.message)
                self._spawn(self._after(knock.message, admitting))
            return None if message is None else self._outage(message)
        self._told.pop(message.message_id, None)
        return await self._in_time(message, admitted, until)

    async def note(self, nonce: str) -> None:
        """A nonce that came with no message: none may come with it later. Raises Replayed, StoreUnavailable, TimeoutError."""
        async with asyncio.timeout(self._patience):
            admitted = await self._platform.admit(Knock(CHANNEL, nonce, _CHECK, "", self._now()))
        if admitted.replayed:
            raise Replayed("this nonce was used before")

    def _tell(self, message: Message) -> None:
        """Its sender is told to send it again, whatever becomes of writing it down."""
        self._told[message.message_id] = None
        if len(self._told) > _MOST_TOLD:
            del self._told[next(iter(self._told))]

    async def _after(self, message: Message | None, admitting: asyncio.Task[Admitted]) -> None:
        """Written after all, when nobody waits for it any more."""
        try:
            admitted = await admitting
            if message is None:
                return
            if admitted.replayed or admitted.owed:
                self._told.pop(message.message_id, None)
            elif not admitted.known:
                await self._close(message)
        except Exception as error:
            log.error("a delivery that was not waited for: %s", type(error).__name__)

    async def _close(self, message: Message) -> bool:
        """Record the text that a person was given in place of an answer; False where they were given none."""
        if message.message_id not in self._told:
            return False
        await self._dialogue.say(message, self._dialogue.outage(message))
        self._told.pop(message.message_id, None)
        return True

    @staticmethod
    def _knock(incoming: Incoming, nonce: str, message: Message | None) -> Knock:
        """A message is on disk with the note of its delivery, in one write; what only turns a page is none."""
        kept = None if incoming.more else message
        return Knock(CHANNEL, nonce, incoming.message_id, incoming.chat, incoming.at, incoming.opens, kept)

    async def _more(self, incoming: Incoming, message: Message, waiting: bool, until: float) -> str:
        """The next page, under the switch and limits that hold for an answer."""
        async with asyncio.timeout_at(until):
            barred = await self._dialogue.barred(message)
        if barred is not None:
            return self._pages([barred])[0]
        text = await self._turning.page(incoming, waiting, until)
        return self._phrase("nothing_more") if text is None else text

    async def _in_time(self, message: Message, admitted: Admitted, until: float) -> str | None:
        """The answer, also of a delivery that is in work already; past `until` it is owed."""
        key = message.message_id
        task = self._working.get(key)
        if task is None:
            task = asyncio.create_task(self._work(message, admitted), name=f"wechat-{key}")
            self._working[key] = task
            task.add_done_callback(lambda _: self._done(message))
        ready = await self._ready(task, message.chat, until)
        if key in self._owed:
            return None
        if not ready or task.exception() is not None:
            return await self._postpone(message)
        return task.result()

    async def _ready(self, task: asyncio.Task[str], chat: str, until: float) -> bool:
        """Wait for an answer; False when it is not there in time."""
        done, _ = await asyncio.wait({task}, timeout=max(until - asyncio.get_running_loop().time(), 0))
        return bool(done)

    def _done(self, message: Message) -> None:
        task = self._working.pop(message.message_id)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error("message %s: its reply could not be made ready", message.message_id, exc_info=failure)
        if message.message_id in self._owed:
            self._spawn(self._owe(message))

    async def _postpone(self, message: Message) -> str | None:
        """Write down that the reply is owed, with the message; only then may it be acknowledged."""
        # from here on nobody answers this message by itself, however soon it is done
        self._owed[message.message_id] = message
        self._told.pop(message.message_id, None)
        owing = self._spawn(self._owe(message))
        done, _ = await asyncio.wait({owing}, timeout=self._owe_within)
        return None if done and owing.result() else self._outage(message)

    async def _owe(self, message: Message) -> bool:
        """Write down that a reply is owed, and bring it when nobody works on it any more; whether that is on disk now. What is
        not stays in `_owed`, for the next look."""
        try:
            await self._platform.owe(message)
            if message.message_id not in self._working:
                await self._platform.bring(CHANNEL, message.message_id, BRIEF)
                self._owed.pop(message.message_id, None)
        except Exception as error:
            log.error("the reply to %s is owed and not written down yet: %s", message.message_id, error)
            return False
        return True

    async def _work(self, message: Message, admitted: Admitted) -> str:
        fresh = not admitted.known
        reply = await self._reply(message, fresh)
        given = [reply]
        alone = bool(reply.calls) or message.message_id in self._owed
        if (admitted.waiting or admitted.known) and not alone:
            parked = await self._platform.attach(CHANNEL, message.chat, message.message_id, fresh, MOST_TOGETHER)
            given = [*parked, reply]
        first, *rest = self._pages(given)
        if rest or admitted.pages:
            await self._platform.keep_pages(CHANNEL, message.chat, message.message_id, rest, fresh)
        if reply.key == "outage":
            self._tell(message)
        return first

    async def _reply(self, message: Message, fresh: bool) -> Reply:
        """The dialogue's reply; a failure of ours is said with a text and recorded, never shown as an error."""
        try:
            receipt = Receipt(Progress.NEW) if fresh else (await self._dialogue.accept(message))[1]
            return await self._dialogue.handle(message, receipt=receipt)
        except Exception:
            log.exception("message %s could not be answered", message.message_id)
        try:
            return await self._dialogue.say(message, replies.text(self._knowledge(), "trouble"))
        except StoreUnavailable:
            return self._dialogue.outage(message)

    async def _meant(self, message: Message) -> Message:
        """有帮助 and 没帮助 are about the last answer that asked for it."""
        said = self._dialogue.traditional.simplified(message.text)
        verdict = pick(said, self._knowledge()) if message.kind in (Kind.TEXT, Kind.VOICE) else None
        if verdict is None:
            return message
        history = await self._store.history(CHANNEL, message.chat, 10)
        asked = [m for m, reply in history if reply.feedback and m.message_id != message.message_id]
        if not asked:
            return message
        return replace(message, kind=Kind.FEEDBACK, text=verdict, ref=asked[-1].message_id)

    async def send(self, chat: str, reply: Reply, ref: str) -> None:
        """One customer message. Raises DeliveryRefused, DeliveryDelayed or DeliveryUncertain."""
        first, *rest = self._pages([reply])
        if rest:
            # room for the same line on the last page, should pages of an earlier answer come after it
            tail = "\n" + hint(self._knowledge(), [reply], self._convert)
            first, *rest = pages(self._knowledge(), [reply], BYTES - size(tail), self._convert)
        try:
            spent = await self._platform.spend(CHANNEL, chat, ALLOWANCES)
        except StoreUnavailable as error:
            raise DeliveryDelayed(f"the ledger cannot be read: {error}") from error
        if spent is None:
            raise DeliveryDelayed(
                "nothing may be sent to this person now: it waits for their next message", PARK_SECONDS
            )
        try:
            await self._api.send_text(chat, first)
        except PlatformSaid as error:
            await self._best_effort(self._platform.exhaust(CHANNEL, chat))
            raise DeliveryDelayed(str(error), PARK_SECONDS) from None
        except (DeliveryDelayed, DeliveryRefused):
            await self._best_effort(self._platform.refund(CHANNEL, chat, spent))
            raise
        if rest:
            await self._best_effort(self._platform.add_pages(CHANNEL, chat, f"out:{ref}"[:160], rest, tail))

    @staticmethod
    async def _best_effort(write: Awaitable[None]) -> None:
        """After a send: its outcome must be told even when the ledger cannot be written."""
        try:
            await write
        except StoreUnavailable as error:
            log.error("after a send: %s", error)

    async def watch(self) -> None:
        """For ever: answer what a stop left unanswered, bring what is owed, forget old nonces."""
        while True:
            try:
                await self.sweep()
            except StoreUnavailable as error:
                log.error("looking for what is owed: %s", error)
            await self._sleep(_TIDY_SECONDS)

    async def sweep(self) -> int:
        """One look; how many messages were answered or brought."""
        found = 0
        for message in await self._platform.unanswered(CHANNEL, self._now() - LEFT_AFTER):
            if message.message_id in self._working or self._failures.get(message.message_id, 0) >= _MOST_TRIES:
                continue
            await self._answer_left(message)
        for message in [m for m in self._owed.values() if m.message_id not in self._working]:
            await self._owe(message)
        for message_id in await self._platform.unbrought(CHANNEL):
            found += await self._platform.bring(CHANNEL, message_id, BRIEF)
        await self._platform.tidy(self._now() - _KEPT)
        return found

    async def _answer_left(self, message: Message) -> None:
        """Answer what was left over; the reply is owed. Raises StoreUnavailable."""
        key = message.message_id
        try:
            if await self._close(message):
                return
            await self._platform.owe(message)
            await self._dialogue.answer(message, deliver=False)
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("message %s, left over, could not be answered", key)
            tries = self._failures.get(key, 0) + 1
            if tries == _MOST_TRIES:
                await self._dialogue.left.give_up(message, deliver=False)
            self._failures[key] = tries

    def _outage(self, message: Message) -> str:
        return self._pages([self._dialogue.outage(message)])[0]

    def _pages(self, given: Sequence[Reply]) -> list[str]:
        return pages(self._knowledge(), given, convert=self._convert)

    def _phrase(self, key: str) -> str:
        return replies.phrase(self._knowledge(), key)

    def _spawn(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task
