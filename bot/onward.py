"""What is said of the answer before, and asks nothing new: 继续, 然后呢, 依据是什么."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from bot import replies
from bot.memory import Work
from bot.messages import Reply
from bot.picking import Aside
from intents.conversation import published
from intents.model import SAFETY, Entry, KnowledgeData

_MOST = 4
"""Entries offered to go on with."""


def reply(base: KnowledgeData, work: Work, said: Aside | None, today: date, minutes: float) -> Reply | None:
    """The reply to it; None where it is no such word, or asks for the basis of nothing. `minutes` as in `Work.context`."""
    if said not in (Aside.ON, Aside.BASIS):
        return None
    told = str(work.state.get("told") or "") if work.context(minutes) else ""
    entry = base.entries[told] if told and published(base, told) else None
    if said is Aside.BASIS and entry:
        return _basis(base, entry, today)
    if work.state.get("options"):
        return replies.again(base, work.state)
    if said is Aside.BASIS:
        return None
    if entry is None:
        return replies.text(base, "say_question")
    if entry.id.startswith(SAFETY):
        return replies.entry(base, entry.id, 1.0, today)
    work.state["asked"] = work.state.get("last_question", "")
    return _further(base, entry)


def _basis(base: KnowledgeData, entry: Entry, today: date) -> Reply | None:
    """The sources of an answer once more; one that is overdue says so, and None where it cites nothing."""
    shown = replies.entry(base, entry.id, 1.0, today)
    if shown.key != "entry":
        return shown
    if not shown.sources:
        return None
    return replace(shown, key="basis", text=replies.phrase(base, "basis", title=entry.title), calls=(), feedback=False)


def _further(base: KnowledgeData, entry: Entry) -> Reply:
    """There is no more of an answer: what has to do with it can be chosen."""
    near = [name for name in entry.related if published(base, name) and not name.startswith("chat.")][:_MOST]
    if not near:
        return replies.text(base, "go_on_ask", title=entry.title)
    return Reply(
        key="go_on",
        text=replies.phrase(base, "go_on", title=entry.title),
        outcome="options",
        options=(*replies.listed(base, near), replies.none_of_these(base)),
    )
