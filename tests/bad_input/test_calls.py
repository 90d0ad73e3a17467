"""The ways a function is called, transformed and nested; what makes a new specialisation."""

from __future__ import annotations

import functools
import inspect
from collections import OrderedDict
from typing import Any, NamedTuple

import gradir as gr
import numpy as np
import pytest

A = np.arange(1.0, 4.0)


def model(x, y=3.0, *, power=2):
    """Multiply."""
    return x**power * y


def test_positional_keyword_and_default_arguments() -> None:
    g = gr.grad(model)
    assert g(2.0) == 12.0
    assert g(2.0, 5.0) == g(2.0, y=5.0) == g(y=5.0, x=2.0) == 20.0
    assert g(2.0, power=3) == 36.0
    by_y = gr.grad(model, argnums=1)
    assert by_y(2.0) == by_y(2.0, y=7.0) == 4.0


def test_variable_arguments() -> None:
    assert gr.grad(lambda *xs: xs[0] * xs[1] * xs[2], argnums=(0, 2))(2.0, 3.0, 4.0) == (12.0, 6.0)
    assert gr.grad(lambda x, **more: x * more["b"] * more["a"])(2.0, a=3.0, b=4.0) == 12.0


def test_argnums() -> None:
    def f(x, y, z):
        return x * y + z * z

    assert gr.grad(f)(2.0, 3.0, 4.0) == 3.0
    assert gr.grad(f, argnums=2)(2.0, 3.0, 4.0) == gr.grad(f, argnums=-1)(2.0, 3.0, 4.0) == 8.0
    assert gr.grad(f, argnums=(1,))(2.0, 3.0, 4.0) == (2.0,)
    assert gr.grad(f, argnums=[2, 0])(2.0, 3.0, 4.0) == (8.0, 3.0)
    assert gr.grad(f, argnums=np.int64(1))(2.0, 3.0, 4.0) == 2.0
    assert gr.value_and_grad(f, argnums=(0, 1))(2.0, 3.0, 4.0) == (22.0, (3.0, 2.0))


def test_has_aux() -> None:
    def f(x):
        y = x * 2
        return y.sum(), {"y": y, "n": len(x), "top": np.max(x), "name": "f", "none": None}

    gradient, aux = gr.grad(f, has_aux=True)(A)
    assert gradient.tolist() == [2.0] * 3
    assert aux["y"].tolist() == [2.0, 4.0, 6.0]
    assert (aux["n"], aux["name"], aux["none"]) == (3, "f", None)
    assert type(aux["top"]) is np.float64
    (value, again), same = gr.value_and_grad(f, has_aux=True)(A)
    assert value == 12.0
    assert same.tolist() == gradient.tolist()
    assert again["top"] == 3.0


class Layer(NamedTuple):
    w: Any
    b: Any


def test_containers_come_back_as_they_are() -> None:
    def f(params):
        first, second = params["layers"]
        return (
            (first.w * second.w).sum() + first.b + params["pair"][0] * 2.0 + params["ordered"]["k"] * second.b
        )

    params = {
        "layers": [Layer(A, 1.0), Layer(A * 2, np.float32(2.0))],
        "pair": (3.0, None),
        "ordered": OrderedDict(z=1.0, k=np.array(5.0)),
        "name": "net",
    }
    g = gr.grad(f)(params)
    assert list(g) == list(params)
    assert type(g["layers"]) is list
    assert [type(x) for x in g["layers"]] == [Layer, Layer]
    assert type(g["ordered"]) is OrderedDict
    assert list(g["ordered"]) == ["z", "k"]
    assert g["layers"][0].w.tolist() == (A * 2).tolist()
    assert (g["layers"][0].b, g["pair"], g["name"]) == (1.0, (2.0, None), "net")
    assert type(g["layers"][0].b) is float
    assert type(g["layers"][1].b) is np.float32
    assert type(g["ordered"]["k"]) is np.ndarray
    assert g["ordered"]["k"].shape == ()


