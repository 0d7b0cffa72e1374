"""A Telegram update -> what is to be done with it. The raw update goes no further than here.

In groups only what is meant for the bot: a mention, a reply to it, a command of its own. An edited text is a new
question. What belongs to nobody (joins, pins, other bots) is nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import telegram
from telegram import Update

from bot.channels.telegram_view import option_of
from bot.messages import NONE_OF_THESE, Kind, Message, storable
from bot.typed import COMMANDS, command, slashed
from intents.model import KnowledgeData

log = logging.getLogger(__name__)

CHANNEL = "telegram"
STAFF_COMMANDS = ("queue", "stats")
ALLOWED = ["message", "edited_message", "callback_query"]
_PLAIN = frozenset({"message_id", "from", "chat", "date", "text", "entities", "link_preview_options"})
_GROUPS = ("group", "supergroup")
_ANONYMOUS_ADMIN = 1087968824
"""Telegram's own account behind an administrator who writes as the group (Bot API, Message.from)."""
_CHANNEL_BOT = 136817688
"""Telegram's own account behind who writes as a channel of theirs (Bot API, Message.from)."""


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself, as getMe tells it."""

    id: int
    username: str = ""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One update, read."""

    update_id: int
    chat: str
    message: Message | None = None
    """For the dialogue; None when only the button is to be answered."""
    query: str = ""
    """The pressed button's id: it spins until it is answered."""
    page: int = 0
    """A page of a long answer that is asked for, from 1; `ref` and `shown` say of which."""
    ref: str = ""
    shown: int = 0
    """Telegram's id of the message to turn the page of."""
    others: bool = False
    """The button is for somebody else in the group."""
    staff: str = ""
    """A command for staff chats: `queue` or `stats`."""
    edited: bool = False
    """Words that were said before and have been changed, or something beside the words."""
    album: str = ""
    """Of a picture of an album: the message id that all its pictures without words have."""


def read(
    update: Update, me: Me, base: KnowledgeData, now: datetime, staff: frozenset[int] = frozenset()
) -> Incoming | None:
    """What an update asks for; None for what is not for us. `now` dates a pressed button, which has no time of its own."""
    if update.callback_query is not None:
        return _pressed(update.update_id, update.callback_query, me, base, now)
    found = update.message or update.edited_message
    if found is None or found.from_user is None or found.is_automatic_forward:
        # a channel's post, which Telegram puts into its group by itself, asks nothing
        return None
    if found.from_user.is_bot and not _behind_a_chat(found):
        return None
    text = _addressed(found, me)
    if text is None or (found is update.edited_message and not text):
        return None
    if not text and found.effective_attachment is None and not _bare_mention(found, text):
        return None
    read = _message(update.update_id, found, text, me, staff)
    return replace(read, edited=found is update.edited_message, album=_album(found, me))


def understood(update: Update, me: Me, base: KnowledgeData, now: datetime, staff: frozenset[int]) -> Incoming | None:
    """`read`; None, and a line in the log, for an update that cannot be read: it would come again for ever, and hold up all
    others."""
    try:
        return read(update, me, base, now, staff)
    except Exception as error:
        # its text must not reach the log
        log.error("update %d not understood (%s): passed over", update.update_id, type(error).__name__)
        return None


def plain(data: Mapping[str, Any], me: Me) -> Incoming | None:
    """What `read` makes of a text in a private chat, as most updates are, without the library's objects, which take 0.13 ms.

    None for anything else, which the library shall read.
    """
    found = data.get("message")
    if data.keys() != {"update_id", "message"} or not isinstance(found, dict) or not found.keys() <= _PLAIN:
        return None
    try:
        number, at, text = data["update_id"], found["date"], found["text"].strip()
        written = found["message_id"]
        chat, person, bot = found["chat"]["id"], found["from"]["id"], found["from"]["is_bot"]
        if found["chat"]["type"] != "private" or bot or not text or slashed(text):
            return None
        if {int} != {type(x) for x in (number, at, chat, person, written)}:
            return None
        when = datetime.fromtimestamp(at, UTC)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
    message = Message(CHANNEL, str(chat), str(person), text, Kind.TEXT, when, f"{me.id}-{number}", str(written))
    return Incoming(number, message.chat, message)


