"""What a rule of canonicalize sees of one node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ir.builder import Builder
from ..ir.graph import Node, Value
from ..ir.types import DType
from .splat import splat


@dataclass(slots=True)
class Site:
    """A node about to be rebuilt: its new operands, and the nodes that define them."""

    b: Builder
    node: Node
    operands: tuple[Value, ...]
    definition: Mapping[Value, Node]

    @property
    def x(self) -> Value:
        """The first operand."""
        return self.operands[0]

    @property
    def y(self) -> Value:
        """The second operand."""
        return self.operands[1]

    @property
    def dtype(self) -> DType:
        return self.operands[0].dtype

    @property
    def attrs(self) -> Mapping[str, Any]:
        return self.node.attrs

    def made_by(self, value: Value, *names: str) -> Node | None:
        """Return the node that defines `value`, if its operation is one of `names`."""
        node = self.definition.get(value)
        return node if node is not None and node.op.name in names else None

    def number(self, value: Value) -> Any:
        """Return the number in every element of `value`, None if it is not known."""
        return splat(self.definition, value)

    def is_number(self, value: Value, number: float) -> bool:
        """Tell whether every element of `value` is `number`, with the same sign if that is 0."""
        known = splat(self.definition, value)
        if known is None or known != number:
            return False
        return bool(number != 0 or np.signbit(known) == np.signbit(number)) if self.dtype.is_float else True


# A rule returns the value to use instead of the node's only result, or None where it does not apply.
Rule = Callable[[Site], Value | None]
