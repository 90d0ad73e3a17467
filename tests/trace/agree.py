"""Holding a traced function to the same function under plain Python."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import optree


def same_values(fun: Callable[..., Any], *args: Any) -> None:
    """Compare the compiled function's results with plain Python's: structure, types, dtypes and numbers."""
    expected = fun(*copy.deepcopy(args))
    actual = gr.jit(fun)(*args)
    expected_leaves, expected_structure = optree.tree_flatten(expected, none_is_leaf=True)
    actual_leaves, structure = optree.tree_flatten(actual, none_is_leaf=True)
    assert structure == expected_structure
    for a, e in zip(actual_leaves, expected_leaves, strict=True):
        assert type(a) is type(e), f"{type(a)} instead of {type(e)}"
        if isinstance(e, (np.ndarray, np.generic)):
            assert a.dtype == e.dtype
            assert a.shape == e.shape
        if isinstance(e, (np.ndarray, np.generic, float)):
            np.testing.assert_allclose(a, e, rtol=1e-13, atol=1e-13)
        else:
            assert a == e


def agrees(fun: Callable[..., Any], *args: Any, order: int = 1) -> None:
    """Compare the results, and the gradients by the float arguments with central differences."""
    same_values(fun, *args)
    floats = [k for k, x in enumerate(args) if np.asarray(x).dtype.kind == "f"]

    def of_floats(*values: Any) -> Any:
        every = list(args)
        for k, x in zip(floats, values, strict=True):
            every[k] = x
        return fun(*every)

    gr.check_grads(of_floats, tuple(args[k] for k in floats), order)


def loops_of(fun: Callable[..., Any], *args: Any) -> int:
    """Count the `for` operations in the traced graph."""
    return str(gr.trace(fun)(*args)).count("= for %")


def positive(x):
    """A function with an assertion, in a file whose assertions pytest leaves alone."""
    assert x > 0, f"{x!r} is negative"
    return x
