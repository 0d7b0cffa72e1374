"""A linear model over sentence vectors: ridge regression, one score a group.

Needs no iterations, no random start and gives the same bytes every time. Phrases of large groups weigh less, so that a big
background does not drown small entries.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from intents.grams import Floats

_BALANCE = 0.5


def _targets(groups: NDArray[np.int32]) -> tuple[Floats, Floats]:
    counts = np.bincount(groups)
    weight = (np.median(counts[counts > 0]) / counts[groups]) ** _BALANCE
    targets = np.zeros((len(groups), len(counts)), np.float32)
    targets[np.arange(len(groups)), groups] = 1
    return targets, weight.astype(np.float32)


def fit_vectors(vectors: Floats, groups: NDArray[np.int32], ridge: float = 0.3) -> Floats:
    """Weights of each dimension for each group; shape (dimensions, groups). Vectors are rows of length 1."""
    targets, weight = _targets(groups)
    scaled = vectors * weight[:, None]
    normal = vectors.T @ scaled
    normal[np.diag_indices_from(normal)] += np.float32(ridge)
    solved = scipy.linalg.solve(normal, scaled.T @ targets, assume_a="pos", check_finite=False)
    return np.ascontiguousarray(solved, dtype=np.float32)
