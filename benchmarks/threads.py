"""One thread count for every contestant."""

from __future__ import annotations

import os

DEFAULT = 2
_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def limit_threads(count: int) -> None:
    """Keep this process to `count` processors and thread pools to as many threads.

    BLAS and JAX size their pools when they are loaded, so this comes before their import.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
    for name in _VARIABLES:
        os.environ[name] = str(min(count, _available()))


def thread_count() -> int:
    """Return how many threads each contestant may use."""
    return int(os.environ.get(_VARIABLES[0], _available()))


def _available() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
