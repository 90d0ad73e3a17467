"""Short numbers and safe text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradir.ir.interpreter import Stack
from gradir.view.labels import escape, plain, summary


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.0, "2"),
        (-0.0, "-0"),
        (1 / 3, "0.3333"),
        (np.float32(1e-8), "1e-08"),
        (np.nan, "nan"),
        (np.int64(123456789), "123456789"),
        (np.True_, "True"),
        (np.array([1.0, -2.5]), "[1, -2.5]"),
        (np.eye(2), "[[1, 0], [0, 1]]"),
        (np.zeros((0, 3)), "empty"),
        (np.full(100, 2.0), "mean 2, norm 20"),
        (np.full(7, np.iinfo(np.int64).max), "mean 9.223e+18, norm 2.44e+19"),
        (np.array([np.inf] * 7), "mean inf, norm inf"),
        (np.array([True, False] * 4), "mean 0.5, norm 2"),
        (Stack(), "stack of 0"),
        (Stack().push(1.0).push(2.0), "stack of 2"),
    ],
)
def test_summary(value: Any, text: str) -> None:
    assert summary(value) == text


def test_long_text_is_cut() -> None:
    assert plain("x" * 100, 10) == "x" * 9 + "…"
    assert plain("x" * 10, 10) == "x" * 10


def test_escaping_comes_after_cutting() -> None:
    assert escape("<" * 5, 3) == "&lt;&lt;…"
    assert escape("a\tb") == "a\\tb"
