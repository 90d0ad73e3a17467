"""Variables that only some ways through a function assign: what is left of them in the graph, and refusals.

What they compute, and which errors the run raises, is in `tests/corpus/unassigned.py`.
"""

# Code as users write it, in which names may have no value:
# ruff: noqa: F821

from __future__ import annotations

import ast
import textwrap

import gradir as gr
import numpy as np
import pytest
from gradir.trace.liveness import Liveness

from .agree import agrees, loops_of

X = np.array([0.5, 0.8, 1.1, 1.4])


def text_of(fun, *args):
    return str(gr.trace(fun)(*args))


def test_nothing_is_left_of_a_variable_that_nobody_reads() -> None:
    def f(x):
        s = 0.0
        for i in range(4):
            if x[i] > 1:
                t = np.outer(x, x)
                s = s + np.sum(t)
        return s

    text = text_of(f, X)
    assert "UnboundLocalError" not in text
    assert text.count("bool[]") == 1  # the condition
    agrees(f, X)


def test_a_variable_is_checked_once_in_a_block() -> None:
    def f(x):
        if x > 1:
            y = x
        return y * y + y

    assert text_of(f, 2.0).count("check") == 1
    agrees(f, 2.0)


def test_a_check_in_a_branch_does_not_hold_behind_it() -> None:
    def f(x, t):
        if x > t:
            y = x
        z = 0.0
        if x > 1:
            z = y
        return z + y

    assert text_of(f, 2.0, 1.0).count("check") == 2
    agrees(f, 2.0, 1.0)
    for t in (1.5, 0.9):
        with pytest.raises(UnboundLocalError, match="'y'"):
            gr.grad(f)(0.8 if t == 0.9 else 1.2, t)


def test_a_variable_that_each_turn_assigns_is_not_carried_into_the_next() -> None:
    def f(x):
        for v in x:
            y = v * v
            z = y + 1
        return z

    assert text_of(f, X).count("carry (%") == 1
    assert "bool" not in text_of(f, X)
    agrees(f, X)


def test_a_text_that_only_one_branch_assigns_needs_no_value_at_run_time() -> None:
    def f(x):
        if x > 1:
            name = "square"
        return x * x if name == "square" else x

    assert "constant 0.0" not in text_of(f, 2.0)
    agrees(f, 2.0)
    with pytest.raises(UnboundLocalError, match="'name'"):
        gr.grad(f)(0.5)


def test_an_array_from_before_is_not_copied() -> None:
    def f(x):
        a = np.outer(x, x)
        if x[0] > 0:
            b = a
        b[0] = 1.0
        return np.sum(a)

    assert "f64[4, 4] = if" not in text_of(f, X)
    agrees(f, X)


def test_an_int_argument_decides_while_tracing() -> None:
    def f(x, n):
        if n > 2:
            y = np.full(n, x)
        return np.sum(y)

    assert " if " not in text_of(f, 2.0, 3)
    agrees(f, 2.0, 3)
    with pytest.raises(
        gr.UnboundError, match=r"'y' where it is not associated with a value[\s\S]*np.sum\(y\)"
    ):
        gr.grad(f)(2.0, 1)


def test_gradients_of_gradients() -> None:
    def f(x):
        for i in range(4):
            if x[i] > 1:
                y = x[i] ** 3
                break
        return y * y

    agrees(f, X, order=2)


def test_a_variable_is_deleted() -> None:
    def f(x):
        y = x
        del y
        return y

    def twice(x):
        y = x
        del y
        del y
        return x

    for fun in (f, twice):
        with pytest.raises(gr.UnboundError, match="'y' where it is not associated with a value"):
            gr.grad(fun)(2.0)


def test_free_variables_have_an_error_of_their_own() -> None:
    def f(x):
        def inner(v):
            return v * y

        if x > 1:
            y = x
        return inner(x)

    agrees(f, 2.0)
    with pytest.raises(NameError, match="cannot access free variable 'y' where"):
        gr.grad(f)(0.5)


