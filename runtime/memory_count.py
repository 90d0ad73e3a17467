"""Counting what one call of compiled code takes of the system: a copy of the same machine code, linked anew.

The copy's `malloc` and `free` count; the code that users call is left as it is, and pays nothing.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .compile import ENTRY, Compiled
from .machine_code import link

_ALLOCATE = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_size_t)
_FREE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_RELEASE = ctypes.CFUNCTYPE(None)


@dataclass(frozen=True, slots=True)
class MemoryCount:
    """What one call took, in bytes.

    Attributes
    ----------
    allocated
        The most that the code had allocated at one time: its workspace and its stacks.
    allocations
        How often it allocated.
    kept
        What it leaves allocated, for the next call.
    results
        The memory of the results; none for those that are arguments, given away.
    """

    allocated: int
    allocations: int
    kept: int
    results: int


def count_memory(compiled: Compiled, arrays: Sequence[Any]) -> MemoryCount:
    """Run compiled code once, as if it had never been called, and count what it allocates.

    Parameters
    ----------
    compiled
        The code.
    arrays
        Its arguments, which are not written to.

    Raises
    ------
    GradirError
        As the call itself does.
    """
    heap = _Heap()
    code, _ = compiled.machine_code()
    linked = link(code, compiled.provide, instead=heap.functions)
    given = [np.array(x) if k in compiled.donated else x for k, x in enumerate(arrays)]
    try:
        outputs = compiled.run(ENTRY(linked.address(compiled.name)), given)
        results = sum(_memory_of(y) for y in outputs if not any(y is x for x in given))
        return MemoryCount(heap.most, heap.allocations, heap.now, results)
    finally:
        _RELEASE(linked.address(compiled.name + ".release"))()


def _memory_of(result: np.ndarray[Any, Any]) -> int:
    """The bytes of an array, or of the block of `result_memory` that it lies in."""
    return result.nbytes if result.base is None else result.base.nbytes


class _Heap:
    """The system's memory, counted: `functions` are the addresses of its functions by their names."""

    def __init__(self) -> None:
        self.now = self.most = self.allocations = 0
        self._sizes: dict[int, int] = {}
        system = ctypes.CDLL(None)
        self._malloc = _ALLOCATE(("malloc", system))
        self._free = _FREE(("free", system))
        self._kept = _ALLOCATE(self._allocate), _FREE(self._give_back)
        names = "malloc", "free"
        self.functions = {
            name: int(ctypes.cast(f, ctypes.c_void_p).value or 0)
            for name, f in zip(names, self._kept, strict=True)
        }

    def _allocate(self, size: int) -> int | None:
        place: int | None = self._malloc(size)
        if place is not None:
            self.allocations += 1
            self._sizes[place] = size
            self.now += size
            self.most = max(self.most, self.now)
        return place

    def _give_back(self, place: int | None) -> None:
        self.now -= self._sizes.pop(place, 0) if place is not None else 0
        self._free(place)
