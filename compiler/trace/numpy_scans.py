"""Running sums and products."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .axes import as_axis
from .dispatch import implements
from .frame import Trace
from .numpy_elementwise import store
from .numpy_reduce import accumulator
from .operands import lift, ordered, own_value
from .tracer import new_array


def _scan(op: str, default_axis: Any) -> Callable[..., Any]:
    def handler(trace: Trace, a: Any, axis: Any = default_axis, dtype: Any = None, out: Any = None) -> Any:
        operand = lift(trace, a)
        value = own_value(trace, operand)
        value = trace.b.cast(value, accumulator(value.dtype, dtype))
        in_order = ordered([operand])
        if axis is None or not value.shape:
            value = trace.b.reshape(value, shape=(math.prod(value.shape),))
            axis, in_order = 0, True
        result = trace.emit(op, value, axis=as_axis(axis, len(value.shape)), reverse=False)
        return store(trace, new_array(trace, result, ordered=in_order), out)

    return handler


implements(np.cumsum, method="cumsum")(_scan("cumsum", None))


implements(np.cumprod, method="cumprod")(_scan("cumprod", None))


implements((np.add, "accumulate"))(_scan("cumsum", 0))


implements((np.multiply, "accumulate"))(_scan("cumprod", 0))
