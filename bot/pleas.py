"""Who asks for a person often says in the same breath what about: “我想跟工作人员说，孩子被学校打了”.

Those words are the question of the ticket; only where nothing is said is it the question before.
"""

from __future__ import annotations

import re

from bot.recall import Recall
from intents import Matcher

SHORT = 4
"""Characters from which on words are a matter of their own; fewer (“欠薪”, “急”) are added to the question before."""
_MOST_CLAUSES = 8
"""A text of more is a story, and no mere request for a person."""
_CLAUSE = re.compile(r"(?:[转轉]?人工(?:客服|服[务務])?)?([^，,。.；;！!？?～~、\s]*)")
"""The group: what is not the request itself."""
MATTERS = frozenset(("chat.case_advice", "chat.other_department"))
"""Entries of small talk that stand for somebody's own affair."""
_COURTEOUS = 12
"""Characters of nothing but courtesy, at most; behind a longer one there may be a matter."""


async def matter(recall: Recall, matcher: Matcher, text: str) -> str:
    """What a request for a person is about, from the first clause that says it; "" where all is request and small talk."""
    clauses = [found for found in _CLAUSE.finditer(text) if found[1]]
    if len(clauses) > _MOST_CLAUSES:
        return text
    for clause in clauses:
        match = await recall.match(matcher, clause[1])
        first = match.entry or next(iter(match.options), "")
        if not first.startswith("chat.") or first in MATTERS:
            return text[clause.start(1) :].strip()
    return ""


async def courtesy(recall: Recall, matcher: Matcher, text: str) -> bool:
    """Whether somebody who was asked for the question says thanks or hello first: 好的谢谢."""
    if not 0 < len(text) <= _COURTEOUS:
        return False
    match = await recall.match(matcher, text)
    return match.outcome == "answer" and match.entry in ("chat.thanks", "chat.greeting")


def question(said: str, before: str) -> str:
    """The question of the ticket: of what was said with the request (`matter`) and the last question; "" when neither is one."""
    if len(said) >= SHORT:
        return said
    return f"{before} {said}".strip() if before else ""
