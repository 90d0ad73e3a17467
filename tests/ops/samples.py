"""The spec table: for every operation, operands to try it on, and how exactly code must agree with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from gradir.ir.graph import Literal, Span
from gradir.ir.types import DType

Rng = np.random.Generator
Operands = tuple[np.ndarray, ...]

FLOATS = (DType.F64, DType.F32)
INTS = (DType.I64, DType.I32, DType.I8, DType.U8)
NUMBERS = (*FLOATS, *INTS)
BOOLS = (DType.BOOL,)
ANY = (*NUMBERS, *BOOLS)


@dataclass(frozen=True, slots=True)
class Sample:
    """One use of an operation: how to draw its operands, and its attributes."""

    draw: Callable[[Rng, DType], Operands]
    attrs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One operation of the table.

    `ulp` bounds the distance of its code from its evaluation in units in the last place, `grid`
    asks for all combinations of special values, `smooth` names the operands with a derivative, and
    `any_zero` says that the sign of a zero is not specified.
    """

    samples: tuple[Sample, ...]
    dtypes: tuple[DType, ...] = FLOATS
    ulp: float = 0
    grid: int = 0
    smooth: tuple[int, ...] = ()
    any_zero: bool = False
    exponent: bool = False  # integers: operand 1 is not negative
    least: float = -np.inf  # special values below it are left out


def numbers(
    rng: Rng, dtype: DType, shape: tuple[int, ...] = (5,), low: float = -2.0, high: float = 2.0
) -> Any:
    """Random numbers of a dtype; integers from -9 to 9, or what of it the dtype holds."""
    if dtype is DType.BOOL:
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.is_float:
        return rng.uniform(low, high, shape).astype(dtype.numpy)
    return rng.integers(0 if dtype.value[0] == "u" else -9, 10, shape).astype(dtype.numpy)


def _elementwise(
    arity: int,
    domains: tuple[tuple[float, float], ...] = ((-2.0, 2.0),),
    *,
    smooth: bool = True,
    attrs: Mapping[str, Any] | None = None,
    **more: Any,
) -> Row:
    """A row of an elementwise operation with one domain for each operand (the last one repeated)."""
    domains = (*domains, *domains[-1:] * (arity - len(domains)))

    def draw(rng: Rng, dtype: DType) -> Operands:
        return tuple(numbers(rng, dtype, (5,), *d) for d in domains)

    return Row((Sample(draw, attrs or {}),), grid=arity, smooth=tuple(range(arity)) if smooth else (), **more)


def _unary(low: float = -2.0, high: float = 2.0, **more: Any) -> Row:
    return _elementwise(1, ((low, high),), **more)


def _binary(x: tuple[float, float] = (-2.0, 2.0), y: tuple[float, float] = (-2.0, 2.0), **more: Any) -> Row:
    return _elementwise(2, (x, y), **more)


def _arrays(*shapes: tuple[int, ...], **attrs: Any) -> Sample:
    return Sample(lambda rng, dtype: tuple(numbers(rng, dtype, s) for s in shapes), attrs)


def _with_indices(shapes: list[tuple[int, ...]], indices: list[Any], **attrs: Any) -> Sample:
    def draw(rng: Rng, dtype: DType) -> Operands:
        return (*(numbers(rng, dtype, s) for s in shapes), *(np.array(i, np.int64) for i in indices))

    return Sample(draw, attrs)


def _moves(
    *samples: Sample, smooth: tuple[int, ...] = (0,), dtypes: tuple[DType, ...] = ANY, **more: Any
) -> Row:
    return Row(samples, dtypes, smooth=smooth, **more)


