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


def fit_vectors(vectors: Floats, groups: NDArray[np.int32], ridge: float = 0.3) -> Floats:
    """Weights of each dimension for each group; shape (dimensions, groups). Vectors are rows of length 1, `groups` ascend from 0 and leave
    no number out."""
    counts = np.bincount(groups)
    weight = (np.median(counts) / counts[groups]) ** _BALANCE
    scaled = vectors * weight[:, None].astype(np.float32)
    normal = vectors.T @ scaled
    normal[np.diag_indices_from(normal)] += np.float32(ridge)
    # what a group's phrases add up to is what their product with flags of the groups would be
    sums = np.add.reduceat(scaled, np.cumsum(counts) - counts) if len(groups) else scaled
    solved = scipy.linalg.solve(normal, sums.T, assume_a="pos", check_finite=False)
    return np.ascontiguousarray(solved, dtype=np.float32)
