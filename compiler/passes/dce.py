"""Dead code: nodes, carries, results and stacks that no output and no effect depends on."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.graph import Block, Graph, Node, Value
from ..ir.loops import body_of, carries, carry, form, heads, is_loop, with_carries
from ..ir.operation import Effect
from ..ir.symbols import implied


def dce(graph: Graph) -> Graph:
    """Return `graph` without dead code.

    Everything is taken for dead until an output or an effect turns out to need it. So values that
    only carry themselves around a loop go, and a stack that is pushed on but never read, with its pushes.
    So does a `while` that nothing is read of, though it may be one that never ends.

    Returns
    -------
    Graph
        The very same graph if all of it is alive.

    References
    ----------
    R. Cytron et al., Efficiently computing static single assignment form, TOPLAS 13 (1991), section 7.1.
    """
    liveness = _Liveness(graph)
    block = liveness.swept(graph.block, graph.block.params, graph.block.results)
    return graph if block is graph.block else Graph(graph.name, block, graph.inputs, graph.outputs)


class _Liveness:
    """The marks: values, nodes and carries that are alive."""

    def __init__(self, graph: Graph) -> None:
        self.values: set[Value] = set()
        self.nodes: set[Node] = set()
        self.carries: set[tuple[Node, int]] = set()
        self._definition: dict[Value, Node] = {}
        self._params: dict[Value, tuple[Node, int]] = {}
        self._pending: list[Value] = []
        self._implied = implied(graph.block)
        self._scan(graph.block, ())
        self._mark(graph.block.results)
        pending = self._pending
        while pending:
            self._follow(pending.pop())

    def _scan(self, block: Block, owners: tuple[Node, ...]) -> None:
        """Note where values are defined; mark effects and what they stand in."""
        for node in block.nodes:
            for result in node.results:
                self._definition[result] = node
            if node.op.effect is not Effect.NONE:
                for needed in (*owners, node):
                    self._need(needed)
            for region in node.regions:
                for k, param in enumerate(region.params):
                    self._params[param] = node, k
                self._scan(region, (*owners, node))

    def _mark(self, values: Sequence[Value]) -> None:
        alive, pending = self.values, self._pending
        for v in values:
            if v not in alive:
                alive.add(v)
                pending.append(v)

    def _need(self, node: Node) -> None:
        """Mark what `node` reads in any case: all operands, or those that say how often a loop runs."""
        if node in self.nodes:
            return
        self.nodes.add(node)
        if self._implied:
            self._mark(self._implied.get(node, ()))
        if node.op.name == "checkpoint":  # what it keeps is counted from the end of its results
            self._mark(node.regions[0].results)
        if node.regions and is_loop(node):
            self._mark((*heads(node), *body_of(node).results[: form(node).yields]))
        else:
            self._mark(node.operands)

    def _follow(self, value: Value) -> None:
        node = self._definition.get(value)
        if node is not None:
            self._need(node)
            if node.regions:
                self._result(node, node.results.index(value))
        elif value in self._params:
            owner, k = self._params[value]
            self._need(owner)
            self._carry(owner, k - form(owner).params)

    def _result(self, node: Node, k: int) -> None:
        """Mark what gives a node of regions its result number `k`."""
        if is_loop(node):
            self._carry(node, k - form(node).results)
        else:
            for region in node.regions:
                self._mark(region.results[k : k + 1])

    def _carry(self, node: Node, k: int) -> None:
        if k >= 0:
            self.carries.add((node, k))
            carried = carry(node, k)
            self._mark((carried.init, carried.yielded))

    # The sweep: what is not marked is left out; what loses nothing is shared with the old graph.

    def swept(self, block: Block, params: tuple[Value, ...], results: tuple[Value, ...]) -> Block:
        nodes = tuple([self._swept_node(n) if n.regions else n for n in block.nodes if n in self.nodes])
        same = nodes == block.nodes and params == block.params and results == block.results
        return block if same else Block(params, nodes, results)

    def _swept_node(self, node: Node) -> Node:
        if is_loop(node):
            return self._swept_loop(node)
        whole = node.op.name == "checkpoint"
        kept = [k for k, r in enumerate(node.results) if whole or r in self.values]
        regions = tuple(self.swept(r, (), _at(r.results, kept)) for r in node.regions)
        if regions == node.regions and len(kept) == len(node.results):
            return node
        results = _at(node.results, kept)
        return Node(node.op, node.operands, node.attrs, results, regions, node.loc, node.origin)

    def _swept_loop(self, node: Node) -> Node:
        every = range(len(carries(node)))
        kept = [k for k in every if (node, k) in self.carries]
        small = with_carries(node, node.operands, body_of(node), kept) if len(kept) < len(every) else node
        body = body_of(small)
        swept = self.swept(body, body.params, body.results)
        return small if swept is body else with_carries(small, small.operands, swept, range(len(kept)))


def _at(values: Sequence[Value], places: Sequence[int]) -> tuple[Value, ...]:
    return tuple(values[k] for k in places)
