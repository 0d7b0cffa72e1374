"""The typed forms of what is also a button: 菜单, 人工, a number after options, a ticket number, 删除我的记录; and commands.

Words behind a command or behind 人工 are somebody's question: they are never dropped.
"""

from __future__ import annotations

import re
import unicodedata

from bot.messages import Kind

HUMAN = re.compile(r"^[转轉]?人工(?:客服|服[务務])?(?:[\s,，:：;；、.。!！?？~～]+(.*))?$", re.DOTALL)
"""With what is said behind it, the group."""
FORGET = re.compile(
    r"^(请)?(帮我)?(删除|清除|清空)(掉)?(我)?(的)?(全部|所有)?(聊天|提问|对话|个人)?(记录|数据)[\s。.!！]*$"
)
"""Speech recognition ends even a word with a full stop, here and below."""
FORGET_YES = re.compile(r"^确认删除[\s。.!！]*$")
MENU = re.compile(r"^(菜单|主题|目录|menu)[\s。.!！]*$", re.I)
TICKET = re.compile(
    r"^(?:查询|查|工单号?|进度)?[\s:：]*([A-Za-z0-9]{2}\s*[-‐–—－]\s*[A-Za-z0-9]{4}|(?<=\S)[A-Za-z0-9]{6})\s*$"
)
CHOICE = re.compile(
    r"^(?:我?选择?|就(?=\s*[第0-9(]))?\s*第?\s*\(?\s*"
    r"([0-9]{1,2}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九])"
    r"\s*\)?\s*[个项条号]?\s*吧?\s*[。.、,!]?$"
)
"""Nothing but the number of an option, after NFKC: ①, 1）, 2号, 我选1, 就第二个. 就一个 is an amount, 12348 a telephone."""

_WITH_TEXT = {"ticket": "查询", "human": "人工"}
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What a link t.me/bot?start=… brings along (Bot API, deep linking): no words of the person's."""


def command(name: str, rest: str) -> tuple[Kind, str]:
    """Kind and text of the message that a command means, `name` without its slash, `rest` what stands behind it."""
    if name == "forget":
        return Kind.TEXT, "删除记录"
    if rest and name in _WITH_TEXT:
        return Kind.TEXT, f"{_WITH_TEXT[name]} {rest}"
    if not name.isascii():
        # no command can be called so: a question with a slash before it
        return Kind.TEXT, f"{name} {rest}".strip()
    if rest and not (name == "start" and _PAYLOAD.fullmatch(rest)):
        return Kind.TEXT, rest
    return Kind.COMMAND, name


def choice(text: str) -> int | None:
    """The number of an option as people type it where some are offered: 3, ③, 第三个, 选十二; None for any other text."""
    found = CHOICE.match(unicodedata.normalize("NFKC", text.strip()))
    if found is None:
        return None
    typed = found.group(1)
    if typed.isdecimal():
        return int(typed)
    tens, ten, ones = typed.rpartition("十")
    digits = "〇一二三四五六七八九"
    return (10 * (digits.index(tens) if tens else 1) if ten else 0) + (digits.index(ones) if ones else 0)
