"""Replies made from knowledge: the wording comes from entries and texts.yaml, never from code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from bot.desk.promise import shown
from bot.messages import NONE_OF_THESE, Call, Citation, Kind, Message, Option, Outcome, Reply
from bot.store.base import Late, Notice, Ticket
from intents import Match
from intents.model import Entry, KnowledgeData

_ASKER = "asker"
HOT = 6
"""Questions shown under a topic or the greeting."""


@dataclass(frozen=True, slots=True)
class OfficeFacts:
    """What the operator configured; empty fields are not shown."""

    address: str = ""
    phone: str = ""
    hours: str = ""

    def lines(self) -> list[str]:
        """The facts that are known, one a line."""
        named = (("地址", self.address), ("电话", self.phone), ("办公时间", self.hours))
        return [f"{name}：{value}" for name, value in named if value]


def phrase(base: KnowledgeData, key: str, **values: str) -> str:
    """A sentence of texts.yaml with its braces filled; an unknown key shows 12348 rather than nothing."""
    template = base.texts.get(key)
    if template is None:
        return "请拨打 12348 公共法律服务热线。"
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template.strip()


def text(
    base: KnowledgeData,
    key: str,
    *,
    outcome: Outcome = "none",
    entry: str | None = None,
    ticket: str | None = None,
    **values: str,
) -> Reply:
    """A reply that is one sentence of the bot's own."""
    if ticket:
        values["ticket"] = ticket
    return Reply(key=key, text=phrase(base, key, **values), outcome=outcome, entry=entry, ticket=ticket)


def greeting(base: KnowledgeData, key: str) -> Reply:
    """The first thing a person sees: who this is, and the topics."""
    return Reply(key=key, text=phrase(base, key), outcome="none", options=_topics(base))


def closed(base: KnowledgeData, said: str) -> Reply:
    """The channel is switched off: what the operator said, or the text `closed`."""
    return Reply(key="closed", text=said or phrase(base, "closed"), outcome="none")


def menu(base: KnowledgeData) -> Reply:
    """The topics to choose from."""
    return Reply(key="menu", text=phrase(base, "menu"), outcome="options", options=_topics(base))


def topic(base: KnowledgeData, topic_id: str) -> Reply:
    """The first entries of one topic."""
    title = next((t.title for t in base.topics if t.id == topic_id), topic_id)
    entries = [e for e in base.entries.values() if e.topic == topic_id and e.status == "published"]
    options = tuple(Option(e.id, e.title) for e in entries[: HOT + 2])
    return Reply(key="topic", text=phrase(base, "topic", topic=title), outcome="options", options=options)


def options(base: KnowledgeData, match: Match) -> Reply:
    """Ask back: the likely entries and 都不是; a declared confusable pair brings its own question."""
    ask = match.ask or _ask(base, match.options)
    key = "options_ask" if ask else "options"
    return Reply(
        key=key,
        text=phrase(base, key, ask=ask),
        outcome="options",
        options=(*listed(base, match.options), none_of_these(base)),
        confidence=match.confidence,
    )


def again(base: KnowledgeData, state: Mapping[str, Any]) -> Reply:
    """What can be chosen, or could be until one of it was answered, once more (上一个); the menu where nothing was offered."""
    chosen = listed(base, state.get("options") or state.get("earlier") or [])
    if not chosen:
        return menu(base)
    offered = (*chosen, none_of_these(base))
    return Reply(key="options", text=phrase(base, "options"), outcome="options", options=offered)


def shown_whole(base: KnowledgeData, channel: str) -> Reply:
    """To 续 where it turns no page: the whole answer stands there, or on Telegram its pages have buttons."""
    return text(base, "more_by_button" if channel == "telegram" else "all_shown")


def listed(base: KnowledgeData, entries: Iterable[str]) -> tuple[Option, ...]:
    """An option for each of these entries that the knowledge has."""
    return tuple(Option(name, base.entries[name].title) for name in entries if name in base.entries)


def none_of_these(base: KnowledgeData) -> Option:
    """都不是, the last of what is offered."""
    return Option(NONE_OF_THESE, phrase(base, "none_of_these"))


def entry(
    base: KnowledgeData, entry_id: str, confidence: float, today: date, office: OfficeFacts | None = None
) -> Reply:
    """A curated answer with its sources; one that is overdue for review says so instead."""
    found = base.entries[entry_id]
    if found.stale(today):
        return Reply(key="stale", text=phrase(base, "stale"), outcome="answer", entry=entry_id, confidence=confidence)
    body = found.answer
    if entry_id == "bureau.contact" and office and (lines := office.lines()):
        body = "\n".join(lines)
    return Reply(
        key="entry",
        text=body,
        outcome="answer",
        entry=entry_id,
        sources=_citations(base, found),
        checked=found.reviewed.isoformat()[:7] if found.reviewed else "",
        calls=tuple(Call(c.number, c.label) for c in found.call),
        confidence=confidence,
        feedback=found.topic not in ("chat", "safety"),
    )


