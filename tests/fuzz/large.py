"""What is done to large arrays and long loops only, done to the small ones of generated programs too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import gradir as gr
from gradir.lower import bands, crossings, drafts, edges, index_checks, inlays, parallel, renewal, storing
from gradir.passes import segments, whole_arrays


@contextmanager
def small_as_large() -> Iterator[None]:
    """Treat arrays of any size as those that leave the cache, and loops of any length as long ones."""
    with ExitStack() as stack:
        for module, name, value in (
            (renewal, "_LEAST_BYTES", 0),
            (edges, "_SMALL_BYTES", 0),
            (parallel, "_LEAST_WORK", 0),
            (parallel, "_CHUNK_WORK", 1),
            (parallel, "_VECTORS", 1),
            (parallel, "_ROWS", 1),
            (bands, "_LEAST_SAVED", 0),
            (bands, "_LEAST_BLOCKS", 1),
            (bands, "_BLOCK", 4),
            (crossings, "LEAST", 0),
            (crossings, "_FAR", 2),
            (crossings, "ROWS", 2),
            (crossings, "COLUMNS", 2),
            (drafts, "_LEAST", 1),
            (index_checks, "_LEAST", 1),
            (inlays, "_LEAST", 1),
            (storing, "_OUT_OF_CACHE", 0),
            (storing, "_FAR_OUT_OF_CACHE", 0),
            (whole_arrays, "_LEAST_TURNS", 2),
            (segments, "_OUT_OF_CACHE", 0),
            (segments, "_SEGMENT", range(2, 5)),
            (segments, "_MOST_CARRIED", 1000),
            (segments, "_MOST_WORK", 1000),
        ):
            stack.enter_context(patch.object(module, name, value))
        stack.callback(gr.set_num_threads, gr.get_num_threads())
        gr.set_num_threads(3)
        yield