_AXES = [(), (0,), (1,), (0, 1)]
_REDUCTIONS = (
    *(_arrays((3, 4), axes=a) for a in _AXES),
    _arrays((2, 3, 2), axes=(0, 2)),
    _arrays((), axes=()),
)
_EMPTY = (_arrays((0, 3), axes=(0,)), _arrays((0, 3), axes=(1,)))
_SCANS = (
    *(_arrays((3, 4), axis=a, reverse=r) for a in (0, 1) for r in (False, True)),
    _arrays((1,), axis=0, reverse=False),
    _arrays((0, 2), axis=0, reverse=True),
)

# Places of basic indexing: the shape of the base, its index, the dynamic operands, the shape of the part.
_PLACES: list[tuple[tuple[int, ...], tuple[Any, ...], list[int], tuple[int, ...]]] = [
    ((5,), (2,), [], ()),
    ((5,), (None,), [3], ()),
    ((5,), (Span(1, 2, 2),), [], (2,)),
    ((5,), (Span(4, 5, -1),), [], (5,)),
    ((5,), (Span(3, 2, -3),), [], (2,)),
    ((5,), (Span(5, 0, 1),), [], (0,)),
    ((3, 4, 5), (Span(0, 3), None, Span(None, 2, -2)), [1, 4], (3, 2)),
    ((3, 4), (1, Span(None, 3)), [1], (3,)),
    ((), (), [], ()),
]
_INDEX = tuple(_with_indices([base], dynamic, at=at) for base, at, dynamic, _ in _PLACES)
_UPDATE = tuple(_with_indices([base, part], dynamic, at=at) for base, at, dynamic, part in _PLACES)

# Places of advanced indexing: the shape of the base, the axes, the indices, the shape of the values.
_PICKS: list[tuple[tuple[int, ...], tuple[int, ...], list[Any], tuple[int, ...]]] = [
    ((5,), (0,), [[1, 1, 4]], (3,)),
    ((5,), (0,), [2], ()),
    ((3, 4), (1,), [[[0, 3], [3, 0]]], (2, 2, 3)),
    ((3, 4), (0, 1), [[0, 2, 0], [1, 1, 1]], (3,)),
    ((2, 3, 4), (0, 2), [[0, 1, 1], [3, 0, 0]], (3, 3)),
    ((3,), (0,), [[]], (0,)),
]
_GATHER = tuple(_with_indices([base], indices, axes=axes) for base, axes, indices, _ in _PICKS)
_SCATTER = tuple(_with_indices([base, values], indices, axes=axes) for base, axes, indices, values in _PICKS)


def _twice(sample: Sample) -> Sample:
    """The same operands, drawn two times."""
    return Sample(lambda rng, dtype: sample.draw(rng, dtype) + sample.draw(rng, dtype), sample.attrs)


def _where(rng: Rng, dtype: DType) -> Operands:
    return numbers(rng, DType.BOOL), numbers(rng, dtype), numbers(rng, dtype)


def _power(rng: Rng, dtype: DType) -> Operands:
    x, y = numbers(rng, dtype, low=0.1, high=3.0), numbers(rng, dtype)
    return x, y if dtype.is_float else np.abs(y)


def _nothing(rng: Rng, dtype: DType) -> Operands:
    return ()


def _constants() -> Iterator[Sample]:
    for array in (
        np.float64(-0.0),
        np.float32(np.nan),
        np.int8(-3),
        np.bool_(True),
        np.arange(6.0).reshape(2, 3),
    ):
        yield Sample(_nothing, {"value": Literal.of(array)})


_LIBM = 4
_POSITIVE = (0.1, 3.0)
_INSIDE = (-0.9, 0.9)

