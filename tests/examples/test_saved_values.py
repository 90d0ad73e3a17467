"""What is saved for the way back: the first half of worked example 10."""

from __future__ import annotations

import numpy as np

from examples import saved_values


def test_what_each_operation_needs() -> None:
    program = saved_values.gradient.inspect(np.linspace(0.0, 1.0, 4), np.linspace(1.0, 2.0, 4))
    multiply, add, exp, sin, _ = (node.result for node in program.primal.block.nodes)
    saved = {residual.value for residual in program.residuals}
    assert saved == {*program.primal.block.params, exp}
    assert saved.isdisjoint({multiply, add, sin})


def test_the_list_names_arguments_and_lines() -> None:
    program = saved_values.gradient.inspect(np.zeros(4), np.zeros(4))
    texts = sorted(str(residual) for residual in program.residuals)
    line = saved_values.f.__code__.co_firstlineno
    assert texts == [
        f"f64[4] 'w': kept, for strong_multiply (line {line + 1})",
        f"f64[4] 'x': kept, for strong_multiply (line {line + 1})",
        f"f64[4] of line {line + 3}: kept, for cos (line {line + 4}), strong_multiply (line {line + 3})",
    ]
