"""Reply -> texts as WeChat shows them: plain, options numbered, pages of at most 2,000 bytes.

WeChat gives no number for passive texts in bytes of UTF-8; 2,048 was measured by others, so 2,000 is kept to. A page
ends with a line or a sentence; only a sentence longer than a page is cut, at a comma if it has one. The sources stay on
the page of the sentence before them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache

from bot import replies
from bot.messages import Reply
from bot.traditional import is_marked
from intents.model import KnowledgeData

BYTES = 2000
_SENTENCE = re.compile(r".*?(?:[。！？；…]+|[!?]+(?=\s|$))[”’」』）)》】]*|.+$", re.S)
_CLAUSE = re.compile(r".*?[，、：,]|.+$", re.S)
_JOINED = re.compile(r"[\u0300-\u036f\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")
"""Marks that belong to the character before them."""
_REMEMBERED = 512
"""Texts, and pages made of them, kept in memory: most people ask what others asked before."""


def size(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text.encode())


def compose(base: KnowledgeData, reply: Reply) -> list[str]:
    """The parts of a reply that pages must not cut through where they fit: lines and sentences, with their line ends."""
    if reply.calls:
        # an emergency: the numbers, what to do, nothing else
        missing = [f"{c.number} {c.label}" for c in reply.calls if c.number not in reply.text]
        return _units("\n".join([*missing, reply.text]))
    asked = str(reply.extra.get("asked") or "")
    head = _units(replies.phrase(base, "asked_before", question=asked)) if asked else []
    units = head + _units(reply.text)
    if line := replies.sources_line(base, reply):
        units = _with_tail(units, line)
    if reply.options:
        units += [f"{number}. {option.title}\n" for number, option in enumerate(reply.options, 1)]
        units = _with_tail(units, replies.phrase(base, "choose_number"))
    if reply.feedback:
        units = _with_tail(units, replies.phrase(base, "feedback_hint"))
    return units


def pages(
    base: KnowledgeData,
    given: Sequence[Reply],
    most: int = BYTES,
    convert: Callable[[str], str] = lambda text: text,
) -> list[str]:
    """Some replies one after another, cut into pages; each but the last ends with how to get the next.

    `convert` brings replies that are marked for it into Traditional characters.
    """
    units: list[str] = []
    for reply in given:
        parts = ([f"{replies.phrase(base, 'between')}\n"] if units else []) + compose(base, reply)
        units += map(convert, parts) if is_marked(reply) else parts
    return list(paginate(tuple(units), hint(base, given, convert), most))


def hint(base: KnowledgeData, given: Sequence[Reply], convert: Callable[[str], str]) -> str:
    """How to get the next page, as it is written under these replies."""
    line = replies.phrase(base, "continued")
    return convert(line) if given and is_marked(given[-1]) else line


@lru_cache(_REMEMBERED)
def paginate(units: tuple[str, ...], hint: str, most: int) -> tuple[str, ...]:
    """Pages of at most `most` bytes; joined, without the hints, they hold every character but line ends at cuts."""
    room = most - size(hint) - 1
    parts = [piece for unit in units for piece in _fitting(unit, room)]
    found: list[str] = []
    while parts:
        if size("".join(parts).strip("\n")) <= most:
            found.append("".join(parts).strip("\n"))
            break
        taken = 1
        while taken < len(parts) and size("".join(parts[: taken + 1]).strip("\n")) <= room:
            taken += 1
        found.append("".join(parts[:taken]).strip("\n") + "\n" + hint)
        parts = parts[taken:]
    return tuple(page for page in found if page)


def pick(text: str, base: KnowledgeData) -> str | None:
    """`helpful` or `unhelpful` when a text is the typed form of the feedback buttons."""
    bare = text.strip(" 。.!！“”")
    if bare == replies.phrase(base, "feedback_yes"):
        return "helpful"
    return "unhelpful" if bare in (replies.phrase(base, "feedback_no"), "没有帮助") else None


def seconds(at: datetime) -> int:
    """Seconds since 1970, as WeChat counts."""
    return int(at.timestamp())


def _units(text: str) -> list[str]:
    return list(_sentences(text))


@lru_cache(_REMEMBERED)
def _sentences(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for line in text.strip("\n").splitlines():
        found += [m.group() for m in _SENTENCE.finditer(line) if m.group()]
        found = [*found[:-1], found[-1] + "\n"] if line else [*found, "\n"]
    return tuple(found)


def _with_tail(units: list[str], line: str) -> list[str]:
    """A last line that stays with the part before it."""
    if not units:
        return [line + "\n"]
    return [*units[:-1], units[-1] + line + "\n"]


def _fitting(unit: str, room: int) -> list[str]:
    """A part as it is, or, longer than a page, by its lines, clauses, at last characters."""
    if size(unit.strip("\n")) <= room:
        return [unit]
    lines = unit.splitlines(keepends=True)
    if len(lines) > 1:
        return [piece for line in lines for piece in _fitting(line, room)]
    found: list[str] = []
    for clause in (m.group() for m in _CLAUSE.finditer(unit) if m.group()):
        for piece in [clause] if size(clause) <= room else _characters(clause, room):
            if found and size(found[-1] + piece) <= room:
                found[-1] += piece
            else:
                found.append(piece)
    return found


def _characters(text: str, room: int) -> list[str]:
    found, current = [], ""
    for character in text:
        joined = bool(_JOINED.match(character)) or current.endswith("\u200d")
        if current and not joined and size(current + character) > room - 16:
            found.append(current)
            current = ""
        current += character
    return [*found, current]
