"""What is saved of a loop: the first half of worked example 10, in loop form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from numpy.testing import assert_allclose

from examples import saved_in_loops as example

EXPECTED = {example.sums: 0, example.products: 1, example.sigmoids: 1, example.sweep: 1}


@pytest.mark.parametrize(("loop", "count"), EXPECTED.items(), ids=lambda x: getattr(x, "__name__", ""))
def test_what_a_turn_saves(loop: Callable[..., Any], count: int) -> None:
    saved = example.saved(loop)
    assert len(saved) == count
    assert all(text.startswith("f64[] of line") for text in saved)  # single numbers


def test_the_saved_value_is_the_one_that_the_rule_reads() -> None:
    first = example.sigmoids.__code__.co_firstlineno
    (text,) = example.saved(example.sigmoids)
    assert (
        text
        == f"f64[] of line {first + 2}: stack, for subtract (line {first + 2}), multiply (line {first + 2})"
    )


def test_the_gradients() -> None:
    x, w = 0.5, np.linspace(0.9, 1.1, 6)
    assert gr.grad(example.sums, argnums=(0, 1))(x, w)[0] == 1.0
    by_x, by_w = gr.grad(example.products, argnums=(0, 1))(x, w)
    assert_allclose([by_x, *by_w], [w.prod(), *(x * w.prod() / w)], rtol=1e-14)
    for loop in (example.sigmoids, example.sweep):
        gr.check_grads(loop, (x, w), order=2)
