"""What has no derivative is refused with the argument's name, or with what the function returns."""

from __future__ import annotations

from typing import Any

import gradir as gr
import numpy as np
import pytest

from .refusals import refusal

A = np.arange(3.0)


def total(x, y=1.0):
    return np.sum(x * y)


@pytest.mark.parametrize(
    ("x", "what"),
    [
        (3, "int"), (True, "bool"), (np.arange(3), "int64"), (np.ones(3, bool), "bool"),
        (np.int32(3), "int32"),
        (2j, "complex"), (None, "NoneType"), ("text", "str"),
    ],
)  # fmt: skip
def test_an_argument_that_is_no_float(x: Any, what: str) -> None:
    text = refusal(TypeError, gr.grad(total), x)
    assert text.startswith("cannot differentiate with respect to 'x', which is ")
    assert what in text
    assert "pass a float" in text or "pass floats" in text
    assert "'y'" in refusal(gr.GradientError, gr.grad(total, argnums=1), A, x)


def test_an_int_inside_a_container_is_named() -> None:
    def f(params):
        return params["w"].sum() * params["layers"][1]

    text = refusal(gr.GradientError, gr.grad(f), {"w": A, "layers": [1.0, 2]})
    assert "params['layers'][1]" in text


def test_what_is_no_number_inside_a_container_is_passed_over() -> None:
    def f(params):
        return params["w"].sum() if params["kind"] == "sum" else params["w"].mean()

    g = gr.grad(f)({"w": A, "kind": "sum", "bias": None})
    assert g["kind"] == "sum"
    assert g["bias"] is None
    np.testing.assert_array_equal(g["w"], np.ones(3))


@pytest.mark.parametrize(
    ("fun", "what"),
    [
        (lambda x: x * 2, "float64 of shape (3,)"),
        (lambda x: x.reshape(1, 3)[:, :1], "float64 of shape (1, 1)"),
        (lambda x: np.argmax(x), "int64 of shape ()"),
        (lambda x: np.any(x > 0), "bool of shape ()"),
        (lambda x: None, "NoneType"),
        (lambda x: "text", "str"),
        (lambda x: object(), "object"),
        (lambda x: 1, "int"),
        (lambda x: (x[0], x[1]), "2 results in a container"),
        (lambda x: [x[0]], "1 results in a container"),
        (lambda x: {"a": x[0]}, "1 results in a container"),
    ],
)
def test_a_result_that_is_no_real_scalar(fun: Any, what: str) -> None:
    text = refusal(TypeError, gr.grad(fun), A)
    assert "needs a real scalar, but it returns " + what in text
    assert "gr.vjp" in text or what in ("NoneType", "str", "object", "int")


def test_an_object_array_as_a_result() -> None:
    def f(x):
        return np.array([x, "text"], dtype=object)

    assert "neither a number nor an array" in refusal(gr.GradirError, gr.grad(f), A)


def test_has_aux_needs_a_pair() -> None:
    for fun in (lambda x: x.sum(), lambda x: (x.sum(), 1, 2), lambda x: [x.sum(), 1]):
        assert "must return a pair (value, aux)" in refusal(gr.GradientError, gr.grad(fun, has_aux=True), A)
    text = refusal(gr.GradientError, gr.grad(lambda x: (x, 1), has_aux=True), A)
    assert "float64 of shape (3,)" in text


def test_positions_out_of_range() -> None:
    text = refusal(gr.GradientError, gr.grad(total, argnums=2), A, 1.0)
    assert text == "argnums=2, but 'total' was called with 2 positional argument(s)"
    assert "argnums=-3" in refusal(gr.GradientError, gr.grad(total, argnums=(0, -3)), A, 1.0)
    assert "0 positional" in refusal(gr.GradientError, gr.grad(lambda: 1.0))


@pytest.mark.parametrize("argnums", ["x", 1.5, None, (0, "y"), [0.0]])
def test_positions_that_are_no_ints(argnums: Any) -> None:
    text = refusal(TypeError, gr.grad, total, argnums)
    assert text == f"argnums is an int or several ints, not {argnums!r}"


def test_what_is_no_function() -> None:
    for transform in (gr.grad, gr.value_and_grad, gr.jit):
        assert refusal(TypeError, transform, 3.0) == "a function is needed, not float"


def test_a_call_that_does_not_fit_the_signature_is_python_s_error() -> None:
    with pytest.raises(TypeError, match="missing a required argument: 'x'"):
        gr.grad(total)()
    with pytest.raises(TypeError, match="too many positional arguments"):
        gr.grad(total)(A, 1.0, 2.0)
    with pytest.raises(TypeError, match="got an unexpected keyword argument 'z'"):
        gr.grad(total)(A, z=2.0)


def test_an_int_that_does_not_fit_in_64_bits() -> None:
    text = refusal(TypeError, gr.grad(total), A, 2**70)
    assert text == f"argument 'y' is {2**70}, which does not fit in a 64-bit integer"
