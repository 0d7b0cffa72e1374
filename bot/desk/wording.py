"""What an asker gets when staff have answered: texts by key, the question in brief, the answer."""

from __future__ import annotations

from bot.messages import Reply
from bot.replies import phrase
from bot.store.desk_base import Asker
from intents.model import KnowledgeData

BRIEF = 40
"""Characters of the question that are repeated, so that the person knows which one is meant."""


def late_reply(base: KnowledgeData, asker: Asker, answer: str, correction: bool) -> Reply:
    """The late answer of one asker."""
    key = "late_correction" if correction else "late_answer"
    question = asker.question if len(asker.question) <= BRIEF else asker.question[:BRIEF] + "…"
    text = phrase(base, key, ticket=asker.ticket, question=question, answer=answer)
    return Reply(key=key, text=text, outcome="answer", ticket=asker.ticket)