def _message(update_id: int, found: telegram.Message, text: str, me: Me, staff: frozenset[int]) -> Incoming:
    chat = str(found.chat.id)
    message_id = f"{me.id}-{update_id}"
    if not text and found.media_group_id:
        # an album comes as many messages: one courteous word for all
        message_id = _album(found, me)
    elif found.chat.type in _GROUPS:
        # kept with the message, so that the answer shows what it answers
        message_id += f".{found.message_id}"
    kind, text = (Kind.COMMAND, "start") if _bare_mention(found, text) else (_kind(found, text), text)
    when, written = found.edit_date or found.date, str(found.message_id)
    message = Message(CHANNEL, chat, _person(found), text, kind, when, message_id, written)
    incoming = Incoming(update_id, chat, message)
    if (typed := slashed(text)) is None:
        return incoming
    name, rest = typed
    if name in STAFF_COMMANDS and found.chat.id in staff:
        return replace(incoming, message=replace(message, kind=Kind.COMMAND, text=name), staff=name)
    kind, text = command(name, rest)
    return replace(incoming, message=replace(message, kind=kind, text=text))


def _album(found: telegram.Message, me: Me) -> str:
    return f"{me.id}-g{found.media_group_id}" if found.media_group_id else ""


def _person(found: telegram.Message) -> str:
    """Who wrote. All administrators who write as their group have one account, which would be one person in all groups; and
    when they press a button, they do it as themselves: they are their group. So is who writes as a channel that channel."""
    who = found.from_user.id if found.from_user else 0
    if who == _CHANNEL_BOT and found.sender_chat is not None:
        return str(found.sender_chat.id)
    return str(found.chat.id if who == _ANONYMOUS_ADMIN and found.chat.type in _GROUPS else who)


def _behind_a_chat(found: telegram.Message) -> bool:
    """Whether a person wrote behind one of Telegram's own bots: as their group or as a channel."""
    who = found.from_user.id if found.from_user else 0
    return who == _ANONYMOUS_ADMIN or (who == _CHANNEL_BOT and found.sender_chat is not None)


def _kind(found: telegram.Message, text: str) -> Kind:
    if text:
        return Kind.TEXT
    if found.voice or found.video_note or found.audio:
        return Kind.VOICE
    return Kind.IMAGE if found.photo else Kind.OTHER


def _pressed(update_id: int, query: telegram.CallbackQuery, me: Me, base: KnowledgeData, now: datetime) -> Incoming:
    if query.message is None or not query.data:
        return Incoming(update_id, "", query=query.id)
    chat, person = str(query.message.chat.id), str(query.from_user.id)
    incoming = Incoming(update_id, chat, query=query.id, shown=query.message.message_id)
    # in a group, what a button brings points to the message it stands under
    under = f".{query.message.message_id}" if query.message.chat.type in _GROUPS else ""
    message = Message(CHANNEL, chat, person, "", Kind.CHOICE, now, f"{me.id}-{update_id}{under}")
    # `ref` goes to the store without a message, too
    kind, _, rest = storable(query.data).partition(":")
    first, _, ref = rest.partition(":")
    if (kind, first) == ("c", NONE_OF_THESE) or kind == "f":
        ref, whose = ("", ref) if kind == "c" else (*ref.split(":", 1), "")[:2]
        if whose not in ("", person):
            return replace(incoming, others=True)
    if kind == "p" and first.isdecimal():
        return replace(incoming, page=int(first), ref=ref)
    if kind == "f" and first in ("y", "n"):
        word = "helpful" if first == "y" else "unhelpful"
        return replace(incoming, message=replace(message, kind=Kind.FEEDBACK, text=word, ref=ref))
    if kind in ("c", "h") and (option := option_of(base, f"{kind}:{first}")):
        return replace(incoming, message=replace(message, text=option))
    return incoming


def _addressed(found: telegram.Message, me: Me) -> str | None:
    """The text meant for the bot, without its mention; None when the message is for others."""
    text = (found.text or found.caption or "").strip()
    if found.chat.type == "private":
        return text
    if found.chat.type not in _GROUPS:
        return None
    if text.startswith("/"):
        name, _, whom = text[1:].split(maxsplit=1)[0].partition("@") if len(text) > 1 else ("", "", "")
        ours = whom.lower() == me.username.lower() if whom else name.lower() in COMMANDS + STAFF_COMMANDS
        return text if ours else None
    mentions = _mentions(found, me)
    if mentions:
        for mention in mentions:
            text = text.replace(mention, " ", 1)
        return text.strip()
    answered = found.reply_to_message
    to_us = answered is not None and answered.from_user is not None and answered.from_user.id == me.id
    return text if to_us else None


def _mentions(found: telegram.Message, me: Me) -> list[str]:
    entities = {**found.parse_entities(["mention", "text_mention"])}
    entities.update(found.parse_caption_entities(["mention", "text_mention"]))
    return [
        words
        for entity, words in entities.items()
        if (entity.user is not None and entity.user.id == me.id)
        or (me.username and words.lower() == f"@{me.username.lower()}")
    ]


def _bare_mention(found: telegram.Message, text: str) -> bool:
    """In a group, nothing but our name: a greeting is wanted."""
    return not text and bool(found.text) and found.chat.type in _GROUPS
