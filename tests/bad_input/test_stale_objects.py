"""Objects from outside that code which is not staged reads, as `copy.copy` does: a change of them is seen."""

from __future__ import annotations

import copy
import dataclasses
import operator
from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest


@dataclasses.dataclass
class Model:
    k: float
    a: Any
    part: Any = None


model = Model(0.0, np.zeros(1))


def shallow_copy(x: float) -> Any:
    return x * copy.copy(model).k


def deep_copy(x: float) -> Any:
    copied = copy.deepcopy([model])[0]
    return x * copied.part.k + np.sum(copied.a)


def replaced(x: float) -> Any:
    return np.sum(dataclasses.replace(model, k=x).part.a)


def as_dict(x: float) -> Any:
    return x * dataclasses.asdict(model)["part"]["k"]


def by_a_getter(x: float) -> Any:
    return x * operator.attrgetter("part.k")(model)


def as_text(x: float) -> Any:
    return x * len(repr(model))


def compared(x: float) -> Any:
    return x * [model.part].count(Model(2.0, 3.0))


def found(x: float) -> Any:
    return x * (Model(2.0, 3.0) in [model.part])


def equal(x: float) -> Any:
    return x * (model.part == Model(2.0, 3.0))


READERS = [shallow_copy, deep_copy, replaced, as_dict, by_a_getter, as_text, compared, found, equal]


@pytest.mark.parametrize("f", READERS, ids=lambda f: f.__name__)
def test_what_library_code_reads_is_not_stale(f: Callable[..., Any]) -> None:
    global model
    model = Model(2.0, np.ones(2), Model(2.0, 3.0))
    compiled = gr.jit(f)
    assert (compiled(3.0), compiled(3.0)) == (f(3.0), f(3.0))
    assert compiled.cache_info().misses == 1
    for owner, name, value in ((model, "k", 70.0), (model.part, "k", 11.0), (model.part, "a", 4.0)):
        setattr(owner, name, value)
        assert compiled(3.0) == f(3.0)
    model.a[0] = 100.0
    model.part = Model(2.0, 3.0)
    assert compiled(3.0) == f(3.0)


def test_a_copy_of_an_object_made_inside_may_change() -> None:
    def f(x: float) -> Any:
        first = Model(x, np.zeros(2))
        second, third = copy.copy(first), dataclasses.replace(first, k=2 * x)
        for _ in range(3):
            second.k = second.k * x
            third.k = third.k + second.k
            third.a[0] += x  # the three share their array
        return first.k + second.k * third.k + first.a[0]

    assert gr.jit(f)(1.5) == f(1.5)


def test_a_copy_shares_the_arrays_of_what_is_outside() -> None:
    def f(x: float) -> Any:
        copied = copy.copy(model)
        copied.a += x
        return copied.a.sum()

    with pytest.raises(gr.TraceError, match="an array from outside"):
        gr.jit(f)(1.0)
