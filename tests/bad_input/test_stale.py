"""What a traced function reads from outside is never stale: a call sees what changed since the last."""

from __future__ import annotations

import functools
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import gradir as gr
import numpy as np
import pytest

NUMBER = 1.5
FLAG = True
KEY = "a"
ARRAY = np.ones(3)
LIST = [1.0, 2.0]
DICT: dict[str, Any] = {"a": 1.0, "b": [np.ones(2), 3.0]}
ORDERED = OrderedDict(lr=0.1)
DEFAULT = defaultdict(float, lr=0.1)
SET = {1.0, 2.0}
DEQUE = deque([1.0, 2.0])
Pair = namedtuple("Pair", "a b")  # noqa: PYI024
PAIR = Pair([1.0, 2.0], np.ones(2))
INDICES = np.array([0, 1])
MASK = np.array([True, False, True])
SIZE = np.array([3])
ACTIVATION: Any = np.tanh
MODULE: Any = ModuleType("settings")
MODULE.scale, MODULE.weights, MODULE.mode, MODULE.act = 2.0, np.ones(2), "a", np.sin
PARTIAL = functools.partial(lambda x, k: x * k[0], k=LIST)


def helper(x, k=[2.0], *, scale=1.0):  # noqa: B006
    return x * k[0] * scale


class Box:
    """Holds things, and gives them in every way that a class can."""

    scale = 2.0

    def __init__(self) -> None:
        self.values: Any = [1.0, 2.0]
        self.table = {"lr": 0.1}
        self.weights = np.ones(2)
        self.act: Any = np.tanh
        self.inner = SimpleNamespace(k=3.0)

    @property
    def first(self) -> float:
        return self.values[0]

    def __getitem__(self, key: str) -> float:
        return self.table[key]

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Any:
        return iter(self.values)

    def __contains__(self, x: float) -> bool:
        return x in self.values

    def __call__(self, x: Any) -> Any:
        return x * self.table["lr"]

    def __mul__(self, x: Any) -> Any:
        return self.act(x)

    def method(self, x: Any) -> Any:
        return self.act(x)


BOX = Box()


def rebind(**names: Any) -> Callable[[], None]:
    return lambda: globals().update(names)


def over_set(x):
    total = 0.0
    for v in SET:
        total = total + v * x
    return total


def over_box(x):
    total = 0.0
    for v in BOX:
        total = total + v * x
    return total


def over_deque(x):
    total = 0.0
    for v in DEQUE:
        total = total + v * x
    return total


