"""Reads in loops of elements that nothing overwrites afterwards: the array has them when the loop is over.

The backward pass makes such reads again instead of saving what they gave. It is a dependence test: for every
write that comes later, in the same turn of the loops around or in a later one, some axis has to show that
it does not meet the read.

References
----------
R. Allen and K. Kennedy, Optimizing compilers for modern architectures, Morgan Kaufmann, 2001, chapter 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..ir.dims import Dim
from ..ir.forms import Form, Ranges, linear, number, of_base
from ..ir.graph import Block, Graph, Node, Span, Value
from ..ir.loops import body_of, carries
from ..ir.symbols import bound_by
from ..ir.types import INDEX, ArrayType
from .loops import constant_int
from .structure import Structure

_WRITES = ("update", "accumulate")
_DEPTH = 64  # of the arithmetic that an index is read from
_SMALL = 1 << 31  # a factor that no index wraps by


@dataclass(frozen=True, slots=True)
class _Link:
    """A step from one version of an array to the next: a write, or a loop with the steps of its body."""

    node: Node
    inside: tuple[_Link, ...] = ()
    start: Value | None = None  # of a loop: the version that its body begins with


# Loops from the outside in, each with the number of a step, or of a version, in its body.
Place = tuple[tuple[Node, int], ...]


@dataclass(slots=True)
class _History:
    """The versions of one array in a loop of the outermost block, and the writes between them."""

    final: Value
    versions: dict[Value, Place] = field(default_factory=dict)
    writes: list[tuple[Node, Place]] = field(default_factory=list)


def settled_reads(graph: Graph, structure: Structure) -> dict[Node, Value]:
    """Return the reads (`index`) in loops that could as well be made of what the loop leaves behind.

    Parameters
    ----------
    graph
        The graph.
    structure
        What is known of it.

    Returns
    -------
    dict
        For each such read the array to make it of, a value of the outermost block.
    """
    found: dict[Node, Value] = {}
    for node in graph.block.nodes:
        for history in _histories(node, structure):
            for read, path in _reads(node, ()):
                if read.operands[0] in history.versions and _is_settled(read, path, history, structure):
                    found[read] = history.final
    return found


# Versions.


def _histories(node: Node, structure: Structure) -> Iterator[_History]:
    if node.op.name != "for":
        return
    for c in carries(node):
        if isinstance(c.param.type, ArrayType) and c.param.shape:
            links = _chain(structure, body_of(node), c.param, c.yielded)
            if links:
                history = _History(c.result)
                _collect(history, (), node, c.param, links)
                yield history


def _chain(structure: Structure, block: Block, start: Value, end: Value) -> tuple[_Link, ...] | None:
    """The steps in a block from one version of an array to another; None where there are others besides."""
    own = set(block.nodes)
    links: list[_Link] = []
    while end is not start:
        node = structure.definition.get(end)
        if node is None or node not in own:
            return None
        if node.op.name in _WRITES:
            links.append(_Link(node))
            end = node.operands[0]
        elif node.op.name == "for":
            (c,) = (c for c in carries(node) if c.result is end)
            inside = _chain(structure, body_of(node), c.param, c.yielded)
            if inside is None:
                return None
            links.append(_Link(node, inside, c.param))
            end = c.init
        else:
            return None
    return tuple(reversed(links))


def _collect(history: _History, around: Place, loop: Node, start: Value, links: Sequence[_Link]) -> None:
    history.versions[start] = (*around, (loop, 0))
    for k, link in enumerate(links):
        place = (*around, (loop, k))
        if link.start is None:
            history.writes.append((link.node, place))
            history.versions[link.node.result] = (*around, (loop, k + 1))
        else:
            _collect(history, place, link.node, link.start, link.inside)
            for c in carries(link.node):
                if c.param is link.start:
                    history.versions[c.result] = (*around, (loop, k + 1))


def _reads(node: Node, path: tuple[Node, ...]) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    """Yield every read in the regions of a node, with the `for` loops around it."""
    around = (*path, node) if node.op.name == "for" else path
    for region in node.regions:
        for inner in region.nodes:
            if inner.op.name == "index":
                yield inner, around
            yield from _reads(inner, around)


# The dependence test.


def _is_settled(read: Node, path: tuple[Node, ...], history: _History, structure: Structure) -> bool:
    """Tell whether no write after the version that is read meets what is read of it."""
    base = history.versions[read.operands[0]]
    for write, place in history.writes:
        common = 0
        while common < min(len(base), len(place)) and base[common][0] is place[common][0]:
            common += 1
        loops = tuple(loop for loop, _ in place)
        # The write comes later in the same turn of all loops around both, or in a later turn of one of them.
        tests = [_Test(structure, path, loops, k, turn=True) for k in range(common)]
        if place[common - 1][1] >= base[common - 1][1]:
            tests.append(_Test(structure, path, loops, common, turn=False))
        if not all(test.apart(read, write) for test in tests):
            return False
    return True


class _Test:
    """Index forms of a read and of a write, in the same turn of the first `same` of the loops around both.

    With `turn` the next loop is in a later turn for the write; loops further in are in any turn.
    """

    def __init__(
        self,
        structure: Structure,
        reading: tuple[Node, ...],
        writing: tuple[Node, ...],
        same: int,
        *,
        turn: bool,
    ) -> None:
        self.structure = structure
        self.ranges = Ranges()
        self.names: tuple[dict[Value, Any], dict[Value, Any]] = ({}, {})  # bases of both sides
        for loop in reading:
            self._enter(0, loop, ("read", loop))
        for k, loop in enumerate(writing):
            if k < same:
                self.names[1][body_of(loop).params[0]] = ("read", loop)
            else:
                self._enter(1, loop, ("write", loop), after=turn and k == same)

    def _enter(self, side: int, loop: Node, name: Any, *, after: bool = False) -> None:
        low, high, step = (self.form(side, v) for v in loop.operands[:3])
        one = number(1)
        begin = of_base(("read", loop)).plus(step) if after else low
        if step.terms or not step.offset:
            self.ranges.note(name, None, None)
        elif step.offset > 0:
            self.ranges.note(name, begin, high.plus(one, -1))
        else:
            self.ranges.note(name, high.plus(one), begin)
        self.names[side][body_of(loop).params[0]] = name

    def form(self, side: int, value: Value, depth: int = _DEPTH) -> Form:
        """An integer as a form of loop indices; what else changes in loops is another base on each side."""
        name = self.names[side].get(value)
        if name is not None:
            return of_base(name)
        if value not in self.structure.home:
            known = constant_int(self.structure.definition, value)
            return of_base(value) if known is None else number(known)
        node = self.structure.definition.get(value)
        if node is None or not depth:
            return of_base((side, value))
        parts = [self.form(side, v, depth - 1) for v in node.operands if v.type == INDEX]
        match node.op.name, parts:
            case "constant", []:
                known = constant_int(self.structure.definition, value)
                return of_base((side, value)) if known is None else number(known)
            case "multiply", _ if any(not x.terms and abs(x.offset) >= _SMALL for x in parts):
                return of_base((side, value))
            case "check_index", [x] if isinstance(node.attrs["size"], int):
                return self._within(side, value, x, 0, node.attrs["size"] - 1)
            case "bind", [x]:
                return self._within(side, value, x, 0, bound_by(node).bound)
        return linear(node.op.name, parts) or of_base((side, value))

    def _within(self, side: int, value: Value, x: Form, low: int, high: int) -> Form:
        """A number that is `x` where that is in range, and in that range anyway."""
        below, above = self.ranges.least(x), self.ranges.most(x)
        if below is not None and above is not None and low <= below and above <= high:
            return x
        self.ranges.note((side, value), number(low), number(high))
        return of_base((side, value))

    def apart(self, read: Node, write: Node) -> bool:
        """Tell whether some axis shows that the two never meet."""
        reading = self._intervals(0, read, read.operands[1:])
        writing = self._intervals(1, write, write.operands[2:])
        return any(
            self._is_positive(low.plus(other_high, -1)) or self._is_positive(other_low.plus(high, -1))
            for (low, high), (other_low, other_high) in zip(reading, writing, strict=True)
        )

    def _is_positive(self, form: Form) -> bool:
        found = self.ranges.least(form)
        return found is not None and found > 0

    def _intervals(self, side: int, node: Node, dynamic: Sequence[Value]) -> Iterator[tuple[Form, Form]]:
        """The first and the last place along each axis."""
        operands = iter(dynamic)
        for entry in node.attrs["at"]:
            known = entry.start if isinstance(entry, Span) else entry
            first = self.form(side, next(operands)) if known is None else number(known)
            if not isinstance(entry, Span):
                yield first, first
                continue
            count = self._size(side, node, entry.size)
            last = first.plus(count.plus(number(-1)), entry.step)
            yield (first, last) if entry.step > 0 else (last, first)

    def _size(self, side: int, node: Node, size: Dim) -> Form:
        if isinstance(size, int):
            return number(size)
        bound = {bound_by(self.structure.definition[v]): v for v in self.structure.implied.get(node, ())}
        total = number(size.offset)
        for symbol, coefficient in size.terms:
            total = total.plus(self.form(side, bound[symbol]), coefficient)
        return total
