"""Statements in LLVM IR: scalars in registers, loops with their carries, branches."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.graph import Node, Value
from ..ir.operation import Elementwise
from ..ir.types import ArrayType, DType
from .affine import Index
from .kernels import Branch, Buffer, Loop, Move, Nest, Scalars, Single, Statement
from .llvm_code import Code
from .llvm_machine import Scalar
from .llvm_nests import emit_nest
from .llvm_singles import emit_single


def emit_statements(code: Code, body: Sequence[Statement]) -> None:
    """Emit statements in order."""
    _Statements(code).emit(body)


def emit_moves(code: Code, moves: Sequence[Move]) -> None:
    """Copy arrays, in order."""
    for move in moves:
        source = move.source if isinstance(move.source, Buffer) else code.program.places[move.source]
        code.copy(code.base(move.target), code.base(source), move.target.bytes)


class _Statements:
    """Emits statements in order; recursion is over the nesting of regions."""

    def __init__(self, code: Code) -> None:
        self.code = code

    def emit(self, body: Sequence[Statement]) -> None:
        for statement in body:
            match statement:
                case Scalars(nodes):
                    self.scalars(nodes)
                case Nest():
                    emit_nest(self.code, statement)
                case Single(node):
                    emit_single(self.code, node)
                case Loop():
                    self.loop(statement)
                case Branch():
                    self.branch(statement)

    def scalars(self, nodes: Sequence[Node]) -> None:
        code = self.code
        walk = code.walk()
        for node in nodes:
            if isinstance(node.op.lowering, Elementwise):
                found = code.apply(node, [code.scalar(o) for o in node.operands])
            else:
                found = walk.per_element(node, ())
            code.scalars[node.result] = code.machine.force(found) if _varies(found) else found

    def loop(self, loop: Loop) -> None:
        code, node = self.code, loop.node
        (region,) = node.regions
        emit_moves(code, loop.entry)
        slots = [self.enter(p, i) for p, i in zip(region.params[1:], node.operands[3:], strict=True)]
        low, _, step = (code.register(v) for v in node.operands[:3])
        with code.loop(self.trips(node)) as k:
            stepped = code.function.value(f"mul i64 {k}, {step}") if step != "1" else k
            code.scalars[region.params[0]] = Scalar(
                DType.I64, code.function.value(f"add i64 {low}, {stepped}")
            )
            for slot, param in zip(slots, region.params[1:], strict=True):
                if slot:
                    code.scalars[param] = code.read(slot, param.dtype)
            self.emit(loop.body)
            emit_moves(code, loop.back)
            for slot, value in zip(slots, region.results, strict=True):
                if slot:
                    code.write(slot, code.scalar(value))
        for slot, param, result in zip(slots, region.params[1:], node.results, strict=True):
            self.leave(slot, param, result)

    def enter(self, param: Value, init: Value) -> str:
        """Give a carried scalar a place; a carried stack is the same stack in every iteration."""
        code = self.code
        if not isinstance(param.type, ArrayType):
            code.scalars[param] = code.scalar(init)
            return ""
        if param.type.shape:
            return ""
        slot = code.accumulator(param.dtype)
        code.write(slot, code.scalar(init))
        return slot

    def leave(self, slot: str, param: Value, result: Value) -> None:
        if slot:
            self.code.scalars[result] = self.code.read(slot, result.dtype)
        elif not isinstance(param.type, ArrayType):
            self.code.scalars[result] = self.code.scalar(param)

    def trips(self, node: Node) -> str:
        """The number of iterations of a range, without overflow."""
        code, f = self.code, self.code.function
        low, high, step = (code.register(v) for v in node.operands[:3])
        up = f.value(f"icmp sgt i64 {step}, 0")
        some = f.value(f"select i1 {up}, i1 {f.value(f'icmp slt i64 {low}, {high}')}, i1 "
                       f"{f.value(f'icmp sgt i64 {low}, {high}')}")  # fmt: skip
        first = f.value(f"select i1 {up}, i64 {low}, i64 {high}")
        last = f.value(f"select i1 {up}, i64 {high}, i64 {low}")
        stride = f.value(f"select i1 {up}, i64 {step}, i64 {f.value(f'sub i64 0, {step}')}")
        span = f.value(f"sub i64 {f.value(f'sub i64 {last}, {first}')}, 1")
        count = f.value(f"add i64 {f.value(f'udiv i64 {span}, {stride}')}, 1")
        return f.value(f"select i1 {some}, i64 {count}, i64 0")

    def branch(self, branch: Branch) -> None:
        code, f, node = self.code, self.code.function, branch.node
        then, orelse, after = (f.name(p) for p in ("then", "else", "after"))
        slots = [
            code.accumulator(r.dtype) if isinstance(r.type, ArrayType) and not r.type.shape else ""
            for r in node.results
        ]
        f.branch(code.register(node.operands[0]), then, orelse)
        arms = ((then, branch.then, branch.then_moves), (orelse, branch.orelse, branch.else_moves))
        for (label, body, moves), region in zip(arms, node.regions, strict=True):
            f.label(label)
            self.emit(body)
            emit_moves(code, moves)
            for slot, value, result in zip(slots, region.results, node.results, strict=True):
                if slot:
                    code.write(slot, code.scalar(value))
                elif not isinstance(result.type, ArrayType):
                    code.scalars[result] = code.scalar(value)
            f.jump(after)
        f.label(after)
        for slot, result in zip(slots, node.results, strict=True):
            if slot:
                code.scalars[result] = code.read(slot, result.dtype)


def _varies(found: object) -> bool:
    return isinstance(found, Index) and bool(found.terms)
