"""Many words looked for in a text at once: only those that begin with the character at hand, by their lengths.

As a regular expression of all words joined by `|` does, at a fraction of its cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class Words:
    """A table of words and what stands for each."""

    def __init__(self, table: Mapping[str, str]) -> None:
        """An empty word is passed over."""
        self._table = {word: other for word, other in table.items() if word}
        lengths: dict[str, set[int]] = {}
        for word in self._table:
            lengths.setdefault(word[0], set()).add(len(word))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}
        """By the first character the lengths of its words, longest first."""

    @classmethod
    def of(cls, words: Iterable[str]) -> Words:
        """Words to look for only; each stands for itself."""
        return cls({word: word for word in words})

    def found(self, text: str) -> set[str]:
        """The words that stand anywhere in the text, those within others as well."""
        table, of_first = self._table, self._lengths.get
        return {
            word
            for at, first in enumerate(text)
            for length in of_first(first, ())
            if (word := text[at : at + length]) in table
        }

    def replace(self, text: str) -> str:
        """The text with every word replaced once, from left to right, the longest at each place; the same object without any."""
        table, of_first = self._table, self._lengths.get
        parts: list[str] = []
        begin = at = 0
        end = len(text)
        while at < end:
            for length in of_first(text[at], ()):
                other = table.get(text[at : at + length])
                if other is not None:
                    parts += (text[begin:at], other)
                    begin = at = at + length
                    break
            else:
                at += 1
        return "".join((*parts, text[begin:])) if parts else text
