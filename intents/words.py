"""Many words looked for in a text at once: only those that begin with the two characters at hand, by their lengths.

As a regular expression of all words joined by `|` does, at a fraction of its cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import add


class Words:
    """A table of words and what stands for each."""

    def __init__(self, table: Mapping[str, str]) -> None:
        """An empty word is passed over."""
        self._table = {word: other for word, other in table.items() if word}
        lengths: dict[str, set[int]] = {}
        for word in self._table:
            lengths.setdefault(word[:2], set()).add(len(word))
        for head, found in lengths.items():
            found |= lengths.get(head[0], set())
        self._lengths = {head: sorted(found, reverse=True) for head, found in lengths.items()}
        """By their first two characters the lengths of words, longest first; by the first alone those of one character."""
        self._single = frozenset(head for head in lengths if len(head) == 1)

    def _places(self, text: str) -> list[tuple[int, list[int]]]:
        """Where words may begin, ascending, and of which lengths, longest first."""
        of_head = self._lengths.get
        heads = map(add, text, text[1:] + " ")
        if not self._single.isdisjoint(text):
            return [(at, n) for at, head in enumerate(heads) if (n := of_head(head) or of_head(head[0]))]
        return [(at, n) for at, head in enumerate(heads) if (n := of_head(head))]

    @classmethod
    def of(cls, words: Iterable[str]) -> Words:
        """Words to look for only; each stands for itself."""
        return cls({word: word for word in words})

    def standing(self, text: str) -> Iterator[tuple[int, str]]:
        """Place and word of each that stands anywhere in the text, in order, the longest at a place first."""
        table = self._table
        return (
            (at, word)
            for at, lengths in self._places(text)
            for length in lengths
            if (word := text[at : at + length]) in table
        )

    def found(self, text: str) -> set[str]:
        """The words that stand anywhere in the text, those within others as well."""
        return {word for _, word in self.standing(text)}

    def replace(self, text: str) -> str:
        """The text with every word replaced once, from left to right, the longest at each place; the same object without any."""
        parts: list[str] = []
        begin = 0
        for at, lengths in self._places(text):
            if at >= begin:
                for length in lengths:
                    other = self._table.get(text[at : at + length])
                    if other is not None:
                        parts += (text[begin:at], other)
                        begin = at + length
                        break
        return "".join((*parts, text[begin:])) if parts else text
