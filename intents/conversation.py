"""What a conversation does with the matches of its turns: what the next question may refer to, and what is offered.

The scores of a follow-up are raised in intents.context; here stands what becomes of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from intents.context import GENERAL, Context, topic_of
from intents.decide import MAX_OPTIONS, MIN_OPTIONS, Decision
from intents.grams import Floats
from intents.model import SAFETY, Ask, KnowledgeData

if TYPE_CHECKING:
    from intents.matcher import Match

BEFORE_AT = 2
"""Place among the options, from 0, of the entry spoken of before."""
OFFERED = 4
"""Options of a follow-up, where as many have any likelihood: who asks “能换吗” has said little, and chooses quickly."""
BESIDE_ASK = 2
"""The likeliest entries that come before what a group of asks.yaml offers: the conversation often says which is meant."""
LEAST_OFFERED = 0.1
"""P of an entry from which a follow-up is asked back, not given up."""
LIKELY_ASK = 0.5
"""P of a group from which on it may ask for another subject than is spoken of."""
_NAMED = re.compile(
    "^(?:好的?|嗯|哦|噢|谢谢|多谢|明白了?|知道了?|再?请问|再问一?下|我?想问一?下){0,3}(?:那么|那|要是|换成)?(.+?)(?:的)?(?:又?呢|也行吗|也可以吗|也一样吗|也是吗)?$"
)
"""“那公证呢”, “好的，再问一下，公证呢”: a subject and nothing else; on the plain form, which has no punctuation."""
_WHO = re.compile(
    "^(?:那么|那|要是|如果|换成)?(?:是)?(?:我|他|她|我们|你|佢|我哋|他们)?(?:的|家|家里|屋企)?"
    "(?:老婆|老公|妻子|丈夫|爱人|爸|爸爸|妈|妈妈|父母|爷爷|奶奶|外公|外婆|儿子|女儿|孩子|小孩|细路|仔|女|老人|老人家|哥哥?|弟弟?|姐姐?|妹妹?|朋友|亲戚|同事|兄弟|"
    "外地人|外省人|外国人|未成年人|学生|农民工|残疾人|女人|男人|他|她|佢)(?:们)?"
    "(?:的话)?(?:又?呢|也?行吗|也?可以吗|也?能吗|也?得吗|得唔得|行不行|可不可以|也一样吗|也是吗)$"
)
"""“那我老婆呢”, “老人也行吗”: what was spoken of, for somebody else; on the plain form."""


def carried(
    outcome: str, entry: str | None, options: Sequence[str], ask: str = "", *, fresh: bool = False
) -> str | None:
    """What the next question may refer to: the entry answered, or the likeliest option that is no small talk; else None.

    A question asked back because it could mean several things (`ask`) says little of the subject, and what was spoken of
    before stays; unless all that it could mean is of one topic (“我想复议”), or nothing was spoken of before (`fresh`)
    and it leaves a few topics only (“听证”).
    """
    if outcome == "options":
        # an emergency that is one guess among others is nothing that anybody spoke of
        ours = [o for i, o in enumerate(options) if not o.startswith("chat.") and (i == 0 or not o.startswith(SAFETY))]
        told = not ask or len({topic_of(o) for o in ours}) < (GENERAL if fresh else 2)
        return ours[0] if ours and told else None
    return None if outcome != "answer" or entry is None or entry.startswith("chat.") else entry


def offered(
    knowledge: KnowledgeData,
    names: Sequence[str],
    p: Floats,
    best_first: Sequence[int],
    decision: Decision,
    context: Context,
) -> Decision:
    """A decision on a follow-up with the options of a conversation, two at least; an answer stays as it is. `best_first` as in
    `decide`."""
    if decision.outcome == "answer":
        return decision
    if decision.ask and _astray(decision, context):
        decision = replace(decision, ask="", options=())
    likely = [(names[i], float(p[i])) for i in best_first if names[i] in knowledge.entries]
    entries = [name for name, _ in likely]
    if decision.outcome == "none":
        real = [(name, q) for name, q in likely if not name.startswith("chat.")]
        if not real or real[0][1] < LEAST_OFFERED:
            return decision
        options = tuple(name for name, _ in real[:OFFERED])
    elif decision.ask:
        options = tuple(dict.fromkeys((*entries[:BESIDE_ASK], *decision.options)))[:MAX_OPTIONS]
    else:
        options = tuple(dict.fromkeys((*decision.options, *entries)))[: max(OFFERED, len(decision.options))]
    found = enough(knowledge, with_before(knowledge, options, context)[:MAX_OPTIONS])
    return replace(decision, outcome="options", options=found) if len(found) >= MIN_OPTIONS else decision


def _astray(decision: Decision, context: Context) -> bool:
    """Whether a group that is not likely asks for something that nobody speaks of: “要带什么” amid a labour dispute is no question
    of probation, though the group of reporting there has such words."""
    ours = [topic_of(o) for o in decision.options if not o.startswith("chat.")]
    return decision.confidence < LIKELY_ASK and topic_of(context.entry) not in ours and len(set(ours)) == 1


def enough(knowledge: KnowledgeData, options: Sequence[str]) -> tuple[str, ...]:
    """Options of which one alone is no choice: beside it stands what is related to it, small talk last."""
    if len(options) != 1:
        return tuple(options)
    near = [name for name in knowledge.entries[options[0]].related if published(knowledge, name)]
    near.sort(key=lambda name: name.startswith("chat."))
    return tuple(dict.fromkeys((*options, *near)))[:MIN_OPTIONS]


def with_before(knowledge: KnowledgeData, options: Sequence[str], context: Context) -> tuple[str, ...]:
    """Options of a follow-up: the entry spoken of before stays among the first, for it often holds the answer; that of an
    emergency is the first. Withdrawn since it was spoken of, it is offered no more."""
    if not published(knowledge, context.entry):
        return tuple(options)
    if context.entry.startswith(SAFETY):
        return (context.entry, *(o for o in options if o != context.entry))
    if context.entry in options:
        return tuple(options)
    return (*options[:BEFORE_AT], context.entry, *options[BEFORE_AT:])


def published(knowledge: KnowledgeData, entry: str) -> bool:
    """Whether there is such an entry, and it may be shown."""
    return entry in knowledge.entries and knowledge.entries[entry].status == "published"


def named_only(plain: str) -> str:
    """What “那公证呢” names, of a text in plain form; the text itself where it says more."""
    found = _NAMED.match(plain)
    return found[1] if found else plain


def for_another(knowledge: KnowledgeData, plain: str, decision: Decision, context: Context) -> Decision:
    """“老人也行吗” asks what was spoken of once more, for somebody else: that comes first of what is offered, and no emergency
    that nobody spoke of."""
    before = context.entry
    if decision.outcome != "options" or not _WHO.match(plain) or not published(knowledge, before):
        return decision
    others = (o for o in decision.options if o != before and not o.startswith(SAFETY))
    options = enough(knowledge, tuple(dict.fromkeys((before, *others)))[:OFFERED])
    return replace(decision, options=options, ask="")


def same_aspect(knowledge: KnowledgeData, ask: Ask, context: Context) -> str | None:
    """“公证呢” after the fee of legal aid asks for the fee of notarization: the entry on the same aspect of what the words
    of a group name. None where there is none, or more than one.
    """
    before = knowledge.entries.get(context.entry)
    if before is None or not before.aspect:
        return None

    def fit(names: Iterable[str]) -> list[str]:
        entries = (knowledge.entries[name] for name in names)
        return [
            e.id for e in entries if e.aspect == before.aspect and e.topic != before.topic and e.status == "published"
        ]

    # only where the group is of a topic as a whole do its other entries count
    topics = {topic_of(e) for e in ask.entries if e.endswith(".what")}
    found = fit(ask.entries) or fit(name for name in knowledge.entries if topic_of(name) in topics)
    return found[0] if len(found) == 1 else None


def converse(match: Callable[[str, Context | None], Match], turns: Iterable[str]) -> list[Match]:
    """Matches of one conversation's turns, each in the light of those before it."""
    found: list[Match] = []
    context: Context | None = None
    for turn in turns:
        result = match(turn, context)
        found.append(result)
        subject = carried(result.outcome, result.entry, result.options, result.ask, fresh=context is None)
        if subject is not None:
            context = Context(subject)
    return found
