"""What loop indices can be: checks that cannot fail go, comparisons that have one outcome become it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..ir.builder import Builder
from ..ir.forms import Form, Ranges, linear, number, of_base
from ..ir.graph import Graph, Node, Value, walk
from ..ir.operation import OpTable
from ..ir.types import INDEX
from ..ops import OPS
from .loops import constant_int
from .rewrite import Rewriter, rewrite

_LEAST, _MOST = -(2**63), 2**63 - 1
_OUTCOMES: Mapping[str, Callable[[int, int], bool]] = {
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
}


def ranges(graph: Graph, ops: OpTable = OPS) -> Graph:
    """Return `graph` without the index checks and comparisons that the ranges of loops decide.

    Integers are affine forms of loop indices, whose bounds are forms of the indices further out: so
    `k - i - 1` is known to be in range where `i` is in `range(k)`.
    """
    return rewrite(graph, _Known().visit, ops) if any(map(_may_go, walk(graph.block))) else graph


def _may_go(node: Node) -> bool:
    """Tell whether a node is a check or a comparison of indices."""
    name = node.op.name
    return name == "check_index" or (name in _OUTCOMES and node.operands[0].type == INDEX)


@dataclass(slots=True)
class _Known:
    """What one walk knows so far; a value of which nothing is known can be anything."""

    forms: dict[Value, Form] = field(default_factory=dict)
    ranges: Ranges = field(default_factory=Ranges)

    def visit(
        self, rewriter: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]
    ) -> Sequence[Value] | None:
        name = node.op.name
        if name == "for":
            self._enter(rewriter, node, operands)
        elif name == "while":
            self.ranges.note(node.regions[0].params[0], number(0), number(_MOST))
        elif name == "check_index":
            return self._check(b, node, operands[0])
        elif name in _OUTCOMES and operands[0].type == INDEX:
            known = self._outcome(name, operands)
            return None if known is None else (b.literal(np.bool_(known)),)
        elif len(node.results) == 1 and node.result.type == INDEX:
            self._remember(node, operands)
        return None

    def _enter(self, rewriter: Rewriter, node: Node, operands: Sequence[Value]) -> None:
        """Bound the index of a loop: in its body there has been a trip."""
        index, step = node.regions[0].params[0], constant_int(rewriter.definition, operands[2])
        low, high = map(self._form, operands[:2])
        if step is not None and step > 0:
            self.ranges.note(index, low, high.plus(number(-1)))
        elif step:
            self.ranges.note(index, high.plus(number(1)), low)

    def _form(self, value: Value) -> Form:
        return self.forms.get(value) or of_base(value)

    def _check(self, b: Builder, node: Node, index: Value) -> Sequence[Value] | None:
        size = node.attrs["size"]
        if index.type != INDEX or not isinstance(size, int):
            return None
        least, greatest = self._extremes(self._form(index))
        if least >= 0 and greatest < size:
            return (index,)
        if -size <= least and greatest < 0:
            return (b.add(index, b.int64(size)),)
        self.ranges.note(node.result, number(0), number(size - 1))
        return None

    def _outcome(self, name: str, operands: Sequence[Value]) -> bool | None:
        left, right = map(self._form, operands)
        outcomes = {_OUTCOMES[name](x, 0) for x in self._extremes(left.plus(right, -1))}
        if len(outcomes) == 2:
            return None
        (known,) = outcomes
        if name in ("equal", "not_equal"):  # the extremes differ from 0, but what lies between may not
            least, greatest = self._extremes(left.plus(right, -1))
            return known if least == greatest or least > 0 or greatest < 0 else None
        return known

    def _remember(self, node: Node, operands: Sequence[Value]) -> None:
        """Note the form of an integer, where it cannot have wrapped."""
        if node.op.name == "constant":
            form: Form | None = number(int(node.attrs["value"].array))
        else:
            form = linear(node.op.name, [self._form(v) for v in operands])
        if form is None:
            return
        least, greatest = self._extremes(form)
        if least >= _LEAST and greatest <= _MOST:
            self.forms[node.result] = form

    def _extremes(self, form: Form) -> tuple[int, int]:
        return -self._greatest(form.times(-1)), self._greatest(form)

    def _greatest(self, form: Form) -> int:
        """The greatest value of a form; what has no known range is any i64."""
        above = self.ranges.above(form)
        return above.offset + sum(c * (_MOST if c > 0 else _LEAST) for _, c in above.terms)
