"""Carried arrays that change places at the end of a turn: no copies, whatever the permutation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Span, Value
from gradir.ir.interpreter import interpret
from gradir.ir.types import INDEX
from gradir.lower.lower import lower
from gradir.runtime.compile import compile_graph

from .build import array, branch, build, loop, turns

N = 300
Carried = tuple[Value, ...]


def _check(graph: Graph, turns: tuple[int, ...] = (0, 1, 2, 5)) -> str:
    """Compare compiled and interpreted, whatever the integer argument; return the kernels' text."""
    rng = np.random.default_rng(0)
    compiled = compile_graph(graph)
    for n in turns:
        args = [rng.normal(size=v.shape) if v.dtype.is_float else np.int64(n) for v in graph.block.params]
        saved = [np.array(a) for a in args]
        for got, want in zip(compiled(*args), interpret(graph, *args), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-13)
        for a, b in zip(args, saved, strict=True):
            np.testing.assert_array_equal(a, b)
    return str(lower(graph))


def _in_loops(kernels: str) -> list[str]:
    """The copies in loops of a kernel text."""
    return [line for line in kernels.splitlines() if "cop" in line and line.startswith("    ")]


def _exchanges(kernels: str) -> list[str]:
    return [line.strip() for line in kernels.splitlines() if "exchange" in line]


def _smooth(b: Builder, x: Value) -> Value:
    """A new array that reads two places of the old one for each element."""
    turned = b.concatenate(
        b.emit("index", x, at=(Span(1, N - 1),))[0], b.emit("index", x, at=(Span(0, 1),))[0], axis=0
    )
    return b.add(b.multiply(x, b.spread(b.literal(np.float64(0.7)), x.array)), b.sin(turned))


def _bump(b: Builder, x: Value, i: Value) -> Value:
    """The array with one element changed in place."""
    v = b.emit("index", x, i, at=(None,))[0]
    return b.update(x, b.sin(b.add(v, b.literal(np.float64(1.0)))), i, at=(None,))


PERMUTATIONS: list[tuple[Callable[..., list[Value]], int]] = [
    (lambda b, i, p, q: [q, p], 2),
    (lambda b, i, p, q: [q, _bump(b, p, i)], 2),
    (lambda b, i, p, q, r: [q, r, p], 3),
    (lambda b, i, p, q, r: [_bump(b, r, i), p, q], 3),
    (lambda b, i, p, q, r, s: [q, p, s, r], 4),
    (lambda b, i, p, q, r: [_bump(b, p, i), r, q], 3),
    (lambda b, i, p: [_smooth(b, p)], 1),
    (lambda b, i, p, q: [_smooth(b, p), p], 2),
    (lambda b, i, p, q: [_smooth(b, q), _smooth(b, p)], 2),
    (lambda b, i, p, q, r: [_smooth(b, r), p, q], 3),
    (lambda b, i, p, q, r: [b.add(r, _smooth(b, p)), r, p], 3),
]


@pytest.mark.parametrize(("step", "count"), PERMUTATIONS)
def test_no_turn_copies(step: Callable[..., list[Value]], count: int) -> None:
    def make(b: Builder, n: Value, *xs: Value) -> Carried:
        return loop(b, step, *xs, limits=(0, n, 1))

    kernels = _check(build(make, INDEX, *[array(N)] * count))
    assert _in_loops(kernels) == []
    assert len(_exchanges(kernels)) == 1


@pytest.mark.parametrize(("step", "count"), PERMUTATIONS)
def test_no_turn_of_a_while_copies(step: Callable[..., list[Value]], count: int) -> None:
    def make(b: Builder, n: Value, *xs: Value) -> Carried:
        def body(b: Builder, k: Value, *carried: Value) -> tuple[Value, list[Value]]:
            return b.less(b.add(k, b.int64(1)), n), step(b, k, *carried)

        return turns(b, b.less(b.int64(0), n), body, *xs)[1:]

    kernels = _check(build(make, INDEX, *[array(N)] * count))
    assert _in_loops(kernels) == []
    assert len(_exchanges(kernels)) == 1


def test_one_value_for_two_carries_is_copied_once() -> None:
    def make(b: Builder, n: Value, x: Value, y: Value, z: Value) -> Carried:
        def body(b: Builder, i: Value, p: Value, q: Value, r: Value) -> list[Value]:
            new = _smooth(b, p)
            return [new, new, q]

        return loop(b, body, x, y, z, limits=(0, n, 1))

    assert len(_in_loops(_check(build(make, INDEX, *[array(N)] * 3)))) == 1


