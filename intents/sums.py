"""One sparse sum: the weighted postings of some grams added up by document."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse._sparsetools import csc_matvec  # the product behind csc_array @ vector, without its 50 us of checks

from intents.grams import Floats, Ints


def add_up(
    out: Floats, begins: NDArray[np.integer], ends: NDArray[np.integer], factors: Floats, docs: Ints, values: Floats
) -> None:
    """Add factor x value of every posting to its document's place in `out`.

    `begins` and `ends` are spans of `docs` and `values` that ascend without overlap, one a factor.
    """
    if not len(begins):
        return
    # as columns from the last span to the first: what lies between two of them is a column that ends before it begins,
    # and csc_matvec passes over it
    steps = np.empty(2 * len(begins), np.int32)
    steps[0::2], steps[1::2] = begins[::-1], ends[::-1]
    by_column = np.zeros(len(steps), np.float32)
    by_column[0::2] = factors[::-1]
    add_columns(out, steps, by_column, docs, values)


def add_columns(out: Floats, steps: Ints, factors: Floats, docs: Ints, values: Floats) -> None:
    """The same for spans from each of `steps` to the next, one a factor but the last; those that do not ascend are empty."""
    csc_matvec(len(out), len(steps) - 1, steps, docs, values, factors, out)
