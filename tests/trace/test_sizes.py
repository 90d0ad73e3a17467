"""Slices whose size depends on a loop index or an int argument: rolled, compiled once, differentiated."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir import specialise
from gradir.trace.function import trace_function

from .agree import agrees, same_values

RNG = np.random.default_rng(0)
X = RNG.normal(size=6)
A = RNG.normal(size=(5, 5))
SPD = A @ A.T + 5 * np.eye(5)
LOWER = np.tril(A) + 5 * np.eye(5)


def cholesky(a):
    n = a.shape[0]
    L = np.zeros_like(a)
    for i in range(n):
        for j in range(i):
            L[i, j] = (a[i, j] - np.dot(L[i, :j], L[j, :j])) / L[j, j]
        L[i, i] = np.sqrt(a[i, i] - np.dot(L[i, :i], L[i, :i]))
    return np.sum(L * L * L)


def lu_with_dots(a):
    a = a.copy()
    n = a.shape[0]
    for i in range(n):
        for j in range(i):
            a[i, j] -= a[i, :j] @ a[:j, j]
            a[i, j] /= a[j, j]
        for j in range(i, n):
            a[i, j] -= a[i, :i] @ a[:i, j]
    return np.sum(np.sin(a))


def lu_with_outer(a):
    a = a.copy()
    for k in range(a.shape[0] - 1):
        a[k + 1 :, k] /= a[k, k]
        a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])
    return np.sum(np.sin(a))


def gauss(a):
    a = a.copy()
    n = a.shape[0]
    for k in range(n):
        for i in range(k + 1, n):
            f = a[i, k] / a[k, k]
            a[i, k:] -= f * a[k, k:]
    return np.sum(a * a)


def forward_substitution(L, b):
    x = np.zeros_like(b)
    for i in range(b.shape[0]):
        x[i] = (b[i] - L[i, :i] @ x[:i]) / L[i, i]
    return np.sum(x**2)


def durbin_with_flip(r):
    y = np.zeros_like(r)
    alpha, beta = -r[0], 1.0
    y[0] = -r[0]
    for k in range(1, r.shape[0]):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + np.dot(np.flip(r[:k]), y[:k])) / beta
        y[:k] += alpha * np.flip(y[:k])
        y[k] = alpha
    return np.sum(y * y)


def durbin_with_negative_steps(r):
    y = np.zeros_like(r)
    alpha, beta = -r[0], 1.0
    y[0] = -r[0]
    for k in range(1, r.shape[0]):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + r[:k][::-1] @ y[:k]) / beta
        y[:k] += y[k - 1 :: -1] * alpha
        y[k] = alpha
    return np.sum(y * y)


def gram_schmidt(a):
    Q = np.zeros_like(a)
    for j in range(a.shape[1]):
        v = a[:, j].copy()
        v = v - Q[:, :j] @ (Q[:, :j].T @ v)
        Q[:, j] = v / np.sqrt(np.sum(v * v))
    return np.sum(Q * Q * Q)


def triangular_sums(a):
    s = 0.0
    for i in range(a.shape[0]):
        for j in range(i + 1):
            s += np.sum(a[i, j : i + 1]) * a[i, :j] @ a[j, :j]
    return s


def prefix_means(x):
    out = np.zeros_like(x)
    for i in range(x.shape[0]):
        out[i] = np.mean(x[: i + 1]) * x[i] + np.var(x[i:])
    return np.sum(out**2)


def windows(x):
    s = 0.0
    for i in range(x.shape[0] - 2):
        w = x[i : i + 3]
        s += w[0] * w[1] - w[2] + np.max(w)
    return s


def moving_average(x):
    out, w = np.zeros_like(x), 2
    for i in range(x.shape[0]):
        out[i] = np.mean(x[max(0, i - w) : i + w + 1])
    return np.sum(out**3)


def extremes(x):
    s = 0.0
    for i in range(x.shape[0]):
        s += np.max(x[: i + 1]) * np.min(x[i:]) + x[: i + 1][np.argmax(x[: i + 1])]
    return s


def scans(x):
    s = 0.0
    for i in range(x.shape[0]):
        c = np.cumsum(x[i:])
        s += np.sum(c * c) + np.prod(x[:i])
    return s


def choices(x):
    s = 0.0
    for i in range(x.shape[0]):
        v = x[:i]
        s += np.sum(np.where(v > 0, v * v, np.exp(v)))
    return s


def steps(x):
    s = 0.0
    for i in range(1, 6):
        s += np.sum(x[::2][:i] ** 2) + np.sum(x[:i:2] ** 3) + np.sum(x[i::-2] * 0.5)
    return s


def counted_from_the_end(x):
    s = 0.0
    for i in range(-3, 4):
        s += np.sum(x[i:] ** 2) + np.sum(x[:i])
    return s


def made_arrays(x):
    s = 0.0
    for i in range(1, 5):
        t = np.zeros(i)
        t[0] = x[i]
        for j in range(1, len(t)):
            t[j] = t[j - 1] * x[j] + x[i]
        s += np.sum(t * np.arange(i)) + t[-1]
    return s


def joined(x):
    s = 0.0
    for i in range(1, 5):
        c = np.concatenate([x[i:], x[:i]])
        d = np.concatenate([x[:i], x[:i] ** 2])
        s += np.sum(c * x * np.arange(6)) + np.sum(d * d)
    return s


def blocks(a):
    s = 0.0
    for i in range(1, 5):
        B = a[:i, :i] @ a[:i, i:]
        s += np.sum(B * B) + np.sum(np.max(a[:i, :], axis=1)) + np.sum(np.sum(a[:i, i:], axis=0) ** 2)
        s += np.sum(np.cumsum(a[:i, :i], axis=1)[:, -1])
    return s


def writes_through_views(a):
    a = a.copy()
    for i in range(1, 5):
        v = a[i, :i]
        v *= 2.0
        w = v[::-1]
        w += a[:i, i]
        a[:i, 0] = w
    return np.sum(np.sin(a))


def adds_to_parts(a):
    out = np.zeros(5)
    for i in range(5):
        out[:i] += a[i, :i] ** 2
        out[i:] -= a[i:, i]
    return np.sum(out**2)


def columns_at_once(L, B):
    X = np.zeros_like(B)
    for i in range(L.shape[0]):
        X[i] = (B[i] - L[i, :i] @ X[:i]) / L[i, i]
    return np.sum(X**2)


def differences(a):
    s = 0.0
    for i in range(1, 5):
        s += np.sum((a[i, :i][:, None] - a[:i, i][None, :]) ** 2)
        s += np.einsum("i,ij,j", a[i, :i], a[:i, :i], a[i, :i])
    return s


def inner_gradients(a):
    def energy(v, w):
        return np.sum(v * v * w)

    s = 0.0
    for i in range(1, 5):
        s += np.sum(gr.grad(energy)(a[i, :i], a[:i, i]) ** 2)
    return s


def until_large(x):
    i, s = 0, 0.0
    while s < 2.0 and i < 5:
        s += np.sum(x[: i + 1] ** 2)
        i += 1
    return s


def stopped(x):
    s = 0.0
    for i in range(6):
        if s > 1.5:
            break
        s += np.sum(np.abs(x[: i + 1]))
    return s


LOOPS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (cholesky, (SPD,)), (lu_with_dots, (SPD,)), (lu_with_outer, (SPD,)), (gauss, (SPD,)),
    (forward_substitution, (LOWER, X[:5].copy())), (durbin_with_flip, (0.3 * X,)),
    (durbin_with_negative_steps, (0.3 * X,)), (gram_schmidt, (RNG.normal(size=(6, 4)),)),
    (triangular_sums, (A,)), (prefix_means, (X,)), (windows, (X,)), (moving_average, (X,)),
    (extremes, (X,)), (scans, (X,)),
    (choices, (X,)), (steps, (X,)), (counted_from_the_end, (X,)), (made_arrays, (X,)), (joined, (X,)),
    (blocks, (A,)), (writes_through_views, (A,)), (adds_to_parts, (A,)),
    (columns_at_once, (LOWER, A[:, :3].copy())), (differences, (A,)), (inner_gradients, (A,)),
    (until_large, (X,)), (stopped, (X,)),
]  # fmt: skip


@pytest.mark.parametrize(("fun", "args"), LOOPS, ids=lambda x: getattr(x, "__name__", ""))
def test_loops_over_slices_stay_loops(fun: Callable[..., Any], args: tuple[Any, ...]) -> None:
    agrees(fun, *args)
    graph = gr.trace(fun)(*args)
    assert {"for", "while"} & {node.op.name for node in graph.block.nodes}


def sized(x, m):
    v = x[:m]
    w = np.ones(v.shape) * 2 + np.arange(len(v))
    s = 0.0
    for i in range(v.shape[0]):
        s += v[i] * w[i]
    for e in v:
        s += e * e
    return s + v.size + v.mean() + v.var()


def between(x, lo, hi):
    a = x[lo:hi]
    return np.sum(a * np.sin(a)) + len(a)


def carried(x, k):
    v = x[:k].copy()
    for _ in range(3):
        v[:-1] += v[1:] * 0.5
        v[0] = np.sin(v[0])
    return np.sum(v**2)


def one_side_or_the_other(x, k):
    y = x[:k] * x[:k] if x[0] > 0 else np.exp(x[:k])
    return np.sum(y * x[:k])


@pytest.mark.parametrize("k", [1, 3, 6])
@pytest.mark.parametrize("fun", [sized, carried, one_side_or_the_other])
def test_an_int_argument_gives_a_size(fun: Callable[..., Any], k: int) -> None:
    agrees(fun, X, k)
    agrees(fun, -X, k)


def test_one_specialisation_serves_all_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    traces = []

    def counted(*args: Any) -> Any:
        traces.append(1)
        return trace_function(*args)

    monkeypatch.setattr(specialise, "trace_function", counted)
    fun = gr.value_and_grad(between)
    for lo, hi in [(0, 6), (2, 4), (4, 2), (-3, 6), (-9, -1), (1, 99)]:
        value, gradient = fun(X, lo, hi)
        assert value == pytest.approx(between(X, lo, hi))
        inside = np.zeros(6)
        inside[lo:hi] = 1
        np.testing.assert_allclose(gradient, (np.sin(X) + X * np.cos(X)) * inside, atol=1e-15)
    assert len(traces) == 1


def test_a_result_of_that_size_makes_the_argument_part_of_the_code() -> None:
    def fun(x, k):
        return x[:k] * 2

    for k in (2, 4, -1):
        same_values(fun, X, k)


def test_a_size_that_data_decide() -> None:
    def up_to_the_largest(x):
        return np.sum(x[: int(np.argmax(x))] ** 2)

    agrees(up_to_the_largest, X)

    def returned(x):
        return x[: int(np.argmax(x))] ** 2

    with pytest.raises(gr.TraceError, match="needs the size of an array that is only known at run time"):
        gr.jit(returned)(X)


def test_sizes_that_may_differ_unroll_the_loop() -> None:
    """`x[:i]` and `x[i:]` have one size in the one turn that there is when NumPy runs this."""

    def fun(x):
        s = 0.0
        for i in range(3, 4):
            s += np.sum(x[:i] * x[i:])
        for i in range(2):
            s += np.sum(x[: i + 1] * x[i : 2 * i + 1])
        return s

    agrees(fun, X)


def test_a_mismatch_is_reported_as_numpy_does() -> None:
    def fun(x):
        s = 0.0
        for i in range(1, 4):
            s += np.sum(x[:i] * x[i:])
        return s

    with pytest.raises(ValueError, match=r"the shapes \(2,\) and \(4,\) do not fit together"):
        gr.jit(fun)(X)


@pytest.mark.parametrize(
    ("fun", "raised", "message"),
    [
        (lambda x, k: np.max(x[:k]), ValueError, "zero-size array to reduction operation maximum"),
        (lambda x, k: x[:k].argmin(), ValueError, "attempt to get argmin of an empty sequence"),
        (lambda x, k: x[:k][2], IndexError, "index 2 is out of bounds for axis 0"),
        (lambda x, k: x[:k][-3], IndexError, "index -3 is out of bounds for axis 0"),
    ],
)  # fmt: skip
def test_what_an_empty_slice_lacks(fun: Callable[..., Any], raised: type, message: str) -> None:
    compiled = gr.jit(fun)
    assert compiled(X, 4) == fun(X, 4)
    with pytest.raises(raised, match=message):
        compiled(X, 0)


def test_a_sum_of_nothing_is_0() -> None:
    assert gr.jit(lambda x, k: np.sum(x[:k]))(X, 0) == 0.0
    assert gr.jit(lambda x, k: np.prod(x[k:]))(X, 6) == 1.0


def test_variables_of_that_size_end_with_the_loop() -> None:
    def fun(x):
        for i in range(1, 4):
            part = x[:i] * 2
        return np.sum(part)

    agrees(fun, X)  # unrolled, as the size of `part` is that of the last turn


def test_compile_time_does_not_depend_on_the_size() -> None:
    spent = []
    for n in (20, 400):
        a = np.eye(n) * 3 + 0.01
        begin = time.perf_counter()
        gr.value_and_grad(cholesky)(a)
        spent.append(time.perf_counter() - begin)
    assert spent[1] < 3 * spent[0] + 2
