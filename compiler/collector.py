"""Python's collector of reference cycles, which rests during a compilation."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_resting: set[int] = set()  # the threads that switched it off


@contextmanager
def collector_rests() -> Iterator[None]:
    """Put off the collection of cycles, in the whole process, until what is inside has run.

    A compilation makes objects by the million and hardly a cycle, so the collector would look at all of them
    again and again and find nothing: an eighth of the time of long programs. Where several threads compile,
    it rests until the first of them is done.
    """
    if not gc.isenabled():
        yield
        return
    thread = threading.get_ident()
    _resting.add(thread)
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        _resting.discard(thread)


def _go_on() -> None:
    """Switch it on in the child of a fork: the thread that would do it may not be there."""
    if _resting:
        _resting.clear()
        gc.enable()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_go_on)
