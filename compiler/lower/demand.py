"""Which arrays are kept in memory, and which are computed element by element where they are used."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir import dims
from ..ir.graph import Block, Graph, Node, Value
from ..ir.operation import Effect, Elementwise, PerElement
from ..ir.symbols import implied
from ..ops.cost import element_cost
from .accesses import record, view_of
from .elements import splits_axes
from .inlining import WRITERS, Inlining, blocks, captures, is_array, is_data, is_map
from .renewal import is_renewable, part_reads_own_place

# Above this many instructions an element is not computed twice.
_CHEAP = 2
# Bounds of what one element may pull in: LLVM's time is superlinear, and data movement recurses here.
_MOST_NODES = 400
_MOST_MOVES = 24
# The same where values that are computed once count, too: it is not settled yet which of them are stored.
_LONGEST_CHAIN = 500
_MOST_MOVES_IN_CHAIN = 60


def choose(graph: Graph) -> Inlining:
    """Decide for every array of the graph."""
    found = Inlining()
    found.implied = implied(graph.block)
    every = list(blocks(graph.block))
    for block in every:
        for node in block.nodes:
            for result in node.results:
                found.producers[result] = node
    _Demand(found).walk_graph(graph)
    arms = {
        region for block in every for node in block.nodes if node.op.name == "if" for region in node.regions
    }
    for block in every:
        _settle(found, block, block in arms)
    return found


class _Demand:
    """The walk from results to operands that counts uses."""

    def __init__(self, found: Inlining) -> None:
        self.found = found
        self.paths: dict[Value, int] = {}  # ways that an element is asked for; 2 stands for many
        self.captured: set[Value] = set()
        self.spread: set[Value] = set()  # each element is read several times

    def walk_graph(self, graph: Graph) -> None:
        for value in graph.block.results:
            self.require(value)
        self.walk(graph.block)

    def use(self, value: Value, times: int = 1) -> None:
        self.paths[value] = self.paths.get(value, 0) + times

    def require(self, value: Value) -> None:
        self.use(value)
        if is_array(value):
            self.found.kept.add(value)

    def walk(self, block: Block) -> None:
        """Visit a block's nodes from the last to the first; recursion is over the nesting of regions."""
        live, implied, paths = self.found.live, self.found.implied, self.paths
        for node in reversed(block.nodes):
            used = False
            for r in node.results:
                used = used or r in paths
            if used or node.op.effect is not Effect.NONE or (node.regions and _has_effect(node)):
                live.add(node)
                self.visit(node)
                for value in implied.get(node, ()) if implied else ():
                    self.use(value)

    def visit(self, node: Node) -> None:
        if node.regions:
            self.visit_regions(node)
        elif node.op.name == "barrier":
            self.require(node.operands[0])  # the second says when, and nothing reads it
        elif not is_map(node):
            self.visit_special(node)
        elif not is_array(node.result):
            for operand in node.operands:
                self.use(operand)
        else:
            self.visit_map(node)

    def visit_map(self, node: Node) -> None:
        value, found = node.result, self.found
        many = self.paths[value] > 1
        if isinstance(node.op.lowering, Elementwise) and value not in found.kept:
            price = element_cost(node) + sum(is_array(o) for o in node.operands)
            if price > _CHEAP and (value in self.captured or value in self.spread):
                found.kept.add(value)
            elif price > _CHEAP and many:
                found.shared.add(value)
        inlined = value not in found.kept and value not in found.shared
        if value in found.kept and splits_axes(node):
            self.require(node.operands[0])  # of which it is another view
        for operand in node.operands:
            self.use(operand, 2 if inlined and many else 1)
            if inlined and value in self.captured:
                self.captured.add(operand)
            if (inlined and value in self.spread) or _expands(node, operand):
                self.spread.add(operand)

    def visit_special(self, node: Node) -> None:
        name = node.op.name
        for k, operand in enumerate(node.operands):
            if name == "matmul":
                self.visit_factor(operand)
            elif name in WRITERS and k == 0:
                self.require(operand)
            else:
                self.use(operand)

    def visit_factor(self, operand: Value) -> None:
        """An operand of a product: in memory, or a strided part of what is in memory."""
        producers = self.found.producers
        view = view_of(producers, lambda v: not _moves(producers.get(v)), operand)
        if view is None or not _fits_blas(view.strides, operand.shape):
            self.require(operand)
            return
        self.use(operand)
        self.require(view.base)

    def visit_regions(self, node: Node) -> None:
        for operand in node.operands:
            self.require(operand)
        for region in node.regions:
            for value in region.results:
                self.require(value)
        for region in node.regions:
            self.walk(region)
            for value in captures(region):
                self.use(value, 2)
                self.captured.add(value)


