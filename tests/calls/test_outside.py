"""What a function reads from outside is looked at by calls without Python, too."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import gradir as gr
import numpy as np
import pytest

from tests.calls.warm import taken, warm

NUMBER = 2.0
ARRAY = np.ones(3)
NESTED: Any = {"a": [1.0, (2.0, np.ones(2))]}
BOX = SimpleNamespace(k=3.0, array=np.ones(3))
HELPER: Any = np.sin
abs: Any = np.sin


class Held:
    def __init__(self) -> None:
        self.k = 2.0

    @property
    def twice(self) -> float:
        return 2.0 * self.k

    def times(self, x: Any) -> Any:
        return x * self.k


HELD = Held()
Change = Callable[[], object]


def rebind(**names: Any) -> Change:
    return lambda: globals().update(names)


READS: dict[str, tuple[Callable[[Any], Any], Change]] = {
    "global": (lambda x: x * NUMBER, rebind(NUMBER=3.0)),
    "global, the sign of zero": (lambda x: np.copysign(x, NUMBER), rebind(NUMBER=-0.0)),
    "global that hid a builtin": (lambda x: abs(x), lambda: globals().pop("abs")),
    "array, its elements": (lambda x: np.sum(ARRAY * x), lambda: ARRAY.__setitem__(0, 5.0)),
    "array, another": (lambda x: np.sum(ARRAY * x), rebind(ARRAY=np.full(3, 2.0))),
    "array, of another size": (lambda x: np.sum(ARRAY * x), rebind(ARRAY=np.ones(4))),
    "array, of another type": (lambda x: np.sum(ARRAY * x), rebind(ARRAY=np.ones(3, np.float32))),
    "array, of another layout": (lambda x: np.sum(ARRAY * x), rebind(ARRAY=np.arange(6.0)[::2])),
    "array, now a number": (lambda x: np.sum(ARRAY * x), rebind(ARRAY=3.0)),
    "list": (lambda x: x * NESTED["a"][0], lambda: NESTED["a"].__setitem__(0, 9.0)),
    "list, longer": (lambda x: x * len(NESTED["a"]), lambda: NESTED["a"].append(0.0)),
    "list, now a tuple": (lambda x: x * len(NESTED["a"]), lambda: NESTED.update(a=(1.0,))),
    "array inside": (lambda x: x * NESTED["a"][1][1].sum(), lambda: NESTED["a"][1][1].fill(4.0)),
    "dict, another key": (lambda x: x * len(NESTED), lambda: NESTED.update(b=1.0)),
    "dict, another order": (
        lambda x: x * (1.0 if next(iter(NESTED)) == "a" else 2.0),
        lambda: NESTED.update({"z": 0.0, "a": NESTED.pop("a")}),
    ),
    "attribute": (lambda x: x * BOX.k, lambda: setattr(BOX, "k", 4.0)),
    "attribute, an array": (lambda x: np.sum(x * BOX.array), lambda: setattr(BOX, "array", np.ones(2))),
    "attribute, gone": (lambda x: x * getattr(BOX, "k", 7.0), lambda: delattr(BOX, "k")),
    "property": (lambda x: x * HELD.twice, lambda: setattr(HELD, "k", 5.0)),
    "method": (lambda x: HELD.times(x), lambda: setattr(HELD, "k", 6.0)),
    "method, another": (lambda x: HELD.times(x), rebind(HELD=Held())),
    "function": (lambda x: HELPER(x), rebind(HELPER=np.cos)),
}


@pytest.fixture
def _restored() -> Any:
    before = dict(globals())
    NESTED.update({"a": [1.0, (2.0, np.ones(2))]})
    ARRAY.fill(1.0)
    vars(BOX).update(k=3.0, array=np.ones(3))
    HELD.k = 2.0
    yield
    for name in set(globals()) - set(before):
        del globals()[name]
    globals().update(before)
    for key in set(NESTED) - {"a"}:
        del NESTED[key]


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize("name", READS)
def test_a_change_outside_is_seen(name: str) -> None:
    function, change = READS[name]
    f = gr.jit(function)
    np.testing.assert_allclose(warm(f, 2.0), function(2.0))
    change()
    for _ in range(3):
        np.testing.assert_allclose(f(2.0), function(2.0))


@pytest.mark.usefixtures("_restored")
def test_a_builtin_that_a_global_hid_is_found() -> None:
    f = gr.jit(lambda x: abs(x))
    warm(f, -2.0)
    globals()["abs"] = builtins.abs
    assert warm(f, -2.0) == 2.0
    del globals()["abs"]
    before = taken(f)
    assert f(-2.0) == 2.0
    assert taken(f) == before + 1


def test_a_closure_is_seen() -> None:
    factor: Any = 2.0
    f = gr.jit(lambda x: x * factor)  # noqa: F821
    assert warm(f, 1.0) == 2.0
    factor = 3.0
    assert f(1.0) == 3.0
    factor = np.full(2, 4.0)
    assert f(1.0).tolist() == [4.0, 4.0]
    factor[0] = 5.0
    assert warm(f, 1.0).tolist() == [5.0, 4.0]
    del factor
    with pytest.raises(NameError):
        f(1.0)


def test_equal_values_that_are_other_objects_do() -> None:
    box = SimpleNamespace(k=1.5)
    f = gr.jit(lambda x: x * box.k)
    warm(f, 1.0)
    before = taken(f)
    box.k = float("1.5")
    assert f(1.0) == 1.5
    assert taken(f) == before + 1


def test_a_read_that_raises_raises() -> None:
    class Gone:
        there = True

        @property
        def k(self) -> float:
            if not self.there:
                raise RuntimeError("gone")
            return 2.0

    box = Gone()
    f = gr.jit(lambda x: x * box.k)
    assert warm(f, 1.0) == 2.0
    box.there = False
    with pytest.raises(RuntimeError, match="gone"):
        f(1.0)
    box.there = True
    assert f(1.0) == 2.0


def test_a_global_that_hides_a_builtin_later(monkeypatch: pytest.MonkeyPatch) -> None:
    f = gr.jit(lambda x: x * len(NESTED))
    assert warm(f, 2.0) == 2.0
    monkeypatch.setitem(globals(), "len", lambda held: 7.0)
    assert f(2.0) == 14.0
    monkeypatch.delitem(globals(), "len")
    assert f(2.0) == 2.0


def test_an_array_in_another_byte_order_is_compiled_for_once() -> None:
    array = np.arange(3.0).astype(">f8")
    f = gr.grad(lambda x: np.sum(array * x**2))
    for k in range(4):
        array[1] = k
        assert np.array_equal(f(np.ones(3)), [0.0, 2.0 * k, 4.0])
    assert f.cache_info().misses == 1


@pytest.mark.parametrize("order", ["copy first", "view first"])
def test_an_array_of_which_a_reshape_is_a_view_is_told_from_one_of_which_it_is_a_copy(order: str) -> None:
    held = SimpleNamespace(array=np.ones((4, 4)))

    def f(x: Any) -> Any:
        flat = held.array.reshape(-1)
        flat[0] += x
        return flat.sum()

    g = gr.jit(f)
    for k in range(2):
        if (k == 0) == (order == "copy first"):
            held.array = np.ones((4, 8))[:, ::2]
            assert warm(g, 1.0) == 17.0
        else:
            held.array = np.ones((4, 4))
            with pytest.raises(gr.GradirError, match="not written to"):
                g(1.0)
