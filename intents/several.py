"""Several questions in one message: where one ends and the next begins.

“公证书要带什么？多久能拿？另外复议要钱吗” is three. What stands before a question belongs to it (the story of a long message to its first one);
what comes after the last to the last. Commas part nothing: “要带什么，去哪里办” is how one matter is asked about.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from intents.context import Context
from intents.decide import MAX_OPTIONS

if TYPE_CHECKING:
    from intents.matcher import Match

MOST = 4
"""Questions of one message that are looked at."""
SURE = 0.9
"""Least confidence at which the first question is answered although the whole was taken for another."""
LIKELY = 0.4
"""Least P of what a further question is about, for it to be offered."""
REFERRALS = ("chat.case_advice", "chat.other_department")
"""Entries that refer a question to others: it is one all the same."""
_LEAST = 3
"""Characters of a question without punctuation."""
_ASKS = re.compile(
    r"[吗么嘛呢咩？?]|怎|如何|哪|几[个天多时号点次年月份]|多[少久长大远]|什么|甚么|啥|是否|能否|可否|(.)不\1|[不没冇][？?！!。\s]*$|"
    r"有没有|有冇|得唔得|咋|谁|边[个度处]|點|点样|请问|想问|想知道|想了解"
)
_LISTED = re.compile(
    r"(?:^|[\s，,。；;：:？?！!])(?:[1-9][.、)）．]|[一二三四五][、.．是])|[①②③④⑤]|第[一二三四五](?:[个件]?(?:问题|事情?)?是|个问题|，|、|,)"
)
"""Numbers of a list. Of two or more each stands before a matter of its own, asked or only named (“1、我爸去世房子过户”)."""
_PREFACE = re.compile(
    r"^\W*(?:您好|你好|请问|我|想|要|有|问|咨询|一下|下|[，,。]){0,8}[几两二三四五2-5][个件条点](?:事情?|问题)[\s:：,，。]*$"
)
"""“我想问三件事：”: announces a list and says nothing else; it is left out."""
_ENDS = re.compile(r"(?<=[？?])[？?！!。.\s]*|(?<=[。！!；;\n])")
_BEGINS = re.compile(
    r"(?<!^)(?=(?:另外|还有一个|还有就是|还想问|再问|再请问|顺便问|顺便再|第[二三四五](?:[个件]?(?:问题|事情?)?是|个问题|，|、|,)))|"
    r"(?:^|(?<=[\s，,。；;：:？?！!]))(?:[1-9][.、)）．]|[一二三四五][、.．是])\s*|[①②③④⑤]\s*"
)
"""Before a word that goes on to another matter; at a number of a list, which is left out."""
_PARTED = re.compile(
    r"[？?。！!；;\n][^\w？?。！!；;\n]*\w|另外|还[有想]|再[问请]|顺便|第[二三四五]|[1-9][.、)）．]|[一二三四五][、.．是]|[①②③④⑤]"
)
"""What a message has that is parted: where none of it stands there is nothing more to look at."""


def questions_of(text: str) -> list[str]:
    """The questions of a message in order, at most MOST; one or none when it has not several."""
    if not _PARTED.search(text):
        return []
    matters = _BEGINS.split(text)
    listed = len(_LISTED.findall(text)) > 1
    pieces = [
        (piece, listed and number > 0)
        for number, matter in enumerate(matters)
        for piece in _ENDS.split(matter)
        if piece.strip() and not (listed and _PREFACE.search(piece))
    ]
    found: list[str] = []
    pending = ""
    for piece, named in pieces:
        pending += piece
        said = len(re.sub(r"\W", "", piece))
        if said >= _LEAST and (_ASKS.search(piece) or (named and said > _LEAST)):
            found.append(pending.strip())
            pending = ""
    if pending.strip() and found:
        found[-1] = f"{found[-1]}{pending}".strip()
    return found[:MOST]


def ours(match: Match) -> bool:
    """Whether it is an answer of the field, no small talk and no referral."""
    return match.outcome == "answer" and match.entry is not None and not match.entry.startswith("chat.")


def next_context(found: Sequence[Match], whole: Match, before: Context | None) -> Context | None:
    """What the next question of the message may refer to: what was asked last, else what the whole is about."""
    entry = next((m.entry for m in (*reversed(found), whole) if ours(m)), None)
    return Context(entry) if entry else before


def in_order(whole: Match, found: Sequence[Match]) -> Match:
    """The answer to the first question, where it is understood by itself and the message as a whole was taken for a later one;
    else that to the whole; with what else is asked. What the whole was taken for is never lost: it is the answer or of the rest.
    An emergency in any of them comes first.
    """
    if danger := next((match for match in found if match.reason == "safety"), None):
        return replace(danger, text=whole.text)
    first, later = found[0], [_meant(match) for match in found[1:]]
    told = {match.entry for match in found[1:] if ours(match)}
    taken = ours(first) and first.confidence >= SURE and whole.entry in told
    lead = first if taken or (ours(first) and not ours(whole)) else whole
    if not ours(lead):
        return _referred(whole, found)
    meant = [_meant(first), *later] if lead is whole else [whole.entry, *later]
    rest = tuple(dict.fromkeys(e for e in meant if e and e != lead.entry))[:MOST]
    options = tuple(dict.fromkeys((*rest, *(o for o in lead.options if o != lead.entry))))[:MAX_OPTIONS]
    return replace(lead, text=whole.text, rest=rest, options=options)


def _referred(whole: Match, found: Sequence[Match]) -> Match:
    """A message that is referred elsewhere as a whole, with what of it is answered here."""
    if whole.entry not in REFERRALS:
        return whole
    rest = tuple(dict.fromkeys(e for e in map(_meant, found) if e and e != whole.entry))[:MOST]
    return replace(whole, rest=rest) if rest else whole


def _meant(match: Match) -> str | None:
    """The entry that a question is answered with, or is likely to be about; of small talk only a sure referral."""
    entry = match.entry if match.outcome == "answer" else None
    if match.outcome == "options" and not match.ask and match.candidates and match.candidates[0].confidence >= LIKELY:
        entry = match.candidates[0].entry
    if entry is None or not entry.startswith("chat."):
        return entry
    return entry if entry in REFERRALS and match.confidence >= SURE else None
