"""Loops over short rows: several rows at once, no masks in arrays that are written where they are read."""

from __future__ import annotations

import re
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.lower.llvm_loop_hints import FREE, innermost
from gradir.lower.llvm_program import emit
from gradir.lower.lower import lower

from .build import array, build

ROWS = 1003
FULL = {"weight": 3, "in_place": False, "adds_up": False, "interleave": 0}


def _matrix(columns: int, dtype: Any = np.float64, rows: int = ROWS) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(rows, columns)).astype(dtype)


def _relax(x: Any, w: Any) -> Any:
    for _ in range(5):
        x = x * w + 1.0
    return x


@pytest.mark.parametrize("columns", [2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rows_written_in_place_have_no_masks(columns: int, dtype: Any) -> None:
    x, w = _matrix(columns, dtype), np.linspace(0.1, 0.9, columns, dtype=dtype)
    assert "masked" not in gr.jit(_relax).inspect(x, w).llvm
    np.testing.assert_allclose(gr.jit(_relax)(x, w), _relax(x, w), rtol=1e-6)


@pytest.mark.parametrize("columns", [2, 3, 5, 7])
def test_products_with_short_rows_are_taken_for_several_rows_at_once(columns: int) -> None:
    def product(x: Any, w: Any) -> Any:
        return x @ w

    x, w = _matrix(columns), np.linspace(0.1, 0.9, columns)
    assert re.search(r"fadd reassoc <\d+ x double>", gr.jit(product).inspect(x, w).llvm)
    np.testing.assert_allclose(gr.jit(product)(x, w), product(x, w), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("rows", [8, 11, ROWS, 40_001])
@pytest.mark.parametrize("columns", [2, 20, 150])
def test_rows_are_added_up_several_at_once(rows: int, columns: int) -> None:
    def reduced(x: Any, g: Any) -> Any:
        return g @ x, np.sum(x * x, axis=0), np.max(x, axis=0), np.prod(1.0 + 0.01 * x, axis=0)

    x = _matrix(columns, rows=rows)
    g = np.linspace(-1.0, 1.0, rows)
    for got, want in zip(gr.jit(reduced)(x, g), reduced(x, g), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("rows", [5, 8, 11, ROWS])
@pytest.mark.parametrize("columns", [7, 8, 20, 150, 5000])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_several_rows_are_added_up_at_once(rows: int, columns: int, dtype: Any) -> None:
    def reduced(x: Any, w: Any) -> Any:
        return x @ w, np.sum(x * x, axis=1), np.max(x, axis=1), np.prod(1.0 + 0.01 * x, axis=1)

    x = _matrix(columns, dtype, rows=rows)
    w = np.linspace(-1.0, 1.0, columns, dtype=dtype)
    digits = 1e-11 if dtype is np.float64 else 2e-4
    for got, want in zip(gr.jit(reduced)(x, w), reduced(x, w), strict=True):
        np.testing.assert_allclose(got, want, rtol=digits, atol=digits * np.sqrt(columns))


@pytest.mark.parametrize(("columns", "sums"), [(7, 1), (8, 5), (200, 5), (5000, 1)])
def test_four_rows_have_four_sums_in_one_loop(columns: int, sums: int) -> None:
    graph = build(lambda b, x: b.sum(b.square(x), axes=(1,)), array(ROWS // 10, columns))
    text = emit(lower(graph), "f")
    assert len(re.findall(r"fadd reassoc", text)) == sums  # four, and one for the rows that are left


def test_rows_of_a_part_and_of_tiles_are_added_up() -> None:
    def reduced(x: Any, y: Any) -> Any:
        return (
            np.sum(x * y.T, axis=1),
            np.sum(x[1:, 3:90] * y.T[1:, 5:92], axis=1),
            np.sum(x[None] * y, axis=2),
        )

    x, y = _matrix(300, rows=300), _matrix(300, rows=300) + 1.0
    for got, want in zip(gr.jit(reduced)(x, y), reduced(x, y), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-10)


def test_whole_numbers_are_added_up_exactly() -> None:
    def total(x: Any) -> Any:
        return np.sum(x, axis=0), np.min(x, axis=0)

    x = (_matrix(13) * 100).astype(np.int64)
    for got, want in zip(gr.jit(total)(x), total(x), strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_nan_in_any_row_is_found() -> None:
    def largest(x: Any) -> Any:
        return np.max(x, axis=0)

    for row in range(8):
        x = _matrix(9, rows=30)
        x[row, 4] = np.nan
        np.testing.assert_array_equal(gr.jit(largest)(x), largest(x))


def test_sums_of_rows_do_not_depend_on_the_number_of_threads() -> None:
    def slope(x: Any, g: Any) -> Any:
        return np.tanh(g) @ x

    x, g, found = _matrix(30, rows=50_003), np.linspace(-1.0, 1.0, 50_003), []
    before = gr.get_num_threads()
    try:
        for threads in (1, 2, 3):
            gr.set_num_threads(threads)
            found.append(gr.jit(slope)(x, g))
    finally:
        gr.set_num_threads(before)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_what_llvm_is_told_of_a_loop() -> None:
    assert innermost(20, **FULL).straight
    assert not innermost(1000, **FULL).straight
    assert not innermost(None, **FULL).straight
    assert innermost(6, **{**FULL, "adds_up": True}) is FREE
    assert innermost(6, **{**FULL, "in_place": True}) is FREE
    assert innermost(6, **FULL) is not FREE
    assert innermost(6, **{**FULL, "adds_up": True, "weight": 100}) is not FREE
    assert not innermost(12, **{**FULL, "in_place": True}).masked
    assert innermost(12, **FULL).masked
    assert innermost(4, **{**FULL, "in_place": True}).masked
