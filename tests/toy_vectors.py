"""Sentence vectors that a test can foresee."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from intents.grams import Floats


def counted(texts: Sequence[str]) -> Floats:
    """Counts of the characters, folded into 64 places, of length 1; shape (texts, 64)."""
    rows = np.zeros((len(texts), 64), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for character in text:
            row[ord(character) % 64] += 1
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-9), np.float32)
