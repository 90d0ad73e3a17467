"""gr.unroll: loops that are written out turn by turn."""

from __future__ import annotations

import gradir as gr
import numpy as np
import pytest

from .agree import agrees, loops_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=5)


def test_unroll_leaves_no_loop() -> None:
    def f(x):
        weights = {"w0": 1.0, "w1": 2.0}
        total = 0.0
        for k in gr.unroll(range(2)):
            total = total + weights[f"w{k}"] * x[k] ** 2
        for i, v in enumerate(gr.unroll(x)):
            total = total * v + i
        for a, b in gr.unroll(zip(x, reversed(x), strict=False)):
            total = total + a * b
        return total

    agrees(f, X)
    assert loops_of(f, X) == 0
    unrolled = [d for d in gr.jit(f).inspect(X).decisions if d.reason == "gr.unroll"]
    assert [d.what for d in unrolled] == [
        "loop of 2 turns unrolled",
        "loop of 5 turns unrolled",
        "loop of 5 turns unrolled",
    ]


def test_unroll_outside_of_traces_is_nothing() -> None:
    bounds = range(3)
    assert gr.unroll(bounds) is bounds


def test_unroll_fixes_an_int_argument() -> None:
    def f(x, n):
        for _ in gr.unroll(range(n)):
            x = x * x
        return x

    compiled = gr.jit(f)
    assert [compiled(2.0, n) for n in (0, 1, 2, 3)] == [2.0, 4.0, 16.0, 256.0]
    assert compiled.cache_info().misses == 4


def test_unroll_in_a_loop_that_decides_the_length_unrolls_both() -> None:
    def f(x):
        for i in range(3):
            for _ in gr.unroll(range(i)):
                x = x * x
        return x

    agrees(f, 1.1)
    assert loops_of(f, 1.1) == 0


def test_unroll_of_a_length_that_only_the_run_knows_is_refused() -> None:
    def f(x):
        for _ in gr.unroll(range(int(x))):
            x = x * x
        return x

    with pytest.raises(gr.UnsupportedError, match=r"without gr\.unroll the loop stays a loop"):
        gr.jit(f)(2.0)


def test_unroll_has_a_limit() -> None:
    def f(x):
        for _ in gr.unroll(range(4097)):
            x = x + 1.0
        return x

    with pytest.raises(gr.TraceError, match=r"gr\.unroll of 4097 turns: gradir unrolls at most 4096"):
        gr.jit(f)(2.0)