class Holder:
    pass


def test_an_attribute_that_may_not_be_there() -> None:
    def f(x):
        o = Holder()
        if x > 1:
            o.a = x * x
        return (o.a if hasattr(o, "a") else 3 * x) + getattr(o, "a", x)

    agrees(f, 2.0)
    agrees(f, 0.5)


def test_an_object_of_one_branch_is_refused_where_its_values_are_read() -> None:
    def f(x):
        if x > 1:
            o = Holder()
            o.a = x * x
        return o.a

    with pytest.raises(gr.GradirError, match="Return it from the function instead"):
        gr.grad(f)(2.0)


def test_values_of_many_sizes_have_to_be_known() -> None:
    def f(x, n):
        for i in range(n):
            if x[i] > 1:
                y = x[:i]
        return np.sum(y)

    with pytest.raises(gr.GradirError, match="'y'"):
        gr.grad(f)(X, 3)


def test_a_loop_that_a_break_always_ends_may_take_no_turn() -> None:
    def f(x, t):
        y = 0.0
        while x < t:
            x = x * 2
            break
        else:
            y = x
        return y * x

    def in_a_for(x, n):
        y = 0.0
        for _ in range(n):
            break
        else:
            y = x
        return y * x

    agrees(f, 0.5, 1.0)
    agrees(f, 2.0, 1.0)
    agrees(in_a_for, 2.0, 0)
    agrees(in_a_for, 2.0, 3)


def test_one_loop_behind_another() -> None:
    def f(x, n, m):
        for i in range(n):
            y = x[i]
        for i in range(m):
            y = y * x[i]
        return y

    assert loops_of(f, X, 2, 2) == 2
    agrees(f, X, 2, 0)


# Which variables are read behind a statement.


def live(source: str) -> dict[str, list[str]]:
    """The variables that are live behind the `if`s and loops of a function body, by what they ask."""
    body = ast.parse(textwrap.dedent(source)).body
    liveness = Liveness(body)
    names = sorted({n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name)})
    return {
        ast.unparse(getattr(n, "test", None) or n.target): [
            x for x in names if x not in liveness.dead(names, n)
        ]
        for s in body
        for n in ast.walk(s)
        if isinstance(n, (ast.If, ast.For, ast.While))
    }


def test_what_is_assigned_first_is_dead() -> None:
    source = """
        if c:
            y = 1
            z = 2
        y = 3
        return y + z
    """
    assert live(source) == {"c": ["z"]}


def test_a_turn_may_read_what_the_turn_before_left() -> None:
    source = """
        for i in n:
            if c:
                y = 1
                t = 2
            if d:
                s = s + y
            t = s
        return s
    """
    assert live(source) == {"i": ["s"], "c": ["c", "d", "s", "y"], "d": ["c", "d", "s", "y"]}


def test_ways_out_of_a_loop() -> None:
    source = """
        while a:
            if b:
                y = 1
                break
            if c:
                z = 2
                continue
            if d:
                return w
        else:
            return z
        return y
    """
    found = live(source)
    assert found["a"] == ["y", "z"]
    assert found["d"] == ["a", "b", "c", "d", "w", "z"]


def test_what_runs_later_reads_all_the_time() -> None:
    source = """
        if a:
            y = 1
            z = 2
        g = lambda: y
        h = (z for _ in x if _)
        return 0
    """
    assert live(source)["a"] == ["_", "x", "y", "z"]


def test_declarations_assign_nothing_and_deletions_read() -> None:
    source = """
        if a:
            y = z = 1
        y: int
        del z
        return y
    """
    assert live(source) == {"a": ["y", "z"]}


def test_a_match_may_fit_no_case() -> None:
    source = """
        if a:
            y = z = 1
        match b:
            case [y]:
                return y
            case 2:
                y = 4
                z = 3
        return z + y
    """
    assert live(source)["a"] == ["b", "y", "z"]
