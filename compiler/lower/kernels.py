"""The kernel program: statements over buffers, between the graph and any target; data only.

A value lives in one of three ways: a scalar in a register, an array in a buffer (`places`), or
nowhere, computed element by element where it is used (inlined). A `Nest` walks one index space
and computes several roots in it; everything else runs once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ..ir.dims import Shape
from ..ir.graph import Graph, Node, Value
from ..ir.types import DType
from .domains import Domain
from .sites import Site


class Memory(Enum):
    """Where a buffer lives."""

    INPUT = "in"
    OUTPUT = "out"
    ARENA = "b"  # a part of the workspace of the call
    LOCAL = "s"  # a small array on the machine's stack
    CONSTANT = "c"
    POPPED = "p"  # in the memory of a stack, where it was popped


@dataclass(frozen=True, slots=True)
class Buffer:
    """Memory for arrays of one size; `position` is the offset in the arena, or the parameter's number."""

    memory: Memory
    number: int
    dtype: DType
    count: int
    position: int = 0

    @property
    def bytes(self) -> int:
        return self.count * self.dtype.numpy.itemsize

    def __str__(self) -> str:
        return f"{self.memory.value}{self.number}"


class Access(Enum):
    """What a root of a nest does with the elements it computes."""

    STORE = "store"  # the value's own buffer
    REDUCE = "reduce"
    PUT = "put"  # replace or add to a part of an array
    RENEW = "renew"  # replace a part of an array in a new one, into which the rest is copied
    PUSH = "push"
    CHECK = "check"  # the wrapped index, or the end of the run


@dataclass(frozen=True, slots=True)
class Root:
    """`element` is the value computed at each index; `node` says what happens to it."""

    access: Access
    node: Node
    element: Value
    domain: Domain | None = None  # the part of the nest's space where that is done, if it is not all

    @property
    def result(self) -> Value:
        return self.node.results[0]


@dataclass(frozen=True, slots=True)
class Scalars:
    """Rank-0 operations, in registers."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """The loop over `axes` is cut into `chunks` of `size` iterations; the last may be shorter.

    They are the same whatever the number of threads, and so is every result.
    """

    axes: tuple[int, ...]
    size: int
    chunks: int


@dataclass(frozen=True, slots=True)
class Nest:
    """A loop nest over `space` in C order that computes every root at each index."""

    space: Shape
    roots: tuple[Root, ...]
    split: Split | None = None  # where threads can share the work
    tiled: int | None = None  # the axis that is walked tile by tile with the last one

    def is_cut(self, root: Root) -> bool:
        """Tell whether a reduction is over the axes that are split: a chunk then has a part of the result."""
        if self.split is None or root.access is not Access.REDUCE:
            return False
        return self.split.axes[0] in root.node.attrs["axes"]


@dataclass(frozen=True, slots=True)
class Band:
    """Nests with one first axis, of `count` rows, that take turns: each does `step` rows, then all go on.

    So what one of them reads or writes is in the cache when the next one comes. The arrays in `rows` are
    needed for as long as that only, and have memory for `step` rows.
    """

    count: int
    step: int
    nests: tuple[Nest, ...]
    rows: frozenset[Value] = frozenset()
    split: Split | None = None  # the same as that of each of the nests


@dataclass(frozen=True, slots=True)
class Single:
    """A node with a rule of its own: a product, a scan, a scatter, a check, a stack operation."""

    node: Node


@dataclass(frozen=True, slots=True)
class Move:
    """A copy of an array; `source` is a value, or a scratch buffer in a cycle of moves."""

    source: Value | Buffer
    target: Buffer


@dataclass(frozen=True, slots=True)
class Exchange:
    """From now on the memory of `source` is that of `target`; all exchanges of a turn are done at once."""

    source: Buffer
    target: Buffer


@dataclass(frozen=True, slots=True)
class Loop:
    """A `for` or a `while`: `entry` moves initial arrays into carried buffers.

    At the end of a turn `exchanges`, a permutation of buffers, puts the yielded arrays there, and then
    `back` copies the others.
    """

    node: Node
    body: tuple[Statement, ...]
    entry: tuple[Move, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    back: tuple[Move, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """An `if` node: each branch ends with the moves of its arrays into the results' buffers."""

    node: Node
    then: tuple[Statement, ...]
    orelse: tuple[Statement, ...]
    then_moves: tuple[Move, ...] = ()
    else_moves: tuple[Move, ...] = ()


Statement = Scalars | Nest | Band | Single | Loop | Branch


@dataclass(frozen=True, slots=True, eq=False)
class KernelProgram:
    """A graph's statements, the buffers of its values and the sites where a run can end."""

    graph: Graph
    body: tuple[Statement, ...]
    places: Mapping[Value, Buffer]
    scratch: Mapping[Node, Buffer]  # wide accumulators of reductions that need one
    producers: Mapping[Value, Node]
    buffers: tuple[Buffer, ...]
    outputs: tuple[Move, ...]  # what must still be copied into output buffers at the end
    arena: int  # bytes
    sites: tuple[Site, ...]  # a status k that is not 0 means sites[k - 1]
    site_of: Mapping[Node, int]
    lives: Mapping[Buffer, tuple[tuple[int, int], ...]]  # when each is taken, in the numbering of `lifetimes`
    donated: Mapping[int, int]  # inputs whose memory an output takes, and which one: both are at one address

    @property
    def has_control_flow(self) -> bool:
        """Whether there are loops or branches besides those over the elements of arrays."""
        return any(isinstance(s, (Loop, Branch)) for s in self.body)

    def __str__(self) -> str:
        from .print_kernels import print_kernels

        return print_kernels(self)
