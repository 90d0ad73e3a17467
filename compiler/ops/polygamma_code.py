"""Scalar code of polygamma: SciPy exports no Hurwitz zeta function that compiled code could call.

For x > 0, psi_n(x) = (-1)**(n+1) n! zeta(n + 1, x), with zeta by direct terms and then the Euler-Maclaurin
formula (DLMF 25.11.5 and 25.11.43); for x <= 0 by the reflection formula (DLMF 5.15.6).
"""

from __future__ import annotations

import math
from typing import Any

from ..ir.operation import Attrs, Machine
from ..ir.types import DType
from .scalar_code import constant

# B_2, B_4, ... as fractions; eight of them leave a relative error below 1e-17 at the start chosen in `_zeta`.
_BERNOULLI = ((1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66), (-691, 2730), (7, 6), (-3617, 510))
_DIRECT_TERMS = 12


def emit_polygamma(m: Machine, x: Any, *, attrs: Attrs) -> Any:
    n = attrs["n"]
    wide = m.convert(x, DType.F64)
    zero = constant(m, wide, 0.0)
    reflected = m.compare("<=", wide, zero)
    positive = m.select(reflected, m.subtract(constant(m, wide, 1.0), wide), wide)
    sign = (-1) ** (n + 1)
    value = m.multiply(constant(m, wide, sign * math.gamma(n + 1)), _zeta(m, n + 1, positive))
    mirrored = _reflection(m, n, wide, value)
    pole = m.bitand(reflected, m.compare("==", wide, m.intrinsic("floor", wide)))
    value = m.select(pole, constant(m, wide, sign * math.inf), m.select(reflected, mirrored, value))
    return m.convert(value, x.dtype)


def _power(m: Machine, x: Any, n: int) -> Any:
    """x**n for n >= 1 by squaring."""
    result = None
    while n:
        if n & 1:
            result = x if result is None else m.multiply(result, x)
        n >>= 1
        x = m.multiply(x, x) if n else x
    return result


def _polynomial(m: Machine, x: Any, coefficients: list[float]) -> Any:
    """Horner's scheme; the constant term is first."""
    result = constant(m, x, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        result = m.add(m.multiply(result, x), constant(m, x, c))
    return result


def _zeta(m: Machine, s: int, x: Any) -> Any:
    """The Hurwitz zeta function of an int s >= 2 and x > 0, the smallest terms summed first.

    Large x needs no direct terms, each of which would add its rounding.
    """
    direct = _DIRECT_TERMS + s
    one, zero = constant(m, x, 1.0), constant(m, x, 0.0)
    large = m.compare(">=", x, constant(m, x, float(direct)))
    start = m.add(x, m.select(large, zero, constant(m, x, float(direct))))
    inverse = m.divide(one, start)
    rising, series = 1, []
    for j, (numerator, denominator) in enumerate(_BERNOULLI):
        rising *= s if j == 0 else (s + 2 * j - 1) * (s + 2 * j)
        # A quotient of ints is rounded once, however large they are.
        series.append(numerator * rising / (denominator * math.factorial(2 * j + 2)))
    tail = m.multiply(inverse, _polynomial(m, m.multiply(inverse, inverse), series))
    tail = m.multiply(inverse, m.add(tail, constant(m, x, 0.5)))
    total = m.multiply(_power(m, inverse, s - 1), m.add(tail, constant(m, x, 1 / (s - 1))))
    for k in reversed(range(direct)):
        term = _power(m, m.divide(one, m.add(x, constant(m, x, float(k)))), s)
        total = m.add(total, m.select(large, zero, term))
    return total


def _cotangent_of_pi(m: Machine, x: Any) -> Any:
    """cot(pi x), exactly 0 halfway between its poles."""
    pi, half = constant(m, x, math.pi), constant(m, x, 0.5)
    rest = m.subtract(x, m.intrinsic("rint", x))
    size = m.intrinsic("fabs", rest)
    near_zero = m.compare(">", size, constant(m, x, 0.25))
    tangent = m.call("tan", m.multiply(pi, m.select(near_zero, m.subtract(half, size), size)))
    value = m.select(near_zero, tangent, m.divide(constant(m, x, 1.0), tangent))
    return m.intrinsic("copysign", value, rest)


def _reflection(m: Machine, n: int, x: Any, at_one_minus_x: Any) -> Any:
    """psi_n(x) = (-1)**n psi_n(1 - x) - pi d^n cot(pi x) / dx^n."""
    cotangent = _cotangent_of_pi(m, x)
    derivative = [0, 1]  # as a polynomial in cot(pi x), over pi**order
    for _ in range(n):
        slope = [k * c for k, c in enumerate(derivative)][1:]
        derivative = [-a - b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    part = _polynomial(m, cotangent, [c * math.pi ** (n + 1) for c in derivative])
    return m.subtract(m.multiply(constant(m, x, float((-1) ** n)), at_one_minus_x), part)
