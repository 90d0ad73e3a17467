"""The diagram of a kernel program: a node for each statement, an edge for each array or scalar it reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..ir.graph import Node, Origin, Value
from ..ir.loops import body_of, carries, heads
from ..lower.kernels import Band, Branch, KernelProgram, Loop, Nest, Scalars, Single, Statement
from ..lower.print_kernels import KernelPrinter
from . import labels, style
from .diagram import Diagram, check_size
from .marks import Phase

if TYPE_CHECKING:
    from graphviz import Digraph

LIMIT = 1000  # statements
SHOWN = 12  # lines of one statement


def kernel_diagram(program: KernelProgram, *, title: str | None = None, limit: int = LIMIT) -> Diagram:
    """Draw a kernel program.

    Each node is a statement with its text as in `str(program)`: a loop nest, scalars in registers, or
    a single operation such as a matrix product. Edges say where what it reads is, and its type.

    Parameters
    ----------
    program
        The program.
    title
        The heading; the graph's name by default.
    limit
        The largest number of statements that is drawn.

    Raises
    ------
    RenderError
        If the program has more than `limit` statements.
    """
    check_size("the kernel program", "statements", sum(1 for _ in _statements(program.body)), limit)
    return _Drawing(program).finish(program.graph.name if title is None else title)


def _statements(body: Sequence[Statement]) -> Iterator[Statement]:
    for statement in body:
        yield statement
        match statement:
            case Loop():
                yield from _statements(statement.body)
            case Branch():
                yield from _statements(statement.then)
                yield from _statements(statement.orelse)


class _Drawing:
    """Collects frames, nodes and edges of one program."""

    def __init__(self, program: KernelProgram) -> None:
        self.program = program
        self.printer = KernelPrinter(program)
        for _ in self.printer.lines():  # numbers the values as the whole text does
            pass
        self.makers: dict[Value, str] = {}
        self.edges: list[tuple[str, str, dict[str, str]]] = []
        self.count = 0

    def finish(self, title: str) -> Diagram:
        from graphviz import Digraph

        graph = self.program.graph
        heading = {**style.GRAPH, "label": style.heading(title)}
        root = Digraph(graph_attr=heading, node_attr=style.NODE, edge_attr=style.EDGE)
        for label, value in zip(graph.inputs, graph.block.params, strict=True):
            text = (
                f"{labels.escape(self.printer.where(value))} {labels.font(labels.escape(label), bold=True)}"
            )
            self._draw(root, f"<{text}>", style.outer_terminal(Phase.FORWARD), writes=[value])
        self._body(root, self.program.body)
        for label, value in zip(graph.outputs, graph.block.results, strict=True):
            text = labels.font(labels.escape(label or "result"), bold=True)
            self._draw(root, f"<{text}>", style.outer_terminal(Phase.FORWARD), reads=[value])
        for tail, head, attributes in self.edges:
            root.edge(tail, head, **attributes)
        return Diagram(root.source)

    def _draw(
        self,
        frame: Digraph,
        label: str,
        attributes: dict[str, str],
        reads: Sequence[Value] = (),
        writes: Sequence[Value] = (),
    ) -> str:
        self.count += 1
        name = f"n{self.count}"
        frame.node(name, label, **attributes)
        for value in dict.fromkeys(reads):
            if value in self.makers and not self._is_constant(value):
                text = f" {self.printer.where(value)}: {value.type}"
                self.edges.append((self.makers[value], name, {"label": text}))
        self.makers.update(dict.fromkeys(writes, name))
        return name

    def _is_constant(self, value: Value) -> bool:
        """Edges from constants would say nothing that the text does not."""
        node = self.program.producers.get(value)
        return node is not None and node.op.name == "constant"

    def _body(self, frame: Digraph, body: Sequence[Statement]) -> None:
        for statement in body:
            match statement:
                case Loop():
                    self._loop(frame, statement)
                case Branch():
                    self._branch(frame, statement)
                case _:
                    self._leaf(frame, statement)

    def _leaf(self, frame: Digraph, statement: Scalars | Nest | Band | Single) -> None:
        nodes = _nodes(statement)
        writes = [r for node in nodes for r in node.results]
        plain = all(node.op.name == "constant" for node in nodes)
        attributes = style.CONSTANT_NODE if plain else {**style.operation(_phase(nodes)), "style": "filled"}
        label = _listing(list(self.printer.statement(statement, "")))
        self._draw(frame, label, attributes, self._reads(statement), writes)

    def _reads(self, statement: Scalars | Nest | Band | Single) -> list[Value]:
        """What the statement reads of others: through inlined operations back to where a value is made."""
        pending = [o for node in _nodes(statement) for o in node.operands]
        nests = statement.nests if isinstance(statement, Band) else [statement]
        pending += [root.element for nest in nests if isinstance(nest, Nest) for root in nest.roots]
        found: dict[Value, None] = {}
        seen: set[Value] = set()
        while pending:
            value = pending.pop(0)
            if value in seen:
                continue
            seen.add(value)
            if value in self.makers:
                found[value] = None
            elif value in self.program.producers:
                pending.extend(self.program.producers[value].operands)
        return list(found)

    def _loop(self, frame: Digraph, loop: Loop) -> None:
        region, name = body_of(loop.node), loop.node.op.name
        phase = _phase([loop.node])
        inner = self._frame(phase, name)
        given, index = map(self.printer.where, heads(loop.node)), self.printer.name(region.params[0])
        if name == "while":
            lines = [f"{next(given)} count {index}"]
        else:
            lines = [f"{index} in range({', '.join(given)})"]
        for c in carries(loop.node):
            lines.append(f"carry {self.printer.where(c.param)} = {self.printer.where(c.init)}")
        terminal = style.inner_terminal(phase)
        head = self._draw(inner, _listing(lines), terminal, loop.node.operands, region.params)
        self._body(inner, loop.body)
        closed = f"yield {', '.join(map(self.printer.where, region.results))}"
        tail = self._draw(inner, _listing([closed]), terminal, region.results, loop.node.results)
        self.edges.append((tail, head, {**style.FAINT_EDGE, "label": " next", "constraint": "false"}))
        frame.subgraph(inner)

    def _branch(self, frame: Digraph, branch: Branch) -> None:
        phase = _phase([branch.node])
        inner = self._frame(phase, "if")
        condition = f"<<B>if</B> {labels.escape(self.printer.name(branch.node.operands[0]))}>"
        self._draw(inner, condition, style.head(phase), branch.node.operands)
        for caption, body in (("then", branch.then), ("else", branch.orelse)):
            sub = self._frame(phase, caption)
            self._body(sub, body)
            inner.subgraph(sub)
        results = f"{', '.join(map(self.printer.where, branch.node.results))} after if"
        yielded = [v for region in branch.node.regions for v in region.results]
        self._draw(inner, _listing([results]), style.inner_terminal(phase), yielded, branch.node.results)
        frame.subgraph(inner)

    def _frame(self, phase: Phase, caption: str) -> Digraph:
        from graphviz import Digraph

        self.count += 1
        attributes = {**style.cluster(phase, ground=False), "label": caption}
        return Digraph(name=f"cluster_n{self.count}", graph_attr=attributes)


def _nodes(statement: Scalars | Nest | Band | Single) -> list[Node]:
    match statement:
        case Scalars():
            return list(statement.nodes)
        case Nest():
            return [root.node for root in statement.roots]
        case Band():
            return [root.node for nest in statement.nests for root in nest.roots]
        case Single():
            return [statement.node]


def _phase(nodes: Sequence[Node]) -> Phase:
    primal = any(node.origin is Origin.PRIMAL for node in nodes)
    return Phase.FORWARD if primal else Phase.BACKWARD


def _listing(lines: Sequence[str]) -> str:
    """Lines of text, set left."""
    rest = [f"… {len(lines) - SHOWN} more lines"] if len(lines) > SHOWN else []
    return labels.table([_indented(line) for line in (*lines[:SHOWN], *rest)], align="LEFT")


def _indented(line: str) -> str:
    text = line.lstrip()
    return "&#160;" * (2 * (len(line) - len(text))) + labels.escape(text)