def test_results_are_containers_too() -> None:
    def f(x):
        return {"pair": (x, [x * 2, None]), "layer": Layer(x.sum(), "text")}

    found = gr.jit(f)(A)
    assert type(found["layer"]) is Layer
    assert found["layer"] == (6.0, "text")
    assert found["pair"][1][0].tolist() == [2.0, 4.0, 6.0]


def test_an_argument_that_is_returned_is_copied() -> None:
    x = A.copy()
    same, view, twice = gr.jit(lambda x: (x, x[::-1], (x, x)))(x)
    for y in (same, view, *twice):
        assert not np.may_share_memory(x, y)
    assert not np.may_share_memory(twice[0], twice[1])
    same[0] = 50.0
    assert x[0] == 1.0


def test_decorators() -> None:
    @gr.grad
    def bare(x):
        return x * x

    @gr.grad(argnums=1)
    def with_arguments(x, y):
        return x * y * y

    @gr.value_and_grad(has_aux=True)
    def with_aux(x):
        return x * x, x

    @gr.jit
    def compiled(x):
        return x + 1.0

    assert (bare(3.0), with_arguments(2.0, 3.0), with_aux(2.0), compiled(1.0)) == (
        6.0,
        12.0,
        ((4.0, 2.0), 4.0),
        2.0,
    )


def test_name_documentation_and_signature_are_kept() -> None:
    g = gr.grad(model, argnums=(0, 1))
    assert g.__name__ == "model"
    assert g.__doc__ == "Multiply."
    assert g.__wrapped__ is g.fun is model
    assert inspect.signature(g) == inspect.signature(model)
    assert "model" in repr(g)


class Net:
    def __init__(self, k: float) -> None:
        self.k = k

    def loss(self, x):
        return self.k * x * x

    @gr.grad
    def gradient(self_or_x, x):
        return self_or_x * x

    @staticmethod
    def still(x):
        return x * 3.0

    @classmethod
    def named(cls, x):
        return x * len(cls.__name__)

    def __call__(self, x):
        return self.k * x


def test_methods_callables_and_partials() -> None:
    net = Net(2.0)
    assert gr.grad(net.loss)(3.0) == 12.0
    assert gr.grad(Net.still)(1.0) == 3.0
    assert gr.grad(Net.named)(1.0) == 3.0
    assert gr.grad(net)(1.0) == 2.0
    net.k = 5.0
    assert gr.grad(net)(1.0) == 5.0
    assert gr.grad(functools.partial(model, power=3))(2.0) == 36.0
    assert gr.grad(functools.partial(model, 2.0), argnums=0)(1.0) == 4.0
    assert gr.grad(functools.partial(Net.loss, net))(1.0) == 10.0
    assert gr.grad(np.sum)(A).tolist() == [1.0] * 3
    assert gr.grad(np.tanh)(0.0) == 1.0


def test_a_transformed_method() -> None:
    class Holder:
        def __init__(self) -> None:
            self.k = 3.0

        @functools.partial(gr.grad, argnums=1)
        def slope(self, x):
            return self.k * x * x

    holder = Holder()
    assert holder.slope(2.0) == 12.0
    holder.k = 5.0
    assert holder.slope(2.0) == 20.0


def test_derivatives_of_derivatives() -> None:
    f = lambda x: x**4  # noqa: E731
    assert gr.grad(gr.grad(f))(2.0) == pytest.approx(48.0)
    assert gr.grad(gr.grad(gr.grad(f)))(2.0) == pytest.approx(48.0)
    assert gr.grad(lambda x: gr.grad(f)(x) * x)(2.0) == pytest.approx(16 * 8.0)
    assert gr.jit(gr.grad(f))(2.0) == 32.0
    assert gr.grad(gr.jit(f))(2.0) == 32.0
    assert gr.value_and_grad(gr.grad(f))(2.0) == (pytest.approx(32.0), pytest.approx(48.0))
    gradient = gr.grad(lambda x: np.sum(gr.grad(lambda y: np.sum(np.sin(y)))(x) ** 2))(A)
    np.testing.assert_allclose(gradient, -np.sin(2 * A))


