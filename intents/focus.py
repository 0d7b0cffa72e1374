"""The part of a long message in which the question stands.

People tell the story first and ask at the end, or ask and then explain. The clause with the strongest marks of a
question, with its neighbour for the subject, is compared on its own beside the whole message.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

LONG = 22
"""Characters of normal form from which a message is looked at in parts."""
_ENOUGH = 12
_STRONG = re.compile(
    r"怎么|怎样|如何|多少|哪里|哪个|哪些|什么|几天|几日|多久|能不能|可不可以|要不要|是不是|有没有|会不会|该不该"
    r"|得不得|行不行|可以吗|能否|是否|请问|咋|啥|吗|么$|呢$|不$|没$|想问|咨询|求助"
)


def focus(clauses: Sequence[str]) -> str:
    """The asking part of the clauses (normal forms): '' when the message is short or has one clause only."""
    if len(clauses) < 2 or sum(map(len, clauses)) < LONG:
        return ""
    strengths = [len(_STRONG.findall(clause)) for clause in clauses]
    best = max(range(len(clauses)), key=lambda i: (strengths[i] > 0, strengths[i], i))
    if not strengths[best]:
        best = len(clauses) - 1
    part = clauses[best]
    before = best - 1
    while len(part) < _ENOUGH and before >= 0:
        part = clauses[before] + part
        before -= 1
    return part


def both_ends(text: str, most: int) -> str:
    """A text of at most `most` characters as it is; of a longer one the first two thirds and the last third of that."""
    if len(text) <= most:
        return text
    head = 2 * most // 3
    return f"{text[:head]} {text[head + 1 - most :]}"
