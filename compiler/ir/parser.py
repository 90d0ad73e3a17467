"""Text to graph: the exact inverse of the printer. Any text gives a graph or a ParseError."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from .attribute_parser import (
    read_attr,
    read_constant,
    read_int,
    read_list,
    read_size,
    read_symbols,
)
from .builder import Builder
from .graph import Block, Graph, IndexEntry, Span, Value
from .operation import Op, OpTable, TypeRuleError
from .tokens import Tokens
from .types import INDEX, ArrayType
from .value_reader import Declared, Name, ValueReader


def parse(text: str, ops: OpTable) -> Graph:
    """Read the text of a graph.

    Parameters
    ----------
    text
        What `print_graph` prints; comments (`# ...`) are skipped.
    ops
        The operations that nodes may use.

    Raises
    ------
    ParseError
        If the text is no graph, names a value that is not defined, or gives a node other types
        than its operation's.
    """
    return _Parser(Tokens(text), ops).graph()


class _Parser:
    def __init__(self, tokens: Tokens, ops: OpTable) -> None:
        self.tokens = tokens
        self.ops = ops
        self.values = ValueReader(tokens)

    def graph(self) -> Graph:
        tokens = self.tokens
        tokens.skip_newlines()
        tokens.expect("graph")
        quoted = tokens.kind == "string"
        name = tokens.string("a name") if quoted else tokens.expect_kind("name", "the graph's name")
        read_symbols(tokens)
        with self.values.scope():
            tokens.expect("(")
            inputs = read_list(tokens, lambda t: self.values.labelled(self.values.parameter()), ")")
            builder = Builder(self.ops)
            self._body(builder, "return")
            outputs = self.values.outputs()
        self._close()
        tokens.skip_newlines()
        if tokens.kind != "end":
            tokens.unexpected("the end")
        block = builder.block([v for v, _ in inputs], [v for v, _ in outputs])
        return Graph(name, block, tuple(label for _, label in inputs), tuple(label for _, label in outputs))

    def _body(self, builder: Builder, ending: str) -> None:
        """Read `{`, the nodes, and the keyword that ends them."""
        tokens = self.tokens
        tokens.expect("{")
        tokens.end_of_line()
        while not tokens.take(ending):
            if tokens.kind not in ("value", "name"):
                tokens.unexpected(f"an operation or '{ending}'")
            self._node(builder)
            tokens.end_of_line()

    def _close(self) -> None:
        self.tokens.end_of_line()
        self.tokens.expect("}")

    def _region(self, builder: Builder, params: Sequence[Value] = ()) -> Block:
        """Read a region, with its `yield`, up to and with its last brace; its scope is open."""
        nested = builder.nested()
        self._body(nested, "yield")
        results = self.values.operands()
        self._close()
        return nested.block(params, results)

    # Nodes

    def _node(self, builder: Builder) -> None:
        declared = self._declared()
        tokens = self.tokens
        at = tokens.at
        op = self._operation()
        regions: list[Block] = []
        attrs: dict[str, Any] = {}
        match op.name:
            case "for":
                operands = self._for(builder, regions, attrs)
            case "while":
                operands = self._while(builder, regions, attrs)
            case "if":
                operands = self._if(builder, regions)
            case "checkpoint":
                operands = []
                self._attrs(op, attrs)
                with self.values.scope():
                    regions.append(self._region(builder))
            case "constant":
                operands = []
                attrs["value"] = self._constant(declared, at)
            case _ if "at" in op.attrs:
                operands = self._indexed(attrs)
                self._attrs(op, attrs)
            case _:
                operands = self.values.operands()
                self._attrs(op, attrs)
        for name in op.attrs:
            if name not in attrs:
                tokens.fail(f"{op.name} needs the attribute '{name}'", at)
        self._emit(builder, op, operands, attrs, regions, declared, at)

    def _declared(self) -> Declared:
        declared = self.values.separated(self.values.declaration)
        if declared:
            self.tokens.expect("=")
        return declared

    def _operation(self) -> Op:
        at = self.tokens.at
        name = self.tokens.expect_kind("name", "an operation")
        if name not in self.ops:
            self._unknown(f"there is no operation '{name}'", name, self.ops, at)
        return self.ops[name]

    def _unknown(self, message: str, name: str, known: OpTable | Sequence[str], at: int) -> NoReturn:
        close = get_close_matches(name[:40], list(known), 1)
        self.tokens.fail(message + (f"; did you mean '{close[0]}'?" if close else ""), at)

    def _attrs(self, op: Op, attrs: dict[str, Any]) -> None:
        if not self.tokens.take("{"):
            return

        def read(tokens: Tokens) -> None:
            at = tokens.at
            name = tokens.expect_kind("name", "the name of an attribute")
            if name not in op.attrs:
                self._unknown(f"{op.name} has no attribute '{name}'", name, op.attrs, at)
            if name in attrs:
                tokens.fail(f"the attribute '{name}' is given twice", at)
            tokens.expect("=")
            attrs[name] = read_attr(tokens)

        read_list(self.tokens, read, "}")

    def _constant(self, declared: Declared, at: int) -> Any:
        if len(declared) != 1 or not isinstance(type := declared[0][1], ArrayType):
            self.tokens.fail("a constant has one result, an array", at)
        return read_constant(self.tokens, type)

    def _indexed(self, attrs: dict[str, Any]) -> list[Value]:
        """Read `%a[%i, 0:+3], %v` into operands, those in the brackets last, and the entries."""
        operands = [self.values.operand()]
        self.tokens.expect("[")
        dynamic: list[Value] = []
        attrs["at"] = read_list(self.tokens, lambda t: self._entry(dynamic), "]")
        while self.tokens.take(","):
            operands.append(self.values.operand())
        return operands + dynamic

    def _entry(self, dynamic: list[Value]) -> IndexEntry:
        tokens = self.tokens
        start = None
        if tokens.kind == "value":
            dynamic.append(self.values.operand())
        else:
            start = read_int(tokens)
        if not tokens.take(":"):
            return start
        tokens.expect("+")
        size = read_size(tokens)
        return Span(start, size, read_int(tokens) if tokens.take(":") else 1)

    def _for(self, builder: Builder, regions: list[Block], attrs: dict[str, Any]) -> list[Value]:
        """Read `%i in range(%lo, %hi, %step) carry (%x: f64[] = %init) { ... }`."""
        tokens = self.tokens
        index = self.values.name()
        for text in ("in", "range", "("):
            tokens.expect(text)
        bounds = read_list(tokens, lambda t: self.values.operand(), ")")
        self._mark(attrs)
        return [*bounds, *self._carried_body(builder, index, regions)]

    def _while(self, builder: Builder, regions: list[Block], attrs: dict[str, Any]) -> list[Value]:
        """Read `%enter count %k carry (%x: f64[] = %init) { ... }`."""
        enter = self.values.operand()
        self.tokens.expect("count")
        number = self.values.name()
        self._mark(attrs)
        return [enter, *self._carried_body(builder, number, regions)]

    def _mark(self, attrs: dict[str, Any]) -> None:
        """Read `checkpointed 20` or `saves 20`, or the word alone."""
        for mark in ("checkpointed", "saves"):
            if self.tokens.take(mark):
                attrs[mark] = read_int(self.tokens) if self.tokens.kind == "number" else 0
                return

    def _carried_body(self, builder: Builder, index: Name, regions: list[Block]) -> list[Value]:
        """Read what a loop carries, and its body; return the initial values."""
        tokens = self.tokens
        carried: Declared = []
        inits: list[Value] = []

        def read(tokens: Tokens) -> None:
            carried.append(self.values.declaration())
            tokens.expect("=")
            inits.append(self.values.operand())

        if tokens.take("carry"):
            tokens.expect("(")
            read_list(tokens, read, ")")
        with self.values.scope():
            params = [self.values.define(index, Value(INDEX))]
            params += [self.values.define(name, Value(type)) for name, type in carried]
            regions.append(self._region(builder, params))
        return inits

    def _if(self, builder: Builder, regions: list[Block]) -> list[Value]:
        """Read `%condition { ... } else { ... }`."""
        condition = self.values.operand()
        with self.values.scope():
            regions.append(self._region(builder))
        self.tokens.expect("else")
        with self.values.scope():
            regions.append(self._region(builder))
        return [condition]

    def _emit(
        self,
        builder: Builder,
        op: Op,
        operands: list[Value],
        attrs: dict[str, Any],
        regions: list[Block],
        declared: Declared,
        at: int,
    ) -> None:
        try:
            results = builder.emit(op, *operands, regions=regions, **attrs)
        except TypeRuleError as error:
            self.tokens.fail(str(error), at)
        except Exception as error:  # a type rule may trip over attributes of a kind it never sees elsewhere
            self.tokens.fail(f"{op.name} does not take this: {error!r}", at)
        if len(results) != len(declared):
            self.tokens.fail(f"{op.name} has {len(results)} results, not {len(declared)}", at)
        for (name, type), value in zip(declared, results, strict=True):
            if value.type != type:
                self.tokens.fail(f"the type of {name[0]} is {value.type}, not {type}", name[1])
            self.values.define(name, value)
