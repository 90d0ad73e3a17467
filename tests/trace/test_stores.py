"""Stores to objects, lists and dicts in loops and branches: carried like variables, or refused."""

from __future__ import annotations

import heapq
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradir as gr
import numpy as np
import pytest

from .agree import agrees


class Body:
    def __init__(self, position, velocity):
        self.position = position
        self.velocity = velocity
        self.steps = 0

    def step(self, h):
        self.velocity = self.velocity - h * self.position
        self.position = self.position + h * self.velocity
        self.steps += 1
        if self.steps > 5:
            self.position = self.position * 0.99


class Network:
    def __init__(self, w):
        self.layers = [w, w * 2]
        self.total = np.zeros(2)

    def __call__(self, x):
        for w in self.layers:
            x = np.tanh(x * w)
        self.total = self.total + x
        return x


def orbit(x):
    body = Body(x, np.zeros(2))
    for _ in range(20):
        body.step(0.1)
    return np.sum(body.position**2) * body.steps


def adam(x):
    p = {"w": x, "b": np.zeros(2)}
    m = {k: np.zeros_like(v) for k, v in p.items()}
    v = {k: np.zeros_like(a) for k, a in p.items()}
    for _ in range(19):
        g = {"w": 2 * p["w"], "b": p["b"] - p["w"]}
        for k in p:
            m[k] = 0.9 * m[k] + 0.1 * g[k]
            v[k] = 0.99 * v[k] + 0.01 * g[k] ** 2
            p[k] = p[k] - 0.1 * m[k] / (np.sqrt(v[k]) + 1e-3)
    return np.sum(p["w"] ** 2) + np.sum(p["b"])


def list_made_in_the_turn(x):
    s = 0.0
    for _ in range(10):
        k = []
        for j in range(3):
            k.append(x[0] * j + s)
        s = s + 0.1 * np.sum(np.array(k))
    return s * x[1]


def items_of_a_list(x):
    a = [x[0], x[1] * 2]
    for _ in range(5):
        a[0] = a[0] * 1.1
        a[1] = a[0] + a[1]
    return a[0] * a[1]


def nested_lists(x):
    rows = [[x[0], x[1] * 2], [x[0] * 3, x[1]]]
    for _ in range(6):
        for row in rows:
            row[0] = row[0] + 0.1 * row[1]
            if row[0] > 1:
                row[1] = row[1] * 0.9
    return rows[0][0] * rows[1][1]


def network(x):
    net = Network(x)
    s = 0.0
    for i in range(5):
        s = s + np.sum(net(np.ones(2) * i))
    return s + np.sum(net.total**2)


@pytest.mark.parametrize(
    "function", [orbit, adam, list_made_in_the_turn, items_of_a_list, nested_lists, network]
)
def test_in_a_rolled_loop(function: Callable[[Any], Any]) -> None:
    for x in (np.array([0.3, 0.4]), np.array([1.3, -2.0])):
        agrees(function, x)
    primal = str(gr.jit(function).inspect(np.array([0.3, 0.4])).primal)
    assert primal.count("= for ") == 1


def test_in_a_branch() -> None:
    def f(x):
        a = [x, x * 2]
        d = {"u": 1.0}
        body = Body(x, x)
        if x > 1:
            a[0] = x * 3
            d["u"] = x
            body.velocity = x * x
        return a[0] * a[1] * d["u"] * body.velocity

    agrees(f, 0.3)
    agrees(f, 2.0)


def test_items_added_in_one_branch_are_refused() -> None:
    def f(x):
        a = [x]
        if x > 1:
            a.append(x * 2)
        return a[-1]

    with pytest.raises(gr.UnsupportedError, match=r"gets or loses items under an `if`"):
        gr.grad(f)(0.3)


def test_an_attribute_of_one_branch_only() -> None:
    def f(x):
        body = Body(x, x)
        if x > 1:
            body.extra = x * 2
        return body.extra

    agrees(f, 2.3)
    with pytest.raises(AttributeError, match=r"'Body' object has no attribute 'extra'"):
        gr.grad(f)(0.3)


def rebound_in_a_loop(x):
    for i in range(3):
        a = [x * i]
        b = a
    b[0] = 5.0
    return a[0] * x


def rebound_in_a_branch(x):
    a = [x * 2]
    old = a
    if x > 5:
        a = [x * 3]
    a[0] = 7.0
    return old[0] * x


def stored_to_under_the_old_name(x):
    a = [x * 2]
    old = a
    if x > 5:
        a = [x * 3]
    old[0] = 7.0
    return a[0] * x


@pytest.mark.parametrize("function", [rebound_in_a_loop, rebound_in_a_branch, stored_to_under_the_old_name])
def test_lists_that_may_have_become_two_are_refused(function: Callable[[Any], Any]) -> None:
    with pytest.raises(gr.TraceError, match="may or may not be another variable's"):
        gr.grad(function)(2.3)


