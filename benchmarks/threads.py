"""One thread count for every contestant."""

from __future__ import annotations

import os

THREADS = 2
_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def limit_threads(count: int = THREADS) -> None:
    """Keep this process to `count` processors and thread pools to as many threads.

    BLAS and JAX size their pools when they are loaded, so this comes before their import.
    """
    for name in _VARIABLES:
        os.environ[name] = str(count)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
