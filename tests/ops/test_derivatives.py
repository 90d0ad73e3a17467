"""Derivative rules against central differences, to third order, and what they do at special values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Value
from gradir.ir.interpreter import interpret
from gradir.ir.operation import NotDifferentiable, Partials
from gradir.ir.types import DType
from gradir.ops import OPS, control
from gradir.passes.adjoint import adjoint

from .execute import graph_of
from .reverse import pullback
from .samples import ROWS, Sample
from .special_values import grid

_SMOOTH = [name for name, row in ROWS.items() if row.smooth]
_USES = [
    pytest.param(name, sample, id=f"{name}-{k}")
    for name in _SMOOTH
    for k, sample in enumerate(ROWS[name].samples)
    if name != "convert" or sample.attrs["dtype"] is DType.F64
]


def _weighted(b: Builder, rng: np.random.Generator, values: Sequence[Value]) -> Value:
    """A scalar: the sum of all elements with random weights."""
    total = b.literal(np.float64(0.0))
    for v in values:
        weights = b.literal(rng.uniform(0.5, 1.5, v.shape).astype(v.dtype.numpy))
        part = b.sum(b.multiply(v, weights), axes=tuple(range(len(v.shape))))
        total = b.add(total, b.cast(part, DType.F64))
    return total


def _derivatives(name: str, sample: Sample, operands: Sequence[np.ndarray], order: int) -> Graph:
    """Scalars s0, s1, ...: s0 is made of the operation, each next one of the gradient of the one before;
    after them, these gradients."""
    smooth = [k for k in ROWS[name].smooth if k < len(operands)]

    def build(b: Builder, *params: Value) -> list[Value]:
        rng = np.random.default_rng(7)
        wrt = [params[k] for k in smooth]
        scalars = [_weighted(b, rng, b.emit(name, *params, **sample.attrs))]
        gradients: list[Value] = []
        for _ in range(order):
            gradient = pullback(b, scalars[-1], b.literal(np.float64(1.0)), wrt)
            gradients += gradient
            scalars.append(_weighted(b, rng, gradient))
        return scalars[:-1] + gradients

    return graph_of(build, *operands)


def _slope(f: Callable[[float], np.ndarray], h: float = 2e-3) -> np.ndarray:
    """Central differences of sixth order."""
    pairs = [(f(k * h) - f(-k * h)) for k in (1, 2, 3)]
    return np.asarray((45 * pairs[0] - 9 * pairs[1] + pairs[2]) / (60 * h))


def _check(name: str, sample: Sample, operands: Sequence[np.ndarray], order: int) -> None:
    """Compare the gradient of every scalar, along a random direction, with its differences."""
    graph = _derivatives(name, sample, operands, order)
    smooth = [k for k in ROWS[name].smooth if k < len(operands)]
    rng = np.random.default_rng(11)
    directions = {k: rng.uniform(-1, 1, operands[k].shape) for k in smooth}

    def scalars(t: float) -> np.ndarray:
        moved = [x + t * directions[k] if k in directions else x for k, x in enumerate(operands)]
        return np.array(interpret(graph, *moved)[:order])

    gradients = iter(interpret(graph, *operands)[order:])
    found = [sum(np.sum(next(gradients) * d) for d in directions.values()) for _ in range(order)]
    np.testing.assert_allclose(found, _slope(scalars), rtol=2e-7, atol=2e-7)


@pytest.mark.parametrize(("name", "sample"), _USES)
def test_derivatives_agree_with_central_differences(name: str, sample: Sample) -> None:
    _check(name, sample, sample.draw(np.random.default_rng(3), DType.F64), order=3)


@pytest.mark.parametrize("zeros", [(1,), (0,), (1, 3), (0, 1, 2, 3)])
@pytest.mark.parametrize("name", ["prod", "cumprod"])
def test_products_are_exact_at_zeros(name: str, zeros: tuple[int, ...]) -> None:
    x = np.array([1.5, -0.5, 2.0, 0.7])
    x[list(zeros)] = 0.0
    attrs = {"axes": (0,)} if name == "prod" else {"axis": 0, "reverse": False}
    _check(name, Sample(lambda rng, dtype: (x,), attrs), (x,), order=3)


@pytest.mark.parametrize("name", _SMOOTH)
def test_gradients_have_the_dtype_of_their_operand(name: str) -> None:
    for sample in ROWS[name].samples:
        if name == "convert" and not sample.attrs["dtype"].is_float:
            continue
        wide = sample.draw(np.random.default_rng(5), DType.F64)
        narrow = [x.astype(np.float32) if x.dtype == np.float64 else x for x in wide]
        rounded = [n.astype(w.dtype) for n, w in zip(narrow, wide, strict=True)]
        found = interpret(_derivatives(name, sample, narrow, 2), *narrow)[2:]
        expected = interpret(_derivatives(name, sample, wide, 2), *rounded)[2:]
        for f, e in zip(found, expected, strict=True):
            assert f.dtype == np.float32
            np.testing.assert_allclose(f, e, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("name", "sample"), _USES)
def test_the_adjoint_pass_applies_the_rules(name: str, sample: Sample) -> None:
    operands = sample.draw(np.random.default_rng(3), DType.F64)
    smooth = [k for k in ROWS[name].smooth if k < len(operands)]
    primal = graph_of(
        lambda b, *params: [_weighted(b, np.random.default_rng(7), b.emit(name, *params, **sample.attrs))],
        *operands,
    )
    found = interpret(adjoint(primal, smooth), *operands)[1:]
    expected = interpret(_derivatives(name, sample, operands, 1), *operands)[1:]
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_array_equal(f, e)


def test_no_row_hides_a_derivative() -> None:
    for name, row in ROWS.items():
        assert bool(row.smooth) != isinstance(OPS[name].derivative, NotDifferentiable), name
    assert not set(ROWS) & {op.name for op in control.OPS}


# Special values.

_ELEMENTWISE = [name for name in _SMOOTH if ROWS[name].grid]


@pytest.mark.parametrize("name", _ELEMENTWISE)
def test_strong_zeros(name: str) -> None:
    """What `where` drops has the gradient 0, to second order, whatever the operands are."""
    operands = grid(ROWS[name], DType.F64)
    attrs = ROWS[name].samples[0].attrs

    def build(b: Builder, *params: Value) -> list[Value]:
        out = b.emit(name, *params, **attrs)[0]
        dropped = b.where(b.full(out.array.with_dtype(DType.BOOL), False), out, b.like(out, 1.0))
        first = pullback(b, b.sum(dropped, axes=(0,)), b.literal(np.float64(1.0)), params)
        second = pullback(b, b.sum(first[0], axes=(0,)), b.literal(np.float64(1.0)), params)
        return first + second

    for gradient in interpret(graph_of(build, *operands), *operands):
        np.testing.assert_array_equal(gradient, np.zeros_like(gradient))


def _partials(name: str) -> Partials | None:
    derivative = OPS[name].derivative
    return derivative if isinstance(derivative, Partials) else None


@pytest.mark.parametrize("name", [n for n in _ELEMENTWISE if (p := _partials(n)) and p.finite])
def test_finite_partials_are_finite(name: str) -> None:
    operands = grid(ROWS[name], DType.F64)

    def build(b: Builder, *params: Value) -> list[Value]:
        out = b.emit(name, *params)[0]
        partials = _partials(name)
        assert partials is not None
        return [partial(b, out, *params) for partial in partials.of if partial is not None]

    for partial in interpret(graph_of(build, *operands), *operands):
        assert np.isfinite(partial).all()


def _gradient(name: str, *operands: float, wrt: Sequence[int] | None = None) -> list[float]:
    """The gradient of a scalar use of an operation."""
    arrays = [np.array(x) for x in operands]

    def build(b: Builder, *params: Value) -> list[Value]:
        wanted = [params[k] for k in (range(len(params)) if wrt is None else wrt)]
        return pullback(b, b.emit(name, *params)[0], b.literal(np.float64(1.0)), wanted)

    return [float(g) for g in interpret(graph_of(build, *arrays), *arrays)]


_INF = np.inf


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("abs", (0.0,), [0.0]),
        ("sqrt", (0.0,), [_INF]),
        ("log", (0.0,), [_INF]),
        ("cbrt", (0.0,), [_INF]),
        ("tanh", (_INF,), [0.0]),
        ("expit", (-_INF,), [0.0]),
        ("power", (0.0, 1.0), [1.0, 0.0]),
        ("power", (0.0, 2.0), [0.0, 0.0]),
        ("power", (0.0, 0.0), [0.0, 0.0]),
        ("power", (3.0, 0.0), [0.0, np.log(3.0)]),
        ("power", (1.0, 5.0), [5.0, 0.0]),
        ("hypot", (0.0, 0.0), [0.0, 0.0]),
        ("hypot", (3.0, 4.0), [0.6, 0.8]),
        ("arctan2", (1e-200, 1e-200), [5e199, -5e199]),
        ("logaddexp", (_INF, _INF), [0.5, 0.5]),
        ("logaddexp", (-_INF, -_INF), [0.5, 0.5]),
        ("logaddexp", (_INF, 0.0), [1.0, 0.0]),
        ("logaddexp", (-_INF, 0.0), [0.0, 1.0]),
        ("xlogy", (0.0, 0.0), [-_INF, 0.0]),
        ("xlogy", (0.0, 2.0), [np.log(2.0), 0.0]),
        ("copysign", (-2.0, -0.0), [1.0, 0.0]),
        ("copysign", (2.0, -0.0), [-1.0, 0.0]),
        ("copysign", (0.0, -1.0), [0.0, 0.0]),
        ("remainder", (7.5, -2.0), [1.0, 4.0]),
        ("maximum", (2.0, 1.0), [1.0, 0.0]),
        ("maximum", (1.0, 1.0), [0.5, 0.5]),
        ("maximum", (0.0, -0.0), [0.5, 0.5]),
        ("minimum", (1.0, 1.0), [0.5, 0.5]),
        ("minimum", (2.0, 1.0), [0.0, 1.0]),
        ("fmax", (np.nan, 1.0), [0.0, 1.0]),
        ("fmax", (1.0, np.nan), [1.0, 0.0]),
        ("fmin", (1.0, np.nan), [1.0, 0.0]),
        ("fmin", (3.0, 3.0), [0.5, 0.5]),
        ("arccosh", (1e200,), [1e-200]),
        ("arcsinh", (1e200,), [1e-200]),
    ],
)
def test_gradients_at_special_values(name: str, operands: tuple[float, ...], expected: list[float]) -> None:
    np.testing.assert_allclose(_gradient(name, *operands), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "x", "expected"), [("maximum", 0.0, 0.0), ("maximum", 1.0, 1.0), ("minimum", 0.0, 0.0)]
)
def test_a_tie_with_a_constant_has_no_gradient(name: str, x: float, expected: float) -> None:
    assert _gradient(name, x, 0.0, wrt=[0]) == [expected]
    assert _gradient(name, 0.0, x, wrt=[1]) == [expected]


@pytest.mark.parametrize("x", [-1.5, -2.0])
def test_a_negative_base_is_fine_where_the_exponent_is_not_differentiated(x: float) -> None:
    np.testing.assert_allclose(_gradient("power", x, 3.0, wrt=[0]), [3 * x**2])


def test_ties_of_reductions_share() -> None:
    x = np.array([[1.0, 3.0, 3.0], [np.nan, 2.0, 0.0]])

    def build(b: Builder, *params: Value) -> list[Value]:
        return pullback(b, b.sum(b.max(params[0], axes=(1,)), axes=(0,)), b.literal(np.float64(1.0)), params)

    (gradient,) = interpret(graph_of(build, x), x)
    np.testing.assert_array_equal(gradient, [[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]])
