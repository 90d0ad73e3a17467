"""How many threads run a large loop nest: the number, and where it comes from."""

from __future__ import annotations

import ctypes
import operator
import os
from functools import cache
from typing import SupportsIndex

VARIABLE = "GRADIR_NUM_THREADS"
MOST = 256


def set_num_threads(n: SupportsIndex) -> None:
    """Let large loop nests run on so many threads, from the next call on, in the whole process.

    Results do not depend on the number: a nest is cut into the same parts for every number of
    threads, and sums of parts are added up in the order of the parts. Products of matrices are
    BLAS's, which has threads of its own.

    Parameters
    ----------
    n
        From 1, where no other thread is used or started, to 256.

    Raises
    ------
    TypeError
        If `n` is not an integer.
    ValueError
        If it is less than 1, or more than 256.

    Examples
    --------
    >>> import gradir as gr
    >>> gr.set_num_threads(2)
    >>> gr.get_num_threads()
    2
    """
    number().value = checked(n)


def get_num_threads() -> int:
    """Return how many threads a large loop nest runs on.

    It is what `set_num_threads` was given; before, the environment variable GRADIR_NUM_THREADS, or else
    the number of processors that the process may run on.

    Raises
    ------
    ValueError
        If the environment variable is not a number from 1 to 256.

    Examples
    --------
    >>> import gradir as gr
    >>> gr.get_num_threads()  # doctest: +SKIP
    8
    """
    return number().value


def checked(n: SupportsIndex) -> int:
    """Return a number of threads as an int, if it is one."""
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise TypeError(f"the number of threads is an int, not {n!r}")
    found = operator.index(n)
    if not 1 <= found <= MOST:
        raise ValueError(f"the number of threads is from 1 to {MOST}, not {found}")
    return found


@cache
def number() -> ctypes.c_int64:
    """The word of memory that the thread pool reads the number of threads from."""
    return ctypes.c_int64(_of_environment() or min(_processors(), MOST))


def _of_environment() -> int | None:
    """The number that the environment asks for, if it does."""
    text = os.environ.get(VARIABLE, "")
    if not text:
        return None
    try:
        return checked(int(text))
    except ValueError:
        raise ValueError(f"{VARIABLE} is a number from 1 to {MOST}, not {text!r}") from None


def _processors() -> int:
    """The number of processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
