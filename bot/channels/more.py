"""续 where it turns no page: on the page and in the API the whole answer stands there, on Telegram pages have buttons."""

from __future__ import annotations

import re

from bot import replies
from bot.dialogue import Dialogue
from bot.errors import StoreUnavailable
from bot.messages import Kind, Message, Reply
from intents.model import KnowledgeData

_MORE = re.compile(r"[“”\"\s]*[续續][“”\"\s。.!！]*")
_KEYS = {"web": "all_shown", "telegram": "more_by_button"}


def asked(message: Message) -> bool:
    """Whether a message asks for the rest of an answer, and nothing else."""
    return message.kind in (Kind.TEXT, Kind.VOICE) and _MORE.fullmatch(message.text) is not None


async def reply(dialogue: Dialogue, base: KnowledgeData, message: Message) -> Reply | None:
    """What is said to it; None for any other message, and while the person is told something else (closed, too fast)."""
    if not asked(message) or await dialogue.barred(message) is not None:
        return None
    return replies.text(base, _KEYS[message.channel])


async def handle(dialogue: Dialogue, base: KnowledgeData, message: Message) -> Reply:
    """`Dialogue.handle`, for channels that answer in the request."""
    if not asked(message):
        return await dialogue.handle(message)
    try:
        if not await dialogue.room(message):
            return replies.text(base, "busy")
        if (said := await reply(dialogue, base, message)) is not None:
            return await dialogue.say(message, said)
    except StoreUnavailable:
        return dialogue.outage(message)
    return await dialogue.handle(message)
