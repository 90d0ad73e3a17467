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
    node = definition.get(value)
    while node is not None and node.op.name in SPREADING:
        node = definition.get(node.operands[0])
    if node is None or node.op.name != "constant":
        return None
    literal: Literal = node.attrs["value"]
    width = literal.type.dtype.numpy.itemsize
    if not literal.data or literal.data != literal.data[:width] * (len(literal.data) // width):
        return None
    return np.frombuffer(literal.data[:width], literal.type.dtype.numpy)[0]
