"""The plainest questions in other order: “什么是公证” for “公证是什么”, “怎么申请法律援助” for “法律援助怎么申请”.

Of so few words the grams of both say little, and a long base has many texts that share them; a stored question, or the title of
an entry, that is the same words in another order is what was asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST = 14
"""Characters of plain form."""
_HOW = "怎么|如何|怎样|怎么样|点样|咋|咋样"
_DO = "申请|办理|办|做|请|提出|提|找|立"
_WHAT_FIRST = re.compile("^(?:什么是|什么叫|什么叫做|啥是|啥叫|咩系|何为|何谓)(.+)$")
_WHAT_LAST = re.compile("^(.+?)(?:是什么意思|是什么东西|是个什么|是什么|是啥|是啥意思|系咩|是什么来的)$")
_HOW_FIRST = re.compile(f"^(?:{_HOW})(?:去|可以|能|才能|来)?({_DO})(.+)$")
_HOW_LAST = re.compile(f"^(.+?)(?:{_HOW})(?:去|可以|能|才能)?({_DO})$")
_SAME = {
    "申请": ("申请", "办理", "办"),
    "办": ("办", "办理", "申请"),
    "办理": ("办理", "办", "申请"),
    "提": ("提", "提出", "申请"),
}

_ASKS = re.compile("吗|怎么|如何|什么|哪|多久|几|怎样")


def asks(title: str) -> bool:
    """Whether the title of an entry is a question; a bare name (“遗嘱公证”) could mean several."""
    return _ASKS.search(title) is not None


def turned(plain: str) -> Iterator[str]:
    """The same question in other order and with the words most used, likeliest first."""
    if len(plain) > LONGEST:
        return
    if found := _WHAT_FIRST.match(plain) or _WHAT_LAST.match(plain):
        matter = found[1]
        yield from (f"{matter}是什么", f"什么是{matter}", f"什么叫{matter}", f"{matter}是什么意思", f"{matter}是啥")
    elif found := _HOW_FIRST.match(plain) or _HOW_LAST.match(plain):
        first = found.re is _HOW_FIRST
        done, matter = (found[1], found[2]) if first else (found[2], found[1])
        for word in _SAME.get(done, (done,)):
            yield from (f"{matter}怎么{word}", f"怎么{word}{matter}", f"如何{word}{matter}", f"{matter}如何{word}")
