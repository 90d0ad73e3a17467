"""Random nodes, a recipe for each operation: what graphs drawn by `strategies` are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gradir.ir.dims import size, symbol
from gradir.ir.graph import Span, Value
from gradir.ir.types import BOOL, INDEX, ArrayType, DType
from hypothesis import strategies as st

from tests.ir.random_regions import checkpoint_step, for_step, if_step, peek_step, stack_step, while_step
from tests.ir.random_steps import Recipe, Steps, array_types


def _convert(s: Steps, name: str) -> Sequence[Value]:
    return s.b.emit(name, s.any(), dtype=s.draw(st.sampled_from(list(DType))))


def _polygamma(s: Steps, name: str) -> Sequence[Value]:
    return s.b.emit(name, s.any(lambda t: t.dtype.is_float), n=s.number(1, 3))


def _name(s: Steps, name: str) -> Sequence[Value]:
    return s.b.emit(name, s.any(), name="x")


def _barrier(s: Steps, name: str) -> Sequence[Value]:
    return s.b.emit(name, s.any(), s.any())


def _where(s: Steps, name: str) -> Sequence[Value]:
    x = s.any()
    condition = s.found(lambda t: t == BOOL.with_shape(x.shape)) if s.flag() else None
    return s.b.emit(name, condition or s.b.not_equal(x, s.same(x)), x, s.same(x))


def _constant(s: Steps, name: str) -> Sequence[Value]:
    return (s.constant(s.draw(array_types(s.dtypes))),)


def _iota(s: Steps, name: str) -> Sequence[Value]:
    numbers = [d for d in s.dtypes if d is not DType.BOOL]
    return s.b.emit(name, size=s.number(0, 4), dtype=s.draw(st.sampled_from(numbers)))


def _broadcast(s: Steps, name: str) -> Sequence[Value]:
    x = s.any(lambda t: t.rank < 3)
    rank = s.number(x.array.rank, 3)
    axes = tuple(sorted(s.draw(st.permutations(range(rank)))[: x.array.rank]))
    shape = [s.number(1, 3) for _ in range(rank)]
    for axis, extent in zip(axes, x.shape, strict=True):
        shape[axis] = extent
    return s.b.emit(name, x, shape=tuple(shape), axes=axes)


def _reshape(s: Steps, name: str) -> Sequence[Value]:
    x = s.any()
    permuted = tuple(s.draw(st.permutations(x.shape)))
    shape = s.draw(st.sampled_from([(size(x.shape),), permuted, (1, *x.shape)]))
    return s.b.emit(name, x, shape=shape)


def _transpose(s: Steps, name: str) -> Sequence[Value]:
    x = s.any()
    return s.b.emit(name, x, axes=tuple(s.draw(st.permutations(range(x.array.rank)))))


def _concatenate(s: Steps, name: str) -> Sequence[Value]:
    x = s.any(lambda t: t.rank > 0)
    parts = [s.same(x) for _ in range(s.number(0, 2))]
    return s.b.emit(name, x, *parts, axis=s.number(0, x.array.rank - 1))


def _pad(s: Steps, name: str) -> Sequence[Value]:
    x = s.any()
    low, high = (tuple(s.number(0, 2) for _ in x.shape) for _ in "ab")
    return s.b.emit(name, x, s.constant(ArrayType(x.dtype)), low=low, high=high)


def _index(s: Steps, name: str) -> Sequence[Value]:
    x = s.any()
    at, dynamic = s.at(x.shape)
    return s.b.emit(name, x, *dynamic, at=at)


def _update(s: Steps, name: str) -> Sequence[Value]:
    x = s.any(lambda t: name == "update" or t.dtype is not DType.BOOL)
    at, dynamic = s.at(x.shape)
    part = s.b.emit("index", s.same(x), *dynamic, at=at)[0]
    return s.b.emit(name, x, part, *dynamic, at=at)


def _gathered(s: Steps, base: Value) -> tuple[list[Value], dict[str, Any]]:
    count = s.number(1, base.array.rank)
    axes = tuple(sorted(s.draw(st.permutations(range(base.array.rank)))[:count]))
    shape = s.draw(st.sampled_from([(), (2,), (2, 3)]))
    return [s.inside(base.shape[a], shape) for a in axes], {"axes": axes}


def _is_indexable(t: ArrayType) -> bool:
    return t.rank > 0 and 0 not in t.shape


def _gather(s: Steps, name: str) -> Sequence[Value]:
    base = s.any(_is_indexable)
    indices, attrs = _gathered(s, base)
    return s.b.emit(name, base, *indices, **attrs)


def _scatter(s: Steps, name: str) -> Sequence[Value]:
    base = s.any(lambda t: _is_indexable(t) and (name == "scatter" or t.dtype is not DType.BOOL))
    indices, attrs = _gathered(s, base)
    values = s.b.emit("gather", s.same(base), *indices, **attrs)[0]
    return s.b.emit(name, base, values, *indices, **attrs)


def _reduction(s: Steps, name: str) -> Sequence[Value]:
    logical, ordered = name in ("any", "all"), name in ("max", "min")
    x = s.any(lambda t: (t.dtype is DType.BOOL) == logical and not (ordered and 0 in t.shape))
    count = s.number(0, x.array.rank)
    return s.b.emit(name, x, axes=tuple(sorted(s.draw(st.permutations(range(x.array.rank)))[:count])))


def _arg_reduction(s: Steps, name: str) -> Sequence[Value]:
    x = s.any(lambda t: _is_indexable(t) and t.dtype is not DType.BOOL)
    return s.b.emit(name, x, axis=s.number(0, x.array.rank - 1))


def _scan(s: Steps, name: str) -> Sequence[Value]:
    x = s.any(lambda t: t.rank > 0 and t.dtype.is_float)
    operands = [x, s.same(x)] if name == "recurrence" else [x]
    return s.b.emit(name, *operands, axis=s.number(0, x.array.rank - 1), reverse=s.flag())


def _matmul(s: Steps, name: str) -> Sequence[Value]:
    x = s.any(lambda t: t.rank >= 2 and t.dtype.is_float)
    rank = x.array.rank
    swapped = s.b.transpose(s.same(x), axes=(*range(rank - 2), rank - 1, rank - 2))
    return s.b.emit(name, x, swapped)


def _check(s: Steps, name: str) -> Sequence[Value]:
    x = s.any(lambda t: t == INDEX)
    return s.b.emit(name, s.b.equal(x, x), exception="ValueError", message='never "this"')


def _sized(steps: Steps, name: str) -> list[Value]:
    """Work on a slice of a size that is bound here; what comes out of it has a known size."""
    b, whole = steps.b, steps.any(lambda t: t.rank > 0 and t.dtype.is_float)
    steps.symbols.append(name)
    bound = int(whole.shape[0])
    n = symbol(f"n{len(steps.symbols)}", bound)
    b.emit("bind", b.int64(steps.number(-1, 4)), symbol=n)
    rest = tuple(Span(0, d) for d in whole.shape[1:])
    part = b.index(whole, at=(Span(0, n), *rest))
    size_of_part = b.convert(b.extent(size=n), dtype=part.dtype)
    scaled = b.multiply(part, b.spread(size_of_part, part.array))
    every = tuple(range(len(part.shape)))
    return [b.update(whole, b.sin(scaled), at=(Span(0, n), *rest)), b.sum(b.square(part), axes=every)]


def _check_index(s: Steps, name: str) -> Sequence[Value]:
    x = s.b.literal(np.array(s.number(-3, 2)))
    return s.b.emit(name, x, size=3, axis=s.number(0, 2))


# For each operation that is not elementwise without attributes: how to make a step of it.
RECIPES: dict[str, Recipe] = {
    "convert": _convert,
    "name": _name,
    "barrier": _barrier,
    "polygamma": _polygamma,
    "where": _where,
    "constant": _constant,
    "iota": _iota,
    "broadcast": _broadcast,
    "reshape": _reshape,
    "transpose": _transpose,
    "concatenate": _concatenate,
    "pad": _pad,
    "index": _index,
    "update": _update,
    "accumulate": _update,
    "gather": _gather,
    "scatter": _scatter,
    "scatter_add": _scatter,
    **dict.fromkeys(("sum", "prod", "max", "min", "any", "all"), _reduction),
    **dict.fromkeys(("argmax", "argmin"), _arg_reduction),
    **dict.fromkeys(("cumsum", "cumprod", "recurrence"), _scan),
    "matmul": _matmul,
    **dict.fromkeys(("bind", "extent"), _sized),
    "peek": peek_step,
    "check": _check,
    "check_index": _check_index,
    "for": for_step,
    "while": while_step,
    "if": if_step,
    "checkpoint": checkpoint_step,
    "push": stack_step,
}
