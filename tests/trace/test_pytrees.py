"""Dicts keep the order of their keys: it is part of what a program computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.trace import pytrees

X = np.array([0.5, 1.5, 2.5])


def weighed(d: dict[str, Any]) -> Any:
    total, weight = 0.0, 1.0
    for key in d:
        total = total + weight * d[key]
        weight = weight * 3
    return total


def named(**numbers: Any) -> Any:
    return weighed(numbers)


def test_an_argument_in_another_order_is_another_one() -> None:
    compiled = gr.value_and_grad(weighed)
    one, other = {"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0}
    for d in (one, other, one):
        value, gradient = compiled(d)
        assert value == weighed(d)
        assert list(gradient.items()) == list(zip(d, (1.0, 3.0), strict=True))
    assert compiled.cache_info().misses == 2


def test_keywords_keep_their_order() -> None:
    compiled = gr.jit(named)
    assert compiled(a=1.0, b=2.0) == 7.0
    assert compiled(b=2.0, a=1.0) == 5.0


def test_results_keep_their_order() -> None:
    assert list(gr.jit(lambda x: {"b": x, "a": {"d": x, "c": x}})(1.0)["a"]) == ["d", "c"]


def rebuilt_in_a_loop(x: Any, n: int) -> Any:
    d = {"a": x[0], "b": x[1]}
    for _ in range(n):
        d = {"b": d["b"] * 2, "a": d["a"]}
    return weighed(d)


def taken_out_and_put_back(x: Any, n: int) -> Any:
    d = {"a": x[0], "b": x[1], "c": x[2]}
    for _ in range(n):
        key = next(iter(d))
        d[key] = d.pop(key) * 2
    return weighed(d)


def in_a_form(x: Any, n: int) -> Any:
    start = {"a": x[0], "b": x[1]}
    return weighed(gr.fori_loop(0, n, lambda i, d: {"b": d["b"] * 2, "a": d["a"]}, start))


@pytest.mark.parametrize("f", [rebuilt_in_a_loop, taken_out_and_put_back, in_a_form])
@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_an_order_that_changes_in_a_loop(f: Callable[..., Any], n: int) -> None:
    assert gr.value_and_grad(f)(X, n)[0] == f(X, n)


def put_in_two_orders(x: Any) -> Any:
    d = {}
    if x[0] > 0:
        d["a"] = x[1]
        d["b"] = x[2]
    else:
        d["b"] = x[2]
        d["a"] = x[1]
    return weighed(d)


def moved_to_the_end(x: Any) -> Any:
    d = {"a": x[0], "b": x[1]}
    if x[0] > 0:
        d["a"] = d.pop("a")
    return weighed(d)


def written_in_two_orders(x: Any) -> Any:
    if x[0] > 0:
        d = {"a": x[1], "b": x[2]}
    else:
        d = {"b": x[2], "a": x[1]}
    return weighed(d)


@pytest.mark.parametrize("f", [put_in_two_orders, moved_to_the_end, written_in_two_orders])
def test_an_order_that_only_the_run_knows_is_refused(f: Callable[..., Any]) -> None:
    with pytest.raises(gr.GradirError, match=r"the same order|another structure"):
        gr.jit(f)(X)


def test_cotangents_may_come_in_any_order() -> None:
    _, pullback = gr.vjp(lambda x: {"b": 2 * x, "a": 3 * x}, 1.0)
    assert pullback({"a": 10.0, "b": 1.0}) == (32.0,)
    with pytest.raises(gr.ShapeError, match=r"structure \{'a': \*\}, but .* has \{'b': \*, 'a': \*\}"):
        pullback({"a": 1.0})


def test_leaves_like_takes_no_containers_for_leaves() -> None:
    structure = pytrees.structure_of({"b": None, "a": (1, 2)})
    assert pytrees.leaves_like(structure, {"a": (3, 4), "b": 5}) == [5, 3, 4]
    for other in ({"a": (3, 4), "b": [5]}, {"a": [3, 4], "b": 5}, {"a": (3, 4)}, 5):
        assert pytrees.leaves_like(structure, other) is None
