"""A wrong gradient does not pass for a right one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.agreement import DisagreementError, check_agreement

RIGHT = (2.0, (np.array([1.0, -4.0]), np.float64(3.0)))


def test_rounding_is_agreement() -> None:
    check_agreement("x", (2.0 + 1e-12, (np.array([1.0 + 1e-10, -4.0]), 3.0)), RIGHT)


@pytest.mark.parametrize(
    ("result", "part"),
    [
        ((2.1, RIGHT[1]), "value is off by 5.0e-02"),
        ((2.0, (np.array([1.0, -4.4]), 3.0)), "gradient 0 is off by 1.0e-01"),
        ((2.0, (np.array([1.0, np.nan]), 3.0)), "gradient 0 is off by nan"),
        ((2.0, (np.array([1.0, -4.0, 0.0]), 3.0)), "gradient 0 is off by inf"),
        ((2.0, (np.array([1.0, -4.0], np.float32), 3.0)), "gradient 0 is off by inf"),
    ],
)
def test_anything_else_is_refused_with_what_is_off(result: Any, part: str) -> None:
    with pytest.raises(DisagreementError, match=f"^JAX: {part}"):
        check_agreement("JAX", result, RIGHT)


def test_a_missing_gradient_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        check_agreement("JAX", (2.0, RIGHT[1][:1]), RIGHT)
