"""The footprint of a statement: what its place in a band, or beside one, depends on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..ir import dims
from ..ir.graph import Node, Value
from ..ir.operation import Effect
from ..ir.symbols import BIND
from ..ir.types import INDEX
from .accesses import Recorder, nest_index, record, record_roots
from .accumulators import needs_wide
from .affine import Index, Variable, bounds
from .crossings import crossed_axis
from .inlining import Inlining, is_array
from .kernels import Access, Branch, Nest, Scalars, Single, Statement
from .nest_loops import weight_of
from .storing import reads_of

_NEST_LINES, _NODE_LINES = 40, 4  # of LLVM IR: for the loops of a nest, and for each of its nodes
_ORDER = Value(INDEX)  # what every check needs and makes, so that the first one that fails ends the run


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a statement needs and makes; arrays are named by the value whose memory they are.

    `same_row` are arrays of as many rows as the nest, which each of its rows reads in its own row only.
    `by_row` are made row by row; `across` is complete only when the last row is done.
    """

    needs: frozenset[Value]
    makes: frozenset[Value] = frozenset()
    is_pure: bool = False
    rows: int | None = None  # of a nest that can be in a band
    same_row: frozenset[Value] = frozenset()
    by_row: frozenset[Value] = frozenset()
    across: frozenset[Value] = frozenset()
    tiled: int | None = None  # the axis of a nest that is walked tile by tile with the last one
    lines: int = 0  # of its code in a band, about


def block_variable(count: int, step: int) -> Variable:
    """The first row of a block of `step` rows of `count`: added to a row of the block, it is in range."""
    return Variable("rows", count - step + 1)


def block_index(space: dims.Shape, first: Variable, step: dims.Dim) -> tuple[Index, ...]:
    """The index of a nest whose first axis walks one block."""
    row, *rest = nest_index((step, *space[1:]))
    return (row.plus(Index(((first, 1),))), *rest)


def row_size(value: Value, rows: int) -> int:
    """How many elements of an array lie in one row."""
    return dims.room(value.shape) // rows


def footprint_of(statement: Statement, inlining: Inlining) -> Footprint:
    """Look at a statement."""
    match statement:
        case Nest():
            return _nest(statement, inlining)
        case Scalars(nodes):
            pure = all(n.op.effect is Effect.NONE and n.op.name != BIND for n in nodes)
            return _nodes(statement, nodes, inlining, pure)
        case Single(node):
            return _nodes(statement, (node,), inlining, node.op.name == "matmul")
        case Branch(node, then, orelse) if not node.results and _only_checks((*then, *orelse)):
            inner = [footprint_of(s, inlining).needs for s in (*then, *orelse)]
            return Footprint(frozenset([*node.operands, _ORDER]).union(*inner), frozenset([_ORDER]), True)
    reads = frozenset(inlining.canonical(r.value) for r in reads_of(statement, inlining))
    return Footprint(reads)


def _only_checks(body: Sequence[Statement]) -> bool:
    """Tell whether all that statements do is to end the run, if an index is bad."""
    return all(isinstance(s, Nest) and all(r.access is Access.CHECK for r in s.roots) for s in body)


def _nodes(statement: Statement, nodes: tuple[Node, ...], inlining: Inlining, pure: bool) -> Footprint:
    makes = frozenset(r for n in nodes for r in n.results)
    needs = {o for n in nodes for o in n.operands if o not in makes and not is_array(o)}
    for node in nodes:
        for operand in filter(is_array, node.operands):
            recorded = record(inlining.producers, inlining.is_root, [operand], operand.shape)
            needs.update(recorded.scalars)
    reads = [r.value for r in reads_of(statement, inlining)]
    needs.update(map(inlining.canonical, reads))
    needs.update(_awaited(reads, inlining))
    return Footprint(frozenset(needs), makes, pure)


def _awaited(reads: Sequence[Value], inlining: Inlining) -> Iterator[Value]:
    """What must be there before the arrays that are read, as they lie behind barriers."""
    for read in reads:
        value = read
        while value in inlining.aliases:
            node = inlining.producers[value]
            pending = [node.operands[1]] if node.op.name == "barrier" else []
            while pending:
                after = pending.pop()
                if is_array(after) and not inlining.is_root(after):
                    pending += inlining.producers[after].operands
                else:
                    yield inlining.canonical(after)
            value = inlining.aliases[value]


def _nest(nest: Nest, inlining: Inlining) -> Footprint:
    plain = all(r.access in (Access.STORE, Access.REDUCE) for r in nest.roots)
    makes = frozenset(r.result for r in nest.roots)
    recorded = _recorded(nest, inlining, nest_index(nest.space) if dims.is_static(nest.space) else None)
    arrays = [r.value for r in recorded.reads]
    arrays += [r.node.operands[0] for r in nest.roots if r.access in (Access.PUT, Access.RENEW)]
    awaited = _awaited(arrays, inlining)
    needs = frozenset([*recorded.scalars, *map(inlining.canonical, arrays), *awaited])
    tiled = crossed_axis(nest, recorded)
    rows = _rows(nest, recorded, inlining) if plain else None
    if rows is None:
        return Footprint(needs, makes, plain, tiled=tiled)
    across = frozenset(
        r.result for r in nest.roots if r.access is Access.REDUCE and 0 in r.node.attrs["axes"]
    )
    same_row = _same_row(nest, rows, inlining)
    lines = _NEST_LINES + _NODE_LINES * weight_of(nest, recorded)
    return Footprint(needs, makes, True, rows, same_row, makes - across, across, tiled, lines)


def _recorded(nest: Nest, inlining: Inlining, here: tuple[Index, ...] | None) -> Recorder:
    return record_roots(inlining.producers, inlining.is_root, nest.roots, nest.space, here)


def _rows(nest: Nest, recorded: Recorder, inlining: Inlining) -> int | None:
    """The rows of a nest that can be cut into blocks of them."""
    space = nest.space
    if not dims.is_static(space) or not space or dims.room(space) == 0:
        return None
    (rows,) = dims.static(space[:1])
    split = any(v.name == "i0" for v in recorded.breaks)
    wide = any(r.access is Access.REDUCE and needs_wide(r.node, space) for r in nest.roots)
    blocked = _recorded(nest, inlining, block_index(space, block_variable(rows, 1), 2)) if rows > 3 else None
    divided = blocked is None or len(blocked.forms) != len(recorded.forms)
    return None if split or wide or divided else rows


def _same_row(nest: Nest, rows: int, inlining: Inlining) -> frozenset[Value]:
    """The arrays that each row reads in its own row only."""
    recorded = _recorded(nest, inlining, nest_index(nest.space))
    first = nest_index(nest.space)[0].terms[0][0]
    good: dict[Value, bool] = {}
    for read in recorded.reads:
        value = inlining.canonical(read.value)
        size = row_size(value, rows)
        inside = bounds(read.position.without(first)) or (-1, 0)
        own = dict(read.position.terms).get(first) == size and inside[0] >= 0 and inside[1] < size
        good[value] = good.get(value, True) and own and size * rows == dims.room(value.shape)
    return frozenset(v for v, own in good.items() if own)
