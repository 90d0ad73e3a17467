"""Functions of scipy.special: error functions, the logistic pair, the gamma family and x log y."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.builder import Builder
from ..ir.graph import Value
from ..ir.operation import Accuracy, Attrs, Elementwise, Machine, Op, Partial, Vjp, VjpContext
from ..ir.types import DType, Type
from .polygamma_code import emit_polygamma
from .record import Emit, Evaluate, binary, operation, unary
from .scalar_code import constant, is_nan, is_zero, libm, scipy_function
from .type_rules import FLOAT, TypeRule, demand, is_int, same_type

_SLOPE_OF_ERF = 2 / math.sqrt(math.pi)
# Beyond this order the factorial in a polygamma overflows.
_HIGHEST_ORDER = 170


def _scipy(name: str) -> Evaluate:
    """A function of scipy.special, imported when it is first used."""

    def evaluate(*operands: Any) -> Any:
        from scipy import special

        return getattr(special, name)(*operands)

    return evaluate


def _gauss(b: Builder, x: Value, factor: float) -> Value:
    return b.multiply(b.like(x, factor), b.exp(b.neg(b.square(x))))


def _emit_expit(m: Machine, x: Any) -> Any:
    """1 / (1 + exp(-x)) with the exponential of `logaddexp`; 0, as SciPy's, where exp(-x) overflows."""
    zero, one = constant(m, x, 0), constant(m, x, 1)
    small = m.call("exp", m.negate(m.intrinsic("fabs", x)))
    least = constant(m, x, 1 / float(np.finfo(x.dtype.numpy).max))
    below = m.select(m.compare("<", small, least), zero, small)
    return m.divide(m.select(m.compare("<", x, zero), below, one), m.add(one, small))


def _emit_logit(m: Machine, x: Any) -> Any:
    """log1p(|1 - 2 x| / min(x, 1 - x)) with the sign of x - 1/2: nothing cancels in it.

    The quotient would overflow at the smallest x, which are scaled by a power of two before.
    """
    one, low = constant(m, x, 1), m.compare("<", x, constant(m, x, 0.5))
    positive_zero = m.add(x, constant(m, x, 0.0))  # at -0.0, too, the result is -inf
    side = m.select(low, positive_zero, m.subtract(one, x))
    limit, scale = (-1000, 64) if x.dtype is DType.F64 else (-120, 32)
    tiny = m.compare("<", m.intrinsic("fabs", side), constant(m, x, 2.0**limit))
    side = m.select(tiny, m.multiply(side, constant(m, x, 2.0**scale)), side)
    difference = m.intrinsic("fabs", m.subtract(one, m.add(x, x)))
    size = m.call("log1p", m.divide(difference, side))
    size = m.select(tiny, m.add(size, constant(m, x, scale * math.log(2))), size)
    return m.select(low, m.negate(size), size)


def _emit_xlogy(m: Machine, x: Any, y: Any) -> Any:
    zero = m.select(is_nan(m, y), y, constant(m, x, 0))
    return m.select(is_zero(m, x), zero, m.multiply(x, m.call("log", y)))


def _polygamma(x: Any, *, n: int) -> Any:
    from scipy import special

    return special.polygamma(n, x).astype(x.dtype)


def _polygamma_type() -> TypeRule:
    same = same_type(1, FLOAT)

    def infer(types: Sequence[Type], attrs: Attrs) -> tuple[Type, ...]:
        n = attrs["n"]
        demand(is_int(n) and 1 <= n <= _HIGHEST_ORDER, f"n is an int from 1 to {_HIGHEST_ORDER}, not {n!r}")
        return same(types, attrs)

    return infer


def _polygamma_vjp(c: VjpContext) -> list[Value | None]:
    return [c.b.strong_multiply(c.ct, c.b.polygamma(*c.node.operands, n=c.node.attrs["n"] + 1))]


def _unary(name: str, emit: Emit, partial: Partial, ulp: Accuracy, *, scipy_name: str = "") -> Op:
    return unary(name, FLOAT, _scipy(scipy_name or name), emit, partial, ulp=ulp)


OPS = (
    _unary("erf", libm("erf"), lambda b, out, x: _gauss(b, x, _SLOPE_OF_ERF), Accuracy(3, 4)),
    _unary("erfc", libm("erfc"), lambda b, out, x: _gauss(b, x, -_SLOPE_OF_ERF), Accuracy(4, 3)),
    _unary(
        "expit", _emit_expit,
        lambda b, out, x: b.multiply(out, b.subtract(b.like(x, 1), out)),
        Accuracy(6, 5, "0 where exp(-x) overflows, as SciPy's"),
    ),
    _unary(
        "logit", _emit_logit,
        lambda b, out, x: b.reciprocal(b.multiply(x, b.subtract(b.like(x, 1), x))),
        Accuracy(3, 3),
    ),
    _unary(
        "gammaln", scipy_function("gammaln"),
        lambda b, out, x: b.digamma(x),
        Accuracy(4, 1, "x > 3; SciPy's own"),
    ),
    _unary(
        "digamma", scipy_function("psi"),
        lambda b, out, x: b.polygamma(x, n=1),
        Accuracy(4, 1, "x > 0; SciPy's own"),
        scipy_name="digamma",
    ),
    operation(
        "polygamma", _polygamma_type(), _polygamma,
        Vjp(_polygamma_vjp), Elementwise(emit_polygamma, with_attrs=True), attrs=("n",),
        ulp=Accuracy(4, 1, "x > 0, n < 3"),
    ),
    binary(
        "xlogy", FLOAT, _scipy("xlogy"), _emit_xlogy,
        lambda b, out, x, y: b.log(y),
        lambda b, out, x, y: b.strong_multiply(x, b.reciprocal(y)),
        ulp=Accuracy(4, 8),
    ),
)  # fmt: skip
