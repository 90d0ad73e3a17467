"""Reading and writing parts of arrays: `x[...]`, take, put and where."""

from __future__ import annotations

import math
from typing import Any, TypeGuard

import numpy as np

from ..errors import ShapeError, TraceError, UnsupportedError
from ..ir.graph import Span, Value
from ..ir.types import DType
from .axes import as_axis
from .dispatch import implements
from .frame import Trace
from .index_parsing import Index, Indices, NewAxis, Number, Slice, checked_index, parse_index
from .known import known_value
from .lens import Basic
from .location import user_location
from .masked import Picked
from .numpy_elementwise import store
from .numpy_shape import with_ones
from .operands import as_array, as_dtype, broadcast_shapes, broadcast_to, default_dtype, lift, value_of
from .tracer import Array, Scalar, Tracer, new_array

# Basic indices.


def _basic(trace: Trace, x: Array, index: Index) -> Array:
    """Return the view that an index without arrays gives."""
    at: list[Any] = []
    dynamic: list[Value] = []
    shape: list[Any] = []
    for item in index.items:
        match item:
            case NewAxis():
                shape.append(1)
            case Slice(span, start):
                at.append(span)
                shape.append(span.size)
                if start is not None:
                    dynamic.append(start)
            case Number(at=int()):
                at.append(item.at)
            case Number():
                at.append(None)
                dynamic.append(item.at)  # type: ignore[arg-type]
    view = x.through(Basic(tuple(at), tuple(dynamic)))
    return view if len(shape) == len(view.shape) else with_ones(view, tuple(shape))


class Selection:
    """What an index with arrays picks: a gather from a view, and how its result is arranged.

    The arrays are broadcast to one shape, which stands first in a gather. NumPy leaves it first
    where slices stand between the arrays, and else moves it to where the first array was.
    """

    def __init__(self, trace: Trace, x: Array, index: Index) -> None:
        self.run = trace
        axes = [item for item in index.items if not isinstance(item, NewAxis)]
        given = zip(axes, x.shape, strict=True)
        slices = [item if isinstance(item, Slice) else Slice(Span(0, d)) for item, d in given]
        spans = tuple(s.span for s in slices)
        self.base = x.through(Basic(spans, tuple(s.start for s in slices if s.start is not None)))
        self.axes = tuple(k for k, item in enumerate(axes) if not isinstance(item, Slice))
        places = [self._place(item) for item in axes if not isinstance(item, Slice)]
        self.index_shape = broadcast_shapes(*(p.shape for p in places))
        self.indices = [broadcast_to(trace, p, self.index_shape) for p in places]
        self.rest = tuple(s.size for k, s in enumerate(spans) if k not in self.axes)
        self._arrange(index)

    def _place(self, item: Any) -> Value:
        if isinstance(item, Indices):
            return item.value
        return self.run.b.int64(item.at) if isinstance(item.at, int) else item.at

    def _arrange(self, index: Index) -> None:
        """Find the order of the gathered axes, and the shape with new axes, of the result."""
        advanced = [k for k, item in enumerate(index.items) if isinstance(item, (Indices, Number))]
        adjacent = advanced[-1] - advanced[0] == len(advanced) - 1
        place = advanced[0] if adjacent else 0
        rank, rest = len(self.index_shape), len(self.rest)
        others = [item for item in index.items if isinstance(item, (NewAxis, Slice))]
        before = sum(isinstance(item, Slice) for item in others[:place]) if adjacent else 0
        self.order = (*range(rank, rank + before), *range(rank), *range(rank + before, rank + rest))
        dims = [item.span.size if isinstance(item, Slice) else 1 for item in others]
        self.shape = (*dims[:place], *self.index_shape, *dims[place:])

    def read(self) -> Value:
        trace = self.run
        result = trace.emit("gather", self.base.value, *self.indices, axes=self.axes)
        result = result if len(self.order) < 2 else trace.b.transpose(result, axes=self.order)
        return trace.b.reshape(result, shape=self.shape) if self.shape != result.shape else result

    def _as_gathered(self, part: Value) -> Value:
        """Rearrange a value of the result's shape to the gather's own order."""
        trace = self.run
        gathered = (*self.index_shape, *self.rest)
        part = trace.b.reshape(part, shape=tuple(gathered[k] for k in self.order))
        back = tuple(int(k) for k in np.argsort(self.order))
        return part if len(back) < 2 else trace.b.transpose(part, axes=back)

    def write(self, part: Value, op: str = "scatter") -> None:
        values = self._as_gathered(part)
        self.base.write(self.run.emit(op, self.base.value, values, *self.indices, axes=self.axes))


