"""Nests that read arrays along different axes: which are walked tile by tile, and what they compute."""

from __future__ import annotations

import re

import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Value
from gradir.ir.types import DType
from gradir.lower import bands, crossings, parallel

from .build import array, build, kernels_of


@pytest.fixture(params=["alone", "shared"])
def small(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Small arrays too, in small tiles."""
    for name, value in (("LEAST", 0), ("_FAR", 2), ("ROWS", 2), ("COLUMNS", 3)):
        monkeypatch.setattr(crossings, name, value)
    if request.param == "shared":
        monkeypatch.setattr(parallel, "_LEAST_WORK", 0)
        monkeypatch.setattr(parallel, "_CHUNK_WORK", 30)
        monkeypatch.setattr(parallel, "_VECTORS", 1)
        monkeypatch.setattr(parallel, "_ROWS", 1)


def _tiles(text: str) -> list[str]:
    return re.findall(r"nest \[.*?\] by (\[.*?\])", text)


def _sum_with_transpose(shape: tuple[int, ...], axes: tuple[int, ...]) -> Graph:
    other = [0] * len(shape)
    for k, a in enumerate(axes):
        other[a] = shape[k]

    def make(b: Builder, x: Value, y: Value) -> Value:
        return b.add(x, b.transpose(y, axes=axes))

    return build(make, array(*shape), array(*other))


@pytest.mark.parametrize(
    ("shape", "axes", "tiles"),
    [
        ((500, 300), (1, 0), "[16, 128]"),
        ((3, 200, 300), (0, 2, 1), "[1, 16, 128]"),
        ((2, 3, 90, 260), (0, 1, 3, 2), "[1, 1, 16, 128]"),
        ((60, 20, 70), (2, 1, 0), "[16, 1, 128]"),
        ((60, 20, 70), (2, 0, 1), "[16, 1, 128]"),
    ],
)
def test_transposed_reads_go_tile_by_tile(shape: tuple[int, ...], axes: tuple[int, ...], tiles: str) -> None:
    assert _tiles(kernels_of(_sum_with_transpose(shape, axes))) == [tiles]


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((60, 20, 70), (1, 0, 2)),  # contiguous along the last axis all the same
        ((20, 60, 70), (0, 2, 1)),  # the lines of 70 rows stay in the cache
        ((300, 16, 300), (0, 2, 1)),  # fewer rows than two tiles
        ((10, 30, 30), (0, 2, 1)),  # all of it stays there
    ],
)
def test_other_transposes_go_row_by_row(shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    assert _tiles(kernels_of(_sum_with_transpose(shape, axes))) == []


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("shape", [(4, 6), (7, 8), (3, 5, 7), (2, 6, 6), (1, 9, 7), (2, 1, 4, 9)])
def test_tiles_that_do_not_divide_the_axes(shape: tuple[int, ...]) -> None:
    rank = len(shape)
    assert _tiles(kernels_of(_sum_with_transpose(shape, (*range(rank - 2), rank - 1, rank - 2))))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("dtype", [DType.F64, DType.F32])
def test_sums_of_what_is_walked_by_tiles(dtype: DType) -> None:
    def make(b: Builder, x: Value, y: Value) -> list[Value]:
        z = b.multiply(x, b.transpose(y, axes=(0, 2, 1)))
        sums = [b.sum(z, axes=axes) for axes in ((0, 1, 2), (0, 1), (1,), (0,))]
        return [z, *sums, b.max(z, axes=(1,))]

    assert _tiles(kernels_of(build(make, array(3, 8, 7, dtype=dtype), array(3, 7, 8, dtype=dtype))))


@pytest.mark.parametrize("shape", [(256, 256), (300, 263), (1024, 256), (33, 500)])
def test_sums_of_large_arrays(shape: tuple[int, int]) -> None:
    def make(b: Builder, x: Value, y: Value) -> list[Value]:
        total = b.add(x, b.transpose(y, axes=(1, 0)))
        return [b.sin(total), b.sum(total, axes=(0, 1)), b.sum(total, axes=(0,))]

    assert _tiles(kernels_of(build(make, array(*shape), array(*shape[::-1])))) == ["[16, 128]"]


@pytest.mark.usefixtures("small")
def test_sums_of_rows_are_not_cut_by_tiles() -> None:
    def make(b: Builder, x: Value, y: Value) -> Value:
        return b.sum(b.multiply(x, b.transpose(y, axes=(1, 0))), axes=(1,))

    assert _tiles(kernels_of(build(make, array(9, 8), array(8, 9)))) == []


@pytest.mark.usefixtures("small")
def test_tiles_in_a_band(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "_LEAST_SAVED", 0)
    monkeypatch.setattr(bands, "_LEAST_BLOCKS", 1)
    monkeypatch.setattr(bands, "_BLOCK", 40)

    def make(b: Builder, x: Value, y: Value) -> Value:
        z = b.exp(b.add(x, b.transpose(y, axes=(1, 0))))
        total = b.broadcast(b.sum(z, axes=(1,)), shape=x.shape, axes=(0,))
        return b.divide(z, b.add(total, b.transpose(y, axes=(1, 0))))

    text = kernels_of(build(make, array(11, 8), array(8, 11)))
    assert "band " in text
    assert _tiles(text)
