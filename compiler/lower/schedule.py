"""The order of a block's statements, and which roots share a loop nest.

A root joins the latest nest over the same space that everything it needs precedes, or that
computes what it needs at the same index. Registers are computed as early as their operands allow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..ir import dims
from ..ir.dims import Shape
from ..ir.graph import Block, Graph, Node, Value
from ..ir.operation import Elementwise, Reduction
from .inlining import Inlining, is_array, is_data, is_map
from .kernels import Access, Branch, Loop, Nest, Root, Scalars, Single, Statement
from .write_order import in_order

_MOST_STORES = 24
_MOST_STORES_APART = 8  # of arrays that have no data in common: more streams than this outrun the prefetcher
_MOST_WEIGHT = 1000  # inlined nodes and roots of one nest, each counted once
_LOOK_BACK = 8
_SMALL = 4096  # elements; nests this small fit the cache


@dataclass(slots=True)
class _Draft:
    """A nest that roots can still join."""

    space: Shape
    roots: list[Root] = field(default_factory=list)
    leaves: set[Value] = field(default_factory=set)
    weight: int = 0  # at most; nodes that several roots take may be counted more than once
    stores: int = 0


def schedule(graph: Graph, inlining: Inlining) -> tuple[Statement, ...]:
    """Return the statements of a graph's block, regions included."""
    return _Schedule(graph.block, inlining).statements()


