"""Several things asked of one matter in one breath: “法律援助怎么申请要带什么去哪里”.

No punctuation parts them, and the matter is named once: the answer is to one of them, and what its topic has on the other
aspects that are asked for is offered beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from intents.context import HOUSES
from intents.decide import MAX_OPTIONS
from intents.model import SAFETY, Entry, KnowledgeData
from intents.several import MOST, ours

if TYPE_CHECKING:
    from intents.matcher import Match

LONGEST = 60
"""Characters; what is longer tells a story, in which such words ask for nothing."""
_ASKING = re.compile(
    r"怎么|怎样|如何|点样|点(?=申请|办)|咋|哪|边度|几[天日个时点份]|几[多耐]|多[少久长]|什么|甚么|啥|咩|乜|要不要|收不收|用不用|能不能|贵不贵|吗"
)
FEE = "fee"
_ASKS_FEE = re.compile(r"多少钱|几多钱|几钱|收费|费用|要不要钱|要钱吗|收多少|贵不贵|花多少|交多少")
_TELLS_FEE = re.compile(r"收费|免费|费用|不收|交费|减免|缴费")
_BEFORE, _AFTER = 4, 3
"""Characters around a word that asks, in which it says what it asks for."""


def asked(text: str, aspects: Callable[[str], Collection[str]]) -> list[str]:
    """The aspects that a text asks for, in order; empty unless there are several, each with a word of its own that asks."""
    hits = list(_ASKING.finditer(text)) if len(text) <= LONGEST else []
    if len(hits) < 2:
        return []
    ends = [hit.start() for hit in hits[1:]] + [len(text)]
    found: list[str] = []
    last = 0
    for hit, end in zip(hits, ends, strict=True):
        part = text[max(hit.start() - _BEFORE, last) : min(hit.end() + _AFTER, end)]
        found += [aspect for aspect in sorted(aspects(part)) if aspect not in found]
        last = hit.end()
    return found if 1 < len(found) <= len(hits) else []


def untold_fee(knowledge: KnowledgeData, match: Match, aspects: Callable[[str], Collection[str]]) -> list[str]:
    """The fee, where it is all that a text asks for and the answer has no word of it: “赠与公证一套房多少钱” is answered with what a
    gift takes, and the entry on fees is offered below."""
    lead = knowledge.entries.get(match.entry or "") if ours(match) else None
    if lead is None or lead.aspect or len(match.text) > LONGEST or not _ASKS_FEE.search(match.text):
        return []
    return [FEE] if not _TELLS_FEE.search(lead.answer) and FEE in aspects(match.text) else []


def with_aspects(knowledge: KnowledgeData, match: Match, aspects: Sequence[str]) -> Match:
    """An answer with the entries of its topic on the other aspects that are asked for; options with them behind the first."""
    lead = knowledge.entries.get(_lead(match))
    if lead is None:
        return match
    # an entry on a matter as a whole says how it is done
    others = [aspect for aspect in aspects if aspect != (lead.aspect or "how")]
    found = (_on(knowledge, lead, match, aspect) for aspect in others)
    rest = tuple(dict.fromkeys(other for other in found if other))[: MOST - 1]
    if not rest:
        return match
    if match.outcome == "options":
        return replace(match, options=tuple(dict.fromkeys((lead.id, *rest, *match.options)))[:MAX_OPTIONS])
    return replace(match, rest=rest, options=tuple(dict.fromkeys((*rest, *match.options)))[:MAX_OPTIONS])


def _lead(match: Match) -> str:
    """The entry that the message is about: answered, or first of what is offered without a question of its own; else ""."""
    if match.outcome == "options" and not match.ask and match.options:
        first = match.options[0]
        return "" if first.startswith(("chat.", SAFETY)) else first
    return match.entry or "" if ours(match) else ""


def _on(knowledge: KnowledgeData, lead: Entry, match: Match, aspect: str) -> str | None:
    """The entry on an aspect of the matter of `lead`: of several that of the general matter, which is related or likeliest; else
    None."""
    fit = [
        e.id
        for e in knowledge.entries.values()
        if e.topic == lead.topic and e.aspect == aspect and e.status == "published" and e.id != lead.id
    ]
    if lead.topic in HOUSES:
        fit = [name for name in fit if name in lead.related]
    if len(fit) > 1:
        likely = [candidate.entry for candidate in match.candidates]
        fit.sort(
            key=lambda name: (name not in likely, likely.index(name) if name in likely else 0, name not in lead.related)
        )
        if fit[0] not in likely and fit[0] not in lead.related:
            return None
    return fit[0] if fit else None
