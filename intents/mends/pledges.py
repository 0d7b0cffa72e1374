"""A promise that is none to an authority: “婚姻承诺书有法律效力吗”, “老板让我签承诺书”.

The entries on pledges instead of proofs share their words. Where a text names a private relation and nothing of an office, what is
answered or offered of them comes after the advice to ask a lawyer.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from intents.decide import MAX_OPTIONS
from intents.model import KnowledgeData

if TYPE_CHECKING:
    from intents.matcher import Match

ADVICE = "chat.case_advice"
LONGEST = 30
"""Characters; of a longer text the whole tells what kind of promise it is."""
_PRIVATE = re.compile(
    "(?:婚姻|结婚|婚前|婚内|恋爱|夫妻|分手|出轨|净身出户|还款|还钱|欠款|欠钱|装修|入职|离职|竞业|加班|放弃社保|戒赌|戒酒|安全).{0,8}(?:承诺|保证书|悔过书)"
    "|(?:老公|老婆|丈夫|妻子|男友|女友|男朋友|女朋友|前夫|前妻|开发商|售楼|房东|中介|卖家|商家|邻居|朋友|亲戚)写?(?:的|给我的)?.{0,4}(?:承诺|保证书|悔过书)"
    "|(?:老板|公司|单位|学校|老师|幼儿园|物业|医院|人事|hr)(?:让|叫|要求|要|逼|非要|拿).{0,8}签.{0,8}(?:承诺|保证书)"
)
_OFFICE = re.compile(
    "告知承诺|告知书|窗口|政务|办证|办事|部门|街道|代替|证明|登记|审批|许可|执照|法律援助|法援|公证|诚信承诺|收养|落户|社保局|民政|司法局|替.{0,4}签|帮.{0,4}签|代签"
)


def pledges(knowledge: KnowledgeData, match: Match) -> Match:
    """Such a message with the advice first; any other match as it is."""
    text = match.text.lower()
    if len(text) > LONGEST or match.outcome == "none" or match.reason != "ranked" or ADVICE not in knowledge.entries:
        return match
    shown = (match.entry,) if match.outcome == "answer" else match.options
    if not any((name or "").startswith("commitment.") for name in shown):
        return match
    if not _PRIVATE.search(text) or _OFFICE.search(text):
        return match
    options = tuple(dict.fromkeys((ADVICE, *(name for name in shown if name))))[:MAX_OPTIONS]
    return replace(match, outcome="options", entry=None, options=options, ask="", detail="私人之间的承诺")
