"""What is a view and what a copy depends on the order in memory, which loops and branches may change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from numpy.testing import assert_allclose


def written(a: Any) -> Any:
    """Write to an array that was made flat before: only a view sees it."""
    w = np.ravel(a)
    a[1] = 7.0
    return np.sum(w * np.arange(1.0, 7.0))


def of_a_branch(x: Any, t: Any) -> Any:
    a = np.zeros_like(x)
    if t > 0.5:
        a = x * 2.0
    return written(a)


def of_branches(x: Any, t: Any) -> Any:
    return written(x * 1.0 if t > 0.5 else x * 2.0)


def of_a_loop(x: Any, t: Any) -> Any:
    a = np.zeros_like(x)
    for _ in range(3):
        a = a * t
        a[0] = 1.0
    return written(a)


def of_a_while(x: Any, t: Any) -> Any:
    a = x * 1.0
    while np.sum(a) < 100.0 + t:
        a = a * 2.0 + 1.0
    return written(a)


def of_strided_parts(x: Any, t: Any) -> Any:
    b = np.repeat(x, 2, axis=1)
    a = b[:, ::2] if t > 0.5 else b[:, 1::2]
    return written(a)


def of_a_strided_line(x: Any, t: Any) -> Any:
    b = np.repeat(x, 2)
    a = b[::2] if t > 0.5 else b[1::2]
    return written(a)


def of_a_condition(x: Any, t: Any) -> Any:
    return written(gr.cond(t > 0.5, lambda: x * 2.0, lambda: x * 3.0))


def of_a_counted_loop(x: Any, t: Any) -> Any:
    return written(gr.fori_loop(0, 3, lambda k, a: a * t + x, x * 1.0))


def of_a_region(x: Any, t: Any) -> Any:
    return written(gr.checkpoint(lambda x: x * t)(x))


def of_a_switch(x: Any, t: Any) -> Any:
    return written(gr.switch(int(t), [lambda x: x * 2.0, lambda x: x * 3.0], x))


def of_a_while_loop(x: Any, t: Any) -> Any:
    return written(gr.while_loop(lambda a: np.sum(a) < 50.0 + t, lambda a: a * 2.0 + 1.0, x * 1.0))


def of_an_item(x: Any, t: Any) -> Any:
    held = [x * 1.0]
    for _ in range(3):
        held[0] = held[0] * t + x
    return written(held[0])


def in_turns(x: Any, t: Any) -> Any:
    a, s = np.zeros_like(x), 0.0
    for _ in range(3):
        s = s + written(a) * t
        a = a + x
    return s


PROGRAMS = (
    of_a_branch,
    of_branches,
    of_a_loop,
    of_a_while,
    of_strided_parts,
    of_a_strided_line,
    of_a_condition,
    of_a_counted_loop,
    of_a_region,
    of_a_switch,
    of_a_while_loop,
    of_an_item,
    in_turns,
)
X = np.linspace(0.3, 2.0, 6).reshape(2, 3)


@pytest.mark.parametrize("t", [0.0, 1.0])
@pytest.mark.parametrize("x", [X, np.asfortranarray(X), X.T.copy().T], ids=["C", "F", "T"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_right_or_refused(program: Callable[[Any, Any], Any], x: Any, t: float) -> None:
    """Where the order is not known it is refused, and only there."""
    strided = program in (of_strided_parts, of_a_strided_line)
    if x.flags.c_contiguous and not strided:
        assert_allclose(gr.jit(program)(x, t), program(x, t), rtol=1e-14)
        return
    with pytest.raises(gr.GradirError, match="may or may not share memory"):
        gr.jit(program)(x, t)


def turned_in_turns(x: Any) -> Any:
    a, s = np.ones((2, 2)) * x, 0.0
    for _ in range(3):
        s = s + np.sum(np.ravel(a) * np.arange(4.0))
        a = a.T * 2.0
    return s


def test_what_nothing_writes_to_needs_no_order() -> None:
    assert_allclose(gr.jit(turned_in_turns)(0.5), turned_in_turns(0.5), rtol=1e-14)
    assert_allclose(gr.grad(turned_in_turns)(0.5), turned_in_turns(1.0), rtol=1e-14)
