"""Loops over elements as operations on arrays: which they are, and that they compute the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Value, walk
from gradir.ir.interpreter import interpret
from gradir.ir.types import INDEX, ArrayType, DType
from gradir.ir.verifier import verify
from gradir.ops import OPS
from gradir.passes.whole_arrays import whole_arrays

N = 40


def _loops(graph: Graph) -> int:
    return sum(node.op.name == "for" for node in walk(graph.block))


def _converted(function: Callable[..., Any], *args: Any) -> Graph:
    graph = gr.trace(function)(*args)
    new = whole_arrays(graph)
    verify(new)
    given = [np.asarray(a) for a in args]
    for got, want in zip(interpret(new, *given), interpret(graph, *given), strict=True):
        np.testing.assert_array_equal(got, want)
    return new


X, Y, A = np.linspace(0.1, 2, N), np.linspace(-1, 1, N), np.linspace(0, 1, N * N).reshape(N, N)


def _stencil(x: Any, y: Any) -> Any:
    out = np.zeros(N)
    for i in range(1, N - 1):
        out[i] = 0.5 * (x[i - 1] + x[i + 1]) - y[i]
    return out


def _strided(x: Any, y: Any) -> Any:
    out = x.copy()
    for i in range(N // 2):
        out[2 * i + 1] = x[N - 1 - i] * y[2 * i]
    return out


def _down(x: Any, y: Any) -> Any:
    out = x.copy()
    for i in range(N - 2, -1, -1):
        out[i + 1] = np.sin(y[i])
    return out


def _counted(x: Any, y: Any) -> Any:
    out = x.copy()
    for i in range(3, N):
        out[i] = x[i] * i + y[3]
    return out


def _two_arrays(x: Any, y: Any) -> Any:
    x, y = x.copy(), y.copy()
    for i in range(N):
        old = x[i]
        x[i] = old + 0.1 * y[i]
        y[i] = y[i] - 0.1 * old
    return x * y


def _ahead(x: Any, y: Any) -> Any:
    x = x.copy()
    for i in range(N - 1):
        x[i] = x[i] + y[i] * x[i + 1]
    return x


def _even_from_odd(x: Any, y: Any) -> Any:
    x = x.copy()
    for i in range(1, N // 2):
        x[2 * i] = x[2 * i - 1] + y[i]
    return x


def _far(x: Any, y: Any) -> Any:
    x = x.copy()
    for i in range(20):
        x[i + 20] = x[i] * y[i]
    return x


def _rows(x: Any, a: Any) -> Any:
    a = a.copy()
    for i in range(1, 5):
        for j in range(1, N - 1):
            a[i, j] = 0.25 * (a[i - 1, j] + x[j]) + a[i - 1, j + 1]
    return a


def _columns(x: Any, a: Any) -> Any:
    a = a.copy()
    for k in range(1, 3):
        for i in range(N):
            a[i, k] = a[i, k - 1] * x[i]
    return a


INDEPENDENT = [_stencil, _strided, _down, _counted, _two_arrays, _ahead, _even_from_odd, _far]


@pytest.mark.parametrize("function", INDEPENDENT)
def test_independent_turns(function: Callable[..., Any]) -> None:
    assert _loops(_converted(function, X, Y)) == 0


@pytest.mark.parametrize("function", [_rows, _columns])
def test_only_the_inner_loop(function: Callable[..., Any]) -> None:
    assert _loops(_converted(function, X, A)) == 1


def _prefix(x: Any, y: Any) -> Any:
    x = x.copy()
    for i in range(1, N):
        x[i] = x[i - 1] + y[i]
    return x


def _behind_going_down(x: Any, y: Any) -> Any:
    x = x.copy()
    for i in range(N - 2, -1, -1):
        x[i] = x[i + 1] * y[i]
    return x


def _nearly_far(x: Any, y: Any) -> Any:
    x = x.copy()
    for i in range(21):
        x[i + 19] = x[i] * y[i]
    return x


def _mirrored(x: Any, y: Any) -> Any:
    x = x.copy()
    for i in range(N):
        x[i] = x[N - 1 - i] + y[i]
    return x


def _one_place(x: Any, y: Any) -> Any:
    x = x.copy()
    for i in range(N):
        x[3] = y[i]
    return x


def _summed(x: Any, y: Any) -> Any:
    total = 0.0
    for i in range(N):
        total += x[i] * y[i]
    return total


def _read_back(x: Any, y: Any) -> Any:
    x = x.copy()
    for i in range(N - 1):
        x[i + 1] = y[i]
        x[i] = x[i + 1] * 0.5
    return x


def _fixed_element(x: Any, y: Any) -> Any:
    x = x.copy()
    for i in range(N):
        x[i] = x[0] + y[i]
    return x


def _picked(x: Any, y: Any) -> Any:
    out = np.zeros(N)
    for i in range(N):
        out[i] = x[int(abs(y[i]) * 3.1)]
    return out


def _diagonal(x: Any, y: Any) -> Any:
    a = np.zeros((N, N))
    for i in range(N):
        a[i, i] = x[i]
    return a


def _short(x: Any, y: Any) -> Any:
    out = x.copy()
    for i in range(3):
        out[i] = y[i]
    return out


DEPENDENT = [_prefix, _behind_going_down, _nearly_far, _mirrored, _one_place, _summed, _read_back]
DEPENDENT += [_fixed_element, _picked, _diagonal, _short]


@pytest.mark.parametrize("function", DEPENDENT)
def test_other_loops_stay_as_they_are(function: Callable[..., Any]) -> None:
    graph = gr.trace(function)(X, Y)
    assert whole_arrays(graph) is graph


@pytest.mark.parametrize("function", [*INDEPENDENT, *DEPENDENT])
def test_gradients(function: Callable[..., Any]) -> None:
    def loss(x: Any, y: Any) -> Any:
        return np.sum(np.sin(function(x, y)))

    rng, h = np.random.default_rng(0), 1e-6
    u, v = rng.normal(size=N), rng.normal(size=N)
    value, (dx, dy) = gr.value_and_grad(loss, argnums=(0, 1))(X, Y)
    np.testing.assert_allclose(value, loss(X, Y), rtol=1e-12)
    ahead, behind = loss(X + h * u, Y + h * v), loss(X - h * u, Y - h * v)
    np.testing.assert_allclose(dx @ u + dy @ v, (ahead - behind) / (2 * h), rtol=1e-5, atol=1e-8)


def test_the_reverse_adds_to_slices() -> None:
    def loss(x: Any, y: Any) -> Any:
        return np.sum(_stencil(x, y))

    text = str(gr.grad(loss).inspect(X, Y).optimized)
    assert " for " not in text


class _Loop:
    """A random loop that reads and writes two carried vectors, a matrix row and an argument."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.low, self.step = int(self.rng.integers(-3, 8)), int(self.rng.choice([1, 1, 1, -1, 2, -2]))
        self.turns = range(self.low, self.low + self.step * int(self.rng.integers(16, 22)), self.step)

    def place(self, b: Builder, i: Value) -> Value:
        """An index that is in range in every turn."""
        for _ in range(100):
            factor, offset = int(self.rng.choice([1, 1, 1, 1, -1, 2, 0])), int(self.rng.integers(-60, 60))
            ends = [factor * k + offset for k in self.turns]
            if min(ends) >= 0 and max(ends) < N:
                scaled = b.multiply(i, b.int64(factor)) if factor not in (0, 1) else i
                return b.add(scaled, b.int64(offset)) if factor else b.int64(offset)
        return b.int64(0)

    def element(self, b: Builder, array: Value, row: Value, i: Value) -> Value:
        if len(array.shape) == 2:
            return b.emit("index", array, row, self.place(b, i), at=(None, None))[0]
        return b.emit("index", array, self.place(b, i), at=(None,))[0]

    def graph(self) -> Graph:
        b = Builder(OPS)
        vector, matrix = ArrayType(DType.F64, (N,)), ArrayType(DType.F64, (N, N))
        params = [Value(vector), Value(matrix), Value(INDEX)]
        x, a, row = params
        types = (INDEX, vector, vector, matrix)
        inner, carried = b.nested(), [Value(t) for t in types]
        i, p, q, m = carried
        now = {p: p, q: q, m: m}
        pool = [inner.convert(i, dtype=DType.F64), inner.literal(np.float64(0.3))]
        for _ in range(int(self.rng.integers(3, 8))):
            base = [x, p, q, m][int(self.rng.integers(4))]
            pool.append(self.element(inner, base, row, i))
            first, second = (pool[int(self.rng.integers(len(pool)))] for _ in range(2))
            pool.append(inner.sin(inner.add(first, second)))
            target = [p, q, m][int(self.rng.integers(3))]
            if self.rng.random() < 0.3 and now[target] is target:
                index = [self.place(inner, i)]
                at: tuple[None, ...] = (None,)
                if target is m:
                    index, at = [row, *index], (None, None)
                now[target] = inner.update(target, pool[-1], *index, at=at)
        body = inner.block(carried, [now[v] for v in (p, q, m)])
        limits = [b.int64(k) for k in (self.turns.start, self.turns.stop, self.turns.step)]
        results = b.emit("for", *limits, x, b.sin(x), a, regions=[body])
        block = b.block(params, results)
        return Graph("random", block, ("x", "a", "row"), ("p", "q", "m"))


