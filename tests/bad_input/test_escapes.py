"""Traced values do not get out, and arrays from outside are not written to."""

from __future__ import annotations

from typing import Any

import gradir as gr
import numpy as np
import pytest

from .refusals import refusal, refusal_here

A = np.arange(3.0)
CAPTURED = np.ones(3)
KEPT: list[Any] = []
TABLE: dict[str, Any] = {}
SEEN: set[Any] = set()


class Model:
    weights = np.ones(3)
    last: Any = None


MODEL = Model()


def appends(x):
    KEPT.append(x)  # here
    return x.sum()


def extends(x):
    KEPT.extend([x, x])  # here
    return x.sum()


def stores_an_item(x):
    TABLE["x"] = x  # here
    return x.sum()


def updates(x):
    TABLE.update(x=x)  # here
    return x.sum()


def adds_in_place(x):
    kept = KEPT
    kept += [x]  # here
    return x.sum()


def stores_an_attribute(x):
    MODEL.last = x  # here
    return x.sum()


def stores_by_setattr(x):
    setattr(MODEL, "last", x)  # here  # noqa: B010
    return x.sum()


@pytest.mark.parametrize(
    "fun", [appends, extends, stores_an_item, updates, adds_in_place, stores_an_attribute, stores_by_setattr]
)
def test_a_store_to_what_is_outside(fun: Any) -> None:
    text = refusal(TypeError, gr.grad(fun), A)
    assert "from outside of the traced function is" in text
    assert "the traced value would escape. Return it instead" in text
    assert "# here" in text
    assert (KEPT, TABLE, MODEL.last) == ([], {}, None)


def test_a_store_to_a_container_that_was_passed() -> None:
    def f(x, out):
        out.append(x)  # here
        return x.sum()

    out: list[Any] = []
    assert "would escape" in refusal_here(TypeError, gr.grad(f), A, out)
    assert out == []


def test_containers_made_inside_may_change() -> None:
    def f(x):
        parts = []
        table = {"a": x}
        for i in range(3):
            parts.append(x[i] * i)
        table["b"] = parts
        table["a"] = table["a"] * 2
        return sum(table["b"]) + table["a"].sum()

    assert gr.grad(f)(A).tolist() == [2.0, 3.0, 4.0]


def leak(x: np.ndarray) -> list[Any]:
    """Get a tracer out: only code without source can."""
    kept: list[Any] = []
    namespace: dict[str, Any] = {"kept": kept}
    exec("def f(x):\n    kept.append(x)\n    kept.append(x[0])\n    return x.sum()", namespace)
    gr.grad(namespace["f"])(x)
    return kept


@pytest.mark.parametrize(
    "use",
    [
        lambda x, s: np.sin(x), lambda x, s: x + 1, lambda x, s: x.sum(), lambda x, s: s * 2,
        lambda x, s: np.ones(3) * x, lambda x, s: x[0], lambda x, s: bool(s), lambda x, s: float(s),
        lambda x, s: list(x), lambda x, s: {s: 1}, lambda x, s: np.asarray(x), lambda x, s: f"{s:.2f}",
        lambda x, s: x.__setitem__(0, 1.0),
    ],
)  # fmt: skip
def test_an_escaped_value_is_of_no_use(use: Any) -> None:
    array, number = leak(A)
    text = refusal(gr.GradirError, use, array, number)
    assert "a traced value" in text or "number" in text


def test_an_escaped_value_can_be_printed() -> None:
    array, number = leak(A)
    assert (repr(array), repr(number)) == ("<traced f64[3]>", "<traced f64[]>")


def test_an_escaped_value_in_another_trace() -> None:
    array, _ = leak(A)

    def f(x):
        return np.sum(x * array)  # here

    message = refusal_here(gr.EscapedTracerError, gr.grad(f), A)
    assert message == "a traced value of another trace is used: it was kept from an earlier or concurrent one"


def test_a_value_of_a_loop_used_after_it() -> None:
    namespace: dict[str, Any] = {"kept": []}
    exec("def keep(x):\n    kept.append(x)", namespace)
    keep = namespace["keep"]

    def f(x):
        for i in range(3):
            keep(x * i)
        return np.sum(x * namespace["kept"][-1])

    assert "traced value" in refusal(gr.GradirError, gr.grad(f), A)


def item(x):
    x[0] = 1.0  # here
    return x.sum()


def in_place(x):
    x += 1.0  # here
    return x.sum()


def through_a_view(x):
    part = x[1:]
    part *= 2  # here
    return x.sum()


def through_a_reshape(x):
    x.reshape(1, 3)[0, 0] = 2.0  # here
    return x.sum()


def by_out(x):
    np.add(x, x, out=x)  # here
    return x.sum()


def by_fill(x):
    x.fill(0.0)  # here
    return x.sum()


def by_copyto(x):
    np.copyto(x, 1.0)  # here
    return x.sum()


def by_at(x):
    np.add.at(x, [0, 0], 1.0)  # here
    return x.sum()


def in_a_loop(x):
    for i in range(3):
        x[i] = x[i] * 2  # here
    return x.sum()


def in_a_branch(x):
    if x[0] > 0:
        x[1] = 2.0  # here
    return x.sum()


def by_a_helper(x):
    return item(x)


@pytest.mark.parametrize(
    "fun",
    [
        item, in_place, through_a_view, through_a_reshape, by_out, by_fill, by_copyto, by_at, in_a_loop,
        in_a_branch, by_a_helper,
    ],
)  # fmt: skip
def test_an_argument_is_not_written_to(fun: Any) -> None:
    x = np.arange(3.0)
    message = refusal_here(TypeError, gr.grad(fun), x)
    assert message == "'x' is an argument, which is not written to: copy it first (`x = x.copy()`)"
    np.testing.assert_array_equal(x, A)


def test_a_copied_argument_may_be_written_to() -> None:
    def f(x):
        x = x.copy()
        x[0] = x[1] * 2
        return x.sum()

    x = np.arange(3.0)
    assert gr.grad(f)(x).tolist() == [0.0, 3.0, 1.0]
    np.testing.assert_array_equal(x, A)


def test_an_array_in_a_container_is_named() -> None:
    def f(params):
        params["w"][0] = 1.0  # here
        return params["w"].sum()

    message = refusal_here(TypeError, gr.grad(f), {"w": np.arange(3.0)})
    assert message.startswith("'params['w']' is an argument, which is not written to")


def test_a_captured_array_is_not_written_to() -> None:
    local = np.ones(3)

    def global_(x):
        CAPTURED[0] = x[0]  # here
        return x.sum()

    def cell(x):
        local[:] = x  # here
        return x.sum()

    def attribute(x):
        MODEL.weights[0] = x[0]  # here
        return x.sum()

    for fun, name in ((global_, "CAPTURED"), (cell, "local"), (attribute, "Model.weights")):
        message = refusal_here(TypeError, gr.grad(fun), A)
        assert message.startswith(f"'{name}' is an array from outside of the traced function")
    assert CAPTURED.tolist() == local.tolist() == MODEL.weights.tolist() == [1.0] * 3


def test_a_read_only_view_is_not_written_to() -> None:
    def f(x):
        y = np.broadcast_to(x, (2, 3))
        y[0, 0] = 1.0  # here
        return y.sum()

    assert "read-only" in refusal_here(gr.GradirError, gr.grad(f), A)
