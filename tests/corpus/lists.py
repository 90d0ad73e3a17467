"""Lists, tuples and dicts of traced values, outside rolled loops and as their victims."""

from __future__ import annotations

import numpy as np

from tests.corpus.case import Case, refused, right

X = np.linspace(0.5, 2.0, 5)


def appended(x):
    powers = []
    for k in range(4):
        powers.append(x**k)
    return sum(powers) * len(powers) + powers[-1] * powers[1]


def list_entry_overwritten(x):
    a = [x, x * x, 3.0]
    old = a[0]
    a[0] = a[1] * old
    a[1] += a[0]
    return a[0] * a[1] * a[2] + old


def swapped_entries(x):
    a = [x, x * x, x * x * x]
    a[0], a[2] = a[2], a[0] * 2.0
    a.reverse()
    return a[0] + 3.0 * a[1] * a[2]


def list_shared_by_two_names(x):
    a = [x, 2.0 * x]
    b = a
    c = list(a)
    b[0] = x * x
    a.append(b[0] * b[1])
    return a[0] + b[2] * c[0]


def list_of_arrays_that_alias(x):
    a = x.copy()
    parts = [a[:2], a[2:], a]
    parts[0] *= parts[1][0]
    parts[2][4] = parts[0][1] * parts[1][1]
    return np.sum(a * a) + np.sum(parts[1])


def nested_lists(x):
    table = [[x[i] * x[j] for j in range(3)] for i in range(3)]
    table[1][2] = table[0][0] * 2.0
    row = table[1]
    row[0] = row[2] * row[1]
    return sum(sum(r) for r in table) + table[1][0]


def rows_that_are_one_list(x):
    table = [[x[0], x[1]]] * 2  # the same list twice
    table[0][1] = x[2] * x[2]
    return table[1][1] * table[0][0]


def array_of_a_list(x):
    a = np.array([x[0], x[1] * x[2], 1.0])
    b = np.array([[x[0], 2.0], [x[3], x[0] * x[4]]])
    a[1] *= a[0]
    return np.sum(a * a) + np.sum(b @ b)


def stacked_lists(x):
    rows = [x * k for k in range(1, 4)]
    m = np.stack(rows)
    rows[0] = rows[0] * 100.0
    return np.sum(m * m) + np.sum(np.concatenate(rows[:2]))


def dict_entry_overwritten(x):
    state = {"u": x, "v": x * x}
    state["u"] = state["v"] * state["u"]
    state["w"] = state.pop("v") + 1.0
    return sum(value * k for k, value in enumerate(state.values(), 1))


def dict_updated_in_a_loop(x):
    state = {"u": x, "v": 1.0}
    for key in ("u", "v", "u"):
        state[key] = state[key] * state["u"] + 0.5
    return state["u"] * state["v"]


def stack_of_states(x):
    history = [x]
    for k in range(4):
        history.append(np.sin(history[-1]) + history[k] * 0.5)
    return np.sum(history[-1]) + np.sum(history[2] * history[0])


def popped(x):
    stack = [x[0], x[1] * x[2]]
    while len(stack) > 1:
        stack.append(stack.pop() * stack.pop() + 0.0)
    return stack[0]


def sorted_concrete_keys(params):
    total = 0.0
    for key in sorted(params):
        total = total * params[key] + params[key]
    return total


def list_read_in_a_rolled_loop(x):
    coefficients = [x[0], x[1] * x[2]]
    s = 0.1
    for _ in range(5):
        s = coefficients[0] * s + coefficients[1]
    return s


def list_of_an_outer_scope_grows(x):
    seen = []

    def remember(value):
        seen.append(value * value)
        return value * 2.0

    y = remember(remember(x))
    return y + seen[0] * seen[1]


def list_carried_by_a_loop(x):
    pair = [x[0], x[1]]
    for i in range(5):
        pair = [pair[1], pair[0] * x[i]]
    return pair[0] * pair[1] + pair[0]


def list_entry_written_in_a_loop(x):
    pair = [x[0], x[1]]
    for i in range(5):
        pair[0], pair[1] = pair[1], pair[0] * x[i]
    return pair[0] * pair[1] + pair[0]


def tuple_carried_by_a_loop(x):
    state = (x[0], (x[1], 1.0))
    for i in range(5):
        a, (b, c) = state
        state = (b, (a * x[i], c + a))
    return state[0] * state[1][0] + state[1][1]


def grows_without_end(x):
    values = []
    for _ in range(100_000):  # here
        values.append(x)
    return values[0]


CASES: list[Case] = [
    *(right(f, (1.3,)) for f in (
        appended, list_entry_overwritten, swapped_entries, list_shared_by_two_names, dict_entry_overwritten,
        dict_updated_in_a_loop, list_of_an_outer_scope_grows,
    )),
    *(right(f, (X,)) for f in (
        list_of_arrays_that_alias, nested_lists, rows_that_are_one_list, array_of_a_list, stacked_lists,
        stack_of_states, popped, list_entry_written_in_a_loop,
    )),
    *(right(f, (X,), loops=1) for f in (
        list_read_in_a_rolled_loop, list_carried_by_a_loop, tuple_carried_by_a_loop,
    )),
    right(sorted_concrete_keys, ({"b": 0.5, "a": 1.5},)),
    refused(grows_without_end, "turns could not be kept as a loop", (1.5,)),
]  # fmt: skip
PENDING: list[Case] = []
