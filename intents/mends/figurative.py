"""Words of dying that mean none: “累死了，跑了三趟”, “笑死我了”.

Where nothing else in a text is of life and death, no emergency that was merely ranked is offered for it. Rules of words
(`intents.safety`) come before and are not touched.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from intents.decide import MIN_OPTIONS
from intents.model import SAFETY, KnowledgeData

if TYPE_CHECKING:
    from intents.matcher import Match

LONGEST = 20
"""Characters; a longer text tells what it is about."""
INSTEAD = ("chat.unhappy", "chat.human")
_FIGURE = re.compile(
    r"(?:累|忙|烦|气|笑|热|冷|饿|急|愁|折腾|丑|无聊|恶心|郁闷|麻烦|挤|晒|羡慕|吵|嬲|攰|跑)死(?:了我|我|人|个人)?(?:了|啦|咯|喇)?"
)
_GRAVE = re.compile(
    r"死|活|命|杀|跳|药|刀|血|打|伤|病|疼|痛|哭|怕|救|割|喝|走了|撑|累得|一个人|睡|孩子|老公|老婆|爸|妈|他|她|家里|抑郁|难受|结束|解脱|世界|今晚"
)


def figurative(knowledge: KnowledgeData, match: Match) -> Match:
    """Options of such a text without emergencies; any other match as it is."""
    if match.outcome != "options" or len(match.text) > LONGEST or not any(o.startswith(SAFETY) for o in match.options):
        return match
    rest, found = _FIGURE.subn("", match.text)
    if not found or _GRAVE.search(rest):
        return match
    harmless = [o for o in match.options if not o.startswith(SAFETY)]
    spare = [o for o in INSTEAD if o in knowledge.entries and o not in harmless]
    options = (*harmless, *spare[: max(1, MIN_OPTIONS - len(harmless))])
    return replace(match, options=options) if len(options) >= MIN_OPTIONS else match
