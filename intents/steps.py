"""Understanding as a sequence of steps that stops where a sentence vector is wanted, so that its caller says where that is
worked out: here and now (`at_once`), or beside an event loop (bot.recall).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from intents.encoder import Encoder
from intents.grams import Floats

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The vector of a text by an encoder."""

    encoder: Encoder
    text: str

    def vector(self) -> Floats:
        """Work it out: milliseconds, tens of them where the encoder is slow; shape (1, dimensions)."""
        return self.encoder.encode([self.text])


Steps: TypeAlias = Generator[Wanted, Floats, T]
"""Gives what is wanted, is sent its vector, returns the result."""


@dataclass(slots=True)
class Known:
    """Stands for an encoder where its vector is there already."""

    name: str
    reads: int
    slow: bool
    vector: Floats

    def encode(self, texts: object) -> Floats:
        """The vector, whatever is asked for."""
        return self.vector


def at_once(steps: Steps[T]) -> T:
    """The result, with every vector worked out in between."""
    try:
        wanted = next(steps)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # what a generator returns is Any to mypy
    while True:
        vector = wanted.vector()
        try:
            wanted = steps.send(vector)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
