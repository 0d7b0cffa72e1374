"""Ticket numbers: K7-3F9Q. Short, checkable, not guessable, without look-alikes.

Six characters of a 31-letter alphabet (a prime, so that weights catch every single wrong character and every swap of
neighbours); five are random (31^5, about 29 million), the last is the check character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZU"
"""Digits and capitals without 0, 1, O, I and L."""
_BASE = len(ALPHABET)
_RANDOM = 5
_VALUE = {c: i for i, c in enumerate(ALPHABET)}
_FORM = re.compile(rf"[{ALPHABET}]{{6}}\Z")


def _check(body: str) -> str:
    # distinct weights modulo a prime: a changed character or a swap of two neighbours changes the sum
    return ALPHABET[sum((i + 2) * _VALUE[c] for i, c in enumerate(body)) % _BASE]


def new_number(choice: Callable[[Sequence[str]], str]) -> str:
    """A fresh number; `choice` picks one character (secrets.choice in service)."""
    body = "".join(choice(ALPHABET) for _ in range(_RANDOM))
    return _shown(body + _check(body))


def parse_number(text: str) -> str | None:
    """The number in a person's typing (lower case, full width, spaces, no hyphen); None when it is none."""
    folded = unicodedata.normalize("NFKC", text).upper()
    bare = re.sub(r"[\s\-‐–—_.·]+", "", folded)
    if not _FORM.match(bare) or _check(bare[:_RANDOM]) != bare[_RANDOM]:
        return None
    return _shown(bare)


def _shown(bare: str) -> str:
    return f"{bare[:2]}-{bare[2:]}"
