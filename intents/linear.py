"""A linear model over TF-IDF grams or sentence vectors: ridge regression, one score a group.

Solved in the dual (as many equations as phrases), so that it needs no iterations, no random start and gives the
same bytes every time. Phrases of large groups weigh less, so that a big background does not drown small entries.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
import scipy.sparse
from numpy.typing import NDArray

from intents.grams import Floats
from intents.index import GramIndex

Halves = NDArray[np.uint16]
"""Packed weights."""

MAX_PHRASES = 24_000
"""Above this the equations cost too much at load (time grows with the cube, memory with the square: 2.7 GB here); the other
signals go on alone."""
_BALANCE = 0.5
_ROWS = 1_000


def _targets(groups: NDArray[np.int32]) -> tuple[Floats, Floats]:
    counts = np.bincount(groups)
    weight = (np.median(counts[counts > 0]) / counts[groups]) ** _BALANCE
    targets = np.zeros((len(groups), len(counts)), np.float32)
    targets[np.arange(len(groups)), groups] = 1
    return targets, weight.astype(np.float32)


def _kernel(grams: scipy.sparse.csr_matrix) -> Floats:
    """What each two phrases have in common, shape (phrases, phrases); some rows at a time, for it is the memory of learning."""
    found = np.zeros((grams.shape[0],) * 2, np.float32)
    across = grams.T.tocsr()
    for start in range(0, len(found), _ROWS):
        (grams[start : start + _ROWS] @ across).toarray(out=found[start : start + _ROWS])
    return found


def _dual(kernel: Floats, groups: NDArray[np.int32], ridge: float) -> Floats:
    """`kernel` is lost."""
    targets, weight = _targets(groups)
    kernel[np.diag_indices_from(kernel)] += np.float32(ridge) / weight
    # turned, it stands in memory as LAPACK wants it and is not copied
    factor = scipy.linalg.cho_factor(kernel.T, lower=True, overwrite_a=True, check_finite=False)
    solved: Floats = scipy.linalg.cho_solve(factor, targets, overwrite_b=True, check_finite=False)
    return solved


def pack(weights: Floats) -> Halves:
    """float32 as bfloat16 (the upper 16 bits, rounded to even): half the memory and the start, cheap to undo."""
    bits = np.ascontiguousarray(weights, np.float32).view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def unpack(packed: Halves) -> Floats:
    """Inverse of `pack`, exact for what it gave."""
    bits = packed.astype(np.uint32)
    bits <<= 16
    return bits.view(np.float32)


def fit_grams(index: GramIndex, ridge: float = 1.0) -> Halves:
    """Weights of each shared gram (`GramIndex.shared`) for each group; shape (shared grams, groups), packed."""
    columns = index.shared[index.cols]
    kept = columns >= 0
    shape = (len(index.groups), int(index.shared.max(initial=-1)) + 1)
    grams = scipy.sparse.csr_matrix(
        (index.weights[kept], (index.rows[kept], columns[kept])), shape=shape, dtype=np.float32
    )
    return pack(np.asarray(grams.T @ _dual(_kernel(grams), index.groups, ridge), np.float32))


def fit_vectors(vectors: Floats, groups: NDArray[np.int32], ridge: float = 0.3) -> Floats:
    """Weights of each dimension for each group; shape (dimensions, groups). Vectors are rows of length 1."""
    targets, weight = _targets(groups)
    scaled = vectors * weight[:, None]
    normal = vectors.T @ scaled
    normal[np.diag_indices_from(normal)] += np.float32(ridge)
    solved = scipy.linalg.solve(normal, scaled.T @ targets, assume_a="pos", check_finite=False)
    return np.ascontiguousarray(solved, dtype=np.float32)
