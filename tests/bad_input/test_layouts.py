"""Arrays of every layout give the right answer; those of other kinds and dtypes a clear error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradir as gr
import numpy as np
import pytest

from .refusals import refusal, refusal_here

B = np.linspace(-1.0, 2.0, 6).reshape(2, 3)


def loss(x):
    weights = np.arange(1.0, 1.0 + np.size(x)).reshape(np.shape(x))
    return np.sum(np.sin(x) * weights)


def expected_gradient(x: Any) -> Any:
    return np.cos(x) * np.arange(1.0, 1.0 + np.size(x)).reshape(np.shape(x))


def unaligned(x: np.ndarray) -> np.ndarray:
    raw = np.zeros(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    raw[...] = x
    assert not raw.flags.aligned
    return raw


def read_only(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.flags.writeable = False
    return x


LAYOUTS = {
    "C order": B,
    "Fortran order": np.asfortranarray(B),
    "transposed": B.T,
    "strided": np.arange(12.0)[::2],
    "strided rows": np.arange(24.0).reshape(4, 6)[::2, ::3],
    "reversed": np.arange(5.0)[::-1],
    "reversed both ways": B[::-1, ::-1],
    "broadcast": np.broadcast_to(np.arange(3.0), (4, 3)),
    "diagonal": np.diagonal(np.arange(9.0).reshape(3, 3)),
    "read-only": read_only(B),
    "byte-swapped": B.astype(B.dtype.newbyteorder()),
    "unaligned": unaligned(B),
    "zero size": np.zeros((0, 3)),
    "zero size, reversed": np.zeros((3, 0))[::-1],
    "one element": np.array([[[0.5]]]),
    "rank 0": np.array(0.5),
    "float32": B.astype(np.float32),
    "float32, strided and swapped": B.astype(np.dtype(np.float32).newbyteorder())[:, ::2],
    "NumPy number": np.float64(0.5),
    "NumPy float32": np.float32(0.5),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout(name: str) -> None:
    x = LAYOUTS[name]
    g = gr.value_and_grad(loss)
    for _ in range(2):
        value, gradient = g(x)
        rtol = 1e-5 if np.asarray(x).dtype.itemsize == 4 else 1e-13
        np.testing.assert_allclose(value, loss(x), rtol=rtol, atol=1e-13)
        np.testing.assert_allclose(gradient, expected_gradient(x), rtol=rtol, atol=1e-13)
        assert type(gradient) is type(np.asarray(x)[...] if isinstance(x, np.ndarray) else x)
        assert gradient.dtype == x.dtype.newbyteorder("=")
        assert gradient.shape == x.shape
        assert not np.may_share_memory(gradient, x)


def test_layouts_meet_in_one_compiled_function() -> None:
    g = gr.grad(loss)
    for x in (
        np.arange(6.0),
        np.arange(12.0)[::2],
        np.arange(6.0)[::-1],
        unaligned(np.arange(6.0)),
        read_only(np.ones(6)),
    ):
        np.testing.assert_allclose(g(x), expected_gradient(x), rtol=1e-14)
    assert g.cache_info().currsize <= 2


@pytest.mark.parametrize("dtype", [">i4", "<i8", "uint8", "int16", "u4"])
def test_index_arrays_of_any_integer_dtype(dtype: str) -> None:
    def f(x, i):
        return (x[i] * np.array([1.0, 2.0])).sum()

    assert gr.grad(f)(np.arange(3.0), np.array([2, 0], dtype)).tolist() == [2.0, 0.0, 1.0]


@pytest.mark.parametrize("layout", ["byte-swapped", "unaligned", "reversed", "Fortran order", "read-only"])
def test_a_captured_array_of_odd_layout(layout: str) -> None:
    captured = LAYOUTS[layout]

    def f(x):
        return np.sum(np.sin(captured) * x)

    np.testing.assert_allclose(gr.grad(f)(np.ones(captured.shape)), np.sin(captured), rtol=1e-14)


@pytest.mark.parametrize(
    "x",
    [
        B.astype(np.float16), B.astype(np.longdouble), B * 1j, B.astype(object), np.array(["a"]),
        np.float16(1.0),
        np.zeros(2, [("a", float)]), np.array(["2020-01-01"], "M8[D]"), np.zeros(2, "V8"), np.longdouble(1),
    ],
)  # fmt: skip
def test_another_dtype_is_refused(x: Any) -> None:
    for transform in (gr.grad, gr.jit):
        text = refusal(TypeError, transform(loss), x)
        assert text.startswith(
            f"argument 'x' has dtype {x.dtype}; gradir takes bool, integers, float32 and float64"
        )
        assert ("x.astype(np.float64)" in text) == (x.dtype.kind == "f")  # others would lose something


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("kind", [np.ma.masked_array, np.matrix, lambda x: x.view(np.recarray)])
def test_another_kind_of_array_is_refused(kind: Any) -> None:
    odd = kind(B)

    def f(x):
        return np.sum(x * odd)  # here

    text = refusal(TypeError, gr.grad(loss), odd)
    assert text == f"argument 'x' is a {type(odd).__name__}; pass a plain numpy.ndarray"
    message = refusal_here(gr.UnsupportedError, gr.grad(f), B)
    assert message == f"'odd' is a {type(odd).__name__}; gradir takes plain numpy.ndarrays"


def test_an_array_replaced_by_another_kind_is_refused() -> None:
    held = np.ones((2, 3))

    def f(x):
        return np.sum(x * held)

    g = gr.grad(f)
    g(B)
    held = np.ma.masked_array(B)
    assert "'held' is a MaskedArray" in refusal(gr.UnsupportedError, g, B)


def test_a_captured_array_of_another_dtype_is_refused() -> None:
    half = B.astype(np.float16)

    def f(x):
        return np.sum(x * half)  # here

    message = refusal_here(gr.UnsupportedError, gr.grad(f), B)
    assert message.startswith(
        "the array 'half' has dtype float16; gradir takes bool, integers, float32 and float64"
    )


def test_a_memory_map_is_an_array(tmp_path: Path) -> None:
    x = np.memmap(tmp_path / "x.bin", np.float64, "w+", shape=(2, 3))
    x[...] = B
    gradient = gr.grad(loss)(x)
    assert type(gradient) is np.ndarray
    np.testing.assert_allclose(gradient, expected_gradient(B), rtol=1e-14)


def test_nan_and_infinity_go_through() -> None:
    def f(x):
        return np.sum(x * np.array([1.0, 2.0, 3.0])) + np.max(x) - x[1] / x[2]

    x = np.array([np.inf, -np.inf, np.nan])
    with np.errstate(all="ignore"):
        np.testing.assert_equal(gr.jit(f)(x), f(x))
        np.testing.assert_equal(gr.jit(lambda x: np.maximum(x, 1.0))(x), np.maximum(x, 1.0))
        np.testing.assert_equal(
            gr.jit(lambda x: np.where(np.isnan(x), 0.0, x))(x), np.array([np.inf, -np.inf, 0.0])
        )
    value, gradient = gr.value_and_grad(lambda x: np.sum(x * 2.0))(x)
    assert np.isnan(value)
    np.testing.assert_array_equal(gradient, [2.0] * 3)
    assert gr.grad(lambda x: x * x)(float("inf")) == float("inf")
    assert np.isnan(gr.grad(lambda x: x * x)(float("nan")))


def test_zero_size_results_and_reductions() -> None:
    empty = np.zeros((0, 3))
    assert gr.jit(lambda x: x * 2)(empty).shape == (0, 3)
    assert gr.jit(lambda x: np.sum(x, axis=0))(empty).tolist() == [0.0] * 3
    assert gr.jit(lambda x: np.prod(x))(empty) == 1.0
    assert gr.jit(lambda x: x @ np.ones((3, 2)))(empty).shape == (0, 2)
    assert gr.jit(lambda x: x.T @ x)(empty).tolist() == np.zeros((3, 3)).tolist()
    assert "zero-size array" in refusal(ValueError, gr.jit(lambda x: np.max(x)), empty)
    assert "empty sequence" in refusal(ValueError, gr.jit(lambda x: np.argmax(x)), empty)
