"""Elementary functions to 200 bits, and the arguments at which their code is held to them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import mpmath
import numpy as np
from gradir.ir.types import DType
from mpmath import mp, mpf

from .samples import Operands, Rng

_BITS = 200
_EACH = 96  # arguments of every kind
_MULTIPLE = 16  # of the arguments of a function, so that no loop over vectors leaves a rest
_EVERYWHERE = (-np.inf, np.inf)
_POSITIVE = (0.0, np.inf)

Draw = Callable[[Rng, DType], Operands]


@dataclass(frozen=True, slots=True)
class Reference:
    """A function on mpmath's numbers, and how to draw arguments from all over its domain.

    `scale`, where given, is the number of whose last place errors are counted, from the result and
    the arguments.
    """

    exact: Callable[..., Any]
    draw: Draw
    scale: Callable[..., Any] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """Arguments, the true results, and the size of the unit in the last place of each."""

    operands: Operands
    results: Sequence[Any]
    units: Sequence[Any]

    def errors(self, found: np.ndarray) -> np.ndarray:
        """How far results are from the true ones, in units in the last place.

        An infinity counts as the power of two that would be the next number, a NaN as infinitely far.
        """
        limits = np.finfo(found.dtype)
        beyond = mpf(2) ** int(limits.maxexp)
        found_exactly = [beyond * int(np.sign(y)) if np.isinf(y) else mpf(float(y)) for y in found]
        within = [max(-beyond, min(beyond, r)) for r in self.results]
        distances = [abs(y - r) / u for y, r, u in zip(found_exactly, within, self.units, strict=True)]
        return np.array([float(d) if not mpmath.isnan(d) else np.inf for d in distances])


@cache
def case(name: str, dtype: DType) -> Case:
    """The arguments of a function, the same at every run, and what it is there."""
    reference = REFERENCES[name]
    with np.errstate(all="ignore"):
        drawn = reference.draw(np.random.default_rng(7), dtype)
    count = len(drawn[0]) // _MULTIPLE * _MULTIPLE
    operands = tuple(np.ascontiguousarray(x[:count]) for x in drawn)
    with mp.workprec(_BITS):
        rows = [[mpf(float(x)) for x in row] for row in zip(*operands, strict=True)]
        results = [mpmath.re(reference.exact(*row)) for row in rows]
        scales = results
        if reference.scale is not None:
            scales = [reference.scale(r, *row) for r, row in zip(results, rows, strict=True)]
        return Case(operands, results, [_unit(s, dtype) for s in scales])


def _unit(x: Any, dtype: DType) -> Any:
    """The distance of the numbers of a dtype around `x`, none of them smaller than the subnormal ones'."""
    limits = np.finfo(dtype.numpy)
    _, exponent = math.frexp(min(abs(float(x)), float(limits.max)))
    return mpf(2) ** (max(exponent - 1, int(limits.minexp)) - limits.nmant)


# Arguments.


