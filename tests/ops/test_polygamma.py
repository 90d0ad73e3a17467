"""The scalar code of polygamma, which is this project's own, against 200 digits and at its poles."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from gradir.ops import OPS

from .agreement import assert_agree
from .execute import evaluate, run_scalar_code

_POINTS = np.array([-100.5, -3.5, -2.7, -0.3, -1e-9, 1e-20, 1e-3, 0.3, 1.0, 2.5, 17.0, 100.5, 1e5, 1e12])


@pytest.mark.parametrize("n", [1, 2, 3, 5, 10, 20])
def test_it_is_right_to_the_last_digits(n: int) -> None:
    found = run_scalar_code(OPS["polygamma"], (_POINTS,), {"n": n})
    assert found is not None
    with mpmath.workdps(200):
        exact = np.array([float(mpmath.polygamma(n, mpmath.mpf(float(x)))) for x in _POINTS])
    assert_agree(found, exact, ulp=16)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_poles_and_infinities_are_those_of_scipy(n: int) -> None:
    x = np.array([0.0, -0.0, -1.0, -7.0, -1e20, np.inf, -np.inf, np.nan])
    found = run_scalar_code(OPS["polygamma"], (x,), {"n": n})
    assert found is not None
    assert_agree(found, evaluate(OPS["polygamma"], (x,), {"n": n}))
