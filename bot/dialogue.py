"""The whole conversation policy, channel-neutral: `await Dialogue.handle(message) -> Reply`.

    room (bot.gate) -> repeated delivery -> emergency -> closed, rate -> command, choice, feedback -> understand (emergency first) -> reply -> record

What decides the wording of an answer is in knowledge/; what decides which answer is in intents/. Here is only what
happens with it: options, commands, follow-ups; what becomes a ticket is in bot.handover.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Container
from dataclasses import replace
from datetime import datetime, timedelta
from time import perf_counter

from bot import elsewhere, onward, picking, pleas, replies, scripts, typed
from bot.config import Dialogue as Limits
from bot.desk.intake import Intake, nearest
from bot.errors import StoreConflict, StoreUnavailable
from bot.gate import Gate
from bot.handover import Handover
from bot.leftover import Leftovers
from bot.lookup import Lookup
from bot.memory import Work
from bot.messages import NONE_OF_THESE, Kind, Message, Reply
from bot.privacy import redact, whole
from bot.recall import REMEMBERED, Recall
from bot.store.base import Before, Late, Notice, Receipt, Store, Ticket, Turn
from bot.traditional import Traditional, marked
from intents import Match, Matcher
from intents.apart import ABUSE, mere_abuse
from intents.conversation import published
from intents.model import KnowledgeData

log = logging.getLogger(__name__)

_MOST_TRIES = 3
_ONCE_A_MINUTE = ("too_fast", "closed")
"""Texts that a person is sent once a minute; who asks for the reply (page, API, WeChat) is told each time."""
_MOST_LATE = 3
"""Late answers that go with one reply; the others with the next."""


class Dialogue:
    """Answers messages of every channel; holds no state between them."""

    def __init__(
        self,
        matcher: Callable[[], Matcher],
        store: Store,
        limits: Limits,
        now: Callable[[], datetime],
        office: replies.OfficeFacts | None = None,
        intake: Intake | None = None,
        gate: Gate | None = None,
        notices: Callable[[KnowledgeData, Ticket], tuple[Notice, ...]] = lambda base, ticket: (),
        recall: int = REMEMBERED,
    ) -> None:
        """`matcher` gives the current one (a reload swaps it); `now` aware UTC; `notices` of a new ticket to staff;
        `recall` is how many questions' matches are remembered."""
        self._matcher = matcher
        self._store = store
        self._limits = limits
        self._now = now
        self._office = office or replies.OfficeFacts()
        self.gate = gate or Gate()
        self._notices = notices
        self._recall = Recall(recall)
        self.traditional = Traditional()
        self._handover = Handover(store, intake or Intake(limits.reply_days), self._recall, self.traditional)
        minute = timedelta(minutes=1)
        self._rate = self.gate.limiter("person", limits.per_minute, minute)
        self._told = self.gate.limiter("told", 1, minute)
        self.left = Leftovers(self, store, lambda: matcher().knowledge)
        self._lookup = Lookup(store)

    async def handle(self, message: Message, deliver: bool = False, receipt: Receipt | None = None) -> Reply:
        """The reply to one message. A repeated delivery gets the reply given before.

        `receipt` is what the store said of it where the channel has put it on disk, clean and having asked for room, because it
        owes an answer after a crash.
        With `deliver` the reply also goes into the outbox, for channels that answer by a request of their own.
        A store that cannot be reached gives `outage`: nothing is promised that is not on disk.
        """
        meter, base = self.gate.meter, self._matcher().knowledge
        if not deliver and receipt is None and not await self.room(message):
            return self._as_written(message, replies.text(base, "busy"))
        with self.gate.working():
            message = self.clean(message) if receipt is None else message
            try:
                # who waits for the reply sends it again if none comes: one write, with the reply, is enough
                before = None if receipt else await self._store.before(message)
                if (known := before or receipt) and known.reply is not None:
                    meter.turned_away(message.channel, "repeated")
                    return known.reply
                return await self.answer(message, deliver, before)
            except StoreUnavailable as error:
                log.error("store unavailable, message not recorded: %s", error)
                meter.turned_away(message.channel, "outage")
                return self.outage(message)
            except Exception:
                # a bug: kept for the next start, which tries again
                await self._store.receive(message)
                raise

    def outage(self, message: Message) -> Reply:
        """What is said while the store is away: in an emergency what to do, which takes no store, else to come again."""
        base, found = self._matcher().knowledge, self.emergency(message)
        if found is None or not found.entry:
            return self._as_written(message, replies.text(base, "outage"))
        reply = replies.entry(base, found.entry, 1.0, self._now().date(), self._office)
        return self._as_written(message, reply)

    def _as_written(self, message: Message, reply: Reply) -> Reply:
        """What is said beside any conversation, in the characters of the message."""
        return marked(reply) if self.traditional.written(message.text) else reply

    async def room(self, message: Message) -> bool:
        """Whether another message can be answered now; an emergency always."""
        if not await self.gate.full(self._now()) or self.emergency(message):
            return True
        self.gate.meter.turned_away(message.channel, "busy")
        return False

    async def barred(self, message: Message) -> Reply | None:
        """What is said instead of any answer while the channel is closed, or to a person who is too fast; counts the message."""
        base = self._matcher().knowledge
        if closed := self.gate.closed(message.channel):
            return replies.closed(base, closed.text)
        if not await self._rate.allow(_person(message), message.at):
            return replies.text(base, "too_fast")
        return None

    async def accept(self, message: Message) -> tuple[Message, Receipt]:
        """Put a message on disk, redacted, so that it may be acknowledged: `answer` then cannot be forgotten.

        Raises StoreUnavailable.
        """
        message = self.clean(message)
        return message, await self._store.receive(message)

    async def answer(self, message: Message, deliver: bool, before: Before | None = None) -> Reply:
        """Answer a message that was accepted, or that nobody answered `before`. Raises StoreUnavailable; then `resume` finds it."""
        started = perf_counter()
        reply = await self._answer(self._matcher(), message, deliver, before or await self._store.before(message))
        self.gate.meter.answered(message.channel, reply, perf_counter() - started)
        return reply

    async def say(self, message: Message, reply: Reply, deliver: bool = False) -> Reply:
        """Record a reply that the channel made itself (busy, staff); a repeated delivery gets the first one."""
        message = self.clean(message)
        state = await self._store.conversation(message.channel, message.conversation) or {}
        version = self._matcher().knowledge.version
        said = await self._store.finish(Turn(message, reply, state, knowledge_version=version, deliver=deliver))
        self.gate.meter.answered(message.channel, said, 0.0)
        return said

    async def resume(self, channel: str, deliver: bool, busy: Container[str] = ()) -> int:
        """Answer what was received on a channel but not answered before a crash, here or elsewhere; how many messages.

        `busy` are the ids of messages that this process is working on.
        """
        return await self.left.resume(channel, deliver, busy)

    def emergency(self, message: Message) -> Match | None:
        """Whether somebody writes or says that they are in danger: answered whatever limits and switches say, and first."""
        if message.kind not in (Kind.TEXT, Kind.VOICE):
            return None
        return self._recall.emergency(self._matcher(), self._bounded(message.text))

    def _bounded(self, text: str) -> str:
        """As much as is ever looked at: whatever the channel lets through, the work for one message has an end."""
        return whole(text, self._limits.max_length * 4)

    def clean(self, message: Message) -> Message:
        """A message as it may be stored: without personal data, and no longer than is ever looked at."""
        text = redact(self._bounded(message.text))
        return message if text == message.text else replace(message, text=text)

    async def _answer(self, matcher: Matcher, message: Message, deliver: bool, before: Before) -> Reply:
        started = perf_counter()
        for attempt in range(_MOST_TRIES):
            work = Work(message, dict(before.state))
            work.lapse(self._limits.context_minutes)
            reply = await self._reply(matcher, work)
            work.showed(reply)
            reply = replies.addressed(self._written(work, reply), message)
            late = await self._late(message, reply, deliver) if before.late else []
            turn = Turn(
                message=message,
                reply=reply if deliver else replies.with_late(matcher.knowledge, reply, late),
                state=work.state,
                ticket=work.ticket,
                late=tuple(one.outbox for one in late),
                nearest=nearest(work.match),
                knowledge_version=matcher.knowledge.version,
                took_ms=(perf_counter() - started) * 1000,
                deliver=deliver and not (reply.key in _ONCE_A_MINUTE and await self._said_already(message, reply.key)),
                notices=self._notices(matcher.knowledge, work.ticket) if work.ticket and not work.ticket.apart else (),
            )
            try:
                return await self._store.finish(turn)
            except StoreConflict:
                # the random ticket number was taken in between: draw another
                if attempt == _MOST_TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def _written(self, work: Work, reply: Reply) -> Reply:
        """Who asks in Traditional characters is answered in them, also after pressing a button; what could be either changes nothing."""
        if work.message.kind in (Kind.TEXT, Kind.VOICE):
            found = self.traditional.written(work.message.text)
            if found:
                work.state["traditional"] = True
            elif found is False:
                work.state.pop("traditional", None)
        return marked(reply) if work.state.get("traditional") else reply

    async def _late(self, message: Message, reply: Reply, deliver: bool) -> list[Late]:
        """Answers by staff that this chat has not got; none beside an emergency, which stands alone."""
        if reply.calls or (reply.entry or "").startswith("safety.") or reply.key in ("forget_ask", "forget_done"):
            return []
        return (await self._store.late(message.channel, message.chat, refused_only=deliver))[:_MOST_LATE]

    async def _said_already(self, message: Message, key: str) -> bool:
        """Whether this person was told this within the last minute: once is enough, the rest is recorded."""
        return not await self._told.allow(f"{key} {_person(message)}", message.at)

    async def _reply(self, matcher: Matcher, work: Work) -> Reply:
        message, base = work.message, matcher.knowledge
        if (emergency := self.emergency(message)) and emergency.entry:
            return self._entry(matcher, work, emergency.entry, 1.0, emergency)
        if barred := await self.barred(message):
            return barred
        if message.kind in (Kind.VOICE, Kind.IMAGE, Kind.OTHER) and not message.text.strip():
            return replies.text(base, "voice_unknown" if message.kind is Kind.VOICE else "kind_unknown")
        if message.kind is Kind.FOLLOW:
            return replies.greeting(base, "follow")
        if message.kind is Kind.FEEDBACK:
            return await self._handover.judged(matcher, work, message.ref, message.text)
        if message.kind is Kind.COMMAND:
            return await self._command(matcher, work, message.text)
        if message.kind is Kind.CHOICE:
            return await self._chosen(matcher, work, message.text)
        return await self._question(matcher, work)

    async def _command(self, matcher: Matcher, work: Work, name: str) -> Reply:
        base = matcher.knowledge
        if name == "start":
            work.state.clear()
            return replies.greeting(base, "greeting")
        if name == "menu":
            return replies.menu(base)
        if name == "human":
            return await self._handover.human(matcher, work)
        return replies.text(base, "ticket_ask" if name == "ticket" else "help")

    async def _chosen(self, matcher: Matcher, work: Work, choice: str) -> Reply:
        """An option was pressed: an entry, a topic, or 都不是."""
        base = matcher.knowledge
        if choice == NONE_OF_THESE:
            return await self._handover.none_of_these(matcher, work)
        if choice in {topic.id for topic in base.topics}:
            return replies.topic(base, choice)
        if choice in base.entries:
            return self._entry(matcher, work, choice, 1.0)
        return replies.text(base, "not_open")

    async def _question(self, matcher: Matcher, work: Work) -> Reply:
        text, base = work.message.text.strip(), matcher.knowledge
        simple = self.traditional.simplified(text)
        if not typed.FORGET_YES.match(simple) and work.state.pop("forget", None) and typed.FORGET_NO.match(simple):
            return replies.text(base, "enough")
        if len(text) > self._limits.max_length:
            return replies.text(base, "too_long", limit=str(self._limits.max_length))
        for_staff = work.state.pop("human", False)
        if shortcut := await self._shortcut(matcher, work, text):
            return shortcut
        aside = self._handover.aside(text)
        if for_staff and await pleas.courtesy(self._recall, matcher, text):
            work.state["human"] = True
        elif for_staff and text and aside is not picking.Aside.ENOUGH:
            return await (
                self._handover.human(matcher, work)
                if aside
                else self._handover.ticket(matcher, work, "human", text, "human")
            )
        if said := onward.reply(base, work, aside, self._now().date(), self._limits.context_minutes):
            return said
        match = await self._recall.match(matcher, text, work.context(self._limits.context_minutes))
        if aside and picking.overrules(aside, match):
            return await self._said_little(matcher, work, aside)
        work.match = match
        if match.entry == "chat.human":
            return await self._handover.human(matcher, work, "" if match.reason == "exact" else text)
        if match.outcome == "answer" and match.entry:
            answer = self._entry(matcher, work, match.entry, match.confidence, match)
            return replies.also(base, elsewhere.told(base, answer, simple), match.rest)
        if match.outcome == "options" and not mere_abuse(simple):
            work.asked_back(match, self._limits.context_minutes)
            return elsewhere.told(base, replies.options(base, match), simple)
        return await self._unanswered(matcher, work, match)

    async def _unanswered(self, matcher: Matcher, work: Work, match: Match) -> Reply:
        """A ticket for a question that nothing answers; none for what asks nothing. Who writes in Latin letters is told that answers
        are in Chinese."""
        text, base = work.message.text.strip(), matcher.knowledge
        if match.reason == "empty":
            return replies.text(base, "empty")
        if match.outcome == "options":
            return replies.text(base, f"apart_{ABUSE}")
        if scripts.nothing_said(text):
            return replies.text(base, "say_question")
        work.state.pop("rephrased", None)
        reply = await self._handover.ticket(matcher, work, "none", text, "no_answer")
        latin = reply.ticket and scripts.latin_only(text)
        return replace(reply, text=f"{replies.phrase(base, 'latin')}\n{reply.text}") if latin else reply

    async def _shortcut(self, matcher: Matcher, work: Work, text: str) -> Reply | None:
        """Typed forms of buttons: 菜单, 帮助, 人工, a number or 都不是 after options, 查询 K7-3F9Q."""
        text = self.traditional.simplified(text)
        if typed.MENU.match(text):
            return replies.menu(matcher.knowledge)
        if typed.HELP.match(text):
            return replies.text(matcher.knowledge, "help")
        if typed.MORE.match(text):
            return replies.shown_whole(matcher.knowledge, work.message.channel)
        if found := typed.HUMAN.match(work.message.text.strip()):
            return await self._handover.human(matcher, work, found.group(1) or "")
        sure = typed.FORGET_YES.match(text) is not None
        if typed.FORGET.match(text) or (sure and work.state.get("forget")):
            return await self._forget(matcher, work, sure)
        if number := typed.ticket(text):
            return await self._lookup.reply(matcher.knowledge, work.message, number)
        if number == "" or typed.WAITS.match(text):
            return await self._lookup.waiting(matcher.knowledge, work.message, str(work.state.get("ticket") or ""))
        picked = work.picked(text)
        if picked == "":
            return replies.text(matcher.knowledge, "choose_range", most=str(work.listed))
        return await self._chosen(matcher, work, picked) if picked else None

    async def _said_little(self, matcher: Matcher, work: Work, aside: picking.Aside) -> Reply:
        """A choice with nothing to choose from, 都不是, 不用了, 吗: never the question of a ticket."""
        base, (message_id, question) = matcher.knowledge, work.before
        if aside is picking.Aside.ENOUGH and published(base, "chat.bye"):
            return self._entry(matcher, work, "chat.bye", 1.0)
        if aside in (picking.Aside.ENOUGH, picking.Aside.AGREES, picking.Aside.ELSE):
            return replies.text(base, "enough")
        if aside is picking.Aside.BACK:
            return replies.again(base, work.state)
        if aside in picking.COMPLAINS and message_id:
            return await self._handover.judged(matcher, work, message_id, "unhelpful")
        if aside in picking.DECLINES and (question or work.state.get("rephrased")):
            work.state["asked"] = question or work.state.get("asked", "")
            return await self._handover.none_of_these(matcher, work)
        if aside is picking.Aside.UNHELPED and published(base, "chat.unhappy"):
            return self._entry(matcher, work, "chat.unhappy", 1.0)
        return replies.text(base, "say_question")

    async def _forget(self, matcher: Matcher, work: Work, sure: bool) -> Reply:
        """Erase what is stored of this person, once it was confirmed (个人信息保护法第四十七条)."""
        work.state.clear()
        if not sure:
            work.state["forget"] = True
            return replies.text(matcher.knowledge, "forget_ask", outcome="answer", entry="chat.privacy")
        await self._store.forget(work.message.channel, work.message.person)
        return replies.text(matcher.knowledge, "forget_done", outcome="answer", entry="chat.privacy")

    def _entry(
        self, matcher: Matcher, work: Work, entry_id: str, confidence: float, match: Match | None = None
    ) -> Reply:
        work.answered(entry_id, match)
        return replies.entry(matcher.knowledge, entry_id, confidence, self._now().date(), self._office)


def _person(message: Message) -> str:
    return f"{message.channel}\0{message.person}"
