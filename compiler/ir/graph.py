"""The graph: values, nodes, blocks; data only, shared between passes and never changed in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from .operation import Op
from .types import ArrayType, DType, Type


class Value:
    """One SSA value. Two values are the same only if they are the same object."""

    __slots__ = ("type",)

    def __init__(self, type: Type) -> None:
        self.type = type

    @property
    def array(self) -> ArrayType:
        """The type of a value that is known to be an array."""
        assert isinstance(self.type, ArrayType), f"{self.type} is no array"
        return self.type

    @property
    def dtype(self) -> DType:
        assert isinstance(self.type, ArrayType), f"{self.type} is no array"
        return self.type.dtype

    @property
    def shape(self) -> tuple[Any, ...]:
        assert isinstance(self.type, ArrayType), f"{self.type} is no array"
        return self.type.shape

    def __repr__(self) -> str:
        return f"<value {self.type}>"


@dataclass(frozen=True, slots=True)
class Loc:
    """A line of the user's code."""

    file: str
    line: int
    function: str = ""


class Origin(Enum):
    """Who made a node: the user's code, a derivative rule, the sum at a fork, or recomputing."""

    PRIMAL = ""
    BACKWARD = "backward"
    SUM = "sum"
    RECOMPUTED = "recomputed"  # the user's code once more, in the backward pass


@dataclass(frozen=True, slots=True)
class Span:
    """A slice of one axis in an index: `size` elements from `start`; a start of None is an operand."""

    start: int | None
    size: Any  # Dim
    step: int = 1


# How one axis is indexed: by a constant, by an operand (None), or by a slice.
IndexEntry = int | None | Span


@dataclass(frozen=True, slots=True)
class Literal:
    """The exact data of a constant, in C order."""

    type: ArrayType
    data: bytes

    @staticmethod
    def of(array: np.ndarray | np.generic) -> Literal:
        from .types import dtype_of

        array = np.asarray(array)
        return Literal(ArrayType(dtype_of(array.dtype), array.shape), array.tobytes())

    @property
    def array(self) -> np.ndarray:
        """A read-only array of the data."""
        return np.frombuffer(self.data, self.type.dtype.numpy).reshape(self.type.shape)


Attrs = Mapping[str, Any]


class Node:
    """One application of an operation. Attributes are never changed after construction."""

    __slots__ = ("attrs", "loc", "op", "operands", "origin", "regions", "results")

    def __init__(
        self,
        op: Op,
        operands: tuple[Value, ...],
        attrs: Attrs,
        results: tuple[Value, ...],
        regions: tuple[Block, ...] = (),
        loc: Loc | None = None,
        origin: Origin = Origin.PRIMAL,
    ) -> None:
        self.op = op
        self.operands = operands
        self.attrs = attrs
        self.results = results
        self.regions = regions
        self.loc = loc
        self.origin = origin

    @property
    def result(self) -> Value:
        """The only result."""
        (value,) = self.results
        return value

    def __repr__(self) -> str:
        return f"<node {self.op.name}>"


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A straight sequence of nodes with parameters and results; regions of a node are blocks."""

    params: tuple[Value, ...]
    nodes: tuple[Node, ...]
    results: tuple[Value, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A function in SSA form.

    `inputs` and `outputs` label the parameters and results of `block` in the user's words
    (`params['W1']`); `==` compares the printed text, so it ignores source lines.
    """

    name: str
    block: Block
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @staticmethod
    def of(name: str, block: Block) -> Graph:
        """Return a graph that no user sees, with numbers for labels."""
        inputs, outputs = (tuple(f"v{k}" for k in range(len(vs))) for vs in (block.params, block.results))
        return Graph(name, block, inputs, outputs)

    def __str__(self) -> str:
        from .printer import print_graph

        return print_graph(self)

    def __eq__(self, other: object) -> bool:
        from .printer import print_graph

        if not isinstance(other, Graph):
            return NotImplemented
        return print_graph(self, locations=False) == print_graph(other, locations=False)

    def __hash__(self) -> int:
        from .printer import print_graph

        return hash(print_graph(self, locations=False))


def walk(block: Block) -> Iterator[Node]:
    """Yield every node, a region's nodes right after the node that owns it.

    Recursion is over the nesting of regions.
    """
    for node in block.nodes:
        yield node
        for region in node.regions:
            yield from walk(region)


def operations(block: Block) -> set[str]:
    """Return the names of the operations in a block and in the regions of its nodes."""
    found = {node.op.name for node in block.nodes}
    for node in block.nodes:
        for region in node.regions:
            found |= operations(region)
    return found


def uses(block: Block) -> Counter[Value]:
    """Count how often each value is read in a block and in the regions of its nodes."""
    return Counter(_reads(block))


def _reads(block: Block) -> Iterator[Value]:
    yield from block.results
    for node in walk(block):
        yield from node.operands
        for region in node.regions:
            yield from region.results