def get_item(trace: Trace, x: Any, index: Any) -> Any:
    """`x[index]`."""
    if isinstance(x, Scalar):
        if x.weak or not (index == () or index is Ellipsis or index is None):
            raise TraceError("a number cannot be indexed", loc=user_location())
        x = as_array(trace, x)
    if _is_unknown_mask(index, trace) and index.shape == x.shape:
        return Picked(trace, new_array(trace, x.value), index)
    parsed = parse_index(trace, x.shape, index)
    if not parsed.is_basic:
        return new_array(trace, Selection(trace, x, parsed).read(), ordered=False)
    view = _basic(trace, x, parsed)
    if not view.shape and not parsed.dots:
        return Scalar(trace, view.value, weak=False)
    return new_array(trace, view.value) if parsed.copied else view


def set_item(trace: Trace, x: Array, index: Any, value: Any) -> None:
    """`x[index] = value`, cast and broadcast as NumPy does."""
    if _is_unknown_mask(index, trace):
        _set_mask(trace, x, index, value)
        return
    parsed = parse_index(trace, x.shape, index)
    if parsed.is_basic:
        target = _basic(trace, x, parsed)
        stored = lift(trace, value)
        if not (target.shape or parsed.dots) and isinstance(stored, Tracer) and stored.shape:
            raise ShapeError("setting an array element with a sequence.", loc=user_location())
        target.write(assigned(trace, stored, as_dtype(x.dtype), target.shape))
        return
    selection = Selection(trace, x, parsed)
    selection.write(assigned(trace, value, as_dtype(x.dtype), selection.shape))


def _is_unknown_mask(index: Any, trace: Trace) -> TypeGuard[Array]:
    is_mask = isinstance(index, Tracer) and index.value.dtype is DType.BOOL
    return is_mask and known_value(trace, index.value) is None


def _set_mask(trace: Trace, x: Array, mask: Tracer, value: Any) -> None:
    """`x[mask] = value` with a traced mask: only for values that do not depend on the number of True."""
    if isinstance(value, Picked):
        new = value.whole_for(mask)
        x.write(trace.emit("where", mask.value, assigned(trace, new, as_dtype(x.dtype), x.shape), x.value))
        return
    operand = lift(trace, value)
    shape = operand.shape if isinstance(operand, Tracer) else ()
    if mask.shape != x.shape[: len(mask.shape)] or (shape and math.prod(shape) != 1):
        raise UnsupportedError(
            "x[mask] = v with a traced mask is supported for a single number v: use np.where(mask, v, x)",
            loc=user_location(),
        )
    new = trace.b.reshape(assigned(trace, operand, as_dtype(x.dtype), shape), shape=())
    rows = trace.b.broadcast(mask.value, shape=x.shape, axes=tuple(range(len(mask.shape))))
    whole = mask.value if mask.shape == x.shape else rows
    x.write(trace.emit("where", whole, broadcast_to(trace, new, x.shape), x.value))


def assigned(trace: Trace, value: Any, dtype: DType, shape: tuple[Any, ...]) -> Value:
    """Return `value` as what is stored in a part of that dtype and shape."""
    operand = lift(trace, value)
    try:
        stored = value_of(trace, operand, dtype)
    except ValueError as error:  # NaN to an integer
        raise ShapeError(str(error), loc=user_location()) from None
    own = stored.shape
    while len(own) > len(shape) and own[0] == 1:
        own = own[1:]
    if len(own) > len(shape) or any(d not in (1, s) for d, s in zip(own[::-1], shape[::-1], strict=False)):
        raise ShapeError(
            f"could not broadcast input array from shape {_text(stored.shape)} into shape {_text(shape)}",
            loc=user_location(),
        )
    return broadcast_to(trace, stored if own == stored.shape else trace.b.reshape(stored, shape=own), shape)


def _text(shape: tuple[Any, ...]) -> str:
    return "(" + ",".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def _install() -> None:
    def __getitem__(self: Tracer, index: Any) -> Any:
        return get_item(self.run, self, index)

    def __setitem__(self: Array, index: Any, value: Any) -> None:
        set_item(self.run, self, index, value)

    setattr(Tracer, "__getitem__", __getitem__)  # noqa: B010
    setattr(Array, "__setitem__", __setitem__)  # noqa: B010


_install()


# Functions.


