"""What holds of one place and not of another.

What was agreed between this city and Shenzhen is no answer for a third one (“珠海的法援，人在中山能不能办”): where such a matter is dealt
with is offered first. And a paper from Hong Kong or abroad that is to be used here is not what the entries on each kind of
notarization are about, which make papers for use elsewhere: “香港结婚证在中山用要公证吗”.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from intents.model import KnowledgeData

if TYPE_CHECKING:
    from intents.matcher import Match

PACTS = {
    "legal_aid.shenzhong": "legal_aid.where",
    "notary.coverify": "notary.where",
    "service.shenzhong": "service.station",
}
"""Entries on what was agreed with Shenzhen, and the one that says where a matter is dealt with."""
BEYOND = "香港|澳门|台湾"
CITIES = (
    "广州|深圳|珠海|佛山|东莞|江门|惠州|肇庆|汕头|汕尾|湛江|茂名|清远|韶关|河源|梅州|阳江|揭阳|潮州|云浮|北京|上海|天津|重庆|成都|武汉|长沙|"
    "南宁|南昌|福州|厦门|杭州|南京|郑州|贵阳|昆明|海口|西安|湖南|湖北|广西|江西|四川|贵州|河南|福建|海南|云南"
)
_THIRD = re.compile(rf"{BEYOND}|{CITIES.replace('深圳|', '')}")
_HOUSE = re.compile("(?:房|楼|铺|地|物业).{0,8}公证|公证.{0,8}(?:房|楼|铺|地)")
_FROM = (
    "香港|澳门|台湾|港澳|国外|外国|境外|美国|英国|加拿大|日本|韩国|新加坡|马来西亚|澳大利亚|澳洲|德国|法国|越南|泰国"
)
_INWARD = re.compile(
    rf"(?:{_FROM}).{{0,8}}(?:证|证书|证明|判决书?|委托书|授权书|遗嘱|文书|文件|声明书?).{{0,10}}"
    "(?:(?:在|拿到|拿回|带回|回|寄回|到)(?:中山|内地|国内|大陆|我们这|这边|这里).{0,4}(?:用|办|认|承认|有效|使|过户)|(?:中山|内地|国内|大陆|这边|这里).{0,2}(?:认|承认|能用|可用|管用|有效|作数))"
)
"""A paper from elsewhere that is to be used here."""
ABROAD, NEAR = "notary.abroad", "business.gba"
"""The entries that say what such papers need: from abroad, from Hong Kong and Macao."""
_JUDGED = re.compile("判决|裁定|裁决")
_PACT = re.compile("深中|核查|互认|通办|协同|一体")


def inward(knowledge: KnowledgeData, match: Match) -> Match:
    """An answer about one kind of notarization to who has such a paper: asked back; a judgment is no matter of notaries at all."""
    entry = match.entry or ""
    if (
        match.outcome != "answer"
        or match.reason != "ranked"
        or entry in (ABROAD, NEAR)
        or not entry.startswith("notary.")
    ):
        return match
    found = _INWARD.search(match.text)
    if not found:
        return match
    judged = ("chat.case_advice",) if _JUDGED.search(found[0]) else ()
    near = (NEAR,) if re.search("香港|澳门|港澳", found[0]) else ()
    options = tuple(o for o in (*judged, *near, ABROAD, entry) if o in knowledge.entries)
    return replace(match, outcome="options", entry=None, options=options, detail="外来的文书拿到本地用")


def of_place(knowledge: KnowledgeData, match: Match) -> Match:
    """An answer from such a pact to who asks of a third place, or of a house in Shenzhen: asked back; any other match as it is."""
    where = PACTS.get(match.entry or "") if match.outcome == "answer" and match.reason == "ranked" else None
    if where is None or where not in knowledge.entries or _PACT.search(match.text):
        return match
    third = _THIRD.search(match.text) and "深圳" not in match.text
    house = match.entry == "notary.coverify" and _HOUSE.search(match.text)
    if not third and not house:
        return match
    others = (o for o in match.options if o != where and o.startswith(where.partition(".")[0]))
    options = tuple(dict.fromkeys((where, match.entry or "", *others)))[:3]
    return replace(match, outcome="options", entry=None, options=options, detail="说的不是深中之间的事")
