"""Text as people type it -> the form that is compared. Idempotent: normalising twice is normalising once.

Steps, in this order: Unicode NFKC and lower case (full-width letters, circled digits), Traditional to Simplified
(OpenCC t2s), punctuation and marks out, typos of the field's words mended, Cantonese words to Mandarin, fillers out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import NamedTuple

import opencc

from intents.lexicon import Lexicon
from intents.words import Replacements

_CLAUSE = re.compile(r"[，,。．.!！？?；;：:\s、…~～—\n]+")
_NOT_WORD = re.compile(r"[\W_]+")
_REPEAT = re.compile(r"([^\W\d])\1{2,}")
_THRICE = re.compile(r"(.)\1\1")
_ROUNDS = 50
MAX_LENGTH = 4_000
"""Characters of a text that are looked at, as typed and as NFKC writes them: it makes up to eighteen of one."""
_IDEOGRAPHS = ((0x2E80, 0xA000), (0xF900, 0xFB00), (0x20000, 0x32000))
_IN_WORDS = "沈坏藉哩覆衹瞭甦"
"""What OpenCC's dictionary TSPhrases converts in some words only (回覆, 明瞭)."""
RECENT = 64
"""Texts whose forms are remembered."""


class Forms(NamedTuple):
    """What becomes of one text."""

    plain: str
    normal: str
    folded: str
    """With every synonym replaced, see `Normalizer.concepts`."""


class Normalizer:
    """Brings text to its normal form with the words of one lexicon."""

    def __init__(self, lexicon: Lexicon | None = None, known: Mapping[str, Forms] | None = None) -> None:
        """`known` are forms that were made before with the same lexicon, by their texts."""
        lexicon = lexicon or Lexicon()
        self._known = known or {}
        self._folded = {forms.normal: forms.folded for forms in self._known.values()}
        self._lexicon = lexicon
        self._t2s = opencc.OpenCC("t2s")
        # one text is asked for several times on its way through a match
        self._simple_of = lru_cache(RECENT)(self._simplified)
        self._plain_of = lru_cache(RECENT)(lambda text: _bare(self._simple_of(text)))
        self._normal_of = lru_cache(RECENT)(lambda text: self._replace(self.plain(text)))
        words = {**dict.fromkeys(lexicon.fillers, ""), **lexicon.cantonese, **lexicon.typos}
        bare = {self.plain(k): self.plain(v) for k, v in words.items()}
        self._words = Replacements({k: v for k, v in bare.items() if k != v})
        self._synonyms = Replacements(self._synonym_table(lexicon))

    def __reduce__(self) -> tuple[type[Normalizer], tuple[Lexicon]]:
        """For another process: made anew from the lexicon, because converter and caches do not travel."""
        return Normalizer, (self._lexicon,)

    def __call__(self, text: str) -> str:
        """The normal form: lower-case word characters only, no spaces inside Chinese; may be empty."""
        known = self._known.get(text)
        return self._normal_of(text) if known is None else known.normal

    def forms(self, text: str) -> Forms:
        """Every form of a text."""
        normal = self(text)
        return Forms(self.plain(text), normal, self.concepts(normal))

    def concepts(self, normal: str) -> str:
        """A normal form with every synonym replaced by its canonical word (longest first, canonical words kept)."""
        known = self._folded.get(normal)
        return self._synonyms.replace(normal) if known is None else known

    def _synonym_table(self, lexicon: Lexicon) -> dict[str, str]:
        table: dict[str, str] = {}
        for canonical, words in lexicon.synonyms.items():
            head = self(canonical)
            for word in (canonical, *words):
                table.setdefault(self(word), head)
        return table

    def clauses(self, text: str) -> list[str]:
        """Normal forms of the clauses of a text (split at punctuation and spaces), empty ones left out."""
        found = list(filter(None, map(_bare, _CLAUSE.split(self._simple_of(text)))))
        if self(text) == self.plain(text):
            # where nothing in the whole was replaced, nothing in its parts is
            return found
        return list(filter(None, map(self._replace, found)))

    def plain(self, text: str) -> str:
        """The first steps only, without any word replaced: what emergency rules look at."""
        known = self._known.get(text)
        return self._plain_of(text) if known is None else known.plain

    def simple(self, text: str) -> str:
        """The text in simplified characters and lower case, its punctuation kept."""
        return self._simple_of(text)

    def _simplified(self, text: str) -> str:
        folded = unicodedata.normalize("NFKC", text[:MAX_LENGTH])[:MAX_LENGTH].lower()
        if _converted().isdisjoint(folded):
            return folded
        try:
            return str(self._t2s.convert(folded))
        except UnicodeEncodeError:  # halves of a character that JSON and Telegram let through
            return str(self._t2s.convert(folded.encode("utf-8", "replace").decode()))

    def _replace(self, text: str) -> str:
        for _ in range(_ROUNDS):
            changed = self._words.replace(text)
            if not changed or changed == text:
                break
            text = _at_most_twice(changed)
        return text


@cache
def _converted() -> frozenset[str]:
    """Characters without which a text stays as it is, halves of a character among them: most texts have none, and are spared a conversion."""
    every = [chr(code) for first, end in _IDEOGRAPHS for code in range(first, end)]
    simple = opencc.OpenCC("t2s").convert("\n".join(every)).split("\n")
    changed = (c for c, other in zip(every, simple, strict=True) if c != other)
    return frozenset((*changed, *_IN_WORDS, *map(chr, range(0xD800, 0xE000))))


def _bare(simple: str) -> str:
    """Word characters only, none of them more than twice running."""
    return _at_most_twice(_NOT_WORD.sub("", simple))


def _at_most_twice(text: str) -> str:
    # most texts have nothing thrice, which the simpler expression tells at a fraction of the other's time
    return _REPEAT.sub(r"\1\1", text) if _THRICE.search(text) else text
