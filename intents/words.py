"""Many words looked for in a text at once (Aho-Corasick, in Rust): all of them, or each replaced by what stands for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ahocorasick_rs import AhoCorasick, MatchKind


class _Sought:
    """Words and the automaton that looks for them."""

    _kind = MatchKind.Standard

    def __init__(self, words: Iterable[str]) -> None:
        """An empty word is passed over."""
        self.words = sorted({word for word in words if word})
        """What is looked for, ascending."""
        self._search = AhoCorasick(self.words, matchkind=self._kind, store_patterns=False)

    def __reduce__(self) -> tuple[type[_Sought], tuple[list[str]]]:
        """For another process: made anew, because the automaton does not travel."""
        return type(self), (self.words,)


class Words(_Sought):
    """Words to be found."""

    def standing(self, text: str) -> list[tuple[int, str]]:
        """Place and word of each that stands anywhere in the text, in order, the longest at a place first."""
        hits = self._search.find_matches_as_indexes(text, overlapping=True)
        return [(at, self.words[number]) for at, _, number in sorted((at, -end, number) for number, at, end in hits)]

    def found(self, text: str) -> set[str]:
        """The words that stand anywhere in the text, those within others as well."""
        return {self.words[number] for number, _, _ in self._search.find_matches_as_indexes(text, overlapping=True)}


class Replacements:
    """Words to be replaced by others."""

    def __init__(self, table: Mapping[str, str]) -> None:
        """What stands for each word; an empty word is passed over."""
        self._table = {word: other for word, other in table.items() if word}
        self._others = list(self._table.values())
        self._search = AhoCorasick(self._table, matchkind=MatchKind.LeftmostLongest, store_patterns=False)

    def __reduce__(self) -> tuple[type[Replacements], tuple[dict[str, str]]]:
        """For another process, as that of `Words`."""
        return Replacements, (self._table,)

    def replace(self, text: str) -> str:
        """The text with every word replaced once, from left to right, the longest at each place; the same object without any."""
        hits = self._search.find_matches_as_indexes(text)
        if not hits:
            return text
        parts: list[str] = []
        begin = 0
        for number, at, end in hits:
            parts += (text[begin:at], self._others[number])
            begin = end
        return "".join((*parts, text[begin:]))


class Cutter(_Sought):
    """Cuts a text into known words."""

    _kind = MatchKind.LeftmostLongest

    def __len__(self) -> int:
        return len(self.words)

    def numbers(self, text: str) -> list[int]:
        """The words of a text in order, the longest at each place, by their numbers; what is no word is passed over."""
        return [number for number, _, _ in self._search.find_matches_as_indexes(text)]