def test_a_value_from_outside_the_loop_is_copied() -> None:
    def make(b: Builder, n: Value, x: Value, y: Value) -> Carried:
        outside = b.exp(x)

        def body(b: Builder, i: Value, p: Value, q: Value) -> list[Value]:
            return [_bump(b, q, i), outside]

        return (*loop(b, body, x, y, limits=(0, n, 1)), outside)

    kernels = _check(build(make, INDEX, array(N), array(N)))
    assert len(_in_loops(kernels)) == 1


def test_small_arrays_are_copied_into_registers() -> None:
    def make(b: Builder, n: Value, x: Value, y: Value) -> Carried:
        return loop(b, lambda b, i, p, q: [b.sin(q), p], x, y, limits=(0, n, 1))

    assert _exchanges(_check(build(make, INDEX, array(3), array(3)))) == []


def test_results_that_are_read_again_in_later_loops() -> None:
    def make(b: Builder, n: Value, x: Value, y: Value) -> Carried:
        def swap(b: Builder, i: Value, p: Value, q: Value) -> list[Value]:
            return [_bump(b, q, i), p]

        first = loop(b, swap, x, y, limits=(0, n, 1))
        second = loop(b, swap, first[1], b.add(first[0], x), limits=(0, n, 2))
        return (*second, first[0], b.add(first[1], second[0]))

    _check(build(make, INDEX, array(N), array(N)))


def test_loops_in_loops_and_branches() -> None:
    def make(b: Builder, n: Value, x: Value, y: Value) -> Carried:
        def swap(b: Builder, i: Value, p: Value, q: Value) -> list[Value]:
            return [_bump(b, q, i), p]

        def outer(b: Builder, i: Value, p: Value, q: Value, r: Value) -> list[Value]:
            s, t = loop(b, swap, p, q, limits=(0, i, 1))
            small = b.less(b.emit("index", s, at=(0,))[0], b.literal(np.float64(0.5)))
            u, v = branch(
                b,
                small,
                lambda b: loop(b, swap, t, r, limits=(0, i, 1)),
                lambda b: [_smooth(b, t), _bump(b, r, i)],
            )
            return [v, s, u]

        return loop(b, outer, x, y, b.add(x, y), limits=(0, n, 1))

    _check(build(make, INDEX, array(N), array(N)))


