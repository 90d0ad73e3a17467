"""How far two arrays of numbers may lie apart."""

from __future__ import annotations

import numpy as np


def assert_agree(found: np.ndarray, expected: np.ndarray, *, ulp: float = 0, any_zero: bool = False) -> None:
    """Fail unless the two have one dtype and shape, NaNs in the same places, and numbers within `ulp`.

    Zeros agree in sign unless `any_zero`; with `ulp` 0 the rest agrees bit for bit.
    """
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(found, expected)
        return
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    numbers = ~np.isnan(expected)
    found, expected = found[numbers], expected[numbers]
    if not any_zero and not ulp:
        np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(found[~finite], expected[~finite])
    found, expected = found[finite], expected[finite]
    limits = np.finfo(expected.dtype)
    unit = np.maximum(np.abs(expected), limits.tiny) * limits.eps
    with np.errstate(over="ignore"):
        distance = np.abs(found - expected) / unit
    wrong = distance > ulp
    assert not wrong.any(), (
        f"{found[wrong]} instead of {expected[wrong]}, {distance.max()} units in the last place"
    )
