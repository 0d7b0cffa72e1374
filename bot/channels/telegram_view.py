"""A Reply as Telegram shows it: HTML in which everything of ours and the person's is escaped, pages, buttons.

Limits (Bot API): 4096 UTF-16 units a text, 64 bytes of callback data. The text is cut by its escaped length, so that it
holds before and after Telegram reads the tags.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from html import escape

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot import replies
from bot.channels.split import split_text
from bot.channels.telegram_pace import is_group
from bot.messages import NONE_OF_THESE, Reply
from bot.traditional import is_marked
from intents.model import KnowledgeData

TEXT_UNITS = 4096
DATA_BYTES = 64
_BODY_UNITS = 3900
"""A page without its tags and its number."""
_SOURCES = 3
"""Sources named at once; the rest is folded."""


def units(text: str) -> int:
    """Length as Telegram counts it: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


Convert = Callable[[str], str]
"""Simplified -> Traditional characters, used on replies that are marked for it."""


def _as_is(text: str) -> str:
    return text


def pages(base: KnowledgeData, reply: Reply, convert: Convert = _as_is) -> list[str]:
    """The reply as HTML, one string a page, none over TEXT_UNITS."""
    cut = _pages(base, reply)
    # tags are ASCII, and a character stays a character: what fitted still fits
    return [convert(page) for page in cut] if is_marked(reply) else cut


def _pages(base: KnowledgeData, reply: Reply) -> list[str]:
    body = reply.text
    if line := replies.sources_line(base, reply, _SOURCES):
        body = f"{body}\n{line}"
    cut = [_html(piece) for piece in split_text(body, _BODY_UNITS, _escaped_units)]
    calls = "\n".join(f"☎ <b>{_html(c.number)}</b> {_html(c.label)}" for c in reply.calls)
    if calls:
        cut = _joined(calls, cut[0]) + cut[1:]
    if more := replies.join_citations(reply.sources[_SOURCES:]):
        name = _html(replies.phrase(base, "more_sources"))
        folded = f"<blockquote expandable>{name}\n{_html(more)}</blockquote>"
        cut = cut[:-1] + _joined(cut[-1], folded)
    if len(cut) == 1:
        return cut
    numbers = (replies.phrase(base, "page_number", page=str(n), pages=str(len(cut))) for n in range(1, len(cut) + 1))
    return [f"{page}\n{_html(number)}" for page, number in zip(cut, numbers, strict=True)]


def keyboard(
    base: KnowledgeData, reply: Reply, ref: str, page: int = 1, of: int = 1, convert: Convert = _as_is
) -> InlineKeyboardMarkup | None:
    """Pages, options one a row, feedback side by side; None without any. Buttons of one person's end in that person's id; who
    wrote as a channel presses as somebody else, so those buttons are everybody's."""
    written = convert if is_marked(reply) else _as_is
    rows: list[list[InlineKeyboardButton]] = []
    turns = (("page_back", page - 1), ("page_next", page + 1))
    if turning := [_button(written(replies.phrase(base, key)), f"p:{to}:{ref}") for key, to in turns if 1 <= to <= of]:
        rows.append(turning)
    whose = f":{asker}" if (asker := replies.asker(reply)) and not is_group(asker) else ""
    if page == of:
        for o in reply.options:
            data = option_data(o.id) + (whose if o.id == NONE_OF_THESE else "")
            rows.append([_button(written(o.title), data)])
    if reply.feedback and page == of:
        words = (("feedback_yes", "y"), ("feedback_no", "n"))
        rows.append([_button(written(replies.phrase(base, key)), f"f:{short}:{ref}{whose}") for key, short in words])
    return InlineKeyboardMarkup(rows) if rows else None


def option_data(option: str) -> str:
    """Callback data of an option: its id, or a digest of an id that does not fit."""
    data = f"c:{option}"
    return data if len(data.encode()) <= DATA_BYTES else f"h:{_digest(option)}"


def option_of(base: KnowledgeData, data: str) -> str | None:
    """The option id behind `c:` or `h:` data; None when the knowledge holds none with this digest any more."""
    kind, _, rest = data.partition(":")
    if kind == "c":
        return rest
    known = (*base.entries, *(topic.id for topic in base.topics))
    return next((option for option in known if _digest(option) == rest), None)


def _button(title: str, data: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(title, callback_data=data)


def _digest(option: str) -> str:
    return hashlib.sha256(option.encode()).hexdigest()[:16]


def _html(text: str) -> str:
    # Telegram knows &lt; &gt; &amp; &quot; (Bot API, "HTML style"); quotes matter inside attributes only, and we have none
    return escape(text, quote=False)


def _escaped_units(text: str) -> int:
    return units(_html(text))


def _joined(first: str, second: str) -> list[str]:
    """Both on one page where they fit, else on two."""
    whole = f"{first}\n{second}"
    return [whole] if units(whole) <= _BODY_UNITS + 100 else [first, second]
