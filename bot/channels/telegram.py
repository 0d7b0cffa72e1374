"""Telegram: updates in, messages out, nothing lost in between.

In: long polling (telegram_poll) or a webhook; an update is on disk before it is acknowledged, then it is answered in its
chat's lane, and a crash in between leaves it to `Dialogue.resume`. Out: the reply stands in the outbox, written in the
same transaction as the exchange; `telegram_send` brings it out. docs/channels.md has the rules and their tests.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from telegram import Bot, Update
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bot import replies
from bot.channels.lanes import Lanes
from bot.channels.telegram_albums import WAIT_SECONDS, may_get_words, pictures_beside
from bot.channels.telegram_commands import Commands
from bot.channels.telegram_pace import Pace
from bot.channels.telegram_poll import BACKOFF_SECONDS, Contact, Fetching, Poller, explain, to_update
from bot.channels.telegram_send import Delivery
from bot.channels.telegram_settings import connections, webhook_secret
from bot.channels.telegram_staff import staff_command, staff_reply
from bot.channels.telegram_updates import ALLOWED, CHANNEL, Incoming, Me, plain, understood
from bot.config import Telegram
from bot.desk.sender import IDLE_SECONDS, Sender
from bot.dialogue import Dialogue
from bot.errors import DeliveryError, DeliveryRefused, StoreRefused, StoreUnavailable
from bot.logs import about, attend
from bot.messages import Message
from bot.store.base import Progress, Store
from intents.model import KnowledgeData

log = logging.getLogger(__name__)

WAITING = 500
"""Messages taken in and not answered yet: above it a webhook delivery gets the text `busy`, but for an emergency."""
POLLED = 5_000
"""Above so many of them polling waits: what Telegram still holds it shows to nobody, an emergency neither."""
ROOM_SECONDS = 1.0
"""How often a message that waits for room asks again: a refusal counts as a try of that second (bot.store.rates)."""
WATCH_SECONDS = 60.0
"""How often the webhook is asked how it is."""


async def _at_once(job: Callable[[], Awaitable[None]]) -> None:
    await job()


class TelegramChannel:
    """Receives by polling or webhook; sends what the outbox holds for Telegram."""

    def __init__(
        self,
        settings: Telegram,
        dialogue: Dialogue,
        store: Store,
        knowledge: Callable[[], KnowledgeData],
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        waiting: int | None = None,
        idle: float = IDLE_SECONDS,
        alone: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]] = _at_once,
    ) -> None:
        """`now` aware UTC; `clock` in seconds, never going back; `waiting` bounds what is taken in and not answered yet (WAITING
        or POLLED); `idle` is how often the outbox is looked at, seconds; `alone` does the polling when and as long as it is this process's."""
        self._settings, self._dialogue, self._store, self._knowledge = settings, dialogue, store, knowledge
        self._now, self._sleep, self._alone = now, sleep, alone
        self._most = waiting if waiting is not None else POLLED if settings.mode == "polling" else WAITING
        # pools of their own, so that polling never starves sending, nor the other way round
        self._fetching = Fetching(connection_pool_size=2, **connections(settings))
        self._sending = HTTPXRequest(connection_pool_size=16, **connections(settings))
        self.bot = Bot(
            settings.token.get_secret_value(),
            base_url=f"{settings.base_url.rstrip('/')}/bot",
            request=self._sending,
            get_updates_request=self._fetching,
        )
        self._staff = frozenset(settings.staff_chats)
        # known before getMe answers: a token begins with the bot's id
        self._me = Me(int(number) if (number := self.bot.token.partition(":")[0]).isdecimal() else 0)
        self._introduced = False
        self._commands = Commands(self.bot, self._staff, knowledge, sleep)
        self._lanes = Lanes()
        self._taken: set[str] = set()
        self._line = asyncio.Lock()
        self.contact = Contact(clock)
        self.pace = Pace(clock, sleep)
        self._delivery = Delivery(self.bot, knowledge, self.pace, dialogue.traditional.text)
        self.sender = Sender(CHANNEL, store, self._delivery.send, idle)
        self.poller = Poller(self.bot, self._fetching, self.take, self.contact, clock, sleep)

    async def close(self) -> None:
        """Let what has begun end, then close the connections."""
        await self._lanes.close()
        for request in (self._fetching, self._sending):
            await request.shutdown()

    async def run(self) -> None:
        """Say hello, then receive for ever; the commands are registered beside it, `sender.run` sends beside it."""
        await self.introduce()
        registering = asyncio.create_task(self._commands.register(), name="telegram-commands")
        try:
            if self._settings.mode == "polling":
                await self._alone(self.poller.run)
            else:
                await self._watch_webhook()
        finally:
            registering.cancel()
            await asyncio.gather(registering, return_exceptions=True)

    def health(self) -> dict[str, object]:
        """For /healthz and /metrics: mode, whether updates come to this process (one polls for all), seconds since
        Telegram last answered, what is wrong."""
        age = self.contact.age()
        return {
            "mode": self._settings.mode,
            "receiving": self._settings.mode == "webhook" or self.poller.running,
            "contact_age": None if age is None else round(age, 1),
            "problem": self.contact.problem,
            "waiting": self._lanes.waiting,
        }

    async def introduce(self) -> None:
        """Learn the bot's own name, set or remove the webhook; tries again until Telegram accepts it."""
        failures = 0
        while True:
            try:
                await self._begin()
                return self.contact.good()
            except TelegramError as error:
                pause = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
                self.contact.problem, pause = explain(error, pause)
                log.warning("%s", self.contact.problem)
                failures += 1
                await self._sleep(pause)

    async def _begin(self) -> None:
        if not self._introduced:
            me = await self.bot.get_me()
            self._me, self._introduced = Me(me.id, me.username or ""), True
        if self._settings.mode == "polling":
            await self.bot.delete_webhook()
        else:
            await self._set_webhook()

    async def _set_webhook(self) -> None:
        if self._settings.webhook_url:
            secret = self._settings.webhook_secret.get_secret_value()
            await self.bot.set_webhook(self._settings.webhook_url, allowed_updates=ALLOWED, secret_token=secret)

    async def _watch_webhook(self) -> None:
        """Ask Telegram for ever whether the webhook still stands; set it again where it does not."""
        while True:
            await self._sleep(WATCH_SECONDS)
            try:
                info = await self.bot.get_webhook_info()
                if self._settings.webhook_url and info.url != self._settings.webhook_url:
                    await self._set_webhook()
                self.contact.good()
                if info.pending_update_count and info.last_error_message:
                    self.contact.problem = (
                        f"Telegram 送不到 webhook（{info.last_error_message}），请检查域名、证书和反向代理。"
                    )
            except TelegramError as error:
                self.contact.problem, _ = explain(error, WATCH_SECONDS)

    async def resume(self) -> int:
        """Answer what was received and is worked on by nobody; how many. Raises StoreUnavailable."""
        answered = 0
        # the store gives some at a time; what cannot be answered does not count
        while found := await self._resume_staff() + await self._dialogue.resume(CHANNEL, True, self._taken):
            answered += found
        if answered:
            self.sender.wake()
        return answered

    async def _resume_staff(self) -> int:
        """What staff asked for; to the dialogue it would be an unknown command."""
        answered = 0
        for message in await self._store.take_over(CHANNEL):
            name = staff_command(message, self._staff)
            if not name or message.message_id in self._taken:
                continue
            with about(CHANNEL, message.message_id):
                try:
                    said = await staff_reply(name, self._knowledge(), self._store)
                except StoreUnavailable:
                    raise
                except Exception:
                    # it is no reason not to start
                    log.exception("%s could not be answered", name)
                    said = replies.text(self._knowledge(), "trouble")
                await self._dialogue.say(message, said, deliver=True)
            answered += 1
        return answered

    async def take(self, updates: Sequence[Update]) -> None:
        """Put a batch on disk, in order within a chat. Raises StoreUnavailable; then none may be acknowledged."""
        read = (self._read(update) for update in updates)
        wanted = sorted((i for i in read if i is not None), key=lambda i: i.update_id)
        urgent = [incoming for incoming in wanted if self._urgent(incoming)]
        # these wait for no room
        await self._keep(urgent)
        await self._lanes.room(self._most)
        await self._keep([incoming for incoming in wanted if incoming not in urgent] if urgent else wanted)

    def _urgent(self, incoming: Incoming) -> bool:
        return incoming.message is not None and self._dialogue.emergency(incoming.message) is not None

    async def _keep(self, wanted: Sequence[Incoming]) -> None:
        for edited, some in groupby(wanted, key=lambda i: i.edited):
            if edited:
                # what was said before stands on disk when it is compared
                for incoming in some:
                    await self._take_in(incoming)
            else:
                # side by side: one group commit for all; the lanes restore the order within each chat
                await asyncio.gather(*(self._take_in(incoming) for incoming in some))

    def _read(self, update: Update) -> Incoming | None:
        return understood(update, self._me, self._knowledge(), self._now(), self._staff)

    async def _take_in(self, incoming: Incoming, busy: bool = False) -> None:
        """On disk first; answered in its lane, except what is not a message (a page, a dead button)."""
        message = incoming.message
        if message is None:
            self._lanes.put(incoming.chat, incoming.update_id, lambda: self._only_button(incoming))
            return
        with about(CHANNEL, message.message_id):
            if incoming.edited and await self._nothing_new(message):
                return
            try:
                message, receipt = await self._dialogue.accept(message)
                if receipt.progress is not Progress.DONE and (pictures := pictures_beside(incoming)):
                    # recorded, not sent: the words of their album are answered
                    await self._dialogue.say(pictures, replies.text(self._knowledge(), "kind_unknown"))
            except StoreRefused as error:
                # not acknowledged it would come again for ever, and hold up all others
                log.error("update %d passed over: %s", incoming.update_id, error)
                return
        if receipt.progress is Progress.DONE or message.message_id in self._taken:
            return
        urgent = self._dialogue.emergency(message) is not None
        if busy and not urgent:
            await self._dialogue.say(message, replies.text(self._knowledge(), "busy"), deliver=True)
            return
        self._taken.add(message.message_id)
        if urgent:
            self._lanes.beside(lambda: self._answer(incoming, message))
        elif may_get_words(incoming):
            self._lanes.beside(lambda: self._answer_picture(incoming, message))
        else:
            waits = not incoming.staff
            self._lanes.put(incoming.chat, incoming.update_id, lambda: self._answer(incoming, message, waits))

    async def _nothing_new(self, message: Message) -> bool:
        """Whether an edit left the words as they were (a preview that was taken away), or has been edited again since."""
        before = await self._store.latest(CHANNEL, message.chat, message.ref)
        if before is None or before.message_id == message.message_id:
            return False
        same = (before.kind, before.text) == (message.kind, self._dialogue.clean(message).text)
        return same or before.at > message.at

    async def _answer(self, incoming: Incoming, message: Message, waits: bool = False) -> None:
        """Answer what is on disk, however long the store is away, and with `waits` however long there is no room for it;
        the lane keeps the order meanwhile."""
        attend(CHANNEL, message.message_id)
        failures = 0
        try:
            if waits:
                await self._room()
            while True:
                try:
                    with self._dialogue.gate.working():
                        await self._reply(incoming, message)
                    break
                except StoreUnavailable as error:
                    log.error("answer not stored, trying again: %s", error)
                    await self._sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])
                    failures += 1
        finally:
            self._taken.discard(message.message_id)
        self.sender.wake()
        if incoming.query:
            await self._delivery.stop_spinning(incoming.query)

    async def _answer_picture(self, incoming: Incoming, message: Message) -> None:
        """A courteous word to an album, unless its words come meanwhile; beside the lanes, which it would hold up."""
        attend(CHANNEL, message.message_id)
        await self._sleep(WAIT_SECONDS)
        await self._answer(incoming, message, waits=True)

    async def _room(self) -> None:
        """Wait until the service takes on another message. One asks at a time: many who ask again and again would use up
        what there is."""
        async with self._line:
            while await self._dialogue.gate.full(self._now()):
                await self._sleep(ROOM_SECONDS)

    async def _reply(self, incoming: Incoming, message: Message) -> None:
        base = self._knowledge()
        if incoming.staff:
            said = await staff_reply(incoming.staff, base, self._store)
            await self._dialogue.say(message, said, deliver=True)
        else:
            try:
                await self._dialogue.answer(message, deliver=True)
            except StoreUnavailable:
                raise
            except Exception:
                # whatever it was, the person hears of it, and the lane goes on
                log.exception("message could not be answered")
                await self._dialogue.say(message, replies.text(base, "trouble"), deliver=True)

    async def _only_button(self, incoming: Incoming) -> None:
        """Turn the page of a long answer, or say that a button is out of date or somebody else's."""
        attend(CHANNEL, incoming.ref)
        if incoming.page:
            why = await self._turn_page(incoming)
        else:
            why = "button_others" if incoming.others else "button_stale"
        await self._delivery.stop_spinning(incoming.query, replies.phrase(self._knowledge(), why) if why else "")

    async def _turn_page(self, incoming: Incoming) -> str:
        """Show another page; "" when it is there, else the key of what is said instead."""
        try:
            reply = await self._store.reply_sent(CHANNEL, incoming.chat, incoming.ref)
            if reply is None:
                return "button_stale"
            await self._delivery.turn_page(incoming.chat, incoming.shown, reply, incoming.ref, incoming.page)
        except DeliveryRefused as error:
            log.info("page not turned: %s", error)
            return "button_stale"
        except (DeliveryError, StoreUnavailable) as error:
            log.info("page not turned: %s", error)
            return "button_later"
        return ""

    def routes(self) -> list[Route]:
        """POST /telegram for webhook mode; the secret is compared in constant time."""
        secret = webhook_secret(self._settings)

        async def webhook(request: Request) -> Response:
            given = request.headers.get("x-telegram-bot-api-secret-token", "")
            if not hmac.compare_digest(given.encode(), secret.encode()):
                return _error(403, "forbidden", "校验串不对。")
            try:
                data = json.loads(await request.body())
            except (ValueError, RecursionError):
                return _error(400, "bad_json", "请求体不是有效的 JSON。")
            return await self._delivered(data if isinstance(data, dict) else {})

        return [Route("/telegram", webhook, methods=["POST"])]

    async def _delivered(self, data: dict[str, Any]) -> Response:
        """One webhook delivery; anything but 200 makes Telegram deliver it again."""
        incoming = plain(data, self._me)
        if incoming is None:
            update = to_update(data, self.bot)
            incoming = self._read(update) if update is not None else None
        if incoming is None:
            if update is not None and not self._introduced and _in_group(update):
                # whether a group message is meant for us is known once getMe told our name
                return _error(503, "starting", "正在启动，请稍后再送。")
            return JSONResponse({})
        try:
            await self._take_in(incoming, busy=self._lanes.waiting >= self._most)
        except StoreUnavailable as error:
            log.error("update not stored, so not acknowledged: %s", error)
            return _error(503, "store_unavailable", "数据库暂时连接不上。")
        return JSONResponse({})


def _in_group(update: Update) -> bool:
    return update.effective_chat is not None and update.effective_chat.type != "private"


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)
