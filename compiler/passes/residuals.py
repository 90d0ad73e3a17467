"""Residuals: the primal values that the backward pass reads, and how each gets there, as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from ..ir.graph import Block, Graph, Loc, Node, Origin, Value, walk
from ..ir.symbols import scoped
from ..ir.types import ArrayType
from .structure import Region, Structure


class Carrier(Enum):
    """How a primal value gets to the backward node that reads it."""

    KEPT = "kept"  # a value of the outermost block: it is there
    STACK = "stack"  # pushed in a loop of the primal, popped in its reverse
    RESULT = "result"  # handed out of an `if` outside loops as one more result
    STATES = "states"  # in the slots of a checkpointed loop
    RECOMPUTED = "recomputed"


@dataclass(frozen=True, slots=True)
class Residual:
    """A primal value that the backward pass reads.

    Attributes
    ----------
    value
        The value of the primal graph.
    carrier
        How it gets there.
    loc
        The line of the user's code that it is computed on.
    readers
        The backward nodes that need it.
    label
        The argument's name, if it is an input.
    """

    value: Value
    carrier: Carrier
    loc: Loc | None
    readers: tuple[Node, ...]
    label: str = ""

    def __str__(self) -> str:
        place = f" of line {self.loc.line}" if self.loc else f" '{self.label}'" if self.label else ""
        readers = ", ".join(map(_described, self.readers))
        return f"{self.value.type}{place}: {self.carrier.value}, for {readers}"


def _described(node: Node) -> str:
    return node.op.name + (f" (line {node.loc.line})" if node.loc else "")


def as_optimized(residuals: Sequence[Residual], optimized: Graph) -> tuple[Residual, ...]:
    """Return the residuals as a joint graph has them whose backward nodes compute some kept values again.

    What it still keeps are values of the outermost block that other nodes than the primal's read.
    """
    nodes = optimized.block.nodes
    defined = {r for node in nodes for r in node.results}  # slots of what no turn's reverse reads are gone
    residuals = [r for r in residuals if r.carrier is not Carrier.STATES or r.value in defined]
    if not any(node.origin is Origin.RECOMPUTED for node in nodes):
        return tuple(residuals)
    forward = {r: node for node in nodes if node.origin is Origin.PRIMAL for r in node.results}
    readers: dict[Value, dict[Node, None]] = {}
    for value, node in reads([n for n in nodes if n.origin is not Origin.PRIMAL]):
        if value in forward and isinstance(value.type, ArrayType):
            readers.setdefault(value, {})[node] = None
    known = {r.value for r in residuals}
    late = (
        replace(r, carrier=Carrier.RECOMPUTED)
        if r.carrier is Carrier.KEPT and r.value in forward and r.value not in readers
        else r
        for r in residuals
    )
    more = (
        Residual(v, Carrier.KEPT, forward[v].loc, tuple(found))
        for v, found in readers.items()
        if v not in known and forward[v].op.name != "constant"
    )
    return (*late, *more)


def without_names(residuals: Iterable[Residual], joint: Graph) -> tuple[Residual, ...]:
    """Return the residuals with a named value and what the name was given to as one: they are one array."""
    named = {n.result: n.operands[0] for n in walk(joint.block) if n.op.name == "name"}
    found: dict[Value, Residual] = {}
    for r in residuals:
        value = r.value
        while value in named:
            value = named[value]
        known = found.get(value, replace(r, value=value, readers=()))
        readers = dict.fromkeys((*known.readers, *(n for n in r.readers if n.op.name != "name")))
        carrier = r.carrier if known.carrier is Carrier.RECOMPUTED else known.carrier
        found[value] = replace(known, carrier=carrier, readers=tuple(readers))
    return tuple(found.values())


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """A value of a region that the primal hands to the backward pass as `restored`."""

    value: Value
    region: Region
    restored: Value

    @property
    def on_stack(self) -> bool:
        return goes_on_stack(self.value, self.region)

    @property
    def type(self) -> ArrayType:
        return self.value.array


def goes_on_stack(value: Value, region: Region) -> bool:
    """Tell how a value of a region is saved; one of a size that is bound there cannot be handed out."""
    return region.in_loop or scoped(value.type)


# A stack as it enters a block and as it leaves it.
Thread = tuple[Value, Value]
Threads = dict[Saved, Thread]


@dataclass(frozen=True, slots=True)
class Shadows:
    """The values that stand for primal values in the backward pass.

    A value of the outermost block is its own shadow: it is in scope. One of a region is not, as its
    scope has ended by then; its shadow is defined at the start of the region's reverse.
    """

    structure: Structure
    primal: dict[Value, Value] = field(default_factory=dict)
    _shadow: dict[Value, Value] = field(default_factory=dict)

    def __call__(self, value: Value) -> Value:
        value = self.structure.source(value)
        if value not in self.structure.home:
            return value
        if value not in self._shadow:
            self._shadow[value] = Value(value.type)
            self.primal[self._shadow[value]] = value
        return self._shadow[value]

    def all(self, values: Iterable[Value]) -> tuple[Value, ...]:
        return tuple(map(self, values))

    def node(self, node: Node) -> Node:
        """Return `node` as a rule of the backward pass is to see it."""
        operands, results = self.all(node.operands), self.all(node.results)
        if operands == node.operands and results == node.results:
            return node
        return Node(node.op, operands, node.attrs, results, node.regions, node.loc, node.origin)


def reads(nodes: Sequence[Node]) -> Iterator[tuple[Value, Node]]:
    """Yield every value that `nodes` and the nodes of their regions read, with its reader."""
    for node in walk(Block((), tuple(nodes), ())):
        for v in node.operands:
            yield v, node
        for region in node.regions:
            for v in region.results:
                yield v, node