class _Juggler:
    """Random loops and branches that change, drop, double and pass around arrays of one size."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def make(self, b: Builder, n: Value, *xs: Value) -> list[Value]:
        return self.block(b, n, [*xs, b.sin(xs[0])], 2)

    def pick(self, pool: list[Value]) -> Value:
        return pool[int(self.rng.integers(len(pool)))]

    def block(self, b: Builder, i: Value, pool: list[Value], depth: int) -> list[Value]:
        pool = list(pool)
        for _ in range(int(self.rng.integers(1, 4))):
            kind = int(self.rng.integers(5 if depth else 3))
            x = self.pick(pool)
            if kind == 0:
                pool.append(_smooth(b, x))
            elif kind == 1:
                pool[pool.index(x)] = _bump(b, x, b.minimum(i, b.int64(N - 1)))
            elif kind == 2:
                pool.append(b.tanh(b.add(x, self.pick(pool))))
            elif kind == 3:
                pool += self.loop(b, i, pool, depth - 1)
            else:
                pool += self.branch(b, i, pool, depth - 1)
        return [self.pick(pool[-4:]) for _ in range(3)]

    def loop(self, b: Builder, i: Value, pool: list[Value], depth: int) -> tuple[Value, ...]:
        inits = [self.pick(pool) for _ in range(3)]
        around = pool if self.rng.random() < 0.3 else []

        def body(b: Builder, k: Value, *carried: Value) -> list[Value]:
            return self.block(b, k, [*around, *carried], depth)

        if self.rng.random() < 0.7:
            return loop(b, body, *inits, limits=(0, b.minimum(i, b.int64(4)), 1))

        def turn(b: Builder, k: Value, *carried: Value) -> tuple[Value, list[Value]]:
            return b.less(k, b.minimum(i, b.int64(3))), body(b, k, *carried)

        return turns(b, b.less(b.int64(1), i), turn, *inits)[1:]

    def branch(self, b: Builder, i: Value, pool: list[Value], depth: int) -> tuple[Value, ...]:
        odd = b.equal(b.remainder(i, b.int64(2)), b.int64(1))
        arms = [lambda b: self.block(b, i, pool, depth)] * 2
        return branch(b, odd, *arms)


@pytest.mark.parametrize("seed", range(60))
def test_jugglers(seed: int) -> None:
    _check(build(_Juggler(seed).make, INDEX, array(N), array(N)), turns=(0, 1, 4, 5))


# The user's programs: results as under NumPy, gradients as central differences give them.


def _swapped(a: Any, b: Any, steps: int) -> Any:
    a, b = a.copy(), b.copy()
    for t in range(steps):
        a[t % 7] = a[t % 7] * np.sin(b[3]) + b[t % 5]
        a, b = b, a
    return np.sum(a * a * b[0]) + np.sum(b)


def _jacobi(a: Any, b: Any, steps: int) -> Any:
    old, new = a.copy(), b.copy()
    for _ in range(steps):
        new[1:-1] = old[1:-1] + 0.3 * np.sin(old[:-2] * old[2:])
        old, new = new, old
    return np.sum(old * old) + np.sum(new)


def _jacobi_in_loops(a: Any, b: Any, steps: int) -> Any:
    old, new = a.copy(), b.copy()
    for _ in range(steps):
        for i in range(1, len(a) - 1):
            new[i] = 1.0 - 0.3 * old[i - 1] * old[i + 1]
        old, new = new, old
    return np.sum(old * old) + np.sum(new)


def _until(a: Any, b: Any, steps: int) -> Any:
    old, new, turn = a.copy(), b.copy(), 0
    while turn < steps:
        new[1:-1] = 0.5 * old[:-2] * old[2:]
        old, new = new, old
        turn += 1
    return np.sum(old * old) + np.sum(new)


def _three(a: Any, b: Any, steps: int) -> Any:
    before, now, following = a.copy(), b.copy(), np.zeros_like(a)
    for _ in range(steps):
        following[1:-1] = 2.0 * now[1:-1] - before[1:-1] + 0.1 * now[1:-1] * (now[2:] - now[:-2])
        before, now, following = now, following, before
    return np.sum(now * now) + np.sum(before * following)


def _fresh(a: Any, b: Any, steps: int) -> Any:
    u = a
    for _ in range(steps):
        u = 0.9 * u + 0.1 * np.concatenate((u[1:], u[:1])) * b
    return np.sum(u * u)


def _sometimes(a: Any, b: Any, steps: int) -> Any:
    a, b = a.copy(), b.copy()
    for t in range(steps):
        if a[0] < b[t]:
            c = np.sin(a) + b
            a, b = b, c
        else:
            c = np.cos(b * a)
            a, b = c, a
    return np.sum(a * b)


PROGRAMS = [_swapped, _jacobi, _jacobi_in_loops, _until, _three, _fresh, _sometimes]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("steps", [0, 1, 2, 5])
def test_programs(program: Callable[..., Any], steps: int) -> None:
    rng = np.random.default_rng(1)
    a, b, directions = rng.uniform(0.5, 1, 60), rng.uniform(0.5, 1, 60), rng.normal(size=(2, 60))
    want = program(a, b, steps)
    value, (da, db) = gr.value_and_grad(program, argnums=(0, 1))(a, b, steps)
    np.testing.assert_allclose(gr.jit(program)(a, b, steps), want, rtol=1e-13)
    np.testing.assert_allclose(value, want, rtol=1e-13)
    h = 1e-6
    ahead = program(a + h * directions[0], b + h * directions[1], steps)
    behind = program(a - h * directions[0], b - h * directions[1], steps)
    np.testing.assert_allclose(da @ directions[0] + db @ directions[1], (ahead - behind) / (2 * h), rtol=1e-6)


@pytest.mark.parametrize("program", [_swapped, _jacobi, _jacobi_in_loops, _until, _three, _fresh])
def test_no_turn_of_a_program_copies(program: Callable[..., Any]) -> None:
    a = np.linspace(0.5, 1, 60)
    kernels = str(gr.jit(program).inspect(a, a, 5).kernels)
    assert _in_loops(kernels) == []
    assert len(_exchanges(kernels)) == 1


@pytest.mark.parametrize("program", [_swapped, _jacobi, _jacobi_in_loops, _until, _three])
def test_no_turn_of_a_gradient_copies(program: Callable[..., Any]) -> None:
    a = np.linspace(0.5, 1, 60)
    gradient = str(gr.value_and_grad(program, argnums=(0, 1)).inspect(a, a, 5).kernels)
    assert _in_loops(gradient) == []
    assert len(_exchanges(gradient)) == 2
