"""How fast memory is: a copy of an array by all threads, as in STREAM's copy kernel.

The copy is the C library's, which writes past the caches; compiled loops that do not are slower. After
McCalpin, "Memory bandwidth and machine balance in current high performance computers", IEEE TCCA Newsletter
(1995).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .measure import Call
from .threads import thread_count

TRAFFIC = 16  # bytes an element: one number read, one written


def copy(elements: int) -> Call:
    """Return a call that copies so many numbers, a part in each thread."""
    threads = thread_count()
    sources = np.array_split(np.ones(elements), threads)
    targets = np.array_split(np.zeros(elements), threads)
    pool = ThreadPoolExecutor(threads)
    return lambda: list(pool.map(np.copyto, targets, sources))