class _Schedule:
    """The positions of one block: values ready at the same index of a nest, or only after a statement."""

    def __init__(self, block: Block, inlining: Inlining) -> None:
        self.block = block
        self.inlining = inlining
        self.drafts: list[_Draft | Statement] = []
        self.scalars: dict[int, list[Node]] = {}
        self.here: dict[Value, int] = {}  # the last statement that must reach the same index first
        self.after: dict[Value, int] = {}  # the last statement that must be over first
        self.weights: dict[Value, int] = {}
        self.leaves: dict[Value, frozenset[Value]] = {}
        self.by_space: dict[Shape, list[int]] = {}
        for node in in_order(block, inlining):
            self.place(node)

    def ready(self, values: Sequence[Value]) -> int:
        here, after, last = self.here, self.after, -1
        for v in values:
            last = max(last, here.get(v, -1), after.get(v, -1))
        return last

    def place(self, node: Node) -> None:
        if is_data(node):
            self.after[node.result] = -1  # lies in memory from the start
        elif is_map(node):
            self.place_map(node)
        elif isinstance(node.op.lowering, Reduction):
            operand = node.operands[0]
            k = self.join(Root(Access.REDUCE, node, operand), operand.shape, operand)
            self.after[node.result] = k
        elif node.op.name == "push" and is_array(node.operands[1]):
            stack, element = node.operands
            root = Root(Access.PUSH, node, element)
            self.after[node.result] = self.join(root, element.shape, element, self.ready([stack]) + 1)
        elif node in self.inlining.renewed:
            base, part = node.operands
            k = self.join(Root(Access.RENEW, node, part), part.shape, part, self.ready([base]) + 1)
            self.after[node.result] = k
        else:
            self.append(self.statement(node), node)

    def place_map(self, node: Node) -> None:
        value = node.result
        if not is_array(value):
            k = self.ready((*node.operands, *self.inlining.implied.get(node, ())))
            self.scalars.setdefault(k, []).append(node)
            self.after[value] = k
        elif value in self.inlining.aliases:
            self.after[value] = self.ready(node.operands)
        elif self.inlining.is_root(value):
            self.collect(node)
            k = self.join(Root(Access.STORE, node, value), value.shape, value)
            self.here[value], self.after[value] = k, -1
            self.weights[value], self.leaves[value] = 0, frozenset([value])
        else:
            self.collect(node)

    def collect(self, node: Node) -> None:
        """Sum up what an element of the node's result takes."""
        value, same = node.result, isinstance(node.op.lowering, Elementwise)
        operands = node.operands
        self.here[value] = max((self.here.get(o, -1) for o in operands), default=-1) if same else -1
        needed = (*operands, *self.inlining.implied.get(node, ()))
        after = max((self.after.get(o, -1) for o in needed), default=-1)
        self.after[value] = (
            after if same else max(after, max((self.here.get(o, -1) for o in operands), default=-1))
        )
        self.weights[value] = 1 + sum(self.weights.get(o, 0) for o in operands)
        arrays = [o for o in operands if is_array(o)]
        self.leaves[value] = frozenset().union(*(self.leaves.get(o, frozenset([o])) for o in arrays))

    def join(self, root: Root, space: Shape, needs: Value, first: int = 0) -> int:
        """Add a root to a nest from `first` on that computes or follows what it needs; return where."""
        here, after = self.here.get(needs, -1), self.after.get(needs, -1)
        after = max(after, self.ready(self.inlining.implied.get(root.node, ())))
        weight = 1 + self.weights.get(needs, 0)
        leaves = self.leaves.get(needs, frozenset([needs]))
        k = self.find(space, max(here, after + 1, first), leaves, weight, needs)
        if k is None:
            k = len(self.drafts)
            self.drafts.append(_Draft(space))
        draft = self.drafts[k]
        assert isinstance(draft, _Draft)
        draft.roots.append(root)
        draft.leaves |= leaves | {root.result}
        draft.weight += weight
        draft.stores += root.result not in self.inlining.shared
        return k

    def find(
        self, space: Shape, first: int, leaves: frozenset[Value], weight: int, needs: Value
    ) -> int | None:
        """The latest nest from `first` on that has this space, and room, and data in common."""
        candidates = self.by_space.setdefault(space, [])
        counted = False
        for k in reversed(candidates[-_LOOK_BACK:]):
            draft = self.drafts[k]
            if k < first:
                break
            assert isinstance(draft, _Draft)
            related = not leaves.isdisjoint(draft.leaves) or dims.room(space) <= _SMALL
            most = _MOST_STORES if related else _MOST_STORES_APART
            if draft.stores >= most:
                continue
            fits = draft.weight + weight <= _MOST_WEIGHT
            if not fits and not counted:  # once a root: it takes as long as a nest is large
                counted = True
                fits = self.distinct([*(r.element for r in draft.roots), needs]) <= _MOST_WEIGHT
            if fits:
                return k
        candidates.append(len(self.drafts))
        return None

    def distinct(self, elements: Sequence[Value]) -> int:
        """Return how many nodes compute these where they are used, themselves included."""
        inlining, seen, pending = self.inlining, set(elements), list(elements)
        while pending and len(seen) <= _MOST_WEIGHT:
            node = inlining.producers.get(pending.pop())
            if node is None:
                continue
            new = [o for o in node.operands if is_array(o) and o not in seen and not inlining.is_root(o)]
            seen.update(new)
            pending += new
        return len(seen)

    def append(self, statement: Statement, node: Node) -> None:
        k = len(self.drafts)
        self.drafts.append(statement)
        for result in node.results:
            self.after[result] = k

    def statement(self, node: Node) -> Statement:
        match node.op.name:
            case "for" | "while":
                return Loop(node, _Schedule(node.regions[0], self.inlining).statements())
            case "if":
                then, orelse = (_Schedule(r, self.inlining).statements() for r in node.regions)
                return Branch(node, then, orelse)
        root = _own_root(node)
        return Single(node) if root is None else Nest(root.element.shape, (root,))

    def statements(self) -> tuple[Statement, ...]:
        found: list[Statement] = []
        for k in range(-1, len(self.drafts)):
            if k >= 0:
                draft = self.drafts[k]
                found.append(Nest(draft.space, tuple(draft.roots)) if isinstance(draft, _Draft) else draft)
            if k in self.scalars:
                found.append(Scalars(tuple(self.scalars[k])))
        return tuple(found)


def _own_root(node: Node) -> Root | None:
    """The root of a node that has a nest to itself."""
    match node.op.name:
        case "update" | "accumulate" if is_array(node.operands[1]):
            return Root(Access.PUT, node, node.operands[1])
        case "check_index" if is_array(node.operands[0]):
            return Root(Access.CHECK, node, node.operands[0])
    return None


def walk(body: Sequence[Statement]) -> Iterator[Statement]:
    """Yield every statement, those in regions after the one that owns them."""
    pending = list(reversed(body))
    while pending:
        statement = pending.pop()
        yield statement
        match statement:
            case Loop():
                pending.extend(reversed(statement.body))
            case Branch():
                pending.extend(reversed(statement.orelse))
                pending.extend(reversed(statement.then))
