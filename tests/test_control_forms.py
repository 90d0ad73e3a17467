"""Control flow as function calls (fori_loop, while_loop, scan, cond, switch): traced, and in plain Python."""

from __future__ import annotations

import functools
from typing import Any

import gradir as gr
import numpy as np
import optree
import pytest

from tests.trace.agree import agrees, loops_of, same_values

RNG = np.random.default_rng(0)
X = RNG.normal(size=5)
A = RNG.normal(size=(4, 3))
B = RNG.normal(size=4)


def operations(fun: Any, *args: Any) -> list[str]:
    return [node.op.name for node in gr.trace(fun)(*args).block.nodes]


# fori_loop.


def power(x, n):
    return gr.fori_loop(0, n, lambda i, y: y * x + i, 1.0)


def accumulator(x):
    return gr.fori_loop(0, 4, lambda i, total: total + x, 0)


def containers(x):
    def body(i, s):
        return {"a": s["a"] * x[i], "b": [s["b"][0] + s["a"], s["b"][1]]}

    s = gr.fori_loop(1, 4, body, {"a": 1.0, "b": [x[:2], "kept"]})
    return s["b"][0].sum() * s["a"]


def arrays_in_place(x):
    def body(i, u):
        u[i] += 0.5 * u[i - 1] ** 2
        return u

    return gr.fori_loop(1, 5, body, x.copy()).sum()


def picks_from_a_list(x):
    weights = [1.0, 2.0, 3.0]
    return gr.fori_loop(0, 3, lambda i, y: y * weights[i] * x, 1.0)


def test_fori_loop_is_one_for() -> None:
    for n in (1, 2, 5):
        agrees(power, 0.7, n)
    assert loops_of(power, 0.7, 5) == 1
    assert gr.jit(power)(0.7, 0) == 1.0
    for fun, x in ((accumulator, 0.7), (containers, X), (arrays_in_place, X)):
        agrees(fun, x)
        assert loops_of(fun, x) == 1


def test_fori_loop_takes_part_in_unrolling() -> None:
    agrees(picks_from_a_list, 0.7)
    assert loops_of(picks_from_a_list, 0.7) == 0


def test_fori_loop_as_a_partial() -> None:
    agrees(lambda x: functools.partial(gr.fori_loop, 0, 5)(lambda i, y: y * x, 1.0), 0.8)


def test_fori_loop_in_higher_orders() -> None:
    agrees(lambda x: gr.grad(lambda y: gr.fori_loop(0, 3, lambda i, v: v * y, 1.0))(x) * x, 1.3)
    agrees(lambda x: gr.fori_loop(0, 3, lambda i, v: v - 0.1 * gr.grad(lambda u: u**3 * x)(v), x), 0.5)


# while_loop.


def newton(a):
    def body(s):
        return 0.5 * (s[0] + a / s[0]), s[1] + 1

    return gr.while_loop(lambda s: abs(s[0] * s[0] - a) > 1e-12, body, (a, 0))[0]


def doubled(x):
    return gr.while_loop(lambda y: np.sum(y) < 100.0, lambda y: y * 2.0, x)


def test_while_loop_is_one_while() -> None:
    for a in (0.5, 2.0, 10.0):
        agrees(newton, a)
    assert operations(newton, 2.0).count("while") == 1
    assert operations(newton, 2.0).count("for") == 0
    agrees(lambda x: doubled(x).sum(), np.abs(X))


def test_while_loop_without_turns() -> None:
    same_values(doubled, np.full(3, 1000.0))


# cond and switch.


def chosen(x, y):
    a, b = gr.cond(x > y, lambda a, b: (a * a, b), lambda a, b: (a, b * b), x, y)
    return a + 3 * b


def guarded(x):
    return gr.cond(x != 0, lambda: 1 / x, lambda: x)


def test_cond_is_one_if() -> None:
    agrees(chosen, 2.0, 1.0)
    agrees(chosen, 1.0, 2.0)
    assert operations(chosen, 1.0, 2.0).count("if") == 1


def test_cond_runs_one_branch() -> None:
    same_values(guarded, 0.0)
    same_values(guarded, 2.0)


def test_cond_on_a_concrete_value_leaves_no_trace() -> None:
    def f(x, mode):
        return gr.cond(mode == "double", lambda y: y * 2, lambda y: [y], x)

    assert gr.jit(f)(1.5, "double") == 3.0
    assert gr.jit(f)(1.5, "other") == [1.5]


def switched(x, k):
    return gr.switch(k, [lambda y: y, lambda y: y**2, lambda y: y**3], x)


