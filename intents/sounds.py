"""Words written with other characters of the same sound, as who types by sound writes them: “行政负议” -> “行政复议”.

Words are those of the stored questions, as rjieba cuts them. Characters that sound like one, without tones, are taken for it when
they stand for nothing themselves: no stored question has them side by side, the dictionary has no such word, and
they are whole pieces of the text as it is cut (in “第一主任” nobody means 遗嘱).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from operator import add
from pathlib import Path

import numpy as np
import rjieba
from numpy.typing import NDArray

from intents.words import Words

SYLLABLES = Path(__file__).with_name("syllables.txt")
LEAST = {2: 12, 3: 4}
"""How often a word of so many characters stands in the stored questions."""
LEAST_LONG = 3
"""The same for a longer one."""
SPREAD = 40
"""Entries that a word of two characters may belong to: “现在” belongs to all of them and tells nothing."""
_NUMBERS = frozenset("一二三四五六七八九十百两")
_FIRST = 0xE000
"""Syllables are written as characters of the private use area."""
_LAST = 0xFFFF
"""Codes above it have no sound here."""


class Sounds:
    """The words of one base by their sound."""

    def __init__(
        self, phrases: Iterable[tuple[str, str]], others: Iterable[str] = (), words: Iterable[str] = ()
    ) -> None:
        """`phrases` are (entry, normal form) of stored questions whose words are looked for; `others` only say what is written,
        `words` are looked for however rare they are."""
        self._pairs: dict[str, None] = {}
        """Characters that stand side by side in a stored question; in a dictionary, which travels and is let go in steps."""
        counts: Counter[str] = Counter()
        entries: defaultdict[str, set[str]] = defaultdict(set)
        for entry, normal in phrases:
            self._note(normal)
            for word in rjieba.cut(normal, False):
                if len(word) > 1:
                    counts[word] += 1
                    entries[word].add(entry)
        for normal in others:
            self._note(normal)
        self._count = {w: n for w, n in counts.items() if _counts(w, n, len(entries[w]))}
        self._count.update((w, counts[w]) for w in words if len(w) > 1 and _chinese(w))
        self._words: dict[str, list[str]] = {}
        """By their sound."""
        for word in sorted(self._count):
            self._words.setdefault(word.translate(_syllables()), []).append(word)
        self._sounds = Words(self._words)
        self._beside = np.zeros((_kinds_of_sound(),) * 2, bool)
        """Whether two sounds stand side by side in a word."""
        for sounds in map(_numbers, self._count):
            self._beside[sounds[:-1], sounds[1:]] = True

    def _note(self, normal: str) -> None:
        self._pairs.update(dict.fromkeys(map(add, normal, normal[1:])))

    def mended(self, normal: str) -> dict[str, str]:
        """What is misspelt in a normal form, and the word that is meant, in the order of the text; nearly always empty."""
        strange = self._strange(normal)
        if not strange:
            return {}
        found: dict[str, str] = {}
        settled, done, ends = set[str](), 0, frozenset[int]()
        for at, sound in self._sounds.standing(normal.translate(_syllables())):
            written = normal[at : at + len(sound)]
            if at < done or written in settled:
                continue
            if written in self._count:
                done = at + 1  # the right word: shorter ones at its beginning are not looked for
                continue
            if strange.isdisjoint(range(at, at + len(written) - 1)):
                continue
            word = max(self._words[sound], key=lambda w: (_same(w, written), self._count[w]))
            if len(word) == 2 and not _same(word, written):
                continue
            ends = ends or frozenset(_cuts(normal))
            if at not in ends or at + len(written) not in ends:
                continue
            settled.add(written)
            if rjieba.cut(written, False) != [written]:
                found[written] = word
                done = at + len(written)
        return found

    def _strange(self, normal: str) -> set[int]:
        """Where two characters stand side by side as in no stored question, but sound like two in a word."""
        sounds = _numbers(normal)
        alike = self._beside[sounds[:-1], sounds[1:]].nonzero()[0].tolist()
        return {at for at in alike if normal[at : at + 2] not in self._pairs}


def _counts(word: str, often: int, entries: int) -> bool:
    return _chinese(word) and often >= LEAST.get(len(word), LEAST_LONG) and (len(word) > 2 or entries <= SPREAD)


def _chinese(word: str) -> bool:
    """Whether it is of Chinese characters, and does not begin with a number (“一名”), which is no word of the field."""
    return word[0] not in _NUMBERS and all("\u4e00" <= c <= "\u9fff" for c in word)


def _same(word: str, written: str) -> int:
    """Characters that are written rightly."""
    return sum(map(str.__eq__, word, written))


def _cuts(text: str) -> Iterator[int]:
    """Where pieces of the text begin, and its end."""
    at = 0
    yield at
    for piece in rjieba.cut(text, False):
        at += len(piece)
        yield at


@cache
def _syllables() -> dict[int, int]:
    """A character that stands for the sound of each character; tones and rarer readings do not count."""
    lines = [line for line in SYLLABLES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {ord(c): _FIRST + number for number, line in enumerate(lines) for c in line.split(" ")[1]}


@cache
def _table() -> NDArray[np.uint16]:
    """The number of each character's sound, by its code; 0 for one that has none."""
    table = np.zeros(_LAST + 1, np.uint16)
    for code, sound in _syllables().items():
        table[code] = sound - _FIRST + 1
    return table


def _kinds_of_sound() -> int:
    return int(_table().max()) + 1


def _numbers(text: str) -> NDArray[np.uint16]:
    """The number of the sound of each character."""
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    return _table()[np.minimum(codes, _LAST)]
