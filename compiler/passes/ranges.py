"""What loop indices can be: checks that cannot fail go, comparisons that have one outcome become it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..ir.builder import Builder
from ..ir.graph import Graph, Node, Value
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
    return rewrite(graph, _Ranges().visit, ops)


@dataclass(frozen=True, slots=True)
class _Form:
    """`offset + sum(coefficient * value)`, in integers that do not wrap."""

    terms: tuple[tuple[Value, int], ...]
    offset: int = 0

    def plus(self, other: _Form, factor: int = 1) -> _Form:
        terms = dict(self.terms)
        for value, coefficient in other.terms:
            terms[value] = terms.get(value, 0) + factor * coefficient
        return _Form(tuple((v, c) for v, c in terms.items() if c), self.offset + factor * other.offset)

    def times(self, factor: int) -> _Form:
        return _Form((), 0).plus(self, factor)


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The least and the greatest that a value can be; its number tells that it lies inside earlier ones."""

    number: int
    least: _Form
    greatest: _Form


@dataclass(slots=True)
class _Ranges:
    """What one walk knows so far; values that are in neither map can be anything."""

    forms: dict[Value, _Form] = field(default_factory=dict)
    bounds: dict[Value, _Bounds] = field(default_factory=dict)

    def visit(
        self, walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]
    ) -> Sequence[Value] | None:
        name = node.op.name
        if name == "for":
            self._enter(walk, node, operands)
        elif name == "while":
            self._bound(node.regions[0].params[0], _Form((), 0), _Form((), _MOST))
        elif name == "check_index":
            return self._check(b, node, operands[0])
        elif name in _OUTCOMES and operands[0].type == INDEX:
            known = self._outcome(name, operands)
            return None if known is None else (b.literal(np.bool_(known)),)
        elif len(node.results) == 1 and node.result.type == INDEX:
            self._remember(walk, node, operands)
        return None

    def _enter(self, walk: Rewriter, node: Node, operands: Sequence[Value]) -> None:
        """Bound the index of a loop: in its body there has been a trip."""
        index, step = node.regions[0].params[0], constant_int(walk.definition, operands[2])
        low, high = map(self._form, operands[:2])
        if step is not None and step > 0:
            self._bound(index, low, high.plus(_Form((), -1)))
        elif step:
            self._bound(index, high.plus(_Form((), 1)), low)

    def _bound(self, value: Value, least: _Form, greatest: _Form) -> None:
        self.bounds[value] = _Bounds(len(self.bounds), least, greatest)

    def _form(self, value: Value) -> _Form:
        return self.forms.get(value) or _Form(((value, 1),))

    def _check(self, b: Builder, node: Node, index: Value) -> Sequence[Value] | None:
        size = node.attrs["size"]
        if index.type != INDEX or not isinstance(size, int):
            return None
        least, greatest = self._extremes(self._form(index))
        if least >= 0 and greatest < size:
            return (index,)
        if -size <= least and greatest < 0:
            return (b.add(index, b.int64(size)),)
        self._bound(node.result, _Form((), 0), _Form((), size - 1))
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

    def _remember(self, walk: Rewriter, node: Node, operands: Sequence[Value]) -> None:
        """Note the form of an integer, where it cannot have wrapped."""
        form = self._affine(walk, node, operands)
        if form is None:
            return
        least, greatest = self._extremes(form)
        if least >= _LEAST and greatest <= _MOST:
            self.forms[node.result] = form

    def _affine(self, walk: Rewriter, node: Node, operands: Sequence[Value]) -> _Form | None:
        match node.op.name:
            case "constant":
                return _Form((), int(node.attrs["value"].array))
            case "add":
                return self._form(operands[0]).plus(self._form(operands[1]))
            case "subtract":
                return self._form(operands[0]).plus(self._form(operands[1]), -1)
            case "neg":
                return self._form(operands[0]).times(-1)
            case "multiply":
                for x, y in (operands, operands[::-1]):
                    factor = constant_int(walk.definition, y)
                    if factor is not None:
                        return self._form(x).times(factor)
        return None

    def _extremes(self, form: _Form) -> tuple[int, int]:
        return -self._greatest(form.times(-1)), self._greatest(form)

    def _greatest(self, form: _Form) -> int:
        """The greatest value of a form: each index, the innermost first, is replaced by its bound."""
        while True:
            bounded = [(self.bounds[v].number, v, c) for v, c in form.terms if v in self.bounds]
            if not bounded:
                return form.offset + sum(c * (_MOST if c > 0 else _LEAST) for _, c in form.terms)
            _, value, coefficient = max(bounded, key=lambda found: found[0])
            bound = self.bounds[value].greatest if coefficient > 0 else self.bounds[value].least
            form = form.plus(_Form(((value, 1),)), -coefficient).plus(bound, coefficient)
