"""The long programs are what they are said to be, and their gradients neither vanish nor grow."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import straight_line
from benchmarks.agreement import check_agreement
from benchmarks.suite import Effort

STEP = 1e-6


def test_the_source() -> None:
    assert straight_line.source(6, "numpy") == (
        "import numpy as np\n\n\ndef f(x, y):\n"
        "    v0 = x * y\n    v1 = x + y\n    v2 = v1 + y\n    v3 = v2 * v1\n"
        "    v4 = v3 - v2\n    v5 = np.sin(v4)\n    return v5\n"
    )


@pytest.mark.parametrize("operations", [50, straight_line.SHORT])
def test_an_operation_a_line(operations: int) -> None:
    lines = straight_line.source(operations, "numpy").splitlines()
    assert sum(" = " in line for line in lines) == operations


def test_the_gradient_is_right() -> None:
    _, (value, gradient) = straight_line.by_gradir(50)
    x, y = straight_line.POINT
    with straight_line.written(50, "numpy") as f:
        by_x, by_y = f(x + STEP, y) - f(x - STEP, y), f(x, y + STEP) - f(x, y - STEP)
        assert value == pytest.approx(f(x, y), rel=1e-14)
        np.testing.assert_allclose(gradient, [by_x / (2 * STEP), by_y / (2 * STEP)], rtol=1e-7)


def test_jax_finds_the_same() -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    check_agreement("JAX", straight_line.by_jax(50)[1], straight_line.by_gradir(50)[1])


def test_slopes_stay_ordinary() -> None:
    x, y = straight_line.POINT
    with straight_line.written(straight_line.LONG, "numpy") as f:
        slope = (f(x + STEP, y) - f(x - STEP, y)) / (2 * STEP)
    assert 1e-3 < abs(slope) < 1e3


@pytest.mark.parametrize(
    ("quick", "seconds", "samples", "jax"),
    [
        (False, {50: 0.1, 3_000: 1.0, 30_000: 10.0}, (3, 3), True),
        (False, {50: 0.1, 3_000: 1.0, 30_000: 50.0}, (1, 1), True),
        (False, {50: 0.1, 3_000: 25.0, 30_000: 0.0}, (1, 0), True),
        (True, {50: 0.1, 3_000: 1.0, 30_000: 0.0}, (1, 0), False),
    ],
)
def test_the_long_program_is_tried_where_the_short_one_promises(
    quick: bool,
    seconds: dict[int, float],
    samples: tuple[int, int],
    jax: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = (1.0, (np.float64(2.0), np.float64(3.0)))
    monkeypatch.setattr(straight_line, "by_gradir", lambda n: (seconds[n], result))
    monkeypatch.setattr(straight_line, "by_jax", lambda _: (20.0, result))
    short, long = straight_line.measure(Effort(rounds=9, first_calls=5, quick=quick), jax_too=True)
    assert (len(short.first["gradir"]), len(long.first.get("gradir", []))) == samples
    assert ("JAX" in short.first) == jax
    assert (short.size, long.size) == (straight_line.SHORT, straight_line.LONG)
