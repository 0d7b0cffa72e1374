"""The two parts of BM25 (Robertson and Zaragoza 2009) that every index here weighs its documents by."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

K1, B = 1.2, 0.75
"""The usual constants."""


def rarity(documents: int, frequency: NDArray[Any]) -> NDArray[Any]:
    """What it tells that a term stands in so many of the documents; float64."""
    found: NDArray[Any] = np.log(1 + (documents - frequency + 0.5) / (frequency + 0.5))
    return found


def saturated(counts: NDArray[Any], lengths: NDArray[Any]) -> NDArray[Any]:
    """What so many occurrences of a term count in a document; `lengths` are relative to the mean."""
    found: NDArray[Any] = counts * (K1 + 1) / (counts + K1 * (1 - B + B * lengths))
    return found
