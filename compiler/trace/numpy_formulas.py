"""NumPy functions that are short formulas of others."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import TraceError
from ..ir.types import DType
from .axes import as_axis
from .dispatch import implements
from .frame import Trace
from .location import user_location
from .numpy_create import full_like
from .numpy_diagonals import diagonal_view
from .numpy_indexing import assigned
from .numpy_join import slice_axis
from .numpy_operators import apply_operator
from .numpy_reduce import np_sum
from .numpy_repeat import diff
from .operands import as_array, as_dtype
from .tracer import Array, Scalar


@implements(np.trapezoid)
def trapezoid(trace: Trace, y: Any, x: Any = None, dx: Any = 1.0, axis: Any = -1) -> Any:
    heights = as_array(trace, y)
    axis = as_axis(axis, heights.ndim)
    size = heights.shape[axis]
    step = dx
    if x is not None:
        places = as_array(trace, x)
        step = diff(trace, places, axis=-1 if places.ndim == 1 else axis)
        if places.ndim == 1:
            step = step.reshape([size - 1 if k == axis else 1 for k in range(heights.ndim)])
    later, earlier = slice_axis(heights, axis, slice(1, size)), slice_axis(heights, axis, slice(0, size - 1))
    both = apply_operator(trace, "add", later, earlier)
    return np_sum(trace, apply_operator(trace, "mul", step, both) / 2.0, axis)


@implements(np.polyval)
def polyval(trace: Trace, p: Any, x: Any) -> Any:
    point = as_array(trace, x)
    result = full_like(trace, point, 0)
    for coefficient in as_array(trace, p):
        result = apply_operator(trace, "add", apply_operator(trace, "mul", result, point), coefficient)
    return result


@implements(np.array_equal)
def array_equal(trace: Trace, a1: Any, a2: Any) -> Any:
    x, y = as_array(trace, a1), as_array(trace, a2)
    if x.shape != y.shape:
        return False
    same = apply_operator(trace, "eq", x, y)
    value = (
        same.value if not same.shape else trace.emit("all", same.value, axes=tuple(range(len(same.shape))))
    )
    return Scalar(trace, trace.b.cast(value, DType.BOOL), weak=True)


@implements(np.fill_diagonal)
def fill_diagonal(trace: Trace, a: Any, val: Any) -> None:
    if not isinstance(a, Array) or a.ndim != 2:
        raise TraceError("np.fill_diagonal is supported for matrices", loc=user_location())
    target = diagonal_view(a, 0, 0, 1, readonly=False)
    target.write(assigned(trace, val, as_dtype(a.dtype), target.shape))