def test_an_inner_gradient_closes_over_traced_values() -> None:
    def f(x, y):
        inner = gr.grad(lambda z: (z * z * y).sum())
        return (inner(x) * x).sum() if x[0] > 0 else inner(x).sum()

    np.testing.assert_allclose(gr.grad(f, argnums=1)(A, 2.0), np.sum(2 * A * A))
    np.testing.assert_allclose(gr.grad(f)(A, 2.0), 8 * A)


def test_an_inner_gradient_in_a_loop() -> None:
    def newton(x):
        for _ in range(5):
            x = x - gr.grad(lambda z: (z - 2.0) ** 2)(x) * 0.25
        return x

    assert gr.jit(newton)(10.0) == pytest.approx(2.0 + 8.0 / 32)
    assert gr.grad(newton)(10.0) == pytest.approx(1.0 / 32)


def test_an_inner_gradient_of_a_function_with_aliases() -> None:
    def f(y):
        a = np.copy(y)
        for i in range(3):
            y = a.T
            a[i] = a[i] * 2.0
        return (a**2).sum()

    np.testing.assert_allclose(gr.jit(lambda y: gr.grad(f)(y))(A), 8 * A)


def test_ints_are_dynamic() -> None:
    g = gr.jit(lambda x, step: x / (step + 1))
    assert [g(12.0, k) for k in range(4)] == [12.0, 6.0, 4.0, 3.0]
    info = g.cache_info()
    assert (info.hits, info.misses, info.currsize) == (3, 1, 1)
    assert info.specialisations == ("f64[], i64[]",)


def test_an_int_used_as_a_size_is_guarded() -> None:
    g = gr.grad(lambda x, n: np.sum(np.ones(n) * x))
    assert [g(1.0, n) for n in (2, 3, 2, 3, 5)] == [2.0, 3.0, 2.0, 3.0, 5.0]
    assert g.cache_info().currsize == 3
    loop = gr.grad(lambda x, n: sum([x * k for k in range(n)]))
    assert [loop(1.0, n) for n in (2, 4)] == [1.0, 6.0]


def test_strings_bools_and_others_are_static() -> None:
    def f(x, mode, flag, what):
        y = x * 2 if mode == "double" else x
        return -y if flag else y + 0.0 * len(str(what))

    g = gr.jit(f)
    assert g(1.0, "double", False, None) == 2.0
    assert g(1.0, "single", False, None) == 1.0
    assert g(1.0, "single", True, (1, "a")) == -1.0
    assert g(5.0, "double", False, None) == 10.0
    assert g.cache_info().currsize == 3
    assert g(1.0, "single", 1, None) == -1.0  # an int, not a bool: another structure of types
    assert g.cache_info().currsize == 4


def test_dtypes_shapes_and_structures_are_specialised() -> None:
    g = gr.grad(lambda x: np.sum(np.sin(x["a"])))
    for x in (A, A.astype(np.float32), A[:2], A.reshape(1, 3), 1.0, np.float64(1.0), np.float32(1.0)):
        found = g({"a": x})["a"]
        np.testing.assert_allclose(found, np.cos(x), rtol=1e-6)
        assert type(found) is type(x)
    assert g.cache_info().currsize == 7
    g({"a": A + 1})
    assert (g.cache_info().hits, g.cache_info().misses) == (1, 7)
    g.cache_clear()
    assert g.cache_info().currsize == 0


def test_inspect_does_not_run_a_second_compilation() -> None:
    g = gr.value_and_grad(lambda x: np.sum(x * x))
    program = g.inspect(A)
    assert isinstance(program, gr.Program)
    assert g(A)[0] == 14.0
    assert (g.cache_info().misses, g.cache_info().hits) == (1, 1)
    value, gradient = gr.interpret(program.adjoint, *program.arguments)
    assert value == 14.0
    assert gradient.tolist() == (2 * A).tolist()


def test_print_happens_once(capsys: pytest.CaptureFixture[str]) -> None:
    def f(x):
        print("tracing")
        return x * x

    g = gr.grad(f)
    assert [g(1.0), g(2.0), g(3.0)] == [2.0, 4.0, 6.0]
    assert capsys.readouterr().out == "tracing\n"
