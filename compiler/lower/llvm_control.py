"""Statements in LLVM IR: scalars in registers, loops with their carries, branches."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.graph import Node, Value
from ..ir.loops import body_of, carries, heads
from ..ir.operation import Elementwise
from ..ir.symbols import BIND, bound_by
from ..ir.types import ArrayType, DType, StackType
from .affine import Index
from .kernels import Band, Branch, Buffer, Loop, Move, Nest, Scalars, Single, Statement
from .llvm_bands import emit_band
from .llvm_code import Code
from .llvm_frame import Part
from .llvm_machine import Scalar
from .llvm_nests import emit_nest
from .llvm_parallel import emit_parallel
from .llvm_scopes import separate
from .llvm_singles import emit_single
from .llvm_stack_memory import Stack
from .llvm_stack_moves import either, exchange
from .llvm_stacks import Use, strip_before, strip_in, use_in
from .outside import INTERRUPTED
from .pieces import lines_of, pieces
from .schedule import walk

_TURNS_WITHOUT_SIGNALS = 1 << 16


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
        part = self.code.part
        if part is not None and lines_of(body) > part.frame.limit:
            self.in_parts(part, body)
            return
        for statement in body:
            self.statement(statement)

    def statement(self, statement: Statement) -> None:
        match statement:
            case Scalars(nodes):
                for node in nodes:
                    self.scalar(node)
            case Nest(split=None):
                emit_nest(self.code, statement)
            case Nest():
                emit_parallel(self.code, statement)
            case Band():
                emit_band(self.code, statement)
            case Single(node):
                emit_single(self.code, node)
            case Loop():
                self.loop(statement)
            case Branch():
                self.branch(statement)

    def in_parts(self, outer: Part, body: Sequence[Statement]) -> None:
        """Emit statements in functions of their own, one after the other."""
        part: Part | None = None
        moved: dict[Buffer, None] = {}
        for piece, straight in pieces(body, outer.frame.most_optimised):
            if part is not None and part.is_straight is not straight:
                self.end(part, outer, moved)
                part = None
            if part is None:
                part = outer.inner(straight=straight)
                self.code = part.code
            if isinstance(piece, Node):
                part.bring(piece.operands)
                self.scalar(piece)
            else:
                if isinstance(piece, Single):
                    part.bring(piece.node.operands)
                self.statement(piece)
                moved.update(dict.fromkeys(exchanged(piece)))
            if part.is_full:
                self.end(part, outer, moved)
                part = None
        if part is not None:
            self.end(part, outer, moved)

    def end(self, part: Part, outer: Part, moved: dict[Buffer, None]) -> None:
        """Go on in the function around a part, which has let buffers change places."""
        part.close()
        self.code = outer.code
        self.code.find(moved)
        moved.clear()

    def scalar(self, node: Node) -> None:
        code = self.code
        if isinstance(node.op.lowering, Elementwise):
            found = code.apply(node, [code.scalars[o] for o in node.operands])
        else:
            found = code.walk().per_element(node, ())
        code.scalars[node.result] = code.machine.force(found) if _varies(found) else found
        if node.op.name == BIND:
            code.bind(bound_by(node), node.result)

    def loop(self, loop: Loop) -> None:
        code, node = self.code, loop.node
        emit_moves(code, loop.entry)
        moving = exchanged(loop)
        slots = [self.enter(c.param, c.init) for c in carries(node)]
        separate(code, *_elements(code, loop))
        if node.op.name == "while":
            self.while_turns(loop, slots, moving)
        else:
            self.range_turns(loop, slots, moving)
        code.find(moving)
        code.scopes = {}
        for slot, c in zip(slots, carries(node), strict=True):
            self.leave(slot, c.param, c.result)

    def range_turns(self, loop: Loop, slots: Sequence[str], moving: Sequence[Buffer]) -> None:
        code, node = self.code, loop.node
        low, _, step = (code.register(v) for v in heads(node))
        trips = self.trips(node)
        strips = self.strips(node, trips)
        with code.loop(trips) as k:
            code.find(moving)
            for param, (stack, use, first) in strips.items():
                code.scalars[param] = strip_in(code, stack, use, first, k, trips)
            stepped = code.function.value(f"mul i64 {k}, {step}") if step != "1" else k
            self.turn(loop, slots, code.function.value(f"add i64 {low}, {stepped}"))
        for param, (stack, _, _) in strips.items():
            code.scalars[param] = stack

    def strips(self, node: Node, trips: str) -> dict[Value, tuple[Stack, Use, str]]:
        """Make room on the stacks that every iteration pushes on or pops from, by their parameters."""
        found = {}
        for c in carries(node):
            use = use_in(body_of(node), c.param, c.yielded) if isinstance(c.param.type, StackType) else None
            stack = self.code.scalars[c.init] if use is not None else None
            if use is not None and isinstance(stack, Stack):
                found[c.param] = stack, use, strip_before(self.code, stack, use, trips)
        return found

    def while_turns(self, loop: Loop, slots: Sequence[str], moving: Sequence[Buffer]) -> None:
        code, node, body = self.code, loop.node, body_of(loop.node)
        count = code.accumulator(DType.I64)
        code.write(count, code.literal(DType.I64, 0))
        with code.repeat(code.register(node.operands[0])) as k:
            code.find(moving)
            self.turn(loop, slots, k.counter)
            code.function.line(f"store i64 {k.next}, ptr {count}")
            self.let_signals_in(node, k.counter)
            k.again = code.register(body.results[0])
        code.scalars[node.results[0]] = code.read(count, DType.I64)

    def let_signals_in(self, node: Node, turn: str) -> None:
        """End the run, now and then, where a signal such as Ctrl-C asks for it: the loop may have no end."""
        code, f = self.code, self.code.function
        ask, go_on = f.name("ask"), f.name("go")
        low = f.value(f"and i64 {turn}, {_TURNS_WITHOUT_SIGNALS - 1}")
        f.branch(f.value(f"icmp eq i64 {low}, {_TURNS_WITHOUT_SIGNALS - 1}"), ask, go_on)
        f.label(ask)
        code.module.declare(INTERRUPTED, f"declare i1 @{INTERRUPTED}(ptr) cold nounwind")
        stop = f.value(f"call i1 @{INTERRUPTED}(ptr {code.parameter('%record')})")
        code.unless(stop, code.program.site_of[node])
        f.jump(go_on)
        f.label(go_on)

    def turn(self, loop: Loop, slots: Sequence[str], index: str) -> None:
        """Run the body once and carry on what it yields; all of that is read before any is overwritten."""
        code, carried = self.code, carries(loop.node)
        code.scalars[body_of(loop.node).params[0]] = Scalar(DType.I64, index)
        for slot, c in zip(slots, carried, strict=True):
            if slot:
                code.scalars[c.param] = code.read(slot, c.param.dtype)
        with code.own_sizes():
            self.emit(loop.body)
        if loop.exchanges:
            code.exchange(loop.exchanges)
            code.find(e.target for e in loop.exchanges)
        emit_moves(code, loop.back)
        for slot, c in zip(slots, carried, strict=True):
            if slot:
                code.write(slot, code.scalar(c.yielded))
            elif not isinstance(c.param.type, ArrayType):
                exchange(code, code.scalar(c.param), code.scalar(c.yielded))

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
        low, high, step = (code.register(v) for v in heads(node))
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
        test = code.register(node.operands[0])
        f.branch(test, then, orelse)
        moving = exchanged(branch)
        blocks: list[str] = []
        arms = ((then, branch.then, branch.then_moves), (orelse, branch.orelse, branch.else_moves))
        for (label, body, moves), region in zip(arms, node.regions, strict=True):
            f.label(label)
            code.find(moving)
            with code.own_sizes():
                self.emit(body)
            emit_moves(code, moves)
            for slot, value in zip(slots, region.results, strict=True):
                if slot:
                    code.write(slot, code.scalar(value))
            blocks.append(f.block)
            f.jump(after)
        f.label(after)
        for result, first, second in zip(node.results, *(r.results for r in node.regions), strict=True):
            if not isinstance(result.type, ArrayType):
                code.scalars[result] = either(code, blocks, code.scalar(first), code.scalar(second))
        code.find(moving)
        for slot, result in zip(slots, node.results, strict=True):
            if slot:
                code.scalars[result] = code.read(slot, result.dtype)


def _elements(code: Code, loop: Loop) -> tuple[set[Buffer], set[Buffer]]:
    """The buffers that a loop reads and writes, if it does nothing but that to single elements.

    Of those all live as long as the loop, so none has the memory of another.
    """
    read: set[Buffer] = set()
    written: set[Buffer] = set()
    places = code.program.places
    carried = {places[c.param] for c in carries(loop.node) if c.param in places}
    for statement in loop.body:
        match statement:
            case Scalars(nodes):
                arrays = [v for node in nodes for v in node.operands if v.shape]
            case Single(node) if all(places[v] in carried for v in node.results if v in places):
                arrays = [v for v in node.operands if isinstance(v.type, ArrayType) and v.shape]
                written.update(places[v] for v in node.results if v in places)
            case _:
                return set(), set()
        if any(v not in places for v in arrays):
            return set(), set()
        read.update(places[v] for v in arrays)
    return read, written


def exchanged(statement: Statement) -> list[Buffer]:
    """The buffers that change places somewhere in a statement."""
    loops = (s for s in walk([statement]) if isinstance(s, Loop))
    return list(dict.fromkeys(e.target for loop in loops for e in loop.exchanges))


def _varies(found: object) -> bool:
    return isinstance(found, Index) and bool(found.terms)