@pytest.mark.parametrize("k", [-1, 0, 1, 2, 7])
def test_switch(k: int) -> None:
    agrees(switched, 2.0, k)
    agrees(lambda x: switched(x, int(x * 0 + k)), 2.0)


def test_switch_on_what_the_run_knows() -> None:
    f = gr.grad(lambda x: switched(x, int(x)))
    assert [f(x) for x in (0.5, 1.5, 2.5)] == pytest.approx([1.0, 3.0, 18.75])
    assert f.cache_info().misses == 1


# scan.


def recurrent(xs, w):
    def step(c, x):
        c = np.tanh(w * c + x)
        return c, c * 2

    c, ys = gr.scan(step, 0.0, xs)
    return c + ys.sum()


def trees(a, b):
    def step(carry, row):
        h, k = carry
        h = np.tanh(row["a"] + h)
        return (h, k + 1), {"h": h, "s": (h.sum(), row["b"])}

    c, ys = gr.scan(step, (np.zeros(3), 0), {"a": a, "b": b}, reverse=True)
    return np.sum(ys["h"][0] * c[0]) + np.sum(ys["s"][0] * ys["s"][1]) * c[1]


def in_place(x):
    def step(c, v):
        c[1:] = c[:-1] * v
        c[0] = v
        return c, c

    c, ys = gr.scan(step, np.zeros(3), x)
    return ys.sum() + c.prod()


def scan_in_a_loop(x):
    total = 0.0
    for k in range(5):
        _, ys = gr.scan(lambda c, v, k=k: (c * 0.9 + v * k, c), total, x)
        total = total + np.sin(ys).sum() * 0.1
    return total


def scan_in_a_scan(a):
    def outer(c, row):
        inner, ys = gr.scan(lambda s, v: (s + v * c, s * s), c, row)
        return np.sin(inner), ys

    c, ys = gr.scan(outer, 0.3, a)
    return c * ys.sum()


def scan_in_a_branch(x):
    ys = gr.scan(lambda c, v: (c + v, c * v), 1.0, x)[1] if x[0] > 0 else x * 2.0
    return np.sum(ys**2)


