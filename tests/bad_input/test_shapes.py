"""Shapes that do not fit are refused with both of them, at the line; so are wrong cotangents."""

from __future__ import annotations

import re
from typing import Any

import gradir as gr
import numpy as np
import pytest

from .refusals import refusal, refusal_here

A = np.arange(3.0)


@pytest.mark.parametrize(
    ("fun", "shapes"),
    [
        (lambda x: np.sum(x + np.ones(4)), ("(3,)", "(4,)")),  # here
        (lambda x: np.sum(np.where(x > 0, np.ones((2, 2)), x)), ("(3,)", "(2, 2)")),  # here
        (lambda x: np.sum(x @ np.ones((4, 2))), ("(3,)", "(4, 2)")),  # here
        (lambda x: np.dot(x, np.ones(4)), ("(3,)", "(4,)")),  # here
        (lambda x: np.sum(np.concatenate([x, np.ones((2, 2))])), ("1 dimension", "2 dimension")),  # here
        (lambda x: np.sum(np.stack([x, np.ones(2)])), ("(3,)", "(2,)")),  # here
        (lambda x: np.sum(x.reshape(2, 2)), ("size 3", "(2, 2)")),  # here
        (lambda x: np.sum(np.broadcast_to(x, (2, 4))), ("(3,)", "(2, 4)")),  # here
        (lambda x: np.sum(np.einsum("ij,j", np.ones((2, 2)), x)), ("2", "3")),  # here
    ],
)
def test_both_shapes_and_the_line(fun: Any, shapes: tuple[str, str]) -> None:
    message = refusal_here(ValueError, gr.grad(fun), A)
    assert all(s in message for s in shapes), message


def test_a_store_that_does_not_fit() -> None:
    def f(x):
        y = np.zeros((2, 4))
        y[0] = x  # here
        return y.sum()

    message = refusal_here(gr.ShapeError, gr.grad(f), A)
    assert message == "could not broadcast input array from shape (3,) into shape (4,)"


def test_an_update_that_would_grow() -> None:
    def f(x):
        y = x.copy()
        y += np.ones((2, 3))  # here
        return y.sum()

    message = refusal_here(gr.ShapeError, gr.grad(f), A)
    assert "(3,)" in message
    assert "(2, 3)" in message


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (5, "index 5 is out of bounds for axis 0 with size 3"),
        (-4, "index -4 is out of bounds for axis 0 with size 3"),
        ([0, 3], "index 3 is out of bounds for axis 0 with size 3"),
        (np.array([0, -7]), "index -7 is out of bounds for axis 0 with size 3"),
        ((0, 0), "too many indices for array: array is 1-dimensional, but 2 were indexed"),
        ("a", "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`)"),
        (1.5, "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`)"),
        (np.array([0.5]), "arrays used as indices must be of integer (or boolean) type"),
        (np.ones(4, bool), "boolean index did not match indexed array along axis 0; size of axis is 3"),
    ],
)
def test_an_index_that_does_not_exist(index: Any, message: str) -> None:
    def f(x):
        return np.sum(x[index])  # here

    with pytest.raises(IndexError, match=re.escape(message)):
        A[index]
    assert refusal_here(IndexError, gr.grad(f), A).startswith(message)


def test_axes_that_do_not_exist() -> None:
    def f(x):
        return np.sum(x, axis=1).sum()  # here

    message = refusal_here(gr.GradirError, gr.grad(f), A)
    assert "axis 1 is out of bounds for array of dimension 1" in message


def test_what_a_pullback_does_not_take() -> None:
    value, pullback = gr.vjp(lambda x: {"a": x * 2, "b": (x[0], 3)}, A)
    assert value["b"] == (0.0, 3)
    (gradient,) = pullback({"a": np.ones(3), "b": (1.0, 0)})
    np.testing.assert_array_equal(gradient, [3.0, 2.0, 2.0])
    for wrong in (
        np.ones(3),
        {"a": np.ones(3)},
        {"a": np.ones(3), "b": [1.0, 0]},
        {"a": np.ones(3), "c": (1.0, 0)},
    ):
        text = refusal(ValueError, pullback, wrong)
        assert text.startswith("the cotangents have the structure ")
        assert "but the function's result has" in text
    text = refusal(ValueError, pullback, {"a": np.ones((3, 1)), "b": (1.0, 0)})
    assert text == "cotangent 0 has shape (3, 1), but that result of the function has shape (3,)"
    text = refusal(TypeError, pullback, {"a": np.ones(3) * 1j, "b": (1.0, 0)})
    assert text == "cotangent 0 is complex128; pass real numbers"


def test_a_pullback_needs_real_results_and_float_arguments() -> None:
    assert "returns no real numbers" in refusal(gr.GradientError, gr.vjp, lambda x: np.argmax(x), A)
    assert "'n', which is int" in refusal(gr.GradientError, gr.vjp, lambda x, n: x * n, A, 2)