def test_a_property_is_not_carried() -> None:
    class Clamped:
        def __init__(self, x):
            self.x = x

        @property
        def value(self):
            return self.x

        @value.setter
        def value(self, x):
            self.x = np.minimum(x, 10.0)

    def f(x):
        c = Clamped(x)
        for _ in range(5):
            c.value = c.value * 1.5
        return c.value

    agrees(f, 0.3)


def test_a_name_that_only_a_loop_assigns() -> None:
    def f(x, n):
        for i in range(n):
            x = x * 1.5
            y = x * i
        return y * i

    agrees(f, 1.5, 3)
    with pytest.raises(UnboundLocalError, match="'y' where it is not associated with a value"):
        gr.grad(f)(1.5, 0)


class Counter:
    def __init__(self):
        self.n = 1

    @property
    def next(self):
        self.n += 1
        return self.n

    @next.setter
    def next(self, value):
        if value > 2:
            self.n = value

    def __bool__(self):
        self.n += 1
        return True


@dataclass
class Prepared:
    x: Any
    y: Any = None

    def __post_init__(self):
        self.y = self.x * 2 if self.x > 1 else self.x * 3


def through_a_getter(x):
    c = Counter()
    for _ in range(4):
        c.next  # noqa: B018
    return x * c.n


def through_a_setter(x):
    c = Counter()
    for i in range(6):
        c.next = i
    return x * c.n


def getter_in_a_branch(x):
    c = Counter()
    if x > 100:
        c.next  # noqa: B018
    return x * c.n


def asked_for_its_truth(x):
    c = Counter()
    for _ in range(4):
        if c:
            x = x * 1.1
    return x * c.n


def prepared(x):
    s = 0.0
    for i in range(3):
        s = s + Prepared(x + i).y
    return s


def pushed_on_a_heap(x):
    heap = [5]
    for i in range(4):
        heapq.heappush(heap, i)
    return x * len(heap)


def stored_by_c_code(x):
    items = [0, 0, 0, 0]
    for i in range(4):
        operator.setitem(items, 0, items[0] + i)
    return x * items[0]


@pytest.mark.parametrize(
    "function",
    [
        through_a_getter,
        through_a_setter,
        getter_in_a_branch,
        asked_for_its_truth,
        prepared,
        pushed_on_a_heap,
        stored_by_c_code,
    ],
)
def test_stores_that_the_users_code_does_not_show(function: Callable[[Any], Any]) -> None:
    agrees(function, 1.3)


def test_a_store_of_c_code_in_a_branch_is_refused() -> None:
    def f(x):
        heap = [5]
        if x > 1:
            heapq.heappush(heap, 3)
        return x * len(heap)

    with pytest.raises(gr.UnsupportedError, match="a list is changed by code that gradir does not rewrite"):
        gr.grad(f)(1.3)


QUEUE: list[int] = []


def test_a_store_of_c_code_to_a_list_from_outside_is_refused() -> None:
    def f(x):
        heapq.heappush(QUEUE, 1)
        return x * len(QUEUE)

    with pytest.raises(gr.TraceError, match="a list from outside of the traced function is changed"):
        gr.grad(f)(1.3)
    assert not QUEUE


@dataclass
class Box:
    n: int


def another_equal_object(x):
    p, q = Box(0), Box(0)
    r = p
    for _ in range(3):
        r = q
    r.n = 5
    return x * q.n + x * x * p.n


def another_equal_set(x):
    p, q = {1}, {1}
    r = p
    for _ in range(3):
        r = q
    r.add(2)
    return x * len(q) + x * x * len(p)


def another_zero(x):
    s = 0.0
    for _ in range(3):
        s = -0.0
    return x * np.copysign(2.0, s)


def told_apart(x):
    p, q = Box(0), Box(0)
    count = 0
    for _ in range(3):
        if p is q:
            count += 1
        p = q
    return x * count


@pytest.mark.parametrize("function", [another_equal_object, another_equal_set, another_zero, told_apart])
def test_what_is_equal_is_not_the_same(function: Callable[[Any], Any]) -> None:
    agrees(function, 1.3)


def test_equal_objects_of_two_branches_are_refused() -> None:
    def f(x):
        p, q = Box(0), Box(0)
        if x > 10:
            r = p
        else:
            r = q
        r.n = 5
        return x * q.n + x * x * p.n

    with pytest.raises(gr.UnboundError, match="'r' is another object in each branch"):
        gr.grad(f)(1.3)


def test_a_captured_zero_that_becomes_negative_is_seen() -> None:
    holder = Box(0.0)
    g = gr.grad(lambda x: x * np.copysign(2.0, holder.n))
    assert g(1.3) == 2.0
    holder.n = -0.0
    assert g(1.3) == -2.0
