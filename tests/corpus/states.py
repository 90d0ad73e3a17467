"""State in attributes, dicts and lists, changed under loops and branches."""

from __future__ import annotations

import numpy as np

from tests.corpus.case import Case, refused, right

X = np.array([0.7, 1.2, 0.3, 1.4, 0.6, 0.9])


class State:
    """An object that a user keeps traced values in."""

    def __init__(self, value, array):
        self.value = value
        self.array = array

    def advance(self, factor):
        self.value = self.value * factor + 0.5
        self.array[0] *= self.value


def attribute_in_a_loop(x):
    state = State(x[0], x.copy())
    for i in range(4):
        state.value = state.value * x[i] + 0.5
        state.array[i] = state.value * state.array[i + 1]
    return state.value * np.sum(state.array)


def method_in_a_loop(x):
    state = State(x[0], x.copy())
    for i in range(4):
        state.advance(x[i])
    return state.value * np.sum(state.array)


def attribute_in_a_while(x):
    state = State(x[0], x)
    k = 0
    while state.value < 5.0 and k < 10:
        state.value = state.value * 1.3 + x[1]
        k += 1
    return state.value * k


def attribute_in_a_branch(x, y):
    state = State(x[0], x)
    if y > 0.0:
        state.value = state.value * x[1]
        state.bonus = 2.0
    else:
        state.bonus = x[2]
    return state.value * state.bonus


def dict_in_a_loop(x):
    state = {"a": x[0], "n": 0}
    for i in range(4):
        state["a"] = state["a"] * x[i] + 1.0
        state["n"] += 1
    return state["a"] * state["n"]


def list_in_a_branch(x, y):
    values = [x[0], x[1]]
    if y > 0.0:
        values[0] = values[1] * values[0]
        values.append(x[3])
    else:
        values[1] = values[0] * 2.0
        values.append(x[4])
    return values[0] * values[1] * values[2]


def list_longer_in_one_branch(x, y):
    values = [x[0], x[1]]
    if y > 0.0:  # here
        values.append(x[3])
    return sum(values)


def list_that_grows_until_converged(x):
    values = [x[0]]
    while values[-1] < 5.0:  # here
        values.append(values[-1] * 1.5)
    return sum(values)


def list_in_a_concrete_while(x):
    values = [x[0]]
    k = 0
    while k < 3:
        values.append(values[-1] * x[k])
        k += 1
    return sum(values)


def tuple_carried_by_a_while(x, limit):
    state = (x[0], (1.0, x[0] * x[1]))
    while state[0] < limit:
        a, (b, c) = state
        state = (a * 1.5, (b + a, c * b))
    return state[1][0] * state[1][1]


CASES: list[Case] = [
    *(right(f, (X,)) for f in (
        attribute_in_a_loop, method_in_a_loop, attribute_in_a_while, dict_in_a_loop, list_in_a_concrete_while,
    )),
    right(attribute_in_a_branch, (X, 1.0), (X, -1.0)),
    right(list_in_a_branch, (X, 1.0), (X, -1.0)),
    right(tuple_carried_by_a_while, (X, 3.0), (X, 0.1)),
    refused(list_longer_in_one_branch, "gets or loses items", (X, 1.0)),
    refused(list_that_grows_until_converged, "gets or loses items", (X,)),
]  # fmt: skip
PENDING: list[Case] = []
