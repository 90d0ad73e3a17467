"""Integer arithmetic of loop ranges: trip counts, and the range that counts the same indices down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ir.builder import Builder
from ..ir.graph import Literal, Node, Value
from ..ir.loops import heads


def constant_int(definition: Mapping[Value, Node], value: Value) -> int | None:
    """Return the integer that a rank-0 value is known to be."""
    node = definition.get(value)
    if node is None or node.op.name != "constant":
        return None
    literal: Literal = node.attrs["value"]
    return int(literal.array) if not literal.type.shape and literal.type.dtype.is_integer else None


def known_range(definition: Mapping[Value, Node], loop: Node) -> range | None:
    """Return the range of a `for` whose bounds are constants; None for others, and for a step of 0."""
    if loop.op.name != "for":
        return None
    match tuple(constant_int(definition, v) for v in heads(loop)):
        case (int(first), int(end), int(step)) if step:
            return range(first, end, step)
    return None


def trip_count(b: Builder, lo: Value, hi: Value, step: Value) -> Value:
    """Build `len(range(lo, hi, step))`: the quotient rounded up, or 0."""
    quotient = b.neg(b.floor_divide(b.subtract(lo, hi), step))
    return b.maximum(quotient, b.int64(0))


def reversed_range(
    b: Builder, bounds: Sequence[Value], known: Sequence[int | None]
) -> tuple[Value, Value, Value]:
    """Build the bounds and step of `reversed(range(lo, hi, step))`.

    The last index of the range comes first, `lo` last. A step of 1 or -1 needs no trip count: the index
    before `hi` is the last one, and an empty range stays empty.

    Parameters
    ----------
    bounds
        lo, hi and step.
    known
        The integer that each of them is known to be.
    """
    lo, hi, step = bounds
    match tuple(known):
        case (int(first), int(end), int(stride)):
            down = range(first, end, stride)[::-1]
            return b.int64(down.start), b.int64(down.stop), b.int64(down.step)
        case (_, _, (1 | -1) as stride):
            one = b.int64(stride)
            return b.subtract(hi, one), b.subtract(lo, one), b.int64(-stride)
    last = b.add(lo, b.multiply(b.subtract(trip_count(b, lo, hi, step), b.int64(1)), step))
    return last, b.subtract(lo, step), b.neg(step)
