"""Who asks in Traditional characters is answered in Traditional characters, as written in Hong Kong and Macao (OpenCC s2hk).

For every channel: `written(text)` looks at what a person wrote, `Traditional.reply` converts on the way out. What is
stored stays as it was answered. Numbers of tickets, ids of entries and options, links and telephone numbers are never touched.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import opencc

from bot.messages import Reply

_BOTH = frozenset("係嗰搵邊囉喎諗揾晒㖞")
"""Cantonese words that people who write Simplified use as well: they tell nothing."""
_RECENT = 4096


class Traditional:
    """Tells Traditional from Simplified writing and converts replies; loads OpenCC's tables once (about 50 ms)."""

    def __init__(self) -> None:
        self._simplify = opencc.OpenCC("t2s").convert
        self._plain_traditional = opencc.OpenCC("s2t").convert
        # sentences of the bot's own and curated answers come again and again
        self.text = lru_cache(_RECENT)(opencc.OpenCC("s2hk").convert)

    def written(self, text: str) -> bool | None:
        """True for Traditional, False for Simplified, None when the text could be either (数字, 公开, OK)."""
        traditional = simplified = 0
        for char in text:
            if char in _BOTH or char.isascii():
                continue
            if self._simplify(char) != char:
                traditional += 1
            elif self._plain_traditional(char) != char:
                simplified += 1
        return None if traditional == simplified else traditional > simplified

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
