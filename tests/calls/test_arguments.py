"""A call without the interpreter gives what one through Python gives; other kinds are not taken."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.transform import Transformed

from tests.calls.warm import same, taken, warm

X = np.arange(1.0, 4.0)
Pair = namedtuple("Pair", "a b")  # noqa: PYI024
Other = namedtuple("Other", "a b")  # noqa: PYI024


def loss(p: Any, x: Any) -> Any:
    return np.sum((x @ p["w"] + p["b"][0]) ** 2)


W = {"w": np.ones((3, 2)), "b": [np.ones(2), 3.0]}
CALLS: dict[str, tuple[Transformed, tuple[Any, ...]]] = {
    "array": (gr.value_and_grad(lambda x: np.sum(x**2)), (X,)),
    "float32": (gr.value_and_grad(lambda x: np.sum(x**2)), (X.astype(np.float32),)),
    "matrix": (gr.grad(lambda x: np.sum(x**2)), (np.ones((2, 3)),)),
    "transposed": (gr.grad(lambda x: np.sum(x[0] ** 2)), (np.arange(6.0).reshape(2, 3).T,)),
    "strided": (gr.grad(lambda x: np.sum(x**2)), (np.arange(6.0)[::2],)),
    "empty": (gr.value_and_grad(lambda x: np.sum(x**2)), (np.ones(0),)),
    "rank 0": (gr.jit(lambda x: x * 2.0), (np.array(3.0),)),
    "float": (gr.value_and_grad(lambda x: x * x), (3.0,)),
    "np.float64": (gr.value_and_grad(lambda x: x * x), (np.float64(3.0),)),
    "np.float32": (gr.value_and_grad(lambda x: x * x), (np.float32(3.0),)),
    "int": (gr.jit(lambda n: (n, n + 1, n > 2)), (3,)),
    "bool array": (gr.jit(lambda m: (m, m.any())), (np.array([True, False]),)),
    "np.int32": (gr.jit(lambda n: n + n), (np.int32(3),)),
    "np.bool": (gr.jit(lambda b: ~b), (np.bool_(True),)),
    "float and array": (gr.grad(lambda a, x: np.sum(a * x), argnums=(0, 1)), (2.0, X)),
    "static text": (gr.grad(lambda x, kind: x if kind == "a" else 2.0 * x), (2.0, "a")),
    "static None": (gr.grad(lambda x, y: x if y is None else y), (2.0, None)),
    "dict": (gr.value_and_grad(loss), (W, np.ones((4, 3)))),
    "aux": (gr.value_and_grad(lambda x: (x.sum(), [x, "text"]), has_aux=True), (X,)),
    "aux alone": (gr.grad(lambda x: (x.sum(), {"b": x, "a": 1}), has_aux=True), (X,)),
    "texts come back": (gr.grad(lambda p: p[0] * p[1][0]), ((3.0, [2.0], "s", None),)),
    "named tuple": (gr.value_and_grad(lambda p: np.sum(p.a * p.b)), (Pair(X, 2.0),)),
    "no leaves": (gr.jit(lambda p, x: (x, (), {}, p)), ([], 1.0)),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_result_is_that_of_a_call_through_python(name: str) -> None:
    f, args = CALLS[name]
    result = warm(f, *args)
    assert same(result, f._call(args, {}))
    assert same(f(*args), result)


def test_outputs_are_new_every_time() -> None:
    f = gr.jit(lambda x: (x, [x * 2.0]))
    first, second = warm(f, X), f(X)
    assert first[1] is not second[1]
    assert not np.shares_memory(first[0], X)
    assert not np.shares_memory(first[1][0], second[1][0])
    assert first[0].flags.owndata
    assert first[0].flags.writeable


# What is not like the arguments that an entry was made for, and what is then to come out.
OTHERS: dict[str, tuple[Any, Any]] = {
    "size": (X, np.ones(4)),
    "rank": (X, np.ones((3, 1))),
    "dtype": (X, X.astype(np.float32)),
    "byte order": (X, X.astype(">f8")),
    "not in order": (np.ones((3, 2)), np.ones((2, 3)).T),
    "in order": (np.ones((2, 3)).T, np.ones((3, 2))),
    "subclass": (X, np.memmap),
    "float, not array": (X, 3.0),
    "array, not float": (3.0, X),
    "np.float64, not float": (3.0, np.float64(3.0)),
    "float, not np.float64": (np.float64(3.0), 3.0),
    "rank 0, not float": (3.0, np.array(3.0)),
    "int, not float": (3.0, 3),
    "int, not bool": (True, 1),
    "bool, not int": (1, True),
    "tuple, not list": ([X, 1.0], (X, 1.0)),
    "list, not tuple": ((X, 1.0), [X, 1.0]),
    "longer": ([X, 1.0], [X, 1.0, X]),
    "shorter": ([X, 1.0], [X]),
    "named tuple": ((X, 1.0), Pair(X, 1.0)),
    "tuple, not named": (Pair(X, 1.0), (X, 1.0)),
    "another named tuple": (Pair(X, 1.0), Other(X, 1.0)),
    "other keys": ({"a": 1.0, "b": 2.0}, {"a": 1.0, "c": 2.0}),
    "other order": ({"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0}),
    "more keys": ({"a": 1.0}, {"a": 1.0, "b": 2.0}),
    "another kind of dict": ({"a": 1.0}, OrderedDict(a=1.0)),
    "deep inside": ([{"a": (X,)}], [{"a": (np.ones(2),)}]),
    "another text": ("a", "b"),
    "None": ("a", None),
    "an object": (None, 1.0),
}


@pytest.mark.parametrize("name", OTHERS)
def test_arguments_of_another_kind_are_not_taken(name: str, tmp_path: Any) -> None:
    usual, other = OTHERS[name]
    if other is np.memmap:
        other = np.memmap(tmp_path / "x", np.float64, "w+", shape=(3,))
    f = gr.jit(lambda p: p)
    first, before = warm(f, usual), taken(f)
    expected = gr.jit(lambda p: p)(other)
    assert same(f(other), expected)
    assert taken(f) == before
    assert same(f(usual), first)
    assert taken(f) == before + 1


def test_an_int_that_decides_a_size_is_looked_at() -> None:
    f = gr.grad(lambda x, n: np.sum(np.ones(n) * x))
    assert warm(f, 1.0, 3) == 3.0
    assert [f(1.0, 4), f(1.0, 3), f(1.0, 4)] == [4.0, 3.0, 4.0]
    assert f.cache_info().misses == 2


def test_values_that_can_be_changed_are_looked_at() -> None:
    @dataclass(frozen=True)
    class Options:
        scale: float

    f = gr.jit(lambda x, options, some: x * options.scale * len(some))
    options, some = Options(2.0), {1.0}
    assert warm(f, 1.0, options, some) == 2.0
    object.__setattr__(options, "scale", 3.0)
    assert f(1.0, options, some) == 3.0
    assert warm(f, 1.0, options, some) == 3.0
    some.add(2.0)
    assert f(1.0, options, some) == 6.0


def test_too_large_an_int_is_refused_as_ever() -> None:
    f = gr.jit(lambda n: n + 1)
    warm(f, 1)
    with pytest.raises(gr.TraceError, match="does not fit in a 64-bit integer"):
        f(2**63)


def scaled(x: Any, factor: float = 2.0, /, power: int = 1, *, shift: float = 0.0) -> Any:
    return np.sum(x * factor**power) + shift


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((X,), {}),
        ((X, 3.0), {}),
        ((X, 3.0, 2), {}),
        ((X,), {"power": 2}),
        ((X,), {"shift": 1.0}),
        ((X, 3.0), {"shift": 1.0, "power": 2}),
    ],
)
def test_keywords_and_defaults(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    f = gr.value_and_grad(scaled)
    expected = np.sum(scaled(*args, **kwargs))
    assert warm(f, *args, **kwargs)[0] == expected
    assert f(*args, **kwargs)[0] == expected
    bound = dict(zip(("x", "factor", "power"), args, strict=False)) | kwargs
    before = taken(f)
    whole = (X, bound.get("factor", 2.0), bound.get("power", 1))
    assert f(*whole, shift=bound.get("shift", 0.0))[0] == expected
    assert taken(f) == before + 1
    assert f.cache_info().misses == 1


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((), {}),
        ((X, 1.0, 1, 1.0), {}),
        ((X,), {"other": 1.0}),
        ((X,), {"factor": 1.0}),
        ((X, 1.0, 2), {"power": 2}),
        ((X, 1.0, 2), {"x": X}),
    ],
)
def test_wrong_calls_raise_what_python_raises(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    f = gr.jit(scaled)
    warm(f, X)
    with pytest.raises(TypeError) as plain:
        scaled(*args, **kwargs)
    with pytest.raises(TypeError):
        f(*args, **kwargs)
    assert "argument" in str(plain.value)
    assert f(X) == 12.0


def test_names_that_are_equal_but_not_the_same_object() -> None:
    f = gr.jit(scaled)
    warm(f, X, power=2)
    assert f(X, **{"".join(["po", "wer"]): 2}) == 24.0


def test_functions_of_any_number_of_arguments() -> None:
    f = gr.jit(lambda *xs, **named: sum(xs) + sum(named.values()))
    assert warm(f, 1.0, 2.0) == 3.0
    assert [f(1.0), f(1.0, 2.0, 3.0), f(1.0, a=5.0), f(1.0, a=5.0, b=1.0)] == [1.0, 6.0, 6.0, 7.0]


def test_numpy_functions_are_called_as_ever() -> None:
    f = gr.jit(np.sum)
    assert warm(f, X) == 6.0
    assert f(np.ones((2, 3)), axis=0).tolist() == [2.0, 2.0, 2.0]


def test_methods() -> None:
    class Model:
        scale = 2.0

        @gr.grad
        def unbound(self, x: Any) -> Any:
            return self

        @gr.value_and_grad(argnums=1)
        def loss(self, x: Any) -> Any:
            return np.sum(x * self.scale)

    model, other = Model(), Model()
    other.scale = 5.0
    for _ in range(4):
        assert model.loss(X)[0] == 12.0
        assert other.loss(X)[0] == 30.0
    model.scale = 3.0
    assert model.loss(X)[0] == 18.0
    assert taken(Model.loss) > 0
