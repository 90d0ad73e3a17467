"""The text of a kernel program: buffers, then statements; values are numbered in order of appearance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..ir.graph import Literal, Node, Span, Value
from ..ir.loops import body_of, carries, heads
from ..ir.printer import quoted
from ..ir.types import ArrayType, DType
from . import crossings
from .kernels import (
    Access,
    Band,
    Branch,
    Buffer,
    KernelProgram,
    Loop,
    Memory,
    Move,
    Nest,
    Root,
    Scalars,
    Single,
    Split,
    Statement,
)


def print_kernels(program: KernelProgram) -> str:
    """Return the text of a program; the same program gives the same text."""
    return "\n".join(KernelPrinter(program).lines()) + "\n"


class KernelPrinter:
    """Prints a program, or, after that, one of its statements with the names it has in the whole."""

    def __init__(self, program: KernelProgram) -> None:
        self.program = program
        self.names: dict[Value, str] = {}
        self.here: set[Value] = set()  # the values that the nest being printed computes itself

    def name(self, value: Value) -> str:
        return self.names.setdefault(value, f"%{len(self.names)}")

    def where(self, value: Value) -> str:
        """The buffer of an array in memory, the name of any other value."""
        place = self.program.places.get(value)
        return self.name(value) if place is None or value in self.here else str(place)

    def lines(self) -> Iterator[str]:
        graph = self.program.graph
        yield f"kernels {graph.name}({self.parameters()}) {{"
        yield from self.buffers()
        yield from self.block(self.program.body, "  ")
        yield from self.moves(self.program.outputs, "  ")
        yield f"  return {', '.join(map(self.where, graph.block.results))}"
        yield "}"

    def parameters(self) -> str:
        graph = self.program.graph
        labels = zip(graph.block.params, graph.inputs, strict=True)
        return ", ".join(f"{self.where(v)}: {v.type} {quoted(label)}" for v, label in labels)

    def buffers(self) -> Iterator[str]:
        for b in self.program.buffers:
            if b.memory in (Memory.ARENA, Memory.LOCAL, Memory.CONSTANT):
                at = f" at {b.position}" if b.memory is Memory.ARENA else ""
                yield f"  {b}: {b.count} {b.dtype.value}{at}"

    def block(self, body: Sequence[Statement], indent: str) -> Iterator[str]:
        for statement in body:
            yield from self.statement(statement, indent)

    def statement(self, statement: Statement, indent: str) -> Iterator[str]:
        inner = indent + "  "
        match statement:
            case Scalars(nodes):
                for node in nodes:
                    yield from self.single(node, indent)
            case Single(node):
                yield from self.single(node, indent)
            case Nest():
                how = _tiles(statement) + _parallel(statement.split)
                yield f"{indent}nest [{', '.join(map(str, statement.space))}]{how} {{"
                yield from self.nest(statement, inner)
                yield indent + "}"
            case Band(count, step, nests, split=split):
                yield f"{indent}band {step} of {count}{_parallel(split)} {{"
                yield from self.block([replace(nest, split=None) for nest in nests], inner)
                yield indent + "}"
            case Loop():
                yield from self.loop(statement, indent)
            case Branch():
                yield f"{indent}{self.results(statement.node)}if {self.name(statement.node.operands[0])} {{"
                yield from self.block(statement.then, inner)
                yield from self.moves(statement.then_moves, inner)
                yield f"{inner}yield {', '.join(map(self.where, statement.node.regions[0].results))}"
                yield indent + "} else {"
                yield from self.block(statement.orelse, inner)
                yield from self.moves(statement.else_moves, inner)
                yield f"{inner}yield {', '.join(map(self.where, statement.node.regions[1].results))}"
                yield indent + "}"

    def single(self, node: Node, indent: str) -> Iterator[str]:
        """A node below the operands that it takes as views of what is in memory."""
        seen: set[Value] = set()
        for operand in node.operands:
            if _is_array(operand) and operand not in self.program.places:
                for inner in self.inlined(operand, seen, set()):
                    yield indent + self.operation(inner)
        yield indent + self.operation(node)

    def loop(self, loop: Loop, indent: str) -> Iterator[str]:
        region = body_of(loop.node)
        yield from self.moves(loop.entry, indent)
        given = list(map(self.name, heads(loop.node)))
        inits = ", ".join(f"{self.where(c.param)} = {self.where(c.init)}" for c in carries(loop.node))
        index = self.name(region.params[0])
        head = f"for {index} in range({', '.join(given)})"
        if loop.node.op.name == "while":
            head = f"while {given[0]} count {index}"
        yield f"{indent}{self.results(loop.node)}{head} carry ({inits}) {{"
        yield from self.block(loop.body, indent + "  ")
        if loop.exchanges:
            sides = [[str(e.target) for e in loop.exchanges], [str(e.source) for e in loop.exchanges]]
            yield f"{indent}  exchange {' <- '.join(', '.join(side) for side in sides)}"
        yield from self.moves(loop.back, indent + "  ")
        yield f"{indent}  yield {', '.join(map(self.where, region.results))}"
        yield indent + "}"

    def moves(self, moves: Sequence[Move], indent: str) -> Iterator[str]:
        for m in moves:
            source = m.source if isinstance(m.source, Buffer) else self.where(m.source)
            yield f"{indent}copy {m.target} <- {source}"

    def nest(self, nest: Nest, indent: str) -> Iterator[str]:
        seen: set[Value] = set()
        self.here = {r.element for r in nest.roots if r.access is Access.STORE}
        for root in nest.roots:
            for node in self.inlined(root.element, seen, self.here):
                yield indent + self.operation(node)
            yield indent + self.root(root)
        self.here = set()

    def inlined(self, element: Value, seen: set[Value], roots: set[Value]) -> list[Node]:
        """The operations computed for an element, operands first, those already printed left out."""
        order: list[Node] = []
        pending = [element]
        while pending:
            value = pending[-1]
            node = self.program.producers.get(value)
            stored = value in self.program.places and value not in roots
            if value in seen or node is None or stored or not _is_array(value):
                seen.add(pending.pop())
                continue
            missing = [o for o in node.operands if o not in seen]
            if missing:
                pending.extend(reversed(missing))
                continue
            seen.add(pending.pop())
            order.append(node)
        return order

    def root(self, root: Root) -> str:
        element, result = self.where(root.element), root.result
        match root.access:
            case Access.STORE:
                return f"store {self.program.places[result]} <- {self.name(result)}{_domain(root)}"
            case Access.REDUCE:
                axes = list(root.node.attrs["axes"])
                return f"{root.node.op.name} {self.where(result)} <- {element} {{axes={axes}}}{_domain(root)}"
            case Access.PUT:
                base = self.program.places[root.node.operands[0]]
                target = self.program.places[result]
                copied = "" if base == target else f" after copying {base}"
                return f"{root.node.op.name} {target}{self.at(root.node, 2)} <- {element}{copied}"
            case Access.RENEW:
                place = f"{self.program.places[result]}{self.at(root.node, 2)}"
                return f"renew {place} <- {element} else {self.where(root.node.operands[0])}"
            case Access.PUSH:
                return f"push {self.name(root.node.operands[0])} <- {element}"
            case Access.CHECK:
                return f"check_index {self.where(result)} <- {element} {_attributes(root.node)}"

    def at(self, node: Node, first: int) -> str:
        dynamic = iter(node.operands[first:])
        parts = []
        for entry in node.attrs["at"]:
            if isinstance(entry, int):
                parts.append(str(entry))
            elif entry is None:
                parts.append(self.name(next(dynamic)))
            else:
                start = self.name(next(dynamic)) if entry.start is None else str(entry.start)
                parts.append(f"{start}:+{entry.size}" + (f":{entry.step}" if entry.step != 1 else ""))
        return f"[{', '.join(parts)}]"

    def results(self, node: Node) -> str:
        return ", ".join(map(self.where, node.results)) + " = " if node.results else ""

    def operation(self, node: Node) -> str:
        results = self.results(node)
        if node.op.name in ("update", "accumulate"):
            base, target = self.where(node.operands[0]), self.where(node.results[0])
            copied = "" if base == target else f" after copying {base}"
            return f"{node.op.name} {target}{self.at(node, 2)} <- {self.where(node.operands[1])}{copied}"
        if node.op.name == "constant":
            return f"{results}constant {_attribute(node.attrs['value'])}"
        operands = ", ".join(map(self.where, node.operands))
        return " ".join(part for part in (results + node.op.name, operands, _attributes(node)) if part)


def _tiles(nest: Nest) -> str:
    if nest.tiled is None:
        return ""
    sizes = dict.fromkeys(range(len(nest.space)), 1)
    sizes |= {nest.tiled: crossings.ROWS, len(nest.space) - 1: crossings.COLUMNS}
    return f" by [{', '.join(map(str, sizes.values()))}]"


def _parallel(split: Split | None) -> str:
    return f" parallel in {split.chunks} chunks" if split is not None else ""


def _domain(root: Root) -> str:
    if root.domain is None:
        return ""
    spans = (f"{e.start}:+{e.size}" if isinstance(e, Span) else str(e) for e in root.domain)
    return f" in [{', '.join(spans)}]"


def _is_array(value: Value) -> bool:
    return isinstance(value.type, ArrayType) and bool(value.type.shape)


def _attributes(node: Node) -> str:
    shown = {k: v for k, v in node.attrs.items() if k in node.op.attrs}
    return "{" + ", ".join(f"{k}={_attribute(v)}" for k, v in shown.items()) + "}" if shown else ""


def _attribute(value: Any) -> str:
    if isinstance(value, DType):
        return str(value.value)
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_attribute, value)) + "]"
    if isinstance(value, Literal):
        return str(value.array.item()) if value.array.size == 1 else f"<{value.type}>"
    return str(value)
