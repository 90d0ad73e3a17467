"""Python's collector of reference cycles, which rests during a compilation."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_rests() -> Iterator[None]:
    """Put off the collection of cycles, in the whole process, until what is inside has run.

    A compilation makes objects by the million and hardly a cycle, so the collector would look at all of them
    again and again and find nothing: an eighth of the time of long programs. Where several threads compile,
    it rests until the first of them is done.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
