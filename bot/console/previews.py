"""How an answer will look on each channel, before it is sent."""

from __future__ import annotations

from dataclasses import dataclass

from bot.channels.split import split_text
from bot.desk.wording import late_reply
from bot.replies import phrase
from bot.store.desk_base import Asker
from intents.model import KnowledgeData

TELEGRAM_CHARACTERS = 4096
WECHAT_BYTES = 2000
"""Of one customer message, UTF-8 (微信公众号“被动回复用户消息”：2048 bytes; some are left for the note on what follows)."""


@dataclass(frozen=True, slots=True)
class Preview:
    """One channel's view."""

    channel: str
    pages: tuple[str, ...]
    note: str


def previews(base: KnowledgeData, asker: Asker, answer: str, correction: bool) -> tuple[Preview, ...]:
    """Telegram, WeChat and web, in the words of texts.yaml."""
    text = late_reply(base, asker, answer, correction).text
    more = "\n" + phrase(base, "continued")
    telegram = split_text(text, TELEGRAM_CHARACTERS, lambda t: len(t.encode("utf-16-le")) // 2)
    room = WECHAT_BYTES - len(more.encode())
    wechat = split_text(text, room, lambda t: len(t.encode()))
    shown = [page + more if i < len(wechat) - 1 else page for i, page in enumerate(wechat)]
    return (
        Preview("telegram", tuple(telegram), _parts(len(telegram), "条消息")),
        Preview("wechat", tuple(shown), _parts(len(shown), "页，居民回复“续”看下一页")),
        Preview("web", (text,), "一个气泡"),
    )


def _parts(count: int, unit: str) -> str:
    return "一条消息" if count == 1 else f"{count} {unit}"
