"""Products of matrices and tensors."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError, UnsupportedError
from ..ir.graph import Value
from ..ir.types import DType
from .axes import as_axis
from .dispatch import find_function, implements
from .frame import Trace
from .location import user_location
from .numpy_elementwise import loop_dtypes, refuse_where, store
from .operands import as_array, broadcast, broadcast_shapes, broadcast_to, lift, own_value, promote, value_of
from .tracer import Array, new_array, wrap


def multiply(trace: Trace, x: Value, y: Value) -> Value:
    """The elementwise product, also of bools."""
    return trace.emit("logical_and" if x.dtype is DType.BOOL else "multiply", *broadcast(trace, x, y))


def total(trace: Trace, x: Value, axes: tuple[int, ...]) -> Value:
    """The sum over axes, also of bools."""
    return trace.emit("any" if x.dtype is DType.BOOL else "sum", x, axes=axes) if axes else x


def matrix_product(trace: Trace, a: Value, b: Value) -> Value:
    """`a[B.., m, k]` times `b[B.., k, n]`."""
    if a.dtype.is_float:
        return trace.emit("matmul", a, b)
    rows = trace.b.reshape(a, shape=(*a.shape, 1))
    columns = trace.b.reshape(b, shape=(*b.shape[:-2], 1, *b.shape[-2:]))
    return total(trace, multiply(trace, rows, columns), (len(a.shape) - 1,))


def inner_product(trace: Trace, a: Value, b: Value) -> Value:
    return total(trace, multiply(trace, a, b), (0,))


def contract(trace: Trace, a: Value, b: Value, a_axes: Sequence[int], b_axes: Sequence[int]) -> Value:
    """Sum products over pairs of axes; the result has the other axes of `a`, then those of `b`."""
    if len(a.shape) == len(b.shape) == len(a_axes) == 1:
        return inner_product(trace, a, b)
    a_free = [k for k in range(len(a.shape)) if k not in a_axes]
    b_free = [k for k in range(len(b.shape)) if k not in b_axes]
    left, right = _as_matrix(trace, a, a_free, a_axes), _as_matrix(trace, b, b_axes, b_free)
    shape = tuple(a.shape[k] for k in a_free) + tuple(b.shape[k] for k in b_free)
    return trace.b.reshape(matrix_product(trace, left, right), shape=shape)


def _as_matrix(trace: Trace, x: Value, rows: Sequence[int], columns: Sequence[int]) -> Value:
    """The matrix whose rows are numbered by some axes, and its columns by the others."""
    shape = tuple(math.prod(x.shape[k] for k in axes) for axes in (rows, columns))
    order = (*rows, *columns)
    if order != tuple(range(len(order))):
        x = trace.b.transpose(x, axes=order)
    return x if shape == x.shape else trace.b.reshape(x, shape=shape)


@implements(np.matmul)
def matmul(trace: Trace, x1: Any, x2: Any, out: Any = None, *, where: Any = True, dtype: Any = None) -> Any:
    refuse_where(where)
    operands = [lift(trace, x) for x in (x1, x2)]
    loop = loop_dtypes(np.matmul, operands, dtype)
    a, b = (value_of(trace, x, d) for x, d in zip(operands, loop, strict=False))
    for k, x in enumerate((a, b)):
        if not x.shape:
            raise ShapeError(f"matmul: operand {k} is a number: use * instead", loc=user_location())
    if a.shape[-1] != b.shape[max(len(b.shape) - 2, 0)]:
        raise ShapeError(
            f"matmul: the shapes {a.shape} and {b.shape} do not fit together: {a.shape[-1]} columns meet"
            f" {b.shape[max(len(b.shape) - 2, 0)]} rows",
            loc=user_location(),
        )
    return store(trace, wrap(trace, _matmul(trace, a, b)), out)


def _matmul(trace: Trace, a: Value, b: Value) -> Value:
    if len(a.shape) == len(b.shape) == 1:
        return inner_product(trace, a, b)
    if len(a.shape) > 2 >= len(b.shape):  # one product, also in the gradient
        return contract(trace, a, b, (len(a.shape) - 1,), (0,))
    left = a if len(a.shape) > 1 else trace.b.reshape(a, shape=(1, *a.shape))
    right = b if len(b.shape) > 1 else trace.b.reshape(b, shape=(*b.shape, 1))
    batch = broadcast_shapes(left.shape[:-2], right.shape[:-2])
    left = broadcast_to(trace, left, (*batch, *left.shape[-2:]))
    right = broadcast_to(trace, right, (*batch, *right.shape[-2:]))
    result = matrix_product(trace, left, right)
    rows = left.shape[-2:-1] if len(a.shape) > 1 else ()
    columns = right.shape[-1:] if len(b.shape) > 1 else ()
    shape = (*batch, *rows, *columns)
    return result if shape == result.shape else trace.b.reshape(result, shape=shape)


def _not_aligned(a: Value, b: Value, i: int, j: int) -> ShapeError:
    return ShapeError(
        f"shapes {a.shape} and {b.shape} not aligned: {a.shape[i]} (dim {i}) != {b.shape[j]} (dim {j})",
        loc=user_location(),
    )


def _strong(trace: Trace, *xs: Any) -> list[Value]:
    """The values of arrays in their common dtype."""
    return promote(trace, *(x if isinstance(x, Array) else wrap(trace, own_value(trace, x)) for x in xs))


@implements(np.dot, method="dot")
def dot(trace: Trace, a: Any, b: Any, out: Any = None) -> Any:
    x, y = _strong(trace, a, b)
    if not x.shape or not y.shape:
        return store(trace, wrap(trace, multiply(trace, x, y)), out)
    i, j = len(x.shape) - 1, max(len(y.shape) - 2, 0)
    if x.shape[i] != y.shape[j]:
        raise _not_aligned(x, y, i, j)
    return store(trace, wrap(trace, contract(trace, x, y, (i,), (j,))), out)


@implements(np.inner)
def inner(trace: Trace, a: Any, b: Any) -> Any:
    x, y = _strong(trace, a, b)
    if not x.shape or not y.shape:
        return wrap(trace, multiply(trace, x, y))
    i, j = len(x.shape) - 1, len(y.shape) - 1
    if x.shape[i] != y.shape[j]:
        raise _not_aligned(x, y, i, j)
    return wrap(trace, contract(trace, x, y, (i,), (j,)))


@implements(np.vdot)
def vdot(trace: Trace, a: Any, b: Any) -> Any:
    x, y = (_flat(trace, v) for v in _strong(trace, a, b))
    if x.shape != y.shape:
        raise _not_aligned(x, y, 0, 0)
    return wrap(trace, inner_product(trace, x, y))


def _flat(trace: Trace, x: Value) -> Value:
    return x if len(x.shape) == 1 else trace.b.reshape(x, shape=(math.prod(x.shape),))


@implements(np.outer)
def outer(trace: Trace, a: Any, b: Any, out: Any = None) -> Any:
    x, y = (_flat(trace, v) for v in _strong(trace, a, b))
    column = trace.b.reshape(x, shape=(*x.shape, 1))
    return store(trace, new_array(trace, multiply(trace, column, y)), out)


@implements(np.tensordot)
def tensordot(trace: Trace, a: Any, b: Any, axes: Any = 2) -> Array:
    x, y = _strong(trace, a, b)
    if isinstance(axes, (tuple, list)):
        given: list[list[Any]] = [list(s) if isinstance(s, (tuple, list)) else [s] for s in axes]
    else:
        count = operator.index(axes)
        given = [list(range(-count, 0)), list(range(count))]
    a_axes = [as_axis(k, len(x.shape)) for k in given[0]]
    b_axes = [as_axis(k, len(y.shape)) for k in given[1]]
    fits = len(a_axes) == len(b_axes) and all(
        x.shape[i] == y.shape[j] for i, j in zip(a_axes, b_axes, strict=True)
    )
    if not fits:
        raise ShapeError(
            f"shape-mismatch for sum: the shapes {x.shape} and {y.shape} along the axes {a_axes}"
            f" and {b_axes}",
            loc=user_location(),
        )
    return new_array(trace, contract(trace, x, y, a_axes, b_axes))


@implements(np.kron)
def kron(trace: Trace, a: Any, b: Any) -> Any:
    x, y = _strong(trace, a, b)
    if not x.shape or not y.shape:
        return wrap(trace, multiply(trace, x, y))
    rank = max(len(x.shape), len(y.shape))
    left, right = ((1,) * (rank - len(v.shape)) + v.shape for v in (x, y))
    spread_x = trace.b.reshape(x, shape=tuple(d for k in left for d in (k, 1)))
    spread_y = trace.b.reshape(y, shape=tuple(d for k in right for d in (1, k)))
    shape = tuple(m * n for m, n in zip(left, right, strict=True))
    return new_array(trace, trace.b.reshape(multiply(trace, spread_x, spread_y), shape=shape))


@implements(np.cross)
def cross(
    trace: Trace, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None
) -> Array:
    x, y = as_array(trace, a), as_array(trace, b)
    if (
        (axisa, axisb, axisc) != (-1, -1, -1)
        or axis not in (None, -1)
        or x.shape[-1:] != (3,)
        or y.shape[-1:] != (3,)
    ):
        raise UnsupportedError(
            "np.cross is supported for vectors of 3 along the last axis", loc=user_location()
        )
    parts = []
    for i, j in ((1, 2), (2, 0), (0, 1)):
        parts.append(x[..., i] * y[..., j] - x[..., j] * y[..., i])  # type: ignore[index]
    handler = find_function(np.stack)
    assert handler is not None
    return handler(trace, parts, -1)  # type: ignore[no-any-return]