def _bit_patterns(rng: Rng, dtype: DType, domain: tuple[float, float]) -> np.ndarray:
    """Numbers of every size in a domain, with some subnormal ones."""
    bits = {DType.F64: np.uint64, DType.F32: np.uint32}[dtype]
    some = rng.integers(0, np.iinfo(bits).max, 16 * _EACH, bits, endpoint=True)
    mantissa = bits((1 << np.finfo(dtype.numpy).nmant) - 1)
    subnormal = some[: _EACH // 4] & (mantissa | ~(bits(np.iinfo(bits).max) >> bits(1)))
    x = some.view(dtype.numpy)
    x = x[np.isfinite(x) & (x > domain[0]) & (x < domain[1])][:_EACH]
    small = subnormal.view(dtype.numpy)
    return np.concatenate([x, small[(small > domain[0]) & (small < domain[1])]])


def _over(*ranges: tuple[float, float], domain: tuple[float, float] = _EVERYWHERE) -> Draw:
    """One argument: of all sizes, and evenly spread over ranges, as far as they lie in the domain."""

    def draw(rng: Rng, dtype: DType) -> Operands:
        spread = [rng.uniform(low, high, _EACH).astype(dtype.numpy) for low, high in ranges]
        x = np.concatenate([_bit_patterns(rng, dtype, domain), *spread])
        return (x[(x >= domain[0]) & (x <= domain[1])],)

    return draw


def _pair(draw: Callable[..., Sequence[tuple[Any, Any]]]) -> Draw:
    """Two arguments, from pieces of arrays."""

    def drawn(rng: Rng, dtype: DType) -> Operands:
        xs, ys = zip(*draw(rng, lambda domain: _bit_patterns(rng, dtype, domain)), strict=True)
        x, y = (np.concatenate(parts).astype(dtype.numpy) for parts in (xs, ys))
        keep = np.isfinite(x) & np.isfinite(y)
        return x[keep], y[keep]

    return drawn


def _plane(rng: Rng, of_all_sizes: Callable[..., np.ndarray]) -> list[tuple[Any, Any]]:
    """Sides of very different lengths, and of similar ones."""
    x, y = of_all_sizes(_EVERYWHERE), of_all_sizes(_EVERYWHERE)
    size = min(len(x), len(y))
    near = x * rng.uniform(0.1, 10, len(x))
    return [(x[:size], y[:size]), (x, near), tuple(rng.uniform(-3, 3, (2, _EACH)))]


def _powers(rng: Rng, of_all_sizes: Callable[..., np.ndarray]) -> list[tuple[Any, Any]]:
    """Bases of all sizes with results of all sizes, bases near 1, and negative ones with whole exponents."""
    x = of_all_sizes(_POSITIVE)
    limit = 1075 if x.dtype == np.float64 else 150
    exponents = rng.uniform(-limit, limit, len(x)) / np.log2(x.astype(np.float64))
    near = 1 + rng.uniform(-1e-3, 1e-3, _EACH)
    whole = rng.integers(-40, 40, _EACH).astype(np.float64)
    return [
        (x, exponents),
        (rng.uniform(0.1, 3, _EACH), rng.uniform(-5, 5, _EACH)),
        (-rng.uniform(0.5, 3, _EACH), whole),
        (near, rng.uniform(-1e5, 1e5, _EACH)),
    ]


def _sums_of_exponentials(rng: Rng, of_all_sizes: Callable[..., np.ndarray]) -> list[tuple[Any, Any]]:
    """Terms of similar size, of very different ones, and such that add up to about 1."""
    x = rng.uniform(-2, -1e-3, _EACH)
    return [
        tuple(rng.uniform(-3, 3, (2, _EACH))),
        tuple(rng.uniform(-800, 800, (2, _EACH))),
        (x, np.log(-np.expm1(x))),
    ]


def _weights(rng: Rng, of_all_sizes: Callable[..., np.ndarray]) -> list[tuple[Any, Any]]:
    x, y = of_all_sizes(_EVERYWHERE), of_all_sizes(_POSITIVE)
    size = min(len(x), len(y))
    return [(x[:size], y[:size]), tuple(rng.uniform(1e-3, 3, (2, _EACH)))]


# Functions.


def _erfc(x: Any) -> Any:
    """mpmath takes no argument so large that the square overflows."""
    return mpmath.erfc(max(min(x, mpf(1000)), mpf(-1000)))


def _expit(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def _logaddexp(x: Any, y: Any) -> Any:
    return max(x, y) + mpmath.log1p(mpmath.exp(-abs(x - y)))


def _largest(result: Any, *operands: Any) -> Any:
    return max(abs(result), *map(abs, operands))


def _expit_arguments(rng: Rng, dtype: DType) -> Operands:
    """SciPy's is 0 below the logarithm of the largest number."""
    least = -np.log(np.finfo(dtype.numpy).max)
    return _over((least, 40), (-3, 3), domain=(least, np.inf))(rng, dtype)


_TURNS = _over((-10, 10), (-1e5, 1e5))
_UNIT = _over((-1, 1), (0.9, 1), domain=(-1, 1))
_LOGARITHM = _over((0.5, 2), (0.99, 1.01), (0, 100), domain=_POSITIVE)

REFERENCES: dict[str, Reference] = {
    "sqrt": Reference(mpmath.sqrt, _over((0, 3), domain=_POSITIVE)),
    "cbrt": Reference(lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), _over((-3, 3))),
    "power": Reference(mpmath.power, _pair(_powers)),
    "exp": Reference(mpmath.exp, _over((-1, 1), (-88, 89), (-745, 710), (-104, -87), (-746, -708))),
    "exp2": Reference(lambda x: mpmath.power(2, x), _over((-1, 1), (-150, 128), (-1075, 1024))),
    "expm1": Reference(mpmath.expm1, _over((-1, 1), (-40, 89), (0, 710))),
    "log": Reference(mpmath.log, _LOGARITHM),
    "log2": Reference(lambda x: mpmath.log(x) / mpmath.log(2), _LOGARITHM),
    "log10": Reference(lambda x: mpmath.log(x) / mpmath.log(10), _LOGARITHM),
    "log1p": Reference(mpmath.log1p, _over((-1, 3), (-0.01, 0.01), domain=(-0.99999, np.inf))),
    "logaddexp": Reference(_logaddexp, _pair(_sums_of_exponentials), _largest),
    "sin": Reference(mpmath.sin, _TURNS),
    "cos": Reference(mpmath.cos, _TURNS),
    "tan": Reference(mpmath.tan, _TURNS),
    "arcsin": Reference(mpmath.asin, _UNIT),
    "arccos": Reference(mpmath.acos, _UNIT),
    "arctan": Reference(mpmath.atan, _over((-3, 3), (-100, 100))),
    "sinh": Reference(mpmath.sinh, _over((-2, 2), (-90, 90), (-711, 711))),
    "cosh": Reference(mpmath.cosh, _over((-2, 2), (-90, 90), (-711, 711))),
    "tanh": Reference(mpmath.tanh, _over((-1, 1), (-25, 25))),
    "arcsinh": Reference(mpmath.asinh, _over((-3, 3))),
    "arccosh": Reference(mpmath.acosh, _over((1, 3), (1, 1.01), domain=(1, np.inf))),
    "arctanh": Reference(mpmath.atanh, _over((-0.99, 0.99), (0.9, 0.999), domain=(-0.9999, 0.9999))),
    "arctan2": Reference(mpmath.atan2, _pair(_plane)),
    "hypot": Reference(lambda x, y: mpmath.sqrt(x * x + y * y), _pair(_plane)),
    "erf": Reference(mpmath.erf, _over((-1, 1), (-6.5, 6.5))),
    "erfc": Reference(_erfc, _over((-1, 3), (-6.5, 28), (9, 10.2), (26, 27.3))),
    "expit": Reference(_expit, _expit_arguments),
    "logit": Reference(
        lambda x: mpmath.log(x / (1 - x)), _over((0.01, 0.99), (0.49, 0.51), domain=(0, 0.9999))
    ),
    "gammaln": Reference(mpmath.loggamma, _over((3, 10), (3, 200), domain=(3, 1e30))),
    "digamma": Reference(mpmath.digamma, _over((0, 3), (1, 200), domain=(1e-30, 1e30))),
    "polygamma": Reference(
        lambda x: mpmath.polygamma(2, x), _over((0.01, 3), (1, 30), (20, 1000), domain=(1e-5, 1e5))
    ),
    "xlogy": Reference(lambda x, y: x * mpmath.log(y), _pair(_weights)),
}
