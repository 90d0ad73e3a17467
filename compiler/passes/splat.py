"""Arrays known to hold one number in every element."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..ir.graph import Literal, Node, Value

SPREADING = {"broadcast", "reshape", "transpose", "stop_gradient"}


def splat(definition: Mapping[Value, Node], value: Value) -> Any:
    """Return the number that every element of `value` is known to be, a NumPy scalar; None if it is not.

    NaNs with different payloads, and zeros of different signs, are different numbers.
    """
    while True:
        node = definition.get(value)
        if node is None:
            return None
        name = node.op.name
        if name == "constant":
            break
        if name not in SPREADING:
            return None
        value = node.operands[0]
    literal: Literal = node.attrs["value"]
    width = literal.type.dtype.numpy.itemsize
    if not literal.data or literal.data != literal.data[:width] * (len(literal.data) // width):
        return None
    return np.frombuffer(literal.data[:width], literal.type.dtype.numpy)[0]
