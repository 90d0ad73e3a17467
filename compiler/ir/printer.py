"""The text of a graph: deterministic, exact, and read back by the parser. `docs/ir.md` has the grammar."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import zip_longest
from typing import Any

from .dims import Symbol
from .graph import Block, Graph, Literal, Loc, Node, Origin, Span, Value, walk
from .literals import approximate, element_texts, float_text, is_whole
from .saved import run_again, saved_values
from .symbols import symbols_in
from .types import DType

MAX_NESTING = 100  # regions within regions, and tuples within tuples, that text may have
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
UNDEFINED = "%?"  # the name of a value that nothing in the graph defines

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


class Names:
    """The printed name of every value of a graph: `names[value]` is `%3`, in order of definition."""

    def __init__(self, graph: Graph) -> None:
        self._names: dict[Value, str] = {}
        self._define(graph.block.params)
        for node in walk(graph.block):
            self._define(node.results)
            for region in node.regions:
                self._define(region.params)

    def _define(self, values: Sequence[Value]) -> None:
        for value in values:
            if value not in self._names:
                self._names[value] = f"%{len(self._names)}"

    def __getitem__(self, value: Value) -> str:
        return self._names.get(value, UNDEFINED)

    def __contains__(self, value: Value) -> bool:
        return value in self._names

    def __iter__(self) -> Iterator[Value]:
        return iter(self._names)

    def list(self, values: Sequence[Value]) -> str:
        """Return the names, separated by commas."""
        return ", ".join([self[v] for v in values])


class Printer:
    """Prints parts of one graph with the names that they have in the whole.

    Parameters
    ----------
    graph
        The graph, which may be invalid: what has no text of its own prints in the general form.
    locations
        Whether to add the comments: source lines, origins, what is saved, approximate constants.
    """

    def __init__(self, graph: Graph, *, locations: bool = True) -> None:
        self.graph = graph
        self.names = Names(graph)
        self._locations = locations
        self._types: dict[Any, str] = {}
        self._files: dict[str, str] = {}

    @cached_property
    def _saved(self) -> frozenset[Value]:
        return saved_values(self.graph)

    @cached_property
    def _again(self) -> frozenset[Node]:
        return run_again(self.graph)

    def lines(self) -> Iterator[tuple[str, Node | None]]:
        """Yield every line with the node that starts on it, None for the others."""
        graph, block = self.graph, self.graph.block
        pairs = zip_longest(block.params, graph.inputs)
        inputs = ", ".join([self._labelled(self._typed(v) if v else "", label) for v, label in pairs])
        name = graph.name if IDENTIFIER.match(graph.name) else quoted(graph.name)
        yield f"graph {name}{self._symbols()}({inputs}) {{", None
        yield from self.block_lines(block, "  ")
        results = zip_longest(block.results, graph.outputs)
        outputs = ", ".join([self._labelled(self.names[v] if v else "", label) for v, label in results])
        yield f"  return {outputs}".rstrip(), None
        yield "}", None

    def _symbols(self) -> str:
        """Print the bounds of all symbols in the graph."""
        found: dict[Symbol, None] = {}
        for v in self.names:
            found.update(dict.fromkeys(symbols_in(v.type)))
        for node in walk(self.graph.block):
            for value in node.attrs.values():
                found.update(dict.fromkeys(symbols_in(value)))
        return f"[{', '.join([f'{s.name} <= {s.bound}' for s in found])}]" if found else ""

    def block_lines(self, block: Block, indent: str = "") -> Iterator[tuple[str, Node | None]]:
        """Yield the lines of a block's nodes, those of their regions included."""
        for node in block.nodes:
            opened = " {" if node.regions else ""
            yield indent + self.head(node) + opened + self._comment(node), node
            for k, region in enumerate(node.regions):
                if k:
                    yield f"{indent}}} else {{", None
                yield from self.block_lines(region, indent + "  ")
                yield f"{indent}  yield {self.names.list(region.results)}".rstrip(), None
            if node.regions:
                yield f"{indent}}}", None

    def head(self, node: Node) -> str:
        """Return a node's line, without its regions and its comment."""
        defined = ", ".join([self._typed(v) for v in node.results])
        return f"{defined} = {self._operation(node)}" if defined else self._operation(node)

    def marked(self, node: Node, culprit: str = "", *, context: int = 3) -> str:
        """Return a node's line below the `context` lines before it, with carets under `culprit`.

        The culprit is a part of the line, such as a value's name; without it the carets are
        under the name of the operation.
        """
        before: deque[str] = deque(maxlen=context)
        for line, owner in self.lines():
            if owner is node:
                return "\n".join([*before, line, self._carets(node, line, culprit)])
            before.append(line)
        line = self.head(node)
        return f"{line}\n{self._carets(node, line, culprit)}"

    def _carets(self, node: Node, line: str, culprit: str) -> str:
        operation = line.index(self._operation(node))
        found = re.search(re.escape(culprit) + r"(?!\w)", line[operation:]) if culprit else None
        if found:
            return " " * (operation + found.start()) + "^" * len(culprit)
        if culprit and culprit in line:
            return " " * line.index(culprit) + "^" * len(culprit)
        return " " * operation + "^" * len(node.op.name)

    def _operation(self, node: Node) -> str:
        match node.op.name, node.operands, node.regions:
            case "for", (lo, hi, step, *inits), (body,) if len(body.params) == 1 + len(inits):
                bounds = self.names.list((lo, hi, step))
                text = f"for {self.names[body.params[0]]} in range({bounds})"
                return text + loop_mark(node) + self._carry(body.params[1:], inits)
            case "while", (enter, *inits), (body,) if len(body.params) == 1 + len(inits):
                text = f"while {self.names[enter]} count {self.names[body.params[0]]}"
                return text + loop_mark(node) + self._carry(body.params[1:], inits)
            case "constant", (), () if _literal(node) and len(node.attrs) == 1:
                return f"constant {_elements(node.attrs['value'])}"
        attrs = {k: node.attrs[k] for k in sorted(node.attrs, key=_place(node))}
        operands = self.names.list(node.operands)
        if self._is_indexed(node):
            operands = self._indexed(node, attrs.pop("at"))
        text = f"{node.op.name} {operands}" if operands else node.op.name
        return f"{text} {{{', '.join([f'{k}={attr_text(v)}' for k, v in attrs.items()])}}}" if attrs else text

    def _carry(self, params: Sequence[Value], inits: Sequence[Value]) -> str:
        pairs = zip(params, inits, strict=True)
        carry = ", ".join([f"{self._typed(v)} = {self.names[init]}" for v, init in pairs])
        return f" carry ({carry})" if carry else ""

    def _is_indexed(self, node: Node) -> bool:
        at = node.attrs.get("at")
        if not isinstance(at, tuple) or not all(e is None or type(e) in (int, Span) for e in at):
            return False
        return len(node.operands) > sum(map(is_dynamic, at))

    def _indexed(self, node: Node, at: tuple[Any, ...]) -> str:
        """Print `base[i, 0:+3], rest`: the operands that `at` asks for stand in the brackets."""
        first = len(node.operands) - sum(map(is_dynamic, at))
        dynamic = iter([self.names[v] for v in node.operands[first:]])
        entries = ", ".join([_entry(e, next(dynamic) if is_dynamic(e) else "") for e in at])
        rest = "".join([f", {self.names[v]}" for v in node.operands[1:first]])
        return f"{self.names[node.operands[0]]}[{entries}]{rest}"

    def _typed(self, value: Value) -> str:
        text = self._types.get(value.type)
        if text is None:
            text = self._types[value.type] = str(value.type)
        return f"{self.names[value]}: {text}"

    def _labelled(self, text: str, label: str | None) -> str:
        return f"{text} {quoted(label or '')}"

    def _comment(self, node: Node) -> str:
        if not self._locations:
            return ""
        literal = _literal(node)
        number = approximate(literal) if literal else ""
        saved = "saved" if not self._saved.isdisjoint(node.results) else ""
        made = Origin.RECOMPUTED if node in self._again and not literal else node.origin
        place = " ".join(filter(None, [self._place(node.loc), made.value, saved]))
        text = ", ".join(filter(None, [number, place]))
        return f"  # {text}" if text else ""

    def _place(self, loc: Loc | None) -> str:
        if loc is None:
            return ""
        if loc.file not in self._files:
            self._files[loc.file] = _short(loc.file)
        return f"{self._files[loc.file]}:{loc.line}"


