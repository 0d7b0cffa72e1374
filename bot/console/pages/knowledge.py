"""知识: what the bot knows, a search, and a box to try a question with the reasons for its answer."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from bot.console.house import House, Visit
from bot.errors import DeskNotFound
from bot.replies import entry as entry_reply
from bot.replies import join_citations
from intents.explain import explain
from intents.model import Entry

FOUND = 100
SIGNALS = 8
"""Signals shown for a candidate, those that count most first."""


async def show(house: House, visit: Visit) -> Response:
    """The topics, a topic's entries, or what a search found; with `try`, why a question gets its answer."""
    base = house.matcher().knowledge
    topic, words, tried = visit.query("topic"), visit.query("q"), visit.query("try")
    today = house.now().date()
    status = visit.query("status")
    entries = list(base.entries.values())
    if topic:
        entries = [e for e in entries if e.topic == topic]
    if words:
        entries = [e for e in entries if _holds(e, words)]
    if status == "overdue":
        entries = [e for e in entries if e.stale(today)]
    elif status == "draft":
        entries = [e for e in entries if e.status != "published"]
    why = await asyncio.to_thread(_why, house, tried) if tried else None
    counts = {t.id: sum(e.topic == t.id for e in base.entries.values()) for t in base.topics}
    return await house.page(
        visit, "knowledge.html", base=base, topic=topic, words=words, tried=tried, why=why, counts=counts, only=status,
        entries=entries[:FOUND] if (topic or words or status) else [], total=len(entries), today=today,
    )  # fmt: skip


def _holds(entry: Entry, words: str) -> bool:
    text = "\n".join([entry.id, entry.title, entry.answer, *entry.questions]).lower()
    return all(word in text for word in words.lower().split())


def _why(house: House, text: str) -> dict[str, object]:
    found = explain(house.matcher(), text)
    for candidate in found["candidates"]:
        signals = candidate.get("signals", {})
        ranked = sorted(signals.items(), key=lambda item: -abs(item[1]["counts"]))
        candidate["top"] = [(name, s["value"], s["counts"]) for name, s in ranked[:SIGNALS]]
    return found


async def entry(house: House, visit: Visit) -> Response:
    """One entry as residents get it, with its questions, sources and dates."""
    base = house.matcher().knowledge
    found = base.entries.get(visit.word("entry"))
    if found is None:
        raise DeskNotFound(f"没有条目“{visit.word('entry')}”。请从知识列表里打开。")
    reply = entry_reply(base, found.id, 1.0, house.now().date())
    used = await house.reports.entry_use(found.id, house.now())
    return await house.page(
        visit,
        "entry.html",
        entry=found,
        cited=join_citations(reply.sources),
        today=house.now().date(),
        base=base,
        used=used,
    )
