"""What is written in nothing that can be read here: Latin letters only, a bare link, a bare number. No ticket promises an answer to
a link, and who writes English is told so in English."""

from __future__ import annotations

import re
import unicodedata

from intents.links import LINK
from intents.wording import PUBLIC_NUMBERS

_WORD = re.compile(r"[A-Za-z][A-Za-z'’]+")
_LETTER = re.compile(r"[^\W\d_]")


def nothing_said(text: str) -> bool:
    """Whether a text is a link or a number and nothing else; numbers that people call say something."""
    plain = unicodedata.normalize("NFKC", text)
    rest = re.sub(r"[\W_]+", "", LINK.sub("", plain))
    return rest not in PUBLIC_NUMBERS and (rest.isdecimal() or (not rest and LINK.search(plain) is not None))


def latin_only(text: str) -> bool:
    """Whether a text has words of Latin letters and no letter of another script."""
    plain = LINK.sub("", unicodedata.normalize("NFKC", text))
    return all(letter.isascii() for letter in _LETTER.findall(plain)) and _WORD.search(plain) is not None
