"""The rules of a well-formed graph, each checked with an error that shows the node."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import numpy as np

from ..errors import VerifyError
from .attribute_parser import INT_LIMIT, RESERVED
from .dims import Affine, Symbol
from .graph import Block, Graph, Literal, Node, Span, Value
from .literals import is_whole
from .operation import Structured, TypeRuleError
from .printer import IDENTIFIER, MAX_NESTING, UNDEFINED, Printer, attr_text
from .symbols import BIND, bound_by, symbols_in
from .types import ArrayType, DType, StackType, Type


def verify(graph: Graph) -> None:
    """Check that a graph is well formed.

    Every value is defined once, before its uses and in a block around them. A node has the
    attributes and the result types of its operation, and its regions fit it. Every stack is used
    at most once on each path, and nowhere if its elements are read where they are. Labels match
    inputs and outputs. Sizes are not negative, and no symbol in them is unbound. Regions nest no
    deeper than text may.

    Raises
    ------
    VerifyError
        If a rule is broken; the message shows the node with carets under the culprit.
    """
    _Verifier(graph).run()


class _Verifier:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.defined: set[Value] = set()
        self.visible: set[Value] = set()
        self.symbols: set[Symbol] = set()  # those bound in the scopes around
        self.bounds: dict[str, Symbol] = {}
        self.used_up: set[Value] = set()  # stacks
        self.peeked: dict[Value, Node] = {}

    def run(self) -> None:
        block = self.graph.block
        for what, values, labels in (
            ("input", block.params, self.graph.inputs),
            ("output", block.results, self.graph.outputs),
        ):
            if len(values) != len(labels):
                self.fail(f"the graph has {len(values)} {what}s and {len(labels)} labels for them")
        self.block(block, None, 0)
        for stack, node in self.peeked.items():
            if stack in self.used_up:
                self.fail_value("is a stack that is read here and used up elsewhere", node, stack)

    def fail(self, message: str, node: Node | None = None, culprit: str = "") -> NoReturn:
        where = f" in graph '{self.graph.name}'"
        if node is None:
            raise VerifyError(message + where)
        raise VerifyError(f"{message}{where}:\n{Printer(self.graph).marked(node, culprit)}", loc=node.loc)

    def fail_value(self, message: str, node: Node | None, value: Value) -> NoReturn:
        """Fail with a message that begins with the name of `value`."""
        name = self.name(value)
        self.fail(f"{'a value' if name == UNDEFINED else name} {message}", node, name)

    def name(self, value: Value) -> str:
        return Printer(self.graph).names[value]

    def block(self, block: Block, owner: Node | None, depth: int) -> set[Value]:
        """Check a block in the scope around it; return the stacks from outside that it consumes."""
        if depth > MAX_NESTING:
            self.fail(f"regions are nested more than {MAX_NESTING} deep", owner)
        consumed: set[Value] = set()
        around = set(self.symbols)
        self.define(block.params, owner)
        for node in block.nodes:
            self.operands(node.operands, node)
            self.attrs(node)
            self.consume(consumed, self.consumed_by(node, depth), node)
            self.types(node)
            self.define(node.results, node)
            self.bind(node)
        self.symbols = around
        self.operands(block.results, owner)
        self.consume(consumed, self.stacks(block.results, owner), owner)
        own = set(block.params).union(*[n.results for n in block.nodes])
        self.visible -= own
        return consumed - own

    def define(self, values: Iterable[Value], node: Node | None) -> None:
        for value in values:
            if value in self.defined:
                self.fail_value("is defined twice", node, value)
            self.sizes(value.type, node, value)
            self.defined.add(value)
            self.visible.add(value)

    def operands(self, values: Iterable[Value], node: Node | None) -> None:
        for value in values:
            if value not in self.visible:
                reason = "is used outside the region that defines it"
                if value not in self.defined:
                    reason = "is used before it is defined"
                self.fail_value(reason, node, value)

    def sizes(self, type: Type, node: Node | None, value: Value) -> None:
        for dim in (type.element if isinstance(type, StackType) else type).shape:
            if isinstance(dim, Affine):
                self.declared(dim, node)
                unbound = None if isinstance(type, StackType) else self.unbound(dim)
                if unbound:
                    self.fail_value(f"has the size {dim}, whose symbol '{unbound}' is not bound", node, value)
            elif isinstance(dim, bool) or not isinstance(dim, int) or not 0 <= dim < INT_LIMIT:
                self.fail_value(f"has the size {dim!r}, which is no size of an axis", node, value)

    # Symbols

    def bind(self, node: Node) -> None:
        if node.op.name != BIND:
            return
        symbol = bound_by(node)
        if symbol in self.symbols:
            self.fail(f"the symbol '{symbol}' is bound twice", node, symbol.name)
        self.symbols.add(symbol)

    def unbound(self, x: Any) -> Symbol | None:
        return next((s for s in symbols_in(x) if s not in self.symbols), None)

    def declared(self, x: Any, node: Node | None) -> None:
        for symbol in symbols_in(x):
            if self.bounds.setdefault(symbol.name, symbol) != symbol:
                self.fail(f"the symbol '{symbol}' has two bounds", node, symbol.name)

    def attrs(self, node: Node) -> None:
        op = node.op
        for name in op.attrs:
            if name not in node.attrs:
                self.fail(f"{op.name} needs the attribute '{name}'", node)
        for name, value in node.attrs.items():
            if name not in (*op.attrs, *op.optional):
                self.fail(f"{op.name} has no attribute '{name}'", node, name)
            if not is_attr(value):
                self.fail(f"the attribute '{name}' is {_described(value)}, which has no text", node, name)
            self.declared(value, node)
            unbound = None if op.name in (BIND, "stack_new") else self.unbound(value)
            if unbound:
                text = f"the attribute '{name}' has the symbol '{unbound}', which is not bound"
                self.fail(text, node, unbound.name)

    def types(self, node: Node) -> None:
        op = node.op
        if node.regions and op.derivative is not Structured.REGION:
            self.fail(f"{op.name} has no regions", node)
        given = {**node.attrs, "regions": node.regions} if node.regions else node.attrs
        try:
            types = op.infer([v.type for v in node.operands], given)
        except TypeRuleError as error:
            self.fail(str(error), node)
        except Exception as error:  # a type rule may trip over attributes of a kind it never sees elsewhere
            self.fail(f"{op.name} does not take this: {error!r}", node)
        if len(types) != len(node.results):
            self.fail(f"{op.name} has {len(types)} results, not {len(node.results)}", node)
        for value, type in zip(node.results, types, strict=True):
            if value.type != type:
                self.fail_value(f"has the type {value.type}, where {op.name} gives {type}", node, value)

    # Stacks

    def consumed_by(self, node: Node, depth: int) -> set[Value]:
        """Check the regions of a node; return the stacks that the node consumes, with its regions."""
        if node.op.name == "peek":
            self.peeked[node.operands[0]] = node
            return set()
        consumed = self.stacks(node.operands, node)
        inside: set[Value] = set()
        for region in node.regions:
            inside |= self.block(region, node, depth + 1)  # one branch of `if` runs: both may consume
        for value in inside if node.op.name != "if" else ():
            self.fail_value("is a stack from outside a loop and used up in it", node, value)
        self.consume(consumed, inside, node)
        return consumed

    def stacks(self, values: Sequence[Value], node: Node | None) -> set[Value]:
        stacks: set[Value] = set()
        for value in values:
            if isinstance(value.type, StackType):
                self.consume(stacks, {value}, node)
        self.used_up |= stacks
        return stacks

    def consume(self, consumed: set[Value], more: set[Value], node: Node | None) -> None:
        for value in more:
            if value in consumed:
                self.fail_value("is a stack and used twice", node, value)
        consumed |= more


def is_attr(value: Any) -> bool:
    """Tell whether an attribute's value is of a kind that has text: exact, and free of NumPy's scalars."""
    match value:
        case None | bool() | DType():
            return True
        case int():
            return type(value) is int and -INT_LIMIT <= value < INT_LIMIT
        case float() | str():
            return type(value) in (float, str)
        case tuple():
            return all(map(is_attr, value))
        case Span(start, size, step):
            return all(map(is_attr, (start, size, step)))
        case Affine():
            return all(IDENTIFIER.match(s.name) and s.name not in RESERVED for s, _ in value.terms)
        case ArrayType():
            return all(map(is_attr, value.shape))
        case Literal():
            return is_attr(value.type) and is_whole(value)
    return False


def _described(value: Any) -> str:
    if isinstance(value, np.generic | np.ndarray | list):
        return f"of type {type(value).__name__}"
    return attr_text(value)[:80]
