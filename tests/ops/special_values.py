"""Numbers at which operations do something special."""

from __future__ import annotations

import numpy as np
from gradir.ir.types import DType

from .samples import Operands, Row


def special_values(dtype: DType) -> np.ndarray:
    """Zeros, ties, tiny, huge and odd numbers of a dtype."""
    if dtype is DType.BOOL:
        return np.array([False, True])
    if not dtype.is_float:
        limits = np.iinfo(dtype.numpy)
        small = [0, 1, 2, 3, 7] + ([-1, -2, -7] if limits.min < 0 else [])
        return np.array([*small, 8 * dtype.numpy.itemsize, limits.min, limits.max], dtype.numpy)
    precision = np.finfo(dtype.numpy)
    positive = [0.0, 0.3, 0.5, 0.6, 1.0, 1.5, 2.0, 2.5, 3.0, 100.5, 1e-20]
    positive += [precision.smallest_subnormal, precision.tiny, precision.max, np.inf]
    values = np.array([*positive, np.nan], dtype.numpy)
    return np.concatenate([values, -values[:-1]])


def grid(row: Row, dtype: DType) -> Operands:
    """All combinations of special values, as flat arrays, one for each operand."""
    axes = [special_values(dtype)] * row.grid
    if row.exponent and not dtype.is_float:
        axes[1] = axes[1][axes[1] >= 0]
    axes = [a[~(a < row.least)] for a in axes]
    return tuple(np.ravel(a) for a in np.meshgrid(*axes))
