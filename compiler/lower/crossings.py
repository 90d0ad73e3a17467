"""Nests that read one array along its rows and another along its columns.

Row by row, every element of a column would come with a line of memory of which nothing else is used before
it has left the cache. Such a nest is a band of its own, and each block of its rows is walked tile by tile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ir.dims import Shape, is_static, room
from .accesses import Recorder, nest_index
from .affine import Index, linear, row_major
from .kernels import Access, Nest, Root
from .lifetimes import row_axes

ROWS = 16  # of a tile: two lines of memory along the columns
_COLUMNS = 128  # of a tile: enough for interleaved vectors
LEAST = 1 << 14  # elements of a nest: less is in a cache anyway
_FAR = 16  # elements from one to the next, above which they have no line of memory in common


def tile_of(nest: Nest, recorded: Recorder) -> int | None:
    """The columns of a tile of a nest that reads one array along its rows, another along its columns."""
    return _COLUMNS if _is_crossed(nest, recorded) else None


def _is_crossed(nest: Nest, recorded: Recorder) -> bool:
    """Tell whether some array is contiguous along the first axis of a nest, and others along the last."""
    space, roots = nest.space, nest.roots
    if not is_static(space) or len(space) < 2 or room(space) < LEAST or recorded.breaks:
        return False
    if room(space[:1]) < 2 * ROWS or room(space[-1:]) < 2 * _COLUMNS:
        return False
    here = nest_index(space)
    forms = [r.position for r in recorded.reads]
    forms += [linear(here, row_major(space)) for r in roots if r.access is Access.STORE]
    across = any(_stride(f, here[0]) == 1 and abs(_stride(f, here[-1])) >= _FAR for f in forms)
    return across and all(_can_be_cut(r, space) for r in roots)


def _stride(form: Index, axis: Index) -> int:
    terms: Mapping[Any, int] = dict(form.terms)
    return terms.get(axis.terms[0][0], 0)


def _can_be_cut(root: Root, space: Shape) -> bool:
    """Tell whether a root comes out the same, whatever the order of the space's parts."""
    if root.access is Access.REDUCE:
        return not root.result.shape or bool(row_axes(root.node.attrs["axes"], space))
    return root.access is Access.STORE
