"""Which loops walk a nest's space: dimensions that one loop walks, and loops that are split.

Neighbouring dimensions whose strides agree in every access are one loop. Where an element is
chosen by comparing one loop variable with a constant (a pad, a concatenation), the loop is split
there, so that no iteration has to choose.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from ..ir.dims import Dim, Shape, capacity
from ..ir.graph import Span
from . import crossings
from .accesses import Recorder, nest_index
from .affine import Index, Variable, variable
from .domains import Domain, Here
from .kernels import Nest
from .positions import FormOf, root_position

_MOST_PIECES = 300
_MOST_CODE = 3000  # nodes emitted for all pieces
_LONG = 4  # pieces of a loop that is worth its copies of the code


@dataclass(frozen=True, slots=True)
class Group:
    """Neighbouring axes that one loop walks; `starts` are where its pieces begin.

    With a `block` it walks so many iterations at a time, which a loop over the same axis further in does.
    """

    axes: tuple[int, ...]
    count: Dim
    starts: tuple[int, ...] = (0,)
    block: int | None = None

    def pieces(self) -> list[tuple[int, Dim]]:
        """The first iteration and the number of iterations of every piece."""
        ends = (*self.starts[1:], self.count)
        return [(first, end - first) for first, end in zip(self.starts, ends, strict=True)]


def plan_nest(nest: Nest, recorded: Recorder, form_of: FormOf) -> list[Group]:
    """Choose the loops of a nest, from all that it reads and writes."""
    return plan_part(nest, recorded, form_of, nest.space, nest_index(nest.space))


def plan_part(nest: Nest, recorded: Recorder, form_of: FormOf, space: Shape, here: Here) -> list[Group]:
    """The same for a part of the nest's index space."""
    if nest.tiled is not None:
        return _tiled_loops(space, nest.tiled)
    forms = [r.position for r in recorded.reads] + recorded.forms
    forms += [root_position(r, here, form_of) for r in nest.roots]
    return plan_loops(space, recorded, forms, weight_of(nest, recorded))


def _tiled_loops(space: Shape, axis: int) -> list[Group]:
    """Loops over tiles of an axis and the last one, inside of those over the others."""
    last = len(space) - 1
    others = [Group((k,), size) for k, size in enumerate(space) if k not in (axis, last) and size != 1]
    tile = [(axis, crossings.ROWS), (last, crossings.COLUMNS)]
    blocks = [Group((k,), space[k], block=size) for k, size in tile if capacity(space[k]) > size]
    return [*others, *blocks, *(Group((k,), space[k]) for k, _ in tile)]


def weight_of(nest: Nest, recorded: Recorder) -> int:
    """The number of nodes in a nest's innermost code."""
    return len(recorded.applied) + len(nest.roots)


def plan_loops(space: Shape, recorded: Recorder, forms: Sequence[Index], weight: int) -> list[Group]:
    """Group the axes of a space; `weight` is the number of nodes in the innermost code."""
    strides = [dict(f.terms) for f in forms]
    breaks = _breaks(space, recorded, weight)
    found: list[Group] = []
    for k, size in enumerate(space):
        if size == 1:
            continue
        last = found[-1] if found else None
        if k in breaks or last is None or last.axes[-1] in breaks:
            found.append(Group((k,), size, (0, *breaks.get(k, ()))))
        elif isinstance(size, int) and all(
            _agree(s, axis_variable(space, last.axes[-1]), axis_variable(space, k), size) for s in strides
        ):
            found[-1] = Group((*last.axes, k), last.count * size)
        else:
            found.append(Group((k,), size))
    return found


def pieces_of(nest: Nest, recorded: Recorder) -> Iterator[tuple[Nest, Here]]:
    """The pieces that the loops of a nest are split into, each as a nest, with its index in the whole."""
    breaks = _breaks(nest.space, recorded, weight_of(nest, recorded))
    axes = [Group((k,), size, (0, *breaks.get(k, ()))).pieces() for k, size in enumerate(nest.space)]
    for piece in product(*axes):
        indices = [piece_index(k, first, capacity(count)) for k, (first, count) in enumerate(piece)]
        roots = [r for r in nest.roots if r.domain is None or _meet(r.domain, piece)]
        yield Nest(tuple(count for _, count in piece), tuple(roots)), tuple(indices)


def _meet(domain: Domain, piece: Sequence[tuple[int, Dim]]) -> bool:
    """Tell whether a piece of a space and a domain have indices in common."""
    spans = [(e.start or 0, e.size) if isinstance(e, Span) else (e, 1) for e in domain]
    return all(a < d + n and d < a + m for (a, m), (d, n) in zip(piece, spans, strict=True))


def _breaks(space: Shape, recorded: Recorder, weight: int) -> dict[int, list[int]]:
    """Where to split each axis; nothing, where that makes too many pieces of code."""
    found = {}
    for k, size in enumerate(space):
        if not isinstance(size, int):
            continue
        at = sorted(b for b in recorded.breaks.get(axis_variable(space, k), ()) if 0 < b < size)
        if at:
            found[k] = at
    pieces = math.prod(len(at) + 1 for at in found.values())
    small = pieces <= _LONG or pieces * weight <= _MOST_CODE
    return found if small and pieces <= _MOST_PIECES else {}


def axis_variable(space: Shape, axis: int) -> Variable:
    """The variable of one axis of a nest's index."""
    return Variable(f"i{axis}", capacity(space[axis]))


def piece_index(axis: int, first: int, count: int) -> Index:
    """The index along an axis inside one piece of its loop."""
    counted = variable(f"i{axis}from{first}", count)
    return Index(counted.terms, first)


def _agree(strides: dict[Any, int], outer: Variable, inner: Variable, size: int) -> bool:
    return strides.get(outer, 0) == strides.get(inner, 0) * size
