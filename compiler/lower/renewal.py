"""Updates of most of an array from its own elements elsewhere: the new array is written beside the old.

`u[1:-1] += c * (u[2:] - u[:-2])` in place would take an array for the sums, and a pass to copy them. Two
arrays that a loop exchanges take neither: only the edges, which the update leaves alone, are copied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..ir import dims
from ..ir.graph import Node, Span, Value
from .accesses import record
from .affine import row_major

if TYPE_CHECKING:
    from .inlining import Inlining

_LEAST_PART = 0.5  # of the array, below which writing in place is less work
_LEAST_BYTES = 256  # below which arrays live in registers


def is_wide_window(node: Node) -> bool:
    """Tell whether an update or accumulation is of one block of most of an array, known when compiling."""
    part = node.operands[1]
    if not part.shape or not is_block(node):
        return False
    return dims.size(part.shape) >= _LEAST_PART * dims.size(node.result.shape) > 0


def is_block(node: Node) -> bool:
    """Tell whether an update or accumulation is of one block of an array, not empty, known when compiling."""
    if not dims.is_static((*node.operands[1].shape, *node.result.shape)):
        return False
    return not any(e is None or (isinstance(e, Span) and _is_irregular(e)) for e in node.attrs["at"])


def places_of(node: Node) -> list[Span] | None:
    """Where a node reads or writes, by axis, if that is known when compiling, forward, and not nothing."""
    if not dims.is_static(node.operands[0].shape):
        return None
    found = []
    for entry in node.attrs["at"]:
        span = entry if isinstance(entry, Span) else Span(entry, 1)
        if span.start is None or not isinstance(span.size, int) or span.size < 1 or span.step < 1:
            return None
        found.append(span if span.size > 1 else Span(span.start, 1))
    return found


def is_renewable(node: Node) -> bool:
    """Tell whether it pays to write an update's result beside the array that it updates."""
    if node.op.name != "update" or not is_wide_window(node):
        return False
    return dims.size(node.result.shape) * node.result.dtype.numpy.itemsize > _LEAST_BYTES


def block_of(node: Node) -> list[tuple[int, int]]:
    """The first index along each axis of a wide window, and the number of indices."""
    spans = [e if isinstance(e, Span) else Span(e, 1) for e in node.attrs["at"]]
    return [(span.start or 0, span.size) for span in spans]  # a start is never None in a wide window


def first_of(node: Node) -> int:
    """The number of the first element that a wide window writes, in C order."""
    strides = row_major(dims.static(node.result.shape))
    return sum(first * stride for (first, _), stride in zip(block_of(node), strides, strict=True))


def part_reads_own_place(found: Inlining, node: Node) -> bool:
    """Tell whether the part of an update reads the base only where it writes: `x[i:j] = f(x[i:j])`."""
    if node.op.name not in ("update", "accumulate"):
        return False
    base, part, *dynamic = node.operands

    def same_place(value: Value) -> bool:
        index = found.producers.get(value)
        return (
            index is not None
            and index.op.name == "index"
            and index.operands == (base, *dynamic)
            and index.attrs["at"] == node.attrs["at"]
        )

    kept: Callable[[Value], Any] = lambda v: same_place(v) or found.is_kept(v)  # noqa: E731
    reads = record(found.producers, kept, [part], part.shape).reads
    return all(
        found.canonical(r.value) is not found.canonical(base) and (r.here or not same_place(r.value))
        for r in reads
    )


def _is_irregular(span: Span) -> bool:
    return span.start is None or span.step != 1 or span.size == 0
