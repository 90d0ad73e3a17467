"""Reductions and scans against NumPy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from gradir.errors import GradirError, ShapeError, UnsupportedError

from tests.trace.numpy_oracle import agree, run, via

rng = np.random.default_rng(0)
ARRAYS = [
    rng.normal(size=(2, 3, 4)),
    rng.normal(size=(3, 4)).astype(np.float32),
    rng.integers(-3, 4, (2, 3)),
    rng.integers(0, 9, (2, 3)).astype(np.uint8),
    rng.integers(0, 2, (2, 3)).astype(bool),
    np.asfortranarray(rng.normal(size=(2, 3, 2))),
    rng.normal(size=5),
    np.array(2.5),
    np.array([[1.0, np.nan, np.inf], [0.0, 2.0, 2.0]]),
]
REDUCTIONS = "sum prod mean var std max min any all".split()


def axes_of(x):
    single = [None, *range(-x.ndim, x.ndim)]
    return [*single, *itertools.combinations(range(x.ndim), 2)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [*REDUCTIONS, "ptp", "count_nonzero"])
@pytest.mark.parametrize("k", range(len(ARRAYS)))
def test_reductions(name, k):
    x, function = ARRAYS[k], getattr(np, name)
    if name == "ptp" and x.dtype == bool:
        return
    for axis in axes_of(x):
        agree(lambda t, axis=axis: function(t, axis=axis), x, rtol=1e-12)
        agree(lambda t, axis=axis: function(t, axis=axis, keepdims=True), x, rtol=1e-12)
    if name in REDUCTIONS:
        agree(lambda t: getattr(t, name)(), x, rtol=1e-12)
        agree(lambda t: getattr(t, name)(axis=-1) if t.ndim else t, x, rtol=1e-12)


@pytest.mark.parametrize("name", ["argmax", "argmin", "cumsum", "cumprod"])
def test_along_one_axis(name):
    function = getattr(np, name)
    for x in ARRAYS:
        for axis in [None, *range(-x.ndim, x.ndim)]:
            agree(lambda t, axis=axis: function(t, axis=axis), x, rtol=1e-12)
            agree(lambda t, axis=axis: getattr(t, name)(axis), x, rtol=1e-12)
    if name.startswith("arg"):
        agree(lambda t: function(t, axis=1, keepdims=True), ARRAYS[0])


def test_numbers_and_sequences():
    for function in (np.sum, np.max, np.mean, np.argmax, np.std, np.any):
        agree(function, 2.5)
        agree(function, np.float32(2.5))
        agree(function, 3)
        agree(lambda x, f=function: via(f)([x, 2 * x, 1.0]), 2.5)
        agree(lambda x, f=function: via(f)((x, x)), np.array([1.0, 2.0]))


def test_ufunc_reductions():
    x = ARRAYS[0]
    for fun in (np.add.reduce, np.multiply.reduce, np.maximum.reduce, np.minimum.reduce, np.add.accumulate):
        agree(fun, x)
        agree(lambda t, f=fun: f(t, axis=2), x)


@pytest.mark.filterwarnings("ignore")
def test_empty():
    empty = np.zeros((0, 3))
    for function in (np.sum, np.prod, np.mean, np.any, np.all, np.cumsum):
        agree(function, empty)
        agree(lambda t, f=function: f(t, axis=0), empty)
        agree(lambda t, f=function: f(t, axis=1), empty)
    agree(lambda t: np.max(t, axis=1), empty)
    for function in (np.max, np.argmin):
        with pytest.raises(ShapeError, match=r"zero-size|empty"):
            run(function, empty)
        with pytest.raises(ShapeError, match=r"zero-size|empty"):  # also where the result would be empty
            run(lambda t, f=function: f(t, axis=1), np.zeros((0, 0)))


def test_options():
    x = ARRAYS[0]
    agree(lambda t: np.sum(t, dtype=np.float32), x, rtol=1e-6)
    agree(lambda t: np.sum(t, initial=3.0), x)
    agree(lambda t: np.max(t, axis=1, initial=0.5), x)
    agree(lambda t: np.var(t, ddof=1, axis=1), x)
    agree(lambda t: np.std(t, ddof=2), x)
    agree(lambda t: t.std(axis=0, ddof=1, keepdims=True), x)
    agree(lambda t: np.sum(t, 0, None, np.zeros((3, 4))) if isinstance(t, np.ndarray) else np.sum(t, 0), x)
    agree(lambda t: np.sum(t, axis=()), x)
    with pytest.raises(UnsupportedError, match="where"):
        run(lambda t: np.sum(t, where=t > 0), x)
    with pytest.raises(ShapeError, match="axis 5 is out of bounds for array of dimension 3"):
        run(lambda t: np.sum(t, axis=5), x)
    with pytest.raises(ShapeError, match="duplicate"):
        run(lambda t: np.sum(t, axis=(0, 0)), x)


def test_average():
    x = ARRAYS[0]
    agree(np.average, x)
    agree(lambda t: np.average(t, axis=1, weights=[1.0, 2, 3]), x)
    agree(lambda t, w: np.average(t, weights=w), x, abs(x))
    agree(lambda t: np.average(t, axis=0, weights=np.array([1, 2])), rng.integers(0, 9, (2, 3)))
    with pytest.raises(ZeroDivisionError, match="sum to zero"):
        run(lambda t: np.average(t, axis=0, weights=[1.0, -1.0]), np.ones(2))
    with pytest.raises(GradirError, match="Axis must be specified"):
        run(lambda t: np.average(t, weights=[1.0, -1.0]), x)


@pytest.mark.parametrize("ord", [None, 0, 1, 2, 3, 0.5, np.inf, -np.inf])
def test_vector_norms(ord):
    for x in (ARRAYS[0], ARRAYS[1], ARRAYS[2]):
        agree(lambda t: np.linalg.norm(t, ord, axis=1), x)
        agree(lambda t: np.linalg.norm(t, ord, axis=0, keepdims=True), x)
        agree(lambda t: np.linalg.norm(t.reshape(-1), ord), x)


@pytest.mark.parametrize("ord", [None, "fro", 1, -1, np.inf, -np.inf])
def test_matrix_norms(ord):
    agree(lambda t: np.linalg.norm(t, ord), ARRAYS[1])
    agree(lambda t: np.linalg.norm(t, ord, axis=(2, 0)), ARRAYS[0])
    agree(np.linalg.norm, ARRAYS[0])
    with pytest.raises(UnsupportedError, match="ord='nuc'"):
        run(lambda t: np.linalg.norm(t, "nuc"), ARRAYS[1])