def also(base: KnowledgeData, reply: Reply, rest: Sequence[str]) -> Reply:
    """An answer to one of several questions of a message, with the others to choose from."""
    options = listed(base, rest)
    if not options:
        return reply
    return replace(reply, text=f"{reply.text.rstrip()}\n\n{phrase(base, 'also_asked')}", options=options)


def hot(base: KnowledgeData) -> tuple[Option, ...]:
    """Questions shown on the first visit: texts.yaml names the entries, in its order."""
    named = (part.strip() for part in base.texts.get("hot_entries", "").split())
    return listed(base, named)[:HOT]


def spoken(base: KnowledgeData, message: Message) -> str:
    """What the person said, as their own bubble shows it: a pressed option by its title."""
    if message.kind is Kind.CHOICE:
        if message.text == NONE_OF_THESE:
            return phrase(base, "none_of_these")
        if message.text in base.entries:
            return base.entries[message.text].title
        return next((t.title for t in base.topics if t.id == message.text), message.text)
    if message.kind is Kind.FEEDBACK:
        return phrase(base, "feedback_yes" if message.text == "helpful" else "feedback_no")
    if message.kind is Kind.COMMAND:
        key = f"command_{message.text}"
        return phrase(base, key) if key in base.texts else f"/{message.text}"
    return message.text


def addressed(reply: Reply, message: Message) -> Reply:
    """In a group, a reply with buttons that only the asker may press (都不是, 有帮助, 没帮助) notes who that is."""
    own = reply.feedback or any(option.id == NONE_OF_THESE for option in reply.options)
    return (
        replace(reply, extra={**reply.extra, _ASKER: message.person})
        if own and message.person != message.chat
        else reply
    )


def asker(reply: Reply) -> str:
    """Who alone may press such buttons; "" for anybody."""
    return str(reply.extra.get(_ASKER, ""))


def with_late(base: KnowledgeData, reply: Reply, late: Sequence[Late]) -> Reply:
    """A reply that brings answers by staff along, before its own text."""
    if not late:
        return reply
    said = "\n".join(phrase(base, "late_first", text=one.reply.text) for one in late)
    return replace(reply, text=f"{said}\n{reply.text}")


def ticket_notices(base: KnowledgeData, ticket: Ticket, chats: Sequence[int]) -> tuple[Notice, ...]:
    """A new ticket, told to every staff chat on Telegram."""
    nearest = (
        base.entries[ticket.nearest[0][0]].title if ticket.nearest and ticket.nearest[0][0] in base.entries else ""
    )
    said = text(
        base,
        "staff_new_ticket",
        ticket=ticket.number,
        channel=phrase(base, f"channel_{ticket.channel}"),
        question=ticket.text[:300],
        nearest=nearest or phrase(base, "staff_nothing_near"),
    )
    return tuple(Notice("telegram", str(chat), said, ticket.number) for chat in chats)


def ticket_state(base: KnowledgeData, number: str, ticket: Ticket | None) -> Reply:
    """Where a ticket stands; the answer once there is one."""
    if ticket is None:
        # in the text only: a number that nobody has is not given to anybody
        return replace(text(base, "ticket_unknown", ticket=number), ticket=None)
    key = f"ticket_{ticket.state.value}"
    return Reply(
        key=key,
        text=phrase(
            base, key, ticket=number, date=shown(ticket.opened_at), due=shown(ticket.due_at), answer=ticket.answer
        ),
        outcome="answer",
        ticket=number,
    )


def sources_line(base: KnowledgeData, reply: Reply, most: int | None = None) -> str:
    """The last line of an answer, 依据：《…》第…条 · 2026-11 核对; empty where nothing is cited."""
    if not reply.sources:
        return ""
    shown = reply.sources if most is None else reply.sources[:most]
    return phrase(base, "sources", sources=join_citations(shown), month=reply.checked)


def join_citations(citations: tuple[Citation, ...]) -> str:
    """《公证法》第二十五条、第二十六条、《民法典》第六百五十八条: each law named once in a row."""
    parts, last = [], ""
    for citation in citations:
        name = "" if citation.short == last else f"《{citation.short}》"
        parts.append(f"{name}{citation.article}")
        last = citation.short
    return "、".join(part for part in parts if part)


def _citations(base: KnowledgeData, entry: Entry) -> tuple[Citation, ...]:
    found = []
    for ref in entry.sources:
        source = base.sources.get(ref.source)
        if source is not None:
            found.append(Citation(source.title, source.short, ref.article or ref.part, source.link))
    return tuple(found)


def _topics(base: KnowledgeData) -> tuple[Option, ...]:
    return tuple(Option(t.id, t.title) for t in base.topics if t.id not in ("chat", "safety"))


def _ask(base: KnowledgeData, ids: tuple[str, ...]) -> str:
    if len(ids) < 2 or ids[0] not in base.entries:
        return ""
    return next((c.ask for c in base.entries[ids[0]].confusable if c.entry == ids[1]), "")
