"""Which nests threads share, how those are cut, and that what they compute does not depend on who does it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import gradir as gr
import numpy as np
import optree
import pytest
from gradir.lower.outside import PARALLEL

from .parallel_programs import PROGRAMS, arguments, small_nests

SHAPES = [(8, 5), (6, 1), (2, 40)]


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = gr.get_num_threads()
    yield
    gr.set_num_threads(before)


def heads(text: str) -> list[str]:
    """The first lines of the nests of a kernel text."""
    return [line.strip().removesuffix(" {") for line in text.splitlines() if "nest [" in line]


def kernels(f: Callable[..., Any], *args: Any) -> str:
    return str(gr.jit(f).inspect(*args).kernels)


def _same(found: Any, wanted: Any) -> None:
    for a, b in zip(optree.tree_leaves(found), optree.tree_leaves(wanted), strict=True):
        np.testing.assert_array_equal(a, b)


def _on_threads(function: Callable[..., Any], args: tuple[Any, ...]) -> list[Any]:
    """Results on 1, 2, 3 and 8 threads."""
    found = []
    for count in (1, 2, 3, 8):
        gr.set_num_threads(count)
        found.append(function(*args))
    return found


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("f", PROGRAMS)
def test_values_are_numpys_and_the_same_for_every_number_of_threads(
    f: Callable[..., Any], shape: tuple[int, int]
) -> None:
    args = arguments(f, shape)
    with small_nests():
        compiled = gr.jit(f)
        first, *others = _on_threads(compiled, args)
        assert "parallel" in str(compiled.inspect(*args).kernels)
    for other in others:
        _same(other, first)
    for found, wanted in zip(optree.tree_leaves(first), optree.tree_leaves(f(*args)), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("f", PROGRAMS)
def test_gradients_are_those_of_serial_code(f: Callable[..., Any], dtype: type) -> None:
    args = arguments(f, (8, 5), dtype)

    def loss(*given: Any) -> Any:
        found = f(*given)
        parts = found if isinstance(found, tuple) else (found,)
        return sum(np.sum(part * part) for part in parts)

    serial = gr.value_and_grad(loss, argnums=(0, 1))(*args)
    with small_nests():
        first, *others = _on_threads(gr.value_and_grad(loss, argnums=(0, 1)), args)
    for other in others:
        _same(other, first)
    rtol = 1e-11 if dtype is np.float64 else 1e-5
    for found, wanted in zip(optree.tree_leaves(first), optree.tree_leaves(serial), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol)


def chain(x):
    return np.sum(np.log(1.0 + np.exp(x)))


def test_a_large_nest_is_cut_and_a_small_one_is_not() -> None:
    (head,) = heads(kernels(chain, np.ones(100_000)))
    assert re.fullmatch(r"nest \[100000\] parallel in \d+ chunks", head)
    assert heads(kernels(chain, np.ones(1_000))) == ["nest [1000]"]


def test_chunks_are_whole_vectors() -> None:
    llvm = gr.jit(chain).inspect(np.ones(100_000)).llvm
    (size,) = {int(n) for n in re.findall(r"mul nuw nsw i64 %\S+, (\d+)", llvm)}
    assert size % 64 == 0


def test_a_nest_that_is_not_cut_needs_no_threads() -> None:
    assert PARALLEL not in gr.jit(chain).inspect(np.ones(1_000)).llvm
    assert PARALLEL in gr.jit(chain).inspect(np.ones(100_000)).llvm


def gathered(x, i):
    return np.sum(x[i] * 2.0)


def test_bad_indices_are_looked_for_by_one_thread_so_that_the_first_is_named() -> None:
    x, i = np.arange(10.0), np.zeros(300_000, int)
    found = heads(kernels(gathered, x, i))
    assert [("parallel" in head) for head in found] == [True, False]
    i[200_000], i[100_000] = 77, 66
    with pytest.raises(IndexError, match="66"):
        gr.jit(gathered)(x, i)


def few_columns(x):
    return np.sum(np.exp(x), axis=0)


def many_columns(x):
    return np.sum(x * 2.0, axis=0)


def test_sums_of_columns_are_cut_by_rows() -> None:
    x = np.random.default_rng(0).normal(size=(100_000, 4))
    text = kernels(few_columns, x)
    (head,) = heads(text)
    chunks = int(head.split()[-2])
    assert f": {4 * chunks} f64" in text  # a part of the result for each
    np.testing.assert_allclose(gr.jit(few_columns)(x), few_columns(x), rtol=1e-12)


def test_sums_of_many_columns_are_cut_by_columns() -> None:
    x = np.random.default_rng(0).normal(size=(8, 200_000))
    text = kernels(many_columns, x)
    assert "parallel" in text
    assert "f64 at" not in text  # no parts of the result
    np.testing.assert_allclose(gr.jit(many_columns)(x), many_columns(x), rtol=1e-12, atol=1e-14)


def sliced(x, k):
    return np.sum(np.exp(x[:k]))


def test_sizes_that_the_run_decides_stay_serial() -> None:
    text = kernels(sliced, np.ones(300_000), 5)
    assert "parallel" not in text
    assert heads(text)


def stepped(x):
    for _ in range(3):
        x = np.sin(x) * 0.5
    return np.sum(x)


def test_nests_in_loops_are_cut_where_they_are_large_themselves() -> None:
    assert kernels(stepped, np.ones(200_000)).count("parallel") >= 1
    assert "parallel" not in kernels(stepped, np.ones(2_000))


def test_the_vectorised_functions_are_used_in_chunks() -> None:
    program = gr.jit(chain).inspect(np.ones(100_000))
    if "_ZGV" not in gr.jit(chain).inspect(np.ones(1_000)).llvm:
        pytest.skip("no vector functions here")
    body = program.llvm.split("@chunks.", 1)[1]
    assert "_ZGV" in body


def test_a_stack_of_arrays_is_filled_in_chunks() -> None:
    def powers(x):
        for _ in range(4):
            x = np.sin(x) * x
        return np.sum(x)

    x = np.random.default_rng(0).normal(size=50)
    wanted = gr.grad(powers)(x)
    with small_nests():
        first, *others = _on_threads(gr.grad(powers), (x,))
    np.testing.assert_allclose(first, wanted, rtol=1e-12)
    for other in others:
        _same(other, first)
