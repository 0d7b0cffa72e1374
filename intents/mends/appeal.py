"""Who does not accept what an authority has decided: “派出所拘留我五天，我不服”.

What an authority does and how it fines is told by that authority, so such messages are easily referred to it as a whole. But not
to accept it is what administrative reconsideration is for, and its time limit runs: that is offered first, the referral after it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from intents.model import ROUTING, KnowledgeData

if TYPE_CHECKING:
    from intents.matcher import Match

LONGEST = 40
"""Characters; a longer text tells a story, of which such words are a part."""
OFFERED = ("reconsideration.scope", "reconsideration.where")
TAX = ("reconsideration.required_first", "reconsideration.where")
"""What is offered, beside the referral; of taxes themselves the question is whether one must pay and apply first."""
_WHO = (
    "公安|派出所|警察|交警|电子眼|电子警察|城管|税务|税局|海关|工商|市监|市场监管|卫生局|卫健|环保|生态环境|消防|住建|自然资源|国土|"
    "人社|社保局|医保局|劳动局|教育局|交通局|运管|镇政府|区政府|市政府|街道办|政府|执法"
)
_DID = (
    "罚|拘留|拘了|关了我|扣了?(?:我|[\\d一二三六九十]+分|车|证|货|东西)|没收|吊销|查封|拆|补.{0,6}税|税款|滞纳金|缴税|多收|取消|驳回|不批|不给批|拒绝|"
    "拍错|开单|处理决定"
)
_DISSENT = "不服|唔服|不认(?!识)|唔认|不接受|不同意|冤|申诉|翻案|撤销|拍错|罚错|搞错|不合理|不公平|不公道|太重|讨个?说法|能不能告|能告|想告|要告|去告|凭什么"
_OTHER = (
    "事故|认定书|责任认定|刑事|刑拘|取保|批捕|判决|法院|法官|检察|仲裁|调解|公司|老板|单位|学校|物业|房东|打我|打人|被打|赔|多少|几年|"
    "怎么罚|会不会|案底"
)
"""Words of other ways, or of another question."""
_TAXES = re.compile("补.{0,6}税|滞纳金|缴税|税款|交税")
_ALL = tuple(re.compile(group) for group in (_WHO, _DID, _DISSENT))
_NOT = re.compile(_OTHER)


def not_accepted(knowledge: KnowledgeData, match: Match) -> Match:
    """A referral of such a message with reconsideration offered before it; any other match as it is."""
    text = match.text
    if not _referred(match) or len(text) > LONGEST or _NOT.search(text):
        return match
    if not all(group.search(text) for group in _ALL):
        return match
    first = TAX if _TAXES.search(text) else OFFERED
    ours = [e for e in first if e in knowledge.entries and knowledge.entries[e].status == "published"]
    if not ours:
        return match
    why = "不服行政机关的决定，先摆出复议"
    shown = (match.entry,) if match.entry else match.options
    options = tuple(dict.fromkeys((*ours, *(o for o in shown if o in ROUTING))))
    return replace(match, outcome="options", entry=None, options=options, ask="", detail=why)


def _referred(match: Match) -> bool:
    """Whether it is a referral, or asks back with one first, or with one and nothing of reconsideration."""
    if match.outcome != "options":
        return match.entry in ROUTING
    first = match.options[0] if match.options else ""
    ours = any(o.startswith("reconsideration.") for o in match.options)
    return first in ROUTING or (not ours and bool({*ROUTING} & {*match.options}))
