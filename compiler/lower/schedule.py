"""The order of a block's statements, and which roots share a loop nest.

A root joins the latest nest over the same space that everything it needs precedes, or that
computes what it needs at the same index; that nest may walk more than the root's own space. Registers
are computed as early as their operands allow.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Sequence

from ..ir.dims import Shape
from ..ir.graph import Block, Graph, Node, Value
from ..ir.operation import Elementwise, Reduction
from .domains import Domain, Inner, domain_of_padded, inner_of
from .drafts import Drafts, Request
from .inlining import Inlining, is_array, is_data, is_map
from .kernels import Access, Branch, Loop, Nest, Root, Scalars, Single, Statement
from .write_order import in_order


def schedule(graph: Graph, inlining: Inlining) -> tuple[Statement, ...]:
    """Return the statements of a graph's block, regions included."""
    return _Schedule(graph.block, inlining).statements()


class _Schedule:
    """The positions of one block: values ready at the same index of a nest, or only after a statement."""

    def __init__(self, block: Block, inlining: Inlining) -> None:
        self.block = block
        self.inlining = inlining
        self.drafts = Drafts(inlining)
        self.scalars: dict[int, list[Node]] = {}
        self.here: dict[Value, int] = {}  # the last statement that must reach the same index first
        self.after: dict[Value, int] = {}  # the last statement that must be over first
        self.weights: dict[Value, int] = {}
        self.leaves: dict[Value, frozenset[Value]] = {}
        self.inner: dict[Value, Inner] = {}  # values whose elements are some of those of a larger space
        self.outer: dict[Value, dict[Shape, Domain]] = {}  # and the smaller spaces that values pad
        for node in in_order(block, inlining):
            self.place(node)

    def ready(self, values: Sequence[Value]) -> int:
        here, after, last = self.here, self.after, -1
        for v in values:
            for places in (here, after):
                place = places.get(v, -1)
                if place > last:
                    last = place
        return last

    def place(self, node: Node) -> None:
        if is_data(node):
            self.after[node.result] = -1  # lies in memory from the start
        elif is_map(node):
            self.place_map(node)
        elif isinstance(node.op.lowering, Reduction):
            self.after[node.result], _ = self.join(Root(Access.REDUCE, node, node.operands[0]))
        elif node.op.name == "push" and is_array(node.operands[1]):
            stack, element = node.operands
            root = Root(Access.PUSH, node, element)
            self.after[node.result], _ = self.join(root, self.ready([stack]) + 1)
        elif node in self.inlining.renewed:
            base, part = node.operands
            root = Root(Access.RENEW, node, part)
            self.after[node.result], _ = self.join(root, self.ready([base]) + 1)
        else:
            k = self.drafts.append(self.statement(node))
            self.after.update(dict.fromkeys(node.results, k))

    def place_map(self, node: Node) -> None:
        value = node.result
        if not is_array(value):
            k = self.ready(self.needed(node))
            self.scalars.setdefault(k, []).append(node)
            self.after[value] = k
        elif value in self.inlining.aliases:
            self.after[value] = self.ready(node.operands)
        elif self.inlining.is_root(value):
            self.collect(node)
            self.settle(value, *self.join(Root(Access.STORE, node, value)))
        else:
            self.collect(node)

    def settle(self, value: Value, k: int, domain: Domain | None) -> None:
        """Note which nest stores a value, which others can read from now on: there only at the same index."""
        self.weights[value], self.leaves[value] = 0, frozenset([value])
        self.outer.pop(value, None)
        if domain is None or domain == self.drafts.nest(k).inside.get(value.shape):
            self.here[value], self.after[value] = k, -1
            self.inner.pop(value, None)
        else:
            self.here[value], self.after[value] = -1, k
            self.inner[value] = Inner(self.drafts.nest(k).space, domain, k, -1)

    def needed(self, node: Node) -> Sequence[Value]:
        """What a node reads, with the sizes that it takes."""
        implied = self.inlining.implied
        return (*node.operands, *implied.get(node, ())) if implied else node.operands

    def collect(self, node: Node) -> None:
        """Sum up what an element of the node's result takes."""
        value, operands = node.result, node.operands
        same = _read_at_own_index(node)
        self.here[value] = max((self.here.get(o, -1) for o in same), default=-1)
        after = max((self.after.get(o, -1) for o in self.needed(node)), default=-1)
        if same is not operands:
            after = max(after, self.ready([o for o in operands if o not in same]))
        self.after[value] = after
        self.weights[value] = 1 + sum(self.weights.get(o, 0) for o in operands)
        arrays = [o for o in operands if is_array(o)]
        self.leaves[value] = frozenset().union(*(self.leaves.get(o, frozenset([o])) for o in arrays))
        self.relate(node, arrays)

    def relate(self, node: Node, arrays: Sequence[Value]) -> None:
        """Note how the index space of a node's result is related to others."""
        if node.op.name == "index" or any(o in self.inner for o in arrays):
            inner = inner_of(node, self.inner, self.inlining.is_kept, self.here, self.after)
            if inner is not None:
                self.inner[node.result] = inner
        if node.op.name == "pad" and (domain := domain_of_padded(node)) is not None:
            self.outer[node.result] = {arrays[0].shape: domain}
        elif isinstance(node.op.lowering, Elementwise):
            known = [self.outer[o] for o in arrays if o in self.outer]
            if known:
                self.outer[node.result] = dict(ChainMap(*known))

    def join(self, root: Root, start: int = 0) -> tuple[int, Domain | None]:
        """Add a root to a nest from `start` on that computes or follows what it needs; return where."""
        needs = root.element
        start = max(start, self.ready(self.inlining.implied.get(root.node, ())) + 1)
        request = Request(
            root,
            leaves=self.leaves.get(needs, frozenset([needs])),
            weight=1 + self.weights.get(needs, 0),
            first=max(start, self.here.get(needs, -1), self.after.get(needs, -1) + 1),
            start=start,
            inner=self.inner.get(needs),
            outer=self.outer.get(needs, {}),
        )
        return self.drafts.join(request)

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
        for k in range(-1, len(self.drafts.all)):
            statement = self.drafts.statement(k) if k >= 0 else None
            if statement is not None:
                found.append(statement)
            if k in self.scalars:
                found.append(Scalars(tuple(self.scalars[k])))
        return tuple(found)


def _read_at_own_index(node: Node) -> Sequence[Value]:
    """The operands of which an element of the result needs the one at the same index only."""
    if isinstance(node.op.lowering, Elementwise):
        return node.operands
    if node.op.name == "gather" and node.operands[1].shape == node.result.shape:
        return [o for o in node.operands[1:] if o is not node.operands[0]]
    return ()


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