READS: dict[str, tuple[Callable[[Any], Any], Callable[[], Any]]] = {
    "global number": (lambda x: x * NUMBER, rebind(NUMBER=2.5)),
    "global flag": (lambda x: x if FLAG else -x, rebind(FLAG=False)),
    "global key": (lambda x: x * DICT[KEY] if KEY == "a" else x, rebind(KEY="b")),
    "array, in place": (lambda x: (x * ARRAY).sum(), lambda: ARRAY.__setitem__(0, 7.0)),
    "array, rebound": (lambda x: (x * ARRAY).sum(), rebind(ARRAY=np.arange(3.0))),
    "array, of another shape": (lambda x: (x * ARRAY).sum(), rebind(ARRAY=np.ones((2, 2)))),
    "array, of another dtype": (lambda x: (x * ARRAY).sum(), rebind(ARRAY=np.arange(5))),
    "array, now a number": (lambda x: np.sum(x * ARRAY), rebind(ARRAY=3.0)),
    "list, an element": (lambda x: x * LIST[0], lambda: LIST.__setitem__(0, 9.0)),
    "list, its length": (lambda x: x * len(LIST), lambda: LIST.append(1.0)),
    "list, in a comprehension": (lambda x: sum([v * x for v in LIST]), lambda: LIST.append(4.0)),
    "list, max": (lambda x: x * max(LIST), lambda: LIST.append(40.0)),
    "dict, an item": (lambda x: x * DICT["a"], lambda: DICT.update(a=5.0)),
    "dict, nested": (lambda x: x * DICT["b"][1], lambda: DICT["b"].__setitem__(1, 7.0)),
    "dict, nested array": (lambda x: (x * DICT["b"][0]).sum(), lambda: DICT["b"].__setitem__(0, np.ones(5))),
    "dict, a missing key": (lambda x: x * DICT.get("new", 5.0), lambda: DICT.update(new=7.0)),
    "dict, a membership": (lambda x: x if "key" in DICT else -x, lambda: DICT.update(key=7.0)),
    "OrderedDict": (lambda x: x * ORDERED["lr"], lambda: ORDERED.update(lr=0.2)),
    "defaultdict": (lambda x: x * DEFAULT["lr"], lambda: DEFAULT.update(lr=0.2)),
    "defaultdict, its values": (
        lambda x: sum(v * x for v in DEFAULT.values()),
        lambda: DEFAULT.update(b=0.2),
    ),
    "set": (over_set, lambda: SET.add(5.0)),
    "deque": (over_deque, lambda: DEQUE.append(5.0)),
    "namedtuple": (lambda x: x * PAIR.a[0] + PAIR[0][1], lambda: PAIR.a.__setitem__(0, 9.0)),
    "namedtuple, by place": (lambda x: x * PAIR[0][1], lambda: PAIR.a.__setitem__(1, 9.0)),
    "index array": (lambda x: (x * np.arange(3.0))[INDICES].sum(), lambda: INDICES.__setitem__(0, 2)),
    "mask": (lambda x: (x * np.arange(3.0))[MASK].sum(), lambda: MASK.__setitem__(2, False)),
    "size": (lambda x: x + np.ones(SIZE[0]).sum(), lambda: SIZE.__setitem__(0, 2)),
    "number in an array": (lambda x: x if float(ARRAY.sum()) > 0 else -x, rebind(ARRAY=-np.ones(3))),
    "helper": (lambda x: helper(x), rebind(helper=lambda x: 5 * x)),
    "default of a helper": (lambda x: helper(x), lambda: helper.__defaults__[0].__setitem__(0, 9.0)),
    "new default of a helper": (lambda x: helper(x), lambda: setattr(helper, "__defaults__", ([4.0],))),
    "keyword default": (lambda x: helper(x), lambda: helper.__kwdefaults__.update(scale=6.0)),
    "ufunc": (lambda x: ACTIVATION(x), rebind(ACTIVATION=np.cos)),
    "bound method": (lambda x: ACTIVATION(x), rebind(ACTIVATION=Box().method)),
    "module number": (lambda x: x * MODULE.scale, lambda: setattr(MODULE, "scale", 3.0)),
    "module array": (lambda x: (x * MODULE.weights).sum(), lambda: setattr(MODULE, "weights", np.ones(4))),
    "module text": (lambda x: x if MODULE.mode == "a" else -x, lambda: setattr(MODULE, "mode", "b")),
    "module function": (lambda x: MODULE.act(x), lambda: setattr(MODULE, "act", lambda x: x * 3)),
    "partial": (lambda x: PARTIAL(x), lambda: PARTIAL.keywords["k"].__setitem__(0, 21.0)),
    "partial, its keywords": (lambda x: PARTIAL(x), lambda: PARTIAL.keywords.update(k=[31.0])),
    "attribute": (lambda x: x * BOX.inner.k, lambda: setattr(BOX.inner, "k", 4.0)),
    "attribute, rebound": (lambda x: x * BOX.inner.k, lambda: setattr(BOX, "inner", SimpleNamespace(k=9.0))),
    "array attribute": (lambda x: (x * BOX.weights).sum(), lambda: setattr(BOX, "weights", np.ones(4))),
    "class attribute": (lambda x: x * BOX.scale, lambda: setattr(Box, "scale", 3.0)),
    "property": (lambda x: x * BOX.first, lambda: BOX.values.__setitem__(0, 7.0)),
    "function attribute": (lambda x: BOX.act(x), lambda: setattr(BOX, "act", np.sin)),
    "attribute in a method": (lambda x: BOX.method(x), lambda: setattr(BOX, "act", np.cos)),
    "__getitem__": (lambda x: x * BOX["lr"], lambda: BOX.table.update(lr=0.3)),
    "__call__": (lambda x: BOX(x), lambda: BOX.table.update(lr=0.4)),
    "__len__": (lambda x: x * len(BOX), lambda: BOX.values.append(3.0)),
    "__iter__": (over_box, lambda: BOX.values.append(4.0)),
    "__iter__ in sum": (lambda x: x * sum(BOX), lambda: BOX.values.append(5.0)),
    "__iter__ in a comprehension": (lambda x: sum([v * x for v in BOX]), lambda: BOX.values.append(6.0)),
    "__contains__": (lambda x: x if 99.0 in BOX else -x, lambda: setattr(BOX, "values", [99.0])),
    "operator": (lambda x: BOX * x, lambda: setattr(BOX, "act", np.sin)),
    "getattr": (lambda x: x * getattr(BOX.inner, "k"), lambda: setattr(BOX.inner, "k", 11.0)),  # noqa: B009
    "getattr, a default": (lambda x: x * getattr(BOX, "new", 2.0), lambda: setattr(BOX, "new", 4.0)),
    "hasattr": (lambda x: x if hasattr(BOX, "newer") else -x, lambda: setattr(BOX, "newer", 1)),
    "vars": (lambda x: x * vars(BOX.inner)["k"], lambda: setattr(BOX.inner, "k", 12.0)),
}


