"""The diagram of a graph of the IR: forward and backward side by side, regions as frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ..ir.graph import Block, Graph, Node, Origin, Value, walk
from ..ir.loops import body_of, carries, form, heads, is_loop
from ..ir.printer import Printer, loop_mark
from . import labels, style
from .diagram import Diagram, check_size
from .marks import Phase, find_marks, node_phase
from .node_text import NodeText, place

if TYPE_CHECKING:
    from graphviz import Digraph

LIMIT = 1000
_CAPTIONS = {Phase.FORWARD: "forward ↓", Phase.BACKWARD: "backward ↑"}


def graph_diagram(
    graph: Graph,
    *,
    values: Mapping[Value, Any] | None = None,
    gradients: Mapping[Value, Any] | None = None,
    title: str | None = None,
    limit: int = LIMIT,
) -> Diagram:
    """Draw a graph.

    Data flows down in the forward phase and up in the backward one. Edges carry types. A dot with
    thick edges marks a fork, a violet node the sum of what comes back on its branches; a double
    border and dashed edges mark what the backward phase reads of the forward one, a dashed border what
    it computes again.

    Parameters
    ----------
    graph
        Any graph. Values have the names that `str(graph)` gives them.
    values
        Concrete arrays, each shown in the node that computes it.
    gradients
        The gradients of values of the forward phase, shown below the values.
    title
        The heading; the graph's name by default.
    limit
        The largest number of nodes that is drawn.

    Raises
    ------
    RenderError
        If the graph has more than `limit` nodes.
    """
    check_size("the graph", "nodes", sum(1 for _ in walk(graph.block)), limit)
    marks = find_marks(graph)
    text = NodeText(Printer(graph), marks, values or {}, gradients or {})
    return _Drawing(graph, text).finish(graph.name if title is None else title)


class _Drawing:
    """Collects frames, nodes and edges of one graph."""

    def __init__(self, graph: Graph, text: NodeText) -> None:
        self.graph = graph
        self.marks = text.marks
        self.text = text
        self.makers: dict[Value, str] = {}  # the drawn node that defines a value
        self.dots: dict[Value, str] = {}  # the dot from which the branches of a fork leave
        self.rows: dict[bool, list[str]] = {True: [], False: []}  # the nodes at the top and at the bottom
        self.edges: list[tuple[str, str, dict[str, str]]] = []
        self.count = 0

    def finish(self, title: str) -> Diagram:
        """Draw the whole graph and return it."""
        from graphviz import Digraph

        graph_attributes = {**style.GRAPH, "label": style.heading(title)}
        root = Digraph(graph_attr=graph_attributes, node_attr=style.NODE, edge_attr=style.EDGE)
        joint = self.marks.has_backward
        frames = {p: self._frame(p, _CAPTIONS[p], ground=True) if joint else root for p in Phase}
        for phase, frame in frames.items():
            self._inputs(frame, phase)
        for node in self.graph.block.nodes:
            self._node(frames[node_phase(node)], node, node_phase(node))
        for phase, frame in frames.items():
            self._outputs(frame, phase)
        for drawn in self.rows.values():
            _keep_in_line(root, drawn)
        if joint:
            _keep_apart(root, frames)
            self._legend(root)
        for tail, head, attributes in self.edges:
            root.edge(tail, head, **attributes)
        return Diagram(root.source)

    def _frame(self, phase: Phase, caption: str, *, ground: bool = False) -> Digraph:
        from graphviz import Digraph

        label = f"<{labels.font(labels.escape(caption), bold=ground)}>"
        attributes = {**style.cluster(phase, ground=ground), "label": label}
        return Digraph(name=f"cluster_{self._new_name()}", graph_attr=attributes)

    def _legend(self, root: Digraph) -> None:
        """Say what the borders mean; their lines differ, so that it can be read without colours."""
        from graphviz import Digraph

        kinds = [
            (self.marks.saved, "saved for the backward phase", Phase.FORWARD, style.SAVED_NODE),
            (self.marks.recomputed, "computed again there", Phase.FORWARD, style.RECOMPUTED_NODE),
        ]
        box = Digraph(name="cluster_legend", graph_attr={**style.LEGEND, "label": "borders"})
        for found, words, phase, border in kinds:
            if found:
                box.node(self._new_name(), words, **(style.operation(phase) | border))
        if any(found for found, *_ in kinds):
            root.subgraph(box)

    def _new_name(self) -> str:
        self.count += 1
        return f"n{self.count}"

    # Nodes.

    def _inputs(self, frame: Digraph, phase: Phase) -> None:
        pairs = zip(self.graph.inputs, self.graph.block.params, strict=True)
        own = [(label, value) for label, value in pairs if self.marks.phase[value] is phase]
        for label, value in own:
            self._terminal(frame, phase, value, self.text.terminal(value, label), style.outer_terminal(phase))
        self.rows[phase is Phase.FORWARD].extend(self.makers[value] for _, value in own)

    def _outputs(self, frame: Digraph, phase: Phase) -> None:
        drawn = []
        for label, value in zip(self.graph.outputs, self.graph.block.results, strict=True):
            if self.marks.phase[value] is phase:
                drawn.append(self._new_name())
                text = labels.font(labels.escape(label or "result"), bold=True)
                frame.node(drawn[-1], labels.table([text]), **style.outer_terminal(phase))
                self._edge(value, drawn[-1], phase)
        self.rows[phase is Phase.BACKWARD].extend(drawn)

    def _terminal(
        self, frame: Digraph, phase: Phase, value: Value, label: str, attributes: dict[str, str]
    ) -> None:
        name = self._new_name()
        frame.node(name, label, **(attributes | self._border([value])))
        self._define(frame, [value], name, phase)

    def _border(self, values: Sequence[Value]) -> dict[str, str]:
        if self.marks.saved & set(values):
            return style.SAVED_NODE
        return style.RECOMPUTED_NODE if self.marks.recomputed & set(values) else {}

    def _node(self, frame: Digraph, node: Node, phase: Phase) -> None:
        if node.regions:
            self._region_node(frame, node, phase)
            return
        name = self._new_name()
        frame.node(name, self.text.operation(node), **self._style(node, phase))
        for operand in node.operands:
            self._edge(operand, name, phase)
        self._define(frame, node.results, name, phase)

    def _style(self, node: Node, phase: Phase) -> dict[str, str]:
        if node.op.name == "constant":
            return style.CONSTANT_NODE
        if node.origin is Origin.SUM:
            return style.SUM_NODE
        recomputed = not self.marks.recomputed.isdisjoint(node.results)
        return style.operation(Phase.FORWARD if recomputed else phase) | self._border(node.results)

    # Nodes with regions.

    def _region_node(self, frame: Digraph, node: Node, phase: Phase) -> None:
        caption = node.op.name + loop_mark(node), place(node.loc)
        inner = self._frame(phase, "   ".join(filter(None, caption)))
        draw = self._loop if is_loop(node) else self._branches
        draw(inner, node, phase)
        frame.subgraph(inner)

    def _loop(self, inner: Digraph, node: Node, phase: Phase) -> None:
        body, given, at = body_of(node), heads(node), form(node)
        index, names = body.params[0], self.text.printer.names.list(given)
        self._inner_terminal(inner, phase, index, f"in range({names})" if not at.yields else f"while {names}")
        for value in given:
            self._edge(value, self.makers[index], phase)
        for c in carries(node):
            self._inner_terminal(inner, phase, c.param, "carried")
            self._edge(c.init, self.makers[c.param], phase)
        self._block(inner, body, phase)
        back = {**style.FAINT_EDGE, "label": " next", "constraint": "false"}
        for count, again in zip(node.results[: at.results], body.results[: at.yields], strict=True):
            self._inner_terminal(inner, phase, count, "turns")
            self._edge(again, self.makers[count], phase)
            self._link(self.makers[count], self.makers[index], phase, {**back, "label": " again"})
        for c in carries(node):
            self._inner_terminal(inner, phase, c.result, "after the loop")
            self._edge(c.yielded, self.makers[c.result], phase)
            self._link(self.makers[c.result], self.makers[c.param], phase, back)

    def _branches(self, inner: Digraph, node: Node, phase: Phase) -> None:
        """Draw any other: a head that reads the operands, a frame for each region, the results below."""
        head = self._new_name()
        operation = labels.font(labels.escape(node.op.name), bold=True)
        inner.node(head, f"<{operation} {self.text.names(node.operands)}>", **style.head(phase))
        for operand in node.operands:
            self._edge(operand, head, phase)
        numbered = [f"region {k}" for k in range(len(node.regions))]
        captions = ["then", "else"] if node.op.name == "if" else numbered
        for caption, region in zip(captions, node.regions, strict=True):
            frame = self._frame(phase, caption)
            for param in region.params:
                self._inner_terminal(frame, phase, param, "")
                self._link(head, self.makers[param], phase, {})
            self._block(frame, region, phase)
            if not (region.nodes or region.params):
                frame.node(self._new_name(), label="nothing", **style.EMPTY_NODE)
            inner.subgraph(frame)
        for k, result in enumerate(node.results):
            self._inner_terminal(inner, phase, result, f"after {node.op.name}")
            for region in node.regions:
                self._edge(region.results[k], self.makers[result], phase)

    def _block(self, frame: Digraph, block: Block, phase: Phase) -> None:
        for node in block.nodes:
            self._node(frame, node, phase)

    def _inner_terminal(self, frame: Digraph, phase: Phase, value: Value, word: str) -> None:
        self._terminal(frame, phase, value, self.text.terminal(value, word=word), style.inner_terminal(phase))

    # Edges.

    def _define(self, frame: Digraph, values: Sequence[Value], name: str, phase: Phase) -> None:
        for value in values:
            self.makers[value] = name
            if value in self.marks.forks:
                self.dots[value] = self._new_name()
                frame.node(self.dots[value], **style.FORK_NODE)
                stem = {**style.FORK_EDGE, "label": f" {value.type}", "arrowhead": "none"}
                self._link(name, self.dots[value], phase, stem)

    def _edge(self, value: Value, head: str, phase: Phase) -> None:
        """Draw an edge with a value to a drawn node of `phase`."""
        if self.marks.phase[value] is not phase:
            kind = style.FAINT_EDGE if value in self.marks.constants else style.CROSS_EDGE
            crossing = {**kind, "label": f" {value.type}", "weight": "0"}
            self.edges.append((self.makers[value], head, crossing))
        elif value in self.dots:
            self._link(self.dots[value], head, phase, style.FORK_EDGE)
        else:
            self._link(self.makers[value], head, phase, {"label": f" {value.type}"})

    def _link(self, tail: str, head: str, phase: Phase, attributes: dict[str, str]) -> None:
        """Draw an edge inside a phase; in the backward phase it is turned over, so that data flows up."""
        if phase is Phase.BACKWARD:
            self.edges.append((head, tail, {**attributes, "dir": "back"}))
        else:
            self.edges.append((tail, head, attributes))


def _keep_in_line(root: Digraph, drawn: Sequence[str]) -> None:
    """Put nodes side by side in their order."""
    from graphviz import Digraph

    if len(drawn) > 1:
        row = Digraph(graph_attr={"rank": "same"})
        for left, right in pairwise(drawn):
            row.edge(left, right, style="invis")
        root.subgraph(row)


def _keep_apart(root: Digraph, frames: Mapping[Phase, Digraph]) -> None:
    """Add the frames; an edge between two nodes that are not seen keeps forward to the left of backward."""
    for phase, frame in frames.items():
        frame.node(phase.value, label="", style="invis", width="0", height="0")
        root.subgraph(frame)
    root.edge(Phase.FORWARD.value, Phase.BACKWARD.value, style="invis", minlen="0", weight="0")
