"""Staged statements evaluate, store and leave in Python's order."""

from __future__ import annotations

from typing import Any

import gradir as gr
import numpy as np
import pytest

from .agree import agrees

SCALE = 2.0


class Counter:
    """An object that traced code makes, whose methods change it."""

    def __init__(self, total):
        self.total = total
        self.n = 0

    def step(self):
        self.total = self.total * 10
        return 1.0

    def advance(self):
        self.n = self.n + 1
        return self.n


def operand_changes_the_item(x):
    a = np.ones(2) * x

    def change():
        a[0] = 100.0
        return 1.0

    a[0] += change()
    return a[0]


def operand_changes_the_attribute(x):
    counter = Counter(x)
    counter.total += counter.step()
    return counter.total


def value_before_the_index(x):
    counter, a = Counter(x), np.zeros(3)
    a[counter.n] = x * counter.advance()
    a[counter.n] = x * counter.advance()
    return np.sum(a * np.arange(3))


def item_before_the_name(x):
    a, i = np.zeros(4), 2
    a[i], i = x, 1
    a[i] = 3 * x
    return np.sum(a * np.arange(4))


def name_before_the_item(x):
    a, i = np.zeros(4), 2
    i, a[i] = 1, x
    return np.sum(a * np.arange(4))


def several_targets(x):
    a, i = np.zeros(4), 2
    a[i] = i = 1
    return np.sum(a * np.arange(4)) * x + i


def return_from_a_loop(x):
    for k in range(5):
        if k == 2:
            return x * k
    return x


def _first_above(values, limit):
    for k, v in enumerate(values):
        if v > limit:
            return k
    return None


def helper_that_searches(x):
    k = _first_above([1, 2, 3, 4], 2)
    return x if k is None else x * k


def return_from_a_loop_in_a_branch(x):
    if SCALE > 1:
        for k in range(3):
            if k == 1:
                return x * 2
        x = x * 7
    return x


def return_from_a_while(x):
    n = 5
    while n > 0:
        n = n - 1
        if n == 2:
            return x * 10
        x = x * 2
    return x


def return_from_a_with(x):
    with np.errstate(all="ignore"):
        if SCALE > 3:
            return x * 3
        x = x * 2
    return x + 1


def rest_of_a_returning_loop(x):
    for k in range(3):
        if k == 2:
            return x

        def halved(v):
            if v > 1:
                return v / 2
            return v

        x = x + halved(x)
    return x * 100


def text_of_an_index(x):
    weights = {"w0": x, "w1": x * x, "w2": 3.0}
    total = 0.0
    for i in range(3):
        total += weights["w" + str(i)] * weights["w" + repr(i)]
    return total


class Base:
    def slope(self, x):
        return x * 2


class Derived(Base):
    def slope(self, x):
        y = super().slope(x) if x > 1 else x
        for _ in range(3):
            y = y + super().slope(x)
        return y


CASES: list[Any] = [
    operand_changes_the_item,
    operand_changes_the_attribute,
    value_before_the_index,
    item_before_the_name,
    name_before_the_item,
    several_targets,
    return_from_a_loop,
    helper_that_searches,
    return_from_a_loop_in_a_branch,
    return_from_a_while,
    return_from_a_with,
    rest_of_a_returning_loop,
    text_of_an_index,
    Derived().slope,
]


@pytest.mark.parametrize("function", CASES, ids=lambda f: f.__name__)
def test_like_python(function: Any) -> None:
    agrees(function, 2.5)


def test_ifs_that_would_double_the_code_too_often_are_refused(tmp_path: Any) -> None:
    part = "    if x > {0}:\n        if x > {0}.5:\n            return x\n        x = x + 1\n"
    lines = [part.format(i) for i in range(30)]
    path = tmp_path / "doubling.py"
    path.write_text("def f(x):\n" + "".join(lines) + "    return x\n")
    namespace: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    with pytest.raises(gr.UnsupportedError, match="assign the result to a variable"):
        gr.grad(namespace["f"])(1.0)


def test_keyword_default_of_a_lambda_is_not_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    def f(x: Any) -> Any:
        scaled = lambda v, *, scale=SCALE: v * scale  # noqa: E731
        return scaled(x)

    slope = gr.grad(f)
    assert slope(1.0) == 2.0
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert slope(1.0) == 5.0


class Sequence:
    """Iterated by index: it has no `__iter__`."""

    def __init__(self) -> None:
        self.values = [1.0, 2.0]

    def __getitem__(self, k: int) -> float:
        return self.values[k]


def test_a_sequence_that_grows_is_not_stale() -> None:
    sequence = Sequence()
    slope = gr.grad(lambda x: x * sum([v * 1.0 for v in sequence]))
    assert slope(1.0) == 3.0
    sequence.values.append(4.0)
    assert slope(1.0) == 7.0


def test_round_without_source() -> None:
    assert gr.jit(eval("lambda x: round(x)"))(2.6) == 3


def test_error_of_the_branch_taken_has_no_other_context() -> None:
    def f(x: Any, n: int) -> Any:
        if n < 0:
            raise ValueError("negative")
        return x * n

    with pytest.raises(ValueError, match="negative") as caught:
        gr.grad(f)(1.0, -1)
    assert caught.value.__context__ is None


def test_inspect_inside_a_traced_function_is_refused() -> None:
    inner = gr.grad(np.sin)

    def f(x: Any) -> Any:
        inner.inspect(x)
        return x

    with pytest.raises(gr.UnsupportedError, match="inspect and njit need numbers"):
        gr.grad(f)(1.0)