@pytest.mark.parametrize(
    ("fun", "args", "loops"),
    [
        (recurrent, (X, 0.5), 1),
        (trees, (A, B), 1),
        (in_place, (X,), 1),
        (scan_in_a_loop, (X,), 2),
        (scan_in_a_scan, (A,), 2),
        (scan_in_a_branch, (X,), 1),
        (scan_in_a_branch, (-X,), 1),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_scan(fun: Any, args: tuple[Any, ...], loops: int) -> None:
    agrees(fun, *args)
    assert loops_of(fun, *args) == loops


def outputs(a, b):
    def step(c, row):
        h = np.tanh(row[0] + c)
        return h, (h, None, row[1] * 2, 1, row[1] > 0)

    return gr.scan(step, np.zeros(3), (a, b))


def without_inputs(x):
    return gr.scan(lambda c, _: (c * x, c), 1.0, length=4)


def an_int_that_becomes_a_float(x):
    return gr.scan(lambda c, _: (c + x, c), 0, length=4)


def no_turns(x):
    return gr.scan(lambda c, v: (c + v, (c, v * v, 1)), x.sum(), x[:0])


def no_turns_of_a_row(a):
    return gr.scan(lambda c, row: (c, row * 2), 1.0, a[:0], 0)


def one_turn(x):
    return gr.scan(lambda c, v: (c + v, {"y": v}), x[0], x[:1])


@pytest.mark.parametrize(
    ("fun", "args"),
    [
        (outputs, (A, B)),
        (without_inputs, (1.5,)),
        (an_int_that_becomes_a_float, (1.5,)),
        (no_turns, (X,)),
        (no_turns_of_a_row, (A,)),
        (one_turn, (X,)),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_what_scan_returns(fun: Any, args: tuple[Any, ...]) -> None:
    same_values(fun, *args)


def test_scan_that_is_unrolled() -> None:
    def f(x):
        weights = [1.0, 2.0, 3.0]
        return gr.scan(lambda k, v: (k + 1, weights[k] * v), 0, x[:3])[1].sum()

    agrees(f, X)
    assert loops_of(f, X) == 0


def test_scan_in_plain_python_stacks_copies() -> None:
    def step(c, v):
        c += v
        return c, c

    carry, ys = gr.scan(step, np.zeros(2), np.arange(6.0).reshape(3, 2), reverse=True)
    np.testing.assert_array_equal(carry, [6.0, 9.0])
    np.testing.assert_array_equal(ys, [[6.0, 9.0], [6.0, 8.0], [4.0, 5.0]])


def test_the_graph_does_not_grow_with_the_turns() -> None:
    sizes = {len(operations(recurrent, np.ones(n), 0.5)) for n in (5, 50_000)}
    assert len(sizes) == 1


def test_without_source() -> None:
    scope: dict[str, Any] = {"gr": gr, "np": np}
    exec(
        "def f(x):\n"
        "    y = gr.fori_loop(0, 1000, lambda i, v: v * 0.999 + x[0], 1.0)\n"
        "    z = gr.while_loop(lambda v: v < 10.0, lambda v: v * 2.0, abs(y) + 1.0)\n"
        "    w = gr.scan(lambda c, v: (c + v, c), y, x)[0]\n"
        "    return gr.cond(z > 12.0, lambda v: v * v, lambda v: v, z) + w",
        scope,
    )
    f = scope["f"]
    gr.check_grads(f, (X,), 1)
    assert gr.jit(f)(X) == pytest.approx(f(X), rel=1e-12)
    assert operations(f, X).count("for") == 2


# Errors: the same with tracers and without.


def both(fun: Any, *args: Any) -> str:
    """Return the message of the error that a function raises, traced or not."""
    with pytest.raises(gr.GradirError) as plain:
        fun(*args)
    with pytest.raises(gr.GradirError) as traced:
        gr.jit(fun)(*args)
    assert plain.value.message == traced.value.message
    assert traced.value.loc is not None
    return traced.value.message


def test_a_carry_that_changes_its_shape_is_named() -> None:
    def f(x):
        return gr.fori_loop(0, 3, lambda i, s: {"a": s["a"], "b": (s["b"][0][:-1],)}, {"a": 1.0, "b": (x,)})

    assert both(f, X) == (
        "gr.fori_loop: the body makes of 'init_val['b'][0]', which is an array of float64 and shape (5,)"
        " before a turn, an array of float64 and shape (4,); it has to keep its shape and dtype"
    )


def test_a_carry_that_changes_its_dtype_is_named() -> None:
    def f(x):
        return gr.scan(lambda c, v: (c * v, None), np.zeros(2, np.float32), x)

    assert "'init', which is an array of float32 and shape (2,)" in both(f, X)


def test_a_carry_that_changes_its_structure() -> None:
    def f(x):
        return gr.while_loop(lambda s: s[0] < 3.0, lambda s: (s[0] + 1.0,), (x, 0))

    assert both(f, 1.0) == (
        "gr.while_loop: the body makes of 'init_val' another structure: (*, *) before a turn, and (*,) after"
        " it"
    )


def test_what_scan_refuses() -> None:
    def step(c, x):
        return c + x, x

    assert "'xs' is a number of type float" in both(lambda x: gr.scan(step, 0.0, x), 1.0)
    assert "len(xs[0]) is 4, but len(xs[1]) is 5" in both(lambda a, b: gr.scan(step, 0.0, (a, b)), B, X)
    assert "length is 3, but len(xs) is 5" in both(lambda x: gr.scan(step, 0.0, x, length=3), X)
    assert "needs `xs` or `length`" in both(lambda x: gr.scan(step, x), 1.0)
    assert "returns a pair (carry, y)" in both(lambda x: gr.scan(lambda c, v: c, 0.0, x), X)
    assert "output holds 'text'" in both(lambda x: gr.scan(lambda c, v: (c, "text"), 0.0, x), X)


def test_branches_of_different_shapes() -> None:
    with pytest.raises(gr.TraceError, match=r"both need the same shape and dtype"):
        gr.jit(lambda x: gr.cond(x[0] > 0, lambda: x, lambda: x[1:]))(X)
    with pytest.raises(gr.TraceError, match="different structure"):
        gr.jit(lambda x: gr.cond(x[0] > 0, lambda: x, lambda: (x, x)))(X)


def test_plain_python_runs_them_as_they_are() -> None:
    assert gr.fori_loop(0, 3, lambda i, v: [*v[1:], i], [7, 8]) == [1, 2]
    assert gr.while_loop(lambda v: v < 10, lambda v: v * 3, 1) == 27
    assert gr.cond([], lambda: "yes", lambda: "no") == "no"
    assert gr.switch(5, ["a".upper, "b".upper]) == "B"
    with pytest.raises(ValueError, match="at least one branch"):
        gr.switch(0, [])
    carry, ys = gr.scan(lambda c, x: (c + x["v"], (c, x["v"])), 0, {"v": np.arange(4)})
    assert (carry, optree.tree_map(list, ys)) == (6, ([0, 0, 1, 3], [0, 1, 2, 3]))