def _moves(node: Node | None) -> bool:
    return node is not None and isinstance(node.op.lowering, PerElement) and not is_data(node)


def _fits_blas(strides: Sequence[int], shape: dims.Shape) -> bool:
    """Tell whether a matrix's last two axes have one of unit stride and another that is no shorter."""
    (rows, columns), (row, column) = map(dims.capacity, shape[-2:]), strides[-2:]
    by_rows = (column == 1 or columns == 1) and (row >= max(columns, 1) or rows == 1)
    by_columns = (row == 1 or rows == 1) and (column >= max(rows, 1) or columns == 1)
    return by_rows or by_columns


def _expands(node: Node, operand: Value) -> bool:
    if not is_array(operand):
        return False
    return dims.room(node.result.shape) > dims.room(operand.shape) and node.op.name not in (
        "concatenate",
        "pad",
    )


def _has_effect(node: Node) -> bool:
    return any(
        inner.op.effect is not Effect.NONE
        for region in node.regions
        for block in blocks(region)
        for inner in block.nodes
    )


def _settle(found: Inlining, block: Block, is_arm: bool) -> None:
    """Keep what inlining would make too large; find the reshapes that are free."""
    sizes: dict[Value, tuple[int, int]] = {}  # the nodes and moves that one element takes
    chains: dict[Value, tuple[int, int]] = {}  # the same along the longest way up to what is in memory
    for node in block.nodes:
        if node not in found.live:
            continue
        if not is_map(node):
            _separate(found, node, is_arm)
        elif is_array(node.result):
            _alias(found, node)
            _limit_chain(found, node, chains)
            _limit(found, node, sizes)


def _alias(found: Inlining, node: Node) -> None:
    """A reshape of an array in memory is that array, and so is an array behind a barrier."""
    operand = node.operands[0] if node.op.name in ("reshape", "barrier") else None
    if operand is not None and is_array(operand) and found.is_kept(operand):
        found.aliases[node.result] = operand
        found.kept.add(node.result)


def _limit_chain(found: Inlining, node: Node, chains: dict[Value, tuple[int, int]]) -> None:
    if found.is_kept(node.result):
        return
    below = [chains.get(o, (0, 0)) for o in node.operands]
    length = 1 + max((b[0] for b in below), default=0)
    moves = isinstance(node.op.lowering, PerElement) + max((b[1] for b in below), default=0)
    if length > _LONGEST_CHAIN or moves > _MOST_MOVES_IN_CHAIN:
        found.kept.add(node.result)
        found.shared.discard(node.result)
    else:
        chains[node.result] = length, moves


def _limit(found: Inlining, node: Node, sizes: dict[Value, tuple[int, int]]) -> None:
    if found.is_root(node.result):
        return
    below = [sizes.get(o, (0, 0)) for o in node.operands if is_array(o)]
    nodes = 1 + sum(s[0] for s in below)
    moves = max((s[1] for s in below), default=0) + isinstance(node.op.lowering, PerElement)
    if nodes > _MOST_NODES or moves > _MOST_MOVES:
        found.kept.add(node.result)
    else:
        sizes[node.result] = nodes, moves


def _separate(found: Inlining, node: Node, is_arm: bool) -> None:
    """Keep the part that an update writes, or its array, where computing the part would read the array.

    In the arm of a branch a new array would have to be copied in the other arm.
    """
    if node.op.name not in WRITERS:
        return
    base, part = node.operands[:2]
    if not is_array(part) or found.is_kept(part):
        return
    reads = record(found.producers, found.is_kept, [part], part.shape).reads
    clash = any(found.canonical(r.value) is found.canonical(base) for r in reads)
    if clash and not part_reads_own_place(found, node):
        if is_renewable(node) and not is_arm:
            found.renewed.add(node)
        else:
            found.kept.add(part)
