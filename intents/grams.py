"""Character grams of a normal form, as texts and as integers.

A gram of one to three characters is an int64 key, 21 bits a code point, so that thousands of phrases are taken apart and
a question is looked up in a handful of array operations. The ends of a text count as characters of longer grams.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Keys = NDArray[np.int64]
Progress = Callable[[int, int], None]
SHIFT = 21
"""Bits of a Unicode code point: a gram of up to three characters is an int64 key without collisions."""
GRAM_SIZES = (1, 2, 3)
_START, _END = "\x02", "\x03"
_BETWEEN = _END + _START
CHUNK = 100_000
"""Phrases taken at a time while an index is built: bounds the memory of building."""


class Grams(NamedTuple):
    """Every gram of every phrase, each once a phrase, ascending by phrase, then by key."""

    keys: Keys
    rows: Ints
    """The phrase."""
    counts: Ints
    """How often the phrase has it."""


class Counted(NamedTuple):
    """Every gram of every phrase, each once a phrase, ascending by gram, then by phrase."""

    vocabulary: Keys
    """All grams, ascending."""
    numbers: Ints
    """The gram's place in the vocabulary."""
    rows: Ints
    """The phrase."""
    counts: Ints
    """How often the phrase has it."""


def framed(text: str) -> str:
    """A text with the marks of its ends, which are characters of its longer grams."""
    return f"{_START}{text}{_END}"


def grams(text: str, sizes: Sequence[int] = GRAM_SIZES) -> list[str]:
    """Character n-grams of a normal form, in order, with repetitions."""
    whole = framed(text)
    found = list(text) if 1 in sizes else []
    for n in sizes:
        if n > 1:
            found += [whole[i : i + n] for i in range(len(whole) - n + 1)]
    return found


def gram_keys(text: str) -> Keys:
    """Keys of all grams of one to three characters, with repetitions: n of one, n + 1 of two, n of three."""
    codes = _codes(framed(text))
    return np.concatenate([codes[1:-1], *_longer(codes)])


def joint_keys(texts: Sequence[str]) -> tuple[Keys, int, int]:
    """Keys of all grams of several texts in a handful of operations: characters, then pairs, then triples, and where these begin.

    Those of a text that begins `n` characters into all of them, with their marks of the ends, begin `n` further on. Among the keys
    are the marks and grams that reach from one text into the next: no text has those, and no index knows them.
    """
    codes = _codes(_START + _BETWEEN.join(texts) + _END)
    n = len(codes)
    keys = np.empty(3 * n - 3, np.int64)
    pairs, triples = keys[n : 2 * n - 1], keys[2 * n - 1 :]
    keys[:n] = codes
    np.left_shift(codes[:-1], SHIFT, out=pairs)
    pairs |= codes[1:]
    np.left_shift(pairs[:-1], SHIFT, out=triples)
    triples |= codes[2:]
    return keys, n, 2 * n - 1


def grams_of(phrases: Sequence[str], progress: Progress | None = None) -> Grams:
    """The grams of all phrases (normal forms); `progress(done, total)` counts phrases."""
    parts: list[Grams] = []
    for start in range(0, len(phrases), CHUNK):
        parts.append(_of_chunk(phrases[start : start + CHUNK], start))
        if progress:
            progress(min(start + CHUNK, len(phrases)), len(phrases))
    if not parts:
        return Grams(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32))
    return Grams(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def counted(phrases: Sequence[str]) -> Counted:
    """The grams of all phrases (normal forms) gram by gram."""
    keys, owners = _all_grams(phrases)
    order = np.argsort(keys)
    new = changes(keys[order])
    vocabulary = keys[order[np.flatnonzero(new)]]
    # a gram has one length, so that its phrases ascend with its places: sorting pairs of numbers is several times as quick
    # as a stable sort of the keys
    pairs = (np.cumsum(new) - 1) * (len(keys) + 1) + order
    pairs.sort()
    numbers, order = np.divmod(pairs, len(keys) + 1)
    owners = owners[order]
    firsts = np.flatnonzero(changes(numbers) | changes(owners))
    counts = np.diff(np.append(firsts, len(keys)))
    return Counted(
        vocabulary, numbers[firsts].astype(np.int32), owners[firsts].astype(np.int32), counts.astype(np.int32)
    )


def _of_chunk(phrases: Sequence[str], start: int) -> Grams:
    keys, owners = _all_grams(phrases)
    order = np.lexsort((keys, owners))
    keys, owners = keys[order], owners[order]
    firsts = np.flatnonzero(changes(keys) | changes(owners))
    counts = np.diff(np.append(firsts, len(keys))).astype(np.int32)
    return Grams(keys[firsts], (owners[firsts] + start).astype(np.int32), counts)


def _all_grams(phrases: Sequence[str]) -> tuple[Keys, NDArray[np.intp]]:
    """Every gram with its phrase, with repetitions: by length, then by phrase."""
    codes = _codes("".join(map(framed, phrases)))
    rows = np.repeat(np.arange(len(phrases)), [len(p) + 2 for p in phrases])
    pairs, triples = _longer(codes)
    single = codes > ord(_END)
    pair = rows[:-1] == rows[1:]
    triple = rows[:-2] == rows[2:]
    keys = np.concatenate([codes[single], pairs[pair], triples[triple]])
    return keys, np.concatenate([rows[single], rows[:-1][pair], rows[:-2][triple]])


def changes(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where another value begins."""
    found = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found


def _codes(text: str) -> Keys:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.int64)


def _longer(codes: Keys) -> tuple[Keys, Keys]:
    """Keys of the pairs and of the triples."""
    pairs = (codes[:-1] << SHIFT) | codes[1:]
    return pairs, (pairs[:-1] << SHIFT) | codes[2:]