def test_random_loops() -> None:
    converted = 0
    for seed in range(150):
        graph = _Loop(seed).graph()
        verify(graph)
        new = whole_arrays(graph)
        verify(new)
        converted += _loops(new) == 0
        args = [X, A, np.int64(5)]
        for got, want in zip(interpret(new, *args), interpret(graph, *args), strict=True):
            np.testing.assert_array_equal(got, want, err_msg=str(seed))
    assert 20 < converted < 130


def test_gradients_inside_of_traced_functions() -> None:
    def energy(x: Any) -> Any:
        out = x.copy()
        for i in range(1, N - 1):
            out[i] = x[i] * (x[i - 1] + x[i + 1])
        return np.sum(out * out)

    def descend(x: Any) -> Any:
        return x - 0.1 * gr.grad(energy)(x)

    assert _loops(gr.trace(descend)(X)) == 0
    np.testing.assert_allclose(gr.jit(descend)(X), X - 0.1 * gr.grad(energy)(X), rtol=1e-14)


def test_sizes_of_slices_stay_in_loops() -> None:
    def lengths(x: Any, y: Any) -> Any:
        out = x.copy()
        for i in range(20):
            out[i] = y[i] * len(x[:i])
        return out

    _converted(lengths, X, Y)
    np.testing.assert_array_equal(gr.jit(lengths)(X, Y), lengths(X, Y))