@implements(np.take, method="take")
def take(trace: Trace, a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    if mode != "raise":
        raise UnsupportedError(f"np.take with mode={mode!r} is not supported", loc=user_location())
    x = as_array(trace, a)
    if axis is None:
        x, axis = new_array(trace, trace.b.reshape(x.value, shape=(x.size,))), 0
    axis = as_axis(axis, x.ndim)
    places: Any = list(indices) if isinstance(indices, tuple) else indices
    result = get_item(trace, x, (*(slice(None),) * axis, places))
    if isinstance(result, Array) and result.buffer is x.buffer:
        result = new_array(trace, result.value)
    return store(trace, result, out)


@implements(np.take_along_axis)
def take_along_axis(trace: Trace, arr: Any, indices: Any, axis: Any = -1) -> Array:
    x, places = as_array(trace, arr), as_array(trace, indices)
    if axis is None:
        x, axis = new_array(trace, trace.b.reshape(x.value, shape=(x.size,))), 0
    axis = as_axis(axis, x.ndim)
    if places.ndim != x.ndim:
        raise ShapeError("`indices` and `arr` must have the same number of dimensions", loc=user_location())
    grid = broadcast_shapes(
        (*x.shape[:axis], 1, *x.shape[axis + 1 :]), (*places.shape[:axis], 1, *places.shape[axis + 1 :])
    )
    shape = (*grid[:axis], places.shape[axis], *grid[axis + 1 :])
    wanted = broadcast_to(trace, checked_index(trace, places, axis, x.shape[axis]), shape)
    index = [_ramp(trace, shape, k, x.shape[k]) if k != axis else wanted for k in range(x.ndim)]
    return new_array(trace, trace.emit("gather", x.value, *index, axes=tuple(range(x.ndim))))


def _ramp(trace: Trace, shape: tuple[Any, ...], axis: int, size: Any) -> Value:
    """The place along `axis` of every element of `shape`; all 0 where the base has size 1 there."""
    if size == 1:
        return trace.b.broadcast(trace.b.int64(0), shape=shape, axes=())
    return trace.b.broadcast(trace.emit("iota", size=shape[axis], dtype=DType.I64), shape=shape, axes=(axis,))


def _at(op: str, sign: str | None) -> Any:
    def handler(trace: Trace, a: Any, indices: Any, b: Any) -> None:
        if not isinstance(a, Array):
            raise TraceError(f"np.{op}.at changes an array in place: {a!r} is not one", loc=user_location())
        index = parse_index(trace, a.shape, indices)
        shape = _basic(trace, a, index).shape if index.is_basic else Selection(trace, a, index).shape
        part = assigned(trace, b, _at_dtype(trace, a, b), shape)
        part = trace.b.cast(part, a.value.dtype)
        part = part if sign is None else trace.emit(sign, part)
        if index.is_basic:
            target = _basic(trace, a, index)
            target.write(trace.emit("add", target.value, part))
        else:
            Selection(trace, a, index).write(part, "scatter_add")

    return handler


def _at_dtype(trace: Trace, a: Array, b: Any) -> DType:
    operand = lift(trace, b)
    if isinstance(operand, Tracer) and not np.can_cast(operand.dtype, a.dtype, "same_kind"):
        raise TraceError(
            f"Cannot cast from {operand.dtype!r} to {a.dtype!r} with casting rule 'same_kind'",
            loc=user_location(),
        )
    return default_dtype(operand) if isinstance(operand, Tracer) else a.value.dtype


implements((np.add, "at"))(_at("add", None))
implements((np.subtract, "at"))(_at("subtract", "neg"))


@implements(np.copyto)
def copyto(trace: Trace, dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    source = lift(trace, src)
    if isinstance(source, Tracer) and not np.can_cast(source.dtype, dst.dtype, casting):  # type: ignore[arg-type]
        raise TraceError(
            f"Cannot cast array data from {source.dtype!r} to {dst.dtype!r} according to the rule"
            f" '{casting}'",
            loc=user_location(),
        )
    value = assigned(trace, source, as_dtype(dst.dtype), dst.shape)
    if where is not True:
        mask = trace.b.cast(as_array(trace, where).value, DType.BOOL)
        value = trace.emit("where", broadcast_to(trace, mask, dst.shape), value, dst.value)
    dst.write(value)


@implements(method="fill")
def fill(trace: Trace, a: Any, value: Any) -> None:
    a.write(assigned(trace, value, as_dtype(a.dtype), a.shape))
