"""Who asks in Traditional characters is answered in Traditional characters, as written in Hong Kong and Macao (OpenCC s2hk).

For every channel: `written(text)` looks at what a person wrote, `Traditional.reply` converts on the way out. Where the reply
goes out later, `marked` notes the writing in it. What is stored stays as it was answered. Numbers of tickets, ids of
entries and options, links and telephone numbers are never touched.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import opencc

from bot.messages import Reply

_BOTH = frozenset("係嗰搵邊囉喎諗揾晒㖞")
"""Cantonese words that people who write Simplified use as well: they tell nothing."""
_RECENT = 4096
_CHARACTERS = 16_384
_SHORT = 100
"""Characters up to which a text is remembered: what many people send, posters and buttons."""
_MARK = "traditional"


class Traditional:
    """Tells Traditional from Simplified writing and converts replies; loads OpenCC's tables once (about 50 ms)."""

    def __init__(self) -> None:
        self._simplify = opencc.OpenCC("t2s").convert
        # a message is compared with words of ours several times, and comes from many people
        self._simplified = lru_cache(_RECENT)(self._simplify)
        self._plain_traditional = opencc.OpenCC("s2t").convert
        # the same few thousand characters again and again
        self._sort = lru_cache(_CHARACTERS)(self._sorted)
        # sentences of the bot's own and curated answers come again and again
        self.text = lru_cache(_RECENT)(self._traditional_of)
        self._for_hong_kong = opencc.OpenCC("s2hk").convert

    def written(self, text: str) -> bool | None:
        """True for Traditional, False for Simplified, None when the text could be either (数字, 公开, OK)."""
        more = sum(map(self._sort, text))
        return None if more == 0 else more > 0

    def _traditional_of(self, text: str) -> str:
        # 复议 is 復議 in laws printed in Traditional characters; OpenCC's list of words has 複議
        return str(self._for_hong_kong(text)).replace("複議", "復議")

    def _sorted(self, char: str) -> int:
        """1 for a character of Traditional writing only, -1 of Simplified only, 0 for the others."""
        if char in _BOTH or char.isascii():
            return 0
        if self._simplify(char) != char:
            return 1
        return -1 if self._plain_traditional(char) != char else 0

    def simplified(self, text: str) -> str:
        """The same words in Simplified characters, to be compared with words of ours."""
        if text.isascii():
            return text
        return self._simplified(text) if len(text) <= _SHORT else str(self._simplify(text))

    def reply(self, reply: Reply) -> Reply:
        """The same reply in Traditional characters."""
        return replace(
            reply,
            text=self.text(reply.text),
            options=tuple(replace(o, title=self.text(o.title)) for o in reply.options),
            sources=tuple(
                replace(c, title=self.text(c.title), short=self.text(c.short), article=self.text(c.article))
                for c in reply.sources
            ),
            calls=tuple(replace(c, label=self.text(c.label)) for c in reply.calls),
        )


def marked(reply: Reply) -> Reply:
    """The reply with a note that it is to be shown in Traditional characters, kept with it in the store."""
    return replace(reply, extra={**reply.extra, _MARK: True})


def is_marked(reply: Reply) -> bool:
    """Whether a reply is to be shown in Traditional characters."""
    return bool(reply.extra.get(_MARK))
