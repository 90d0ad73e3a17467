"""The curve of fastest descent, found by SciPy with compiled gradients."""

from __future__ import annotations

from pathlib import Path

import gradir as gr
import numpy as np
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from examples import scipy_minimize as example

LINE = example.DEPTH * np.arange(1, example.PIECES) / example.PIECES


def test_the_gradient() -> None:
    gr.check_grads(example.duration, (LINE,), order=1)


def test_the_fastest_curve_is_the_cycloid() -> None:
    found = minimize(example.value_and_gradient, LINE, jac=True, options={"gtol": 1e-6})
    assert_allclose(found.fun, 0.566836, atol=5e-7)
    assert_allclose(found.fun, example.EXACT, rtol=2e-3)
    assert found.nfev < 150
    turn = np.linspace(0, np.pi, 1_000)
    cycloid = np.interp(
        np.arange(1, example.PIECES) / example.PIECES, (turn - np.sin(turn)) / np.pi, 1 - np.cos(turn)
    )
    assert_allclose(found.x, cycloid / np.pi, atol=0.01)


def test_the_curves_are_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "curve.png"
    assert example.draw({"line": LINE}, str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")
