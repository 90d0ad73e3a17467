"""Long programs in several functions: every way in which one part hands another what it computed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from gradir.api import value_and_grad
from gradir.ir.graph import Graph
from gradir.ir.interpreter import interpret
from gradir.lower.llvm_program import emit
from gradir.lower.lower import lower
from gradir.lower.outside import STRAIGHT_LINE
from gradir.runtime import host


def _scalars(x: np.ndarray) -> Any:
    a, b, c = x[0], x[1], x[2]
    for _ in (1, 2, 3):
        a = a * b + np.sin(c)
        b = np.where(a > c, b - a, c * 0.5)
        c = c / (1.5 + a * a)
    return a + b * c


def _in_loops(x: np.ndarray) -> Any:
    total, u = 0.0, x.copy()
    for i in range(4):
        v = u * x[i] + 1.0
        for j in range(i):
            total = total + v[j] * u[i]
            u[j] = np.tanh(u[j] + total)
        u = v * 0.5 + u
    return total + np.sum(u * u)


def _branches(x: np.ndarray) -> Any:
    s = 1.0
    for i in range(x.size):
        if x[i] > 0.4:
            s = s * x[i]
            t = np.exp(s)
        else:
            t = s + x[i] * x[i]
        s = s + t * x[0]
    return s


def _turns(x: np.ndarray) -> Any:
    y, k = x * 1.0, 0
    while np.sum(y) < 40.0 and k < 9:
        y = y + np.roll(y, 1) * x
        k += 1
    return np.sum(y)


def _large(x: np.ndarray) -> Any:
    big = np.outer(x, np.arange(200.0)).ravel()
    for _ in range(3):
        other = big * 0.5 + big[0]
        big = other[::-1] * x[1]
    return np.sum(big * big)


_X = np.linspace(0.2, 0.9, 6)


def _split(monkeypatch: pytest.MonkeyPatch, lines: int) -> None:
    target = replace(host.target(), most_lines=lines)
    monkeypatch.setattr(host, "target", lambda: target)


@pytest.mark.parametrize("lines", [1, 12, 60])
@pytest.mark.parametrize("function", [_scalars, _in_loops, _branches, _turns, _large])
def test_parts_give_what_the_whole_does(
    function: Callable[..., Any], lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = value_and_grad(function)(_X)
    _split(monkeypatch, lines)
    transformed = value_and_grad(function)
    program = transformed.inspect(_X)
    assert ".part1(" in program.compiled.source
    for got, want, plain in zip(transformed(_X), whole, interpret(program.optimized, _X), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-14)  # sums of ours may be added in another order
        np.testing.assert_allclose(got, plain, rtol=1e-12)


def _bad_index(x: np.ndarray, k: int) -> Any:
    s = 0.0
    for i in range(4):
        s = s + x[i] * x[k + i]
    return s


def test_a_run_ends_in_the_part_of_a_part_where_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    _split(monkeypatch, 1)
    transformed = value_and_grad(_bad_index)
    assert transformed(_X, 0)[0] == _X[:4] @ _X[:4]
    with pytest.raises(IndexError, match="index 6 is out of bounds for axis 0 with size 6"):
        transformed(_X, 3)
    assert transformed(_X, 1)[0] == pytest.approx(_X[:4] @ _X[1:5])


def _functions(ir: str) -> list[int]:
    """The lines of each function."""
    return [text.count("\n") for text in re.findall(r"^define .*?^\}", ir, re.MULTILINE | re.DOTALL)]


def _long(n: int) -> Graph:
    def chain(x: np.ndarray) -> Any:
        t = x[0]
        for k in list(range(n)):
            t = t * x[k % 6] + np.sin(x[k % 5])
        return t

    return value_and_grad(chain).inspect(_X).optimized


def test_no_function_is_longer_than_the_limit() -> None:
    most = 400
    ir = emit(lower(_long(600)), "long", replace(host.target(), most_lines=most))
    lines = _functions(ir)
    assert len(lines) > 10
    assert max(lines) < 3 * most  # what others read is stored behind the limit


def _compiled_fast(ir: str) -> str:
    return ir.partition(STRAIGHT_LINE)[2]


def test_the_code_of_a_very_long_row_of_statements_is_compiled_fast() -> None:
    assert not _compiled_fast(emit(lower(_long(300)), "short"))
    long = emit(lower(_long(1500)), "long")
    assert "alloca double, i64" not in _compiled_fast(long)
    assert " phi " not in _compiled_fast(long)
    assert len(_functions(_compiled_fast(long))) > 5


def _loops_between(x: np.ndarray) -> Any:
    t = x[0]
    for k in list(range(40)):
        t = t * x[k % 6] + np.sin(x[k % 5])
    for i in range(3):
        t = t + np.sum(x * t) * x[i]
    for k in list(range(40)):
        t = np.tanh(t) + x[k % 4]
    return t


@pytest.mark.parametrize("lines", [30, 300])
def test_fast_and_optimised_parts_give_the_same(lines: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = value_and_grad(_loops_between)(_X)
    target = replace(host.target(), most_lines=lines, most_optimised=lines)
    monkeypatch.setattr(host, "target", lambda: target)
    transformed = value_and_grad(_loops_between)
    program = transformed.inspect(_X)
    assert _compiled_fast(program.compiled.source)
    assert STRAIGHT_LINE in program.llvm
    assert all(
        f"{name}:" in program.assembly for name in re.findall(r"call i64 @([\w.]+part\d+)", program.llvm)
    )
    for got, want in zip(transformed(_X), whole, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-13)


def test_work_grows_with_the_length_only() -> None:
    def lines(n: int) -> int:
        return emit(lower(_long(n)), "long").count("\n")

    few, many = lines(400), lines(1600)
    assert many < 4.5 * few


def test_a_long_chain_of_moved_arrays_is_stored_now_and_then() -> None:
    def rolled(x: np.ndarray) -> Any:
        a = x
        for k in list(range(200)):
            a = np.roll(a, 1) * 0.5 + a * (0.5 + 0.001 * k)
        return np.sum(a * a)

    value, gradient = value_and_grad(rolled)(_X)
    assert value == pytest.approx(rolled(_X), rel=1e-12)
    np.testing.assert_allclose(gradient @ _X, 2 * value, rtol=1e-12)  # it is homogeneous of degree 2
