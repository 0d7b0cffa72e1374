"""What is written in nothing that can be read here: Latin letters only, a bare link, a bare number. No ticket promises an answer to
a link, and who writes English is told so in English."""

from __future__ import annotations

import re
import unicodedata

from intents.links import LINK
from intents.wording import PUBLIC_NUMBERS

SENTENCE = 3
"""Words of Latin letters from which on they are somebody's question, for staff to read."""
_WORD = re.compile(r"[A-Za-z][A-Za-z'’]+")
_LETTER = re.compile(r"[^\W\d_]")


def nothing_said(text: str) -> bool:
    """Whether a text is a link or a number and nothing else; numbers that people call say something."""
    plain = unicodedata.normalize("NFKC", text)
    rest = re.sub(r"[\W_]+", "", LINK.sub("", plain))
    return rest not in PUBLIC_NUMBERS and (rest.isdecimal() or (not rest and LINK.search(plain) is not None))


def latin_words(text: str) -> int:
    """How many words of Latin letters a text has; 0 where it has a letter of another script."""
    plain = LINK.sub("", unicodedata.normalize("NFKC", text))
    if any(not letter.isascii() for letter in _LETTER.findall(plain)):
        return 0
    return len(_WORD.findall(plain))
