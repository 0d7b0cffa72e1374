"""Questions about offices of another place: “佛山司法局地址”, “珠海怎么申请法律援助”.

What is told of the law holds everywhere in the mainland, what is told of windows and telephones only here: an answer says so first,
and the address of our own bureau is not given for that of another.
"""

from __future__ import annotations

import re
from dataclasses import replace

from bot import replies
from bot.messages import Reply
from intents.mends.places import BEYOND, CITIES
from intents.model import KnowledgeData

LONGEST = 24
"""Characters; a longer text tells a story in which a place may stand for anything."""
_TOLD = ("entry", "options", "options_ask")
OURS = "bureau.contact"
"""The entry that is of our own bureau only."""
_OFFICE = (
    "司法局|司法厅|司法所|公证处?(?!书)|法律援助|法援|行政复议|复议|劳动仲裁|仲裁委|律师协会|律协|人民调解|调委会|社区矫正|信访|司法鉴定|鉴定所|"
    "鉴定中心|公共法律服务|免费律师"
)
_ASKED = re.compile(
    rf"({BEYOND}|{CITIES})(?:市|那边|那里|当地)?的?(?:(?:{_OFFICE})|(?:怎么|怎样|如何|点样|去哪里?|在哪里?|哪里|边度|可以|能不能)[^，,。]{{0,4}}(?:{_OFFICE}))"
)
_HERE = re.compile("中山|我们这|这里|这边|本地|本市|公证书|[出开做办判]的|房|户口|深中|通办")
"""What ties the question to this city, or says that the place is where something came from."""


def place(text: str) -> str:
    """The other place whose office is asked about; "" for any other text."""
    found = _ASKED.search(text) if len(text) <= LONGEST and not _HERE.search(text) else None
    return found[1] if found else ""


def told(base: KnowledgeData, reply: Reply, text: str) -> Reply:
    """An answer, or a question back, with what it holds for, where the question is about another place."""
    where = place(text)
    if not where or (reply.entry or "").startswith(("chat.", "safety.")) or reply.key not in _TOLD:
        return reply
    if reply.entry == OURS:
        return replies.text(base, "elsewhere_contact", outcome="answer", entry=OURS, place=where)
    note = "elsewhere_beyond" if re.fullmatch(BEYOND, where) else "elsewhere"
    return replace(reply, text=f"{replies.phrase(base, note, place=where)}\n{reply.text}")