def print_graph(graph: Graph, *, locations: bool = True) -> str:
    """Print a graph as text that `parse` reads back.

    Parameters
    ----------
    graph
        Any graph; one that `verify` accepts can be parsed back.
    locations
        Whether source lines, origins, what is saved and approximate constants follow as comments.
    """
    return "\n".join([line for line, _ in Printer(graph, locations=locations).lines()]) + "\n"


def quoted(text: str) -> str:
    """Return text in quotes, on one line, printable and exact."""
    escaped = [_ESCAPES.get(c) or (c if c.isprintable() else f"\\u{{{ord(c):x}}}") for c in text]
    return f'"{"".join(escaped)}"'


def is_dynamic(entry: Any) -> bool:
    """Tell whether an entry of an index takes an operand."""
    return entry is None or (isinstance(entry, Span) and entry.start is None)


def attr_text(value: Any) -> str:
    """Print the value of an attribute."""
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case float():
            return float_text(float(value))
        case str():
            return quoted(value)
        case DType():
            return str(value.value)
        case tuple():
            return f"[{', '.join(map(attr_text, value))}]"
        case Span():
            return f"span({', '.join(map(attr_text, (value.start, value.size, value.step)))})"
        case Literal():
            return f"{value.type}({', '.join(element_texts(value)) if is_whole(value) else 'malformed'})"
    return str(value)  # ints, dims and array types


def loop_mark(node: Node) -> str:
    """Print how a loop is checkpointed, or that it saves states: in so many slots, 0 for any number."""
    for mark in ("checkpointed", "saves"):
        if mark in node.attrs:
            return f" {mark} {node.attrs[mark] or ''}".rstrip()
    return ""


def _literal(node: Node) -> Literal | None:
    value = node.attrs.get("value")
    return value if isinstance(value, Literal) and is_whole(value) else None


def _elements(literal: Literal) -> str:
    texts = element_texts(literal)
    return f"[{', '.join(texts)}]" if literal.type.shape else texts[0]


def _entry(entry: Any, operand: str) -> str:
    if not isinstance(entry, Span):
        return operand or str(entry)
    step = "" if entry.step == 1 else f":{entry.step}"
    return f"{operand or entry.start}:+{entry.size}{step}"


def _place(node: Node) -> Any:
    """A sort key: attributes in the order of the record, unknown ones after them."""
    order = {name: k for k, name in enumerate(node.op.attrs)}
    return lambda name: (order.get(name, len(order)), name)


def _short(file: str) -> str:
    """A file relative to the working directory where it is inside, else its last part."""
    inside = os.path.join(os.getcwd(), "")
    path = file.removeprefix(inside) if file.startswith(inside) else os.path.basename(file)
    return quoted(path)[1:-1]
