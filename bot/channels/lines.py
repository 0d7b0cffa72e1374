"""How the page lays out the plain text of a reply: a block a line, steps with a hanging number, hotlines to tap.

No character is added or left out: copying, reading aloud and searching find the very text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from markupsafe import Markup, escape

from bot.messages import Citation
from bot.store.numbers import ALPHABET
from intents.wording import PUBLIC_NUMBERS

_WHOLE = re.compile(
    rf"(?<![0-9A-Za-z])[{ALPHABET}]{{2}}-[{ALPHABET}]{{4}}(?![0-9A-Za-z])"
    r"|\d{1,2} ?月 ?\d{1,2} ?日|\d{4}-\d{2} 核[对對]"
)
"""What a line is never broken in: a ticket number as bot/store/numbers.py makes it, a day, when a source was checked."""
_HOTLINE = re.compile(
    rf"(?<![\d.A-Za-z])(?:{'|'.join(sorted(n for n in PUBLIC_NUMBERS if len(n) > 3))})(?![\d.]*[\dA-Za-z])"
)
"""Hotlines of five digits; those of three are too short a place to tap, and an emergency has its own card."""
_STEP = re.compile(r"(\d{1,2}[.．、])(?!\d) ?(?=\S)")
_HEAD = re.compile(r".{1,16}[：:]\Z")
_REMEMBERED = 512
"""Laid-out replies: the same curated answers come again and again."""


def whole(text: str) -> Markup:
    """The escaped text with numbers and days in one piece: a browser breaks a line after a hyphen."""
    return Markup(_WHOLE.sub(r'<span class="number">\g<0></span>', str(escape(text))))  # noqa: S704  # nosec B704  escaped before


@lru_cache(_REMEMBERED)
def lines(text: str) -> Markup:
    """The escaped text line by line: `line`, `line step` (1. …), `line head` (a short line that ends in a colon)."""
    return Markup("\n").join(_line(line) for line in text.strip().split("\n") if line.strip())


def by_law(sources: Sequence[Citation]) -> list[tuple[str, str, str]]:
    """Title, its articles one after another (empty for none) and link, each law once, in the order of citing."""
    found: dict[tuple[str, str], list[str]] = {}
    for source in sources:
        found.setdefault((source.title, source.link), []).append(source.article)
    return [(title, "、".join(filter(None, articles)), link) for (title, link), articles in found.items()]


def _line(line: str) -> Markup:
    line = line.strip()
    if step := _STEP.match(line):
        number, rest = escape(step.group(1)), _tapped(line[step.end() :])
        return Markup(f'<span class="line step"><span class="at">{number}</span> {rest}</span>')  # noqa: S704  # nosec B704  both escaped
    kind = "line head" if _HEAD.match(line) else "line"
    return Markup(f'<span class="{kind}">{_tapped(line)}</span>')  # noqa: S704  # nosec B704  escaped


def _tapped(text: str) -> Markup:
    return Markup(_HOTLINE.sub(r'<a class="tel" href="tel:\g<0>">\g<0></a>', str(whole(text))))  # noqa: S704  # nosec B704  escaped in whole
