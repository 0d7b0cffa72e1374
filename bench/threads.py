"""`python -m bench.threads`: what a second thread of the linear algebra gives and costs, on a busy machine and on a free one.

The product is the size of the service's own: a sentence vector with the weights of every group of questions. Between two
products the interpreter sleeps a millisecond, as it does between two messages. Busy: a process beside it for each core.
"""

from __future__ import annotations

import multiprocessing
import os
import time

import numpy as np
from threadpoolctl import threadpool_limits

PRODUCTS = 3_000
SHAPE = (512, 1_300)
"""Dimensions of a sentence vector, groups of questions."""


def spin() -> None:
    """Be busy for ever."""
    while True:
        pass


def times(threads: int) -> list[float]:
    """Microseconds of each product, in order of size."""
    random = np.random.default_rng(1)
    matrix, vector = random.random(SHAPE, np.float32), random.random(SHAPE[0], np.float32)
    found = []
    with threadpool_limits(threads, user_api="blas"):
        for _ in range(PRODUCTS):
            started = time.perf_counter()
            vector @ matrix
            found.append(1e6 * (time.perf_counter() - started))
            time.sleep(0.001)
    return sorted(found)


def show(busy: str) -> None:
    """One line a number of threads."""
    for threads in (1, 2):
        found = times(threads)
        half, late, latest = (found[int(share * PRODUCTS)] for share in (0.5, 0.99, 0.999))
        print(f"{busy}, {threads} thread(s): p50 {half:.0f}, p99 {late:.0f}, p99.9 {latest:.0f} µs")  # noqa: T201


def main() -> None:
    """Free, then busy."""
    show("free")
    beside = [multiprocessing.Process(target=spin, daemon=True) for _ in range(os.cpu_count() or 1)]
    for process in beside:
        process.start()
    show("busy")
    for process in beside:
        process.kill()


if __name__ == "__main__":
    main()
