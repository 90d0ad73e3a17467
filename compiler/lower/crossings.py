"""Nests that read one array along the last axis and another along an axis further out.

In C order, every element along that axis would come with a line of memory of which nothing else is used
before it has left the cache. So the two axes are walked tile by tile, inside of the loops over all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ir.dims import Shape, is_static, room
from .accesses import Recorder, nest_index
from .accumulators import row_axes
from .affine import Index, linear, row_major
from .kernels import Access, Nest, Root

ROWS = 16  # of a tile: two lines of memory along the columns
COLUMNS = 128  # of a tile: enough for interleaved vectors
LEAST = 1 << 14  # elements of a nest: less is in a cache anyway
_FAR = 16  # elements from one to the next, above which they have no line of memory in common


def crossed_axis(nest: Nest, recorded: Recorder) -> int | None:
    """The axis along which some array of a nest is contiguous, while along the last one it is far apart.

    None, too, where what is read between two elements along that axis stays in the cache.
    """
    space, roots = nest.space, nest.roots
    if not is_static(space) or room(space) < LEAST or recorded.breaks:
        return None
    here = nest_index(space)
    forms = [r.position for r in recorded.reads]
    forms += [linear(here, row_major(space)) for r in roots if r.access is Access.STORE]
    if not all(_can_be_cut(r, space) for r in roots):
        return None
    for axis in range(len(space) - 1):
        if room(space[axis : axis + 1]) < 2 * ROWS or room(space[axis + 1 :]) < 2 * COLUMNS:
            continue
        if any(_stride(f, here[axis]) == 1 and abs(_stride(f, here[-1])) >= _FAR for f in forms):
            return axis
    return None


def _stride(form: Index, axis: Index) -> int:
    terms: Mapping[Any, int] = dict(form.terms)
    return terms.get(axis.terms[0][0], 0) if axis.terms else 0


def _can_be_cut(root: Root, space: Shape) -> bool:
    """Tell whether a root comes out the same, whatever the order of the space's parts."""
    if root.access is Access.REDUCE:
        return not root.result.shape or bool(row_axes(root.node.attrs["axes"], space))
    return root.access is Access.STORE