@pytest.fixture(autouse=True)
def _restored() -> Any:
    before = dict(globals())
    yield
    globals().update(before)


@pytest.mark.parametrize("name", READS)
def test_a_change_is_seen(name: str) -> None:
    f, change = READS[name]
    compiled, gradient = gr.jit(f), gr.grad(f)
    for _ in range(2):
        np.testing.assert_allclose(compiled(2.0), f(2.0))
        h = 1e-6
        np.testing.assert_allclose(gradient(2.0), (f(2.0 + h) - f(2.0 - h)) / (2 * h), rtol=1e-6, atol=1e-8)
        change()


def test_closures_and_their_containers() -> None:
    factor, table = 2.0, [1.0]

    def f(x):
        return x * factor * table[0]

    g = gr.jit(f)
    assert g(1.0) == 2.0
    factor = 5.0
    assert g(1.0) == 5.0
    table[0] = 3.0
    assert g(1.0) == 15.0


def test_objects_passed_as_arguments() -> None:
    @dataclass
    class Model:
        w: float
        b: np.ndarray

        def __call__(self, x):
            return self.w * x + self.b.sum()

    model = Model(2.0, np.ones(2))
    g = gr.jit(lambda x, m: m(x))
    assert g(1.0, model) == 4.0
    model.w = 5.0
    assert g(1.0, model) == 7.0
    model.b = np.ones(3)
    assert g(1.0, model) == 8.0
    assert g(1.0, Model(1.0, np.zeros(1))) == 1.0


def test_objects_that_count_as_equal_are_not_mixed_up() -> None:
    class Named:
        def __init__(self, k: float) -> None:
            self.k = k

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Named)

        def __hash__(self) -> int:
            return 1

    class Unhashable(Named):
        __hash__ = None  # type: ignore[assignment]

    for kind in (Named, Unhashable):
        g = gr.jit(lambda x, m: x * m.k)
        assert [g(1.0, kind(float(k))) for k in range(5)] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_frozen_dataclasses_are_values() -> None:
    @dataclass(frozen=True)
    class Options:
        scale: float

    g = gr.jit(lambda x, o: x * o.scale)
    assert [g(1.0, Options(2.0)), g(1.0, Options(2.0)), g(1.0, Options(3.0))] == [2.0, 2.0, 3.0]
    assert g.cache_info().misses == 2


def test_a_pullback_and_an_inner_gradient_see_changes() -> None:
    scale = 2.0

    def f(x):
        return x * x * scale

    assert gr.vjp(f, 3.0)[1](1.0) == (12.0,)
    outer = gr.jit(lambda x: gr.grad(f)(x))
    assert outer(3.0) == 12.0
    scale = 4.0
    assert gr.vjp(f, 3.0)[1](1.0) == (24.0,)
    assert outer(3.0) == 24.0


def test_a_pullback_owns_what_it_needs() -> None:
    x, y = np.arange(3.0), np.ones(3)
    _, pullback = gr.vjp(lambda x: x * x * y, x)
    expected = pullback(np.ones(3))[0].copy()
    x[:] = 100.0
    y[:] = 100.0
    np.testing.assert_array_equal(pullback(np.ones(3))[0], expected)
    np.testing.assert_array_equal(pullback(2 * np.ones(3))[0], 2 * expected)


def test_specialisations_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradir.transform._MOST_KEPT", 2)
    rate = 0.0

    def f(x):
        return x * rate

    g = gr.jit(f)
    for rate in (1.0, 2.0, 3.0, 1.0, 4.0):
        assert g(2.0) == 2.0 * rate
    assert g.cache_info().currsize == 2
    assert g.cache_info().misses == 5
