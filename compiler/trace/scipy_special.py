"""scipy.special on traced values. Imported once the user's program has imported scipy.special itself."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import scipy.special

from ..errors import UnsupportedError
from ..ir.graph import Value
from ..ir.types import DType
from .axes import Axes
from .dispatch import implements
from .frame import Trace
from .location import user_location
from .numpy_elementwise import register
from .operands import broadcast_to, finish, lift, ordered, own_value
from .tracer import Tracer, new_array
from .ufunc_rules import plain

for _name in "erf erfc expit logit gammaln digamma xlogy".split():
    register(getattr(scipy.special, _name), plain(_name))


def _unary_op(ufunc: Any, op: str) -> None:
    register(ufunc, plain(op))


_unary_op(scipy.special.exp2, "exp2")
_unary_op(scipy.special.expm1, "expm1")
_unary_op(scipy.special.log1p, "log1p")
_unary_op(scipy.special.cbrt, "cbrt")


def _ndtr(trace: Trace, x: Value) -> Value:
    """The normal distribution function, `erfc(-x / sqrt 2) / 2`."""
    tail = trace.emit("erfc", trace.emit("multiply", x, trace.b.like(x, -math.sqrt(0.5))))
    return trace.emit("multiply", tail, trace.b.like(x, 0.5))


def _log_expit(trace: Trace, x: Value) -> Value:
    """`-log(1 + exp(-x))`."""
    zero = trace.b.like(x, 0)
    return trace.emit("neg", trace.emit("logaddexp", zero, trace.emit("neg", x)))


def _xlog1py(trace: Trace, x: Value, y: Value) -> Value:
    zero = trace.b.like(x, 0)
    vanishes = trace.emit(
        "logical_and", trace.emit("equal", x, zero), trace.emit("logical_not", trace.emit("isnan", y))
    )
    return trace.emit("where", vanishes, zero, trace.emit("multiply", x, trace.emit("log1p", y)))


def _entr(trace: Trace, x: Value) -> Value:
    """`-x log x`, minus infinity below 0."""
    minus = trace.emit("neg", trace.emit("xlogy", x, x))
    return trace.emit("where", trace.emit("less", x, trace.b.like(x, 0)), trace.b.like(x, -np.inf), minus)


register(scipy.special.ndtr, _ndtr)
register(scipy.special.log_expit, _log_expit)
register(scipy.special.xlog1py, _xlog1py)
register(scipy.special.entr, _entr)


@implements(scipy.special.polygamma)
def polygamma(trace: Trace, n: Any, x: Any) -> Any:
    if isinstance(n, (Tracer, np.ndarray, list, tuple)):
        raise UnsupportedError("polygamma takes a known number as its order", loc=user_location())
    operand = lift(trace, x)
    value = trace.b.cast(own_value(trace, operand), DType.F64)
    order = operator.index(n)
    result = trace.emit("digamma", value) if not order else trace.emit("polygamma", value, n=order)
    return new_array(trace, result, ordered=ordered([operand]))


class Shifted:
    """An array less its maximum along axes, which exponentials cannot overflow on."""

    def __init__(self, trace: Trace, x: Any, axis: Any, keepdims: Any, *, finite: bool) -> None:
        operand = lift(trace, x)
        value = own_value(trace, operand)
        self.value = value if value.dtype.is_float else trace.b.cast(value, DType.F64)
        self.operand = operand
        self.axes = Axes(self.value, axis, keepdims, ordered([operand]))
        top = trace.emit("stop_gradient", self.value)
        self.largest = self.axes.reduce(trace, "max", top)
        self.shift = self.largest
        if finite:  # so that the difference of two infinities does not make a NaN
            zero = trace.b.like(self.largest, 0)
            self.shift = trace.emit("where", trace.emit("isfinite", self.largest), self.largest, zero)
        self.rest = trace.emit("subtract", self.value, broadcast_to(trace, self.shift, self.value.shape))
        self.exp = trace.emit("exp", self.rest)


@implements(scipy.special.softmax)
def softmax(trace: Trace, x: Any, axis: Any = None) -> Any:
    shifted = Shifted(trace, x, axis, False, finite=False)
    total = shifted.axes.reduce(trace, "sum", shifted.exp)
    result = trace.emit("divide", shifted.exp, broadcast_to(trace, total, shifted.value.shape))
    return finish(trace, result, [shifted.operand])


@implements(scipy.special.log_softmax)
def log_softmax(trace: Trace, x: Any, axis: Any = None) -> Any:
    shifted = Shifted(trace, x, axis, False, finite=True)
    total = trace.emit("log", shifted.axes.reduce(trace, "sum", shifted.exp))
    result = trace.emit("subtract", shifted.rest, broadcast_to(trace, total, shifted.value.shape))
    return finish(trace, result, [shifted.operand])


@implements(scipy.special.logsumexp)
def logsumexp(
    trace: Trace, a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """Return log(sum(exp(a))).

    The n largest elements are taken apart, so that small others keep their digits: log1p(rest / n) + log n.
    """
    if b is not None or return_sign:
        raise UnsupportedError("logsumexp with b= or return_sign= is not supported", loc=user_location())
    shifted = Shifted(trace, a, axis, keepdims, finite=True)
    axes, value = shifted.axes, shifted.value
    top = trace.emit(
        "equal", trace.emit("stop_gradient", value), broadcast_to(trace, shifted.largest, value.shape)
    )
    ones = trace.b.cast(top, value.dtype)
    count = axes.plain(trace, "sum", ones)
    rest = axes.plain(trace, "sum", trace.emit("subtract", shifted.exp, ones))
    result = trace.emit("log1p", trace.emit("divide", rest, count))
    result = trace.emit(
        "add", trace.emit("add", result, trace.emit("log", count)), axes.drop(trace, shifted.shift)
    )
    return axes.finish(trace, result)