ROWS: dict[str, Row] = {
    # arithmetic
    "neg": _unary(dtypes=NUMBERS),
    "abs": _unary(dtypes=NUMBERS),
    "sign": _unary(dtypes=NUMBERS, smooth=False),
    "square": _unary(dtypes=NUMBERS),
    "reciprocal": _unary(*_POSITIVE),
    "sqrt": _unary(*_POSITIVE),
    "cbrt": _unary(*_POSITIVE, ulp=_LIBM),
    "add": _binary(dtypes=NUMBERS),
    "subtract": _binary(dtypes=NUMBERS),
    "multiply": _binary(dtypes=NUMBERS),
    "divide": _binary(y=_POSITIVE),
    "strong_multiply": _binary(),
    "floor_divide": _binary(dtypes=NUMBERS, smooth=False),
    "remainder": _binary((0.1, 0.9), (1.0, 2.0), dtypes=NUMBERS),
    "power": Row((Sample(_power),), NUMBERS, _LIBM, grid=2, smooth=(0, 1), exponent=True),
    # exponentials
    "exp": _unary(ulp=_LIBM),
    "exp2": _unary(ulp=_LIBM),
    "expm1": _unary(ulp=_LIBM),
    "log": _unary(*_POSITIVE, ulp=_LIBM),
    "log2": _unary(*_POSITIVE, ulp=_LIBM),
    "log10": _unary(*_POSITIVE, ulp=_LIBM),
    "log1p": _unary(*_INSIDE, ulp=_LIBM),
    "logaddexp": _binary(ulp=16),
    # trigonometry
    "sin": _unary(ulp=_LIBM),
    "cos": _unary(ulp=_LIBM),
    "tan": _unary(*_INSIDE, ulp=_LIBM),
    "arcsin": _unary(*_INSIDE, ulp=_LIBM),
    "arccos": _unary(*_INSIDE, ulp=_LIBM),
    "arctan": _unary(ulp=_LIBM),
    "sinh": _unary(ulp=_LIBM),
    "cosh": _unary(ulp=_LIBM),
    "tanh": _unary(ulp=_LIBM),
    "arcsinh": _unary(ulp=_LIBM),
    "arccosh": _unary(1.2, 4.0, ulp=_LIBM),
    "arctanh": _unary(*_INSIDE, ulp=_LIBM),
    "arctan2": _binary(y=_POSITIVE, ulp=_LIBM),
    "hypot": _binary(ulp=_LIBM),
    # special functions
    "erf": _unary(ulp=_LIBM),
    "erfc": _unary(ulp=8),
    "expit": _unary(ulp=_LIBM),
    "logit": _unary(0.1, 0.9, ulp=_LIBM),
    "gammaln": _unary(*_POSITIVE),
    "digamma": _unary(*_POSITIVE),
    "polygamma": _unary(0.5, 3.0, attrs={"n": 2}, ulp=16, least=0.0),  # SciPy's loses digits below 0
    "xlogy": _binary(y=_POSITIVE, ulp=_LIBM),
    # rounding
    "floor": _unary(smooth=False),
    "ceil": _unary(smooth=False),
    "rint": _unary(smooth=False),
    "trunc": _unary(smooth=False),
    "isnan": _unary(smooth=False),
    "isinf": _unary(smooth=False),
    "isfinite": _unary(smooth=False),
    "copysign": _binary(),
    # comparisons and logic
    **dict.fromkeys(
        ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
        _binary(dtypes=ANY, smooth=False),
    ),
    "logical_not": _unary(dtypes=BOOLS, smooth=False),
    **dict.fromkeys(("logical_and", "logical_or", "logical_xor"), _binary(dtypes=BOOLS, smooth=False)),
    "invert": _unary(dtypes=(*INTS, *BOOLS), smooth=False),
    **dict.fromkeys(
        ("bitwise_and", "bitwise_or", "bitwise_xor"), _binary(dtypes=(*INTS, *BOOLS), smooth=False)
    ),
    **dict.fromkeys(("left_shift", "right_shift"), _binary(dtypes=INTS, smooth=False)),
    # selection
    "where": Row((Sample(_where),), ANY, smooth=(1, 2)),
    "convert": Row(tuple(_arrays((5,), dtype=d) for d in DType), tuple(DType), smooth=(0,)),
    "stop_gradient": _unary(dtypes=ANY, smooth=False),
    "name": _unary(dtypes=ANY, attrs={"name": "x"}),
    "barrier": _moves(_arrays((2, 3), (4,)), _arrays((), ())),
    **dict.fromkeys(("maximum", "minimum", "fmax", "fmin"), _binary(dtypes=ANY, any_zero=True)),
    # creation
    "constant": Row(tuple(_constants()), (DType.F64,)),
    "extent": Row((Sample(_nothing, {"size": 5}),), (DType.F64,)),
    "iota": Row(tuple(Sample(_nothing, {"size": 5, "dtype": d}) for d in NUMBERS), (DType.F64,)),
    # shapes
    "broadcast": _moves(
        _arrays((), shape=(2, 3), axes=()),
        _arrays((3,), shape=(2, 3), axes=(1,)),
        _arrays((2, 3), shape=(2, 4, 3), axes=(0, 2)),
        _arrays((2,), shape=(2,), axes=(0,)),
    ),
    "reshape": _moves(
        _arrays((2, 6), shape=(3, 4)),
        _arrays((4, 1, 3), shape=(4, 3)),
        _arrays((2, 3, 4), shape=(6, 1, 2, 2)),
        _arrays((1, 1), shape=()),
        _arrays((), shape=(1,)),
        _arrays((2, 0), shape=(0, 5)),
    ),
    "transpose": _moves(_arrays((2, 3, 4), axes=(2, 0, 1)), _arrays((), axes=())),
    "concatenate": _moves(
        _arrays((2, 3), (2, 1), (2, 0), (2, 2), axis=1),
        _arrays((2,), axis=0),
        _arrays((0, 2), (3, 2), axis=0),
        smooth=(0, 1, 2, 3),
    ),
    "pad": _moves(
        _arrays((2, 3), (), low=(1, 0), high=(0, 2)),
        _arrays((0,), (), low=(1,), high=(1,)),
        _arrays((), (), low=(), high=()),
        smooth=(0, 1),
    ),
    # indexing
    "index": _moves(*_INDEX),
    "update": _moves(*_UPDATE, smooth=(0, 1)),
    "accumulate": _moves(*_UPDATE, smooth=(0, 1), dtypes=NUMBERS),
    "gather": _moves(*_GATHER),
    "scatter": _moves(*_SCATTER, smooth=(0, 1)),
    "scatter_add": _moves(*_SCATTER, smooth=(0, 1), dtypes=NUMBERS, ulp=4),
    # reductions
    "sum": _moves(*_REDUCTIONS, *_EMPTY, dtypes=NUMBERS, ulp=64),
    "prod": _moves(*_REDUCTIONS, *_EMPTY, dtypes=NUMBERS, ulp=16),
    "max": _moves(*_REDUCTIONS, _EMPTY[1], any_zero=True),
    "min": _moves(*_REDUCTIONS, _EMPTY[1], any_zero=True),
    "any": _moves(*_REDUCTIONS, *_EMPTY, dtypes=BOOLS, smooth=()),
    "all": _moves(*_REDUCTIONS, *_EMPTY, dtypes=BOOLS, smooth=()),
    **{
        name: _moves(_arrays((3, 4), axis=0), _arrays((3, 4), axis=1), _arrays((0, 4), axis=1), smooth=())
        for name in ("argmax", "argmin")
    },
    # scans
    "cumsum": _moves(*_SCANS, dtypes=NUMBERS),
    "cumprod": _moves(*_SCANS, dtypes=NUMBERS),
    "recurrence": Row(tuple(map(_twice, _SCANS)), smooth=(0, 1)),
    # products
    "matmul": _moves(
        _arrays((2, 3), (3, 4)),
        _arrays((2, 1, 2, 3), (2, 1, 3, 2)),
        _arrays((2, 0), (0, 3)),
        smooth=(0, 1),
        dtypes=NUMBERS,
        ulp=64,
    ),
}  # fmt: skip
