"""Cutting a long text into pieces that a platform takes: at line ends, else at sentence ends, never inside a character."""

from __future__ import annotations

import re
from collections.abc import Callable

_SENTENCE = re.compile(r"(?<=[。！？；!?;])")


def split_text(text: str, most: int, size: Callable[[str], int]) -> list[str]:
    """Pieces of at most `most` by `size`, in order; joined they hold every character but line ends at the cuts."""
    if size(text) <= most:
        return [text]
    pieces: list[str] = []
    current = ""
    for part in _parts(text, most, size):
        if current and size(current + part) > most:
            pieces.append(current.strip("\n"))
            current = part.lstrip("\n")
        else:
            current += part
    if current.strip("\n"):
        pieces.append(current.strip("\n"))
    return pieces


def _parts(text: str, most: int, size: Callable[[str], int]) -> list[str]:
    found: list[str] = []
    for line in text.splitlines(keepends=True):
        if size(line) <= most:
            found.append(line)
            continue
        for sentence in filter(None, _SENTENCE.split(line)):
            found += [sentence] if size(sentence) <= most else _slices(sentence, most, size)
    return found


def _slices(text: str, most: int, size: Callable[[str], int]) -> list[str]:
    """A sentence longer than a piece: as many characters as fit, character by character."""
    found, current, used = [], "", 0
    for character in text:
        width = size(character)
        if used + width > most:
            found.append(current)
            current, used = "", 0
        current += character
        used += width
    return [*found, current] if current else found
