"""The memory of large results: that of results which are gone, instead of fresh memory from the system.

A fresh page costs a fault at its first touch, which for large arrays is more than the arithmetic. So a large
result is a view of a block that stays here. Nothing refers to a block but this module and the arrays that
lie in it (NumPy makes it the base of their views, too): where there are none, the next result may have it.
"""

from __future__ import annotations

import math
import sys
from collections import deque
from contextlib import suppress
from typing import Any

import numpy as np

LARGE = 1 << 20  # bytes from which on blocks are kept; below, NumPy's allocator itself recycles
MOST_KEPT = 1 << 28  # bytes in all blocks that are known here, in use or not
_MOST_BLOCKS = 32
_SPARE = 32  # a result takes no more than one part in so many beyond its own size
_PAGE, _LINE = 4096, 64
_SHIFT = 23 * _LINE  # arrays begin at different places of a page: see `lower/buffers.py`
_Block = tuple[np.ndarray[Any, Any], int, int]  # memory, the bytes that fit, where they begin


class ResultMemory:
    """Blocks that results lie in. Under the GIL it needs no lock: who looks at a block takes it out first."""

    def __init__(self) -> None:
        self._blocks: deque[_Block] = deque()
        self._made = 0

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
        """Return an array whose elements are not set, as `numpy.empty` does."""
        size = math.prod(shape) * dtype.itemsize
        if not LARGE <= size <= MOST_KEPT or not _COUNTS_REFERENCES:
            return np.empty(shape, dtype)
        block = self._free_block(size) or self._new_block(size)
        array = np.ndarray(shape, dtype, block[0], block[2])
        self._blocks.append(block)  # again, now that the array holds it
        return array

    def _free_block(self, size: int) -> _Block | None:
        """Take out a block that has the room, and hardly more, and that nobody uses."""
        for _ in range(len(self._blocks)):
            try:
                block = self._blocks.popleft()
            except IndexError:  # another thread has the last one out
                return None
            if size <= block[1] <= size + size // _SPARE and _references(block) == _OF_A_FREE_ONE:
                return block
            self._blocks.append(block)
        return None

    def _new_block(self, size: int) -> _Block:
        """Make a block, giving up those that were looked at longest ago where there are too many."""
        kept = tuple(self._blocks)
        while kept and (len(kept) >= _MOST_BLOCKS or size + sum(room for _, room, _ in kept) > MOST_KEPT):
            with suppress(IndexError):  # where another thread does the same
                self._blocks.popleft()
            kept = kept[1:]
        self._made += 1
        return _block(size, self._made * _SHIFT % (_PAGE - _LINE))


def _block(size: int, place: int) -> _Block:
    """Make a block where arrays begin on a line of the cache, near a place in a page."""
    memory = np.empty(size + _PAGE, np.uint8)
    return memory, size, place // _LINE * _LINE + -memory.ctypes.data % _LINE


def _references(block: _Block) -> int:
    memory, _, _ = block
    return sys.getrefcount(memory)


# In builds without the GIL a count of references is not exact.
_COUNTS_REFERENCES = bool(getattr(sys, "_is_gil_enabled", lambda: True)())
_OF_A_FREE_ONE = _references(_block(0, 0))
MEMORY = ResultMemory()
