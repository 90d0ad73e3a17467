"""Rounding to whole numbers, questions about floats, and the sign of another number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.operation import Machine
from ..ir.types import DType
from .record import binary, unary
from .scalar_code import constant, intrinsic, is_nan
from .type_rules import FLOAT


def _magnitude_is(relation: str) -> Any:
    """Compare |x| with infinity."""

    def emit(m: Machine, x: Any) -> Any:
        return m.compare(relation, m.intrinsic("fabs", x), constant(m, x, np.inf))

    return emit


OPS = (
    unary("floor", FLOAT, np.floor, intrinsic("floor")),
    unary("ceil", FLOAT, np.ceil, intrinsic("ceil")),
    unary("rint", FLOAT, np.rint, intrinsic("rint")),
    unary("trunc", FLOAT, np.trunc, intrinsic("trunc")),
    unary("isnan", FLOAT, np.isnan, is_nan, result=DType.BOOL),
    unary("isinf", FLOAT, np.isinf, _magnitude_is("=="), result=DType.BOOL),
    unary("isfinite", FLOAT, np.isfinite, _magnitude_is("<"), result=DType.BOOL),
    binary(
        "copysign", FLOAT, np.copysign, intrinsic("copysign"),
        lambda b, out, x, y: b.multiply(b.sign(x), b.copysign(b.like(y, 1), y)),
        None,
    ),
)  # fmt: skip
