"""Functions of scipy.special: error functions, the logistic pair, the gamma family and x log y."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..ir.builder import Builder
from ..ir.graph import Value
from ..ir.operation import Attrs, Elementwise, Machine, Op, Partial, Vjp, VjpContext
from ..ir.types import Type
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
    one = constant(m, x, 1)
    return m.divide(one, m.add(one, m.call("exp", m.negate(x))))


def _emit_logit(m: Machine, x: Any) -> Any:
    """SciPy's: log of the odds, and around one half, where that cancels, a difference of log1p."""
    one = constant(m, x, 1)
    odds = m.call("log", m.divide(x, m.subtract(one, x)))
    s = m.multiply(constant(m, x, 2), m.subtract(x, constant(m, x, 0.5)))
    central = m.subtract(m.call("log1p", s), m.call("log1p", m.negate(s)))
    outside = m.bitor(m.compare("<", x, constant(m, x, 0.3)), m.compare(">", x, constant(m, x, 0.65)))
    return m.select(outside, odds, central)


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


def _unary(name: str, emit: Emit, partial: Partial, *, scipy_name: str = "") -> Op:
    return unary(name, FLOAT, _scipy(scipy_name or name), emit, partial)


OPS = (
    _unary("erf", libm("erf"), lambda b, out, x: _gauss(b, x, _SLOPE_OF_ERF)),
    _unary("erfc", libm("erfc"), lambda b, out, x: _gauss(b, x, -_SLOPE_OF_ERF)),
    _unary(
        "expit", _emit_expit,
        lambda b, out, x: b.multiply(out, b.subtract(b.like(x, 1), out)),
    ),
    _unary(
        "logit", _emit_logit,
        lambda b, out, x: b.reciprocal(b.multiply(x, b.subtract(b.like(x, 1), x))),
    ),
    _unary("gammaln", scipy_function("gammaln"), lambda b, out, x: b.digamma(x)),
    _unary("digamma", scipy_function("psi"), lambda b, out, x: b.polygamma(x, n=1), scipy_name="digamma"),
    operation(
        "polygamma", _polygamma_type(), _polygamma,
        Vjp(_polygamma_vjp), Elementwise(emit_polygamma, with_attrs=True), attrs=("n",),
    ),
    binary(
        "xlogy", FLOAT, _scipy("xlogy"), _emit_xlogy,
        lambda b, out, x, y: b.log(y),
        lambda b, out, x, y: b.strong_multiply(x, b.reciprocal(y)),
    ),
)  # fmt: skip
