"""Loop nests in LLVM IR: what precedes the loops, the loops, and the roots' stores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ir.dims import Dim, capacity, room
from ..ir.graph import Node, Span
from ..ir.types import DType
from . import llvm_sums as sums
from .accesses import nest_index, record
from .affine import Index, linear, row_major
from .kernels import Access, Nest, Root
from .llvm_code import Code
from .llvm_machine import Scalar
from .llvm_renewal import copy_around
from .llvm_scopes import separate
from .llvm_stacks import reserve
from .nest_loops import Group, piece_index, plan_loops

_BLOCK = 4096  # elements of a long sum that are added up before they join the rest
_UNROLLED = (
    1024  # nodes in all iterations of a nest that LLVM may unroll: more costs compile time and gains little
)
_INTERLEAVED = 4  # vectors of partial sums, so that an addition need not wait for the one before it
_LIGHT = 16  # nodes of a nest that has the registers for it
_LONG_SUM = 128
_Indices = tuple[Index, ...]


def emit_nest(code: Code, nest: Nest) -> None:
    """Emit a nest: what precedes the loops, the loops, and the results that are registers."""
    _NestCode(code, nest).emit()


class _NestCode:
    def __init__(self, code: Code, nest: Nest) -> None:
        self.code = code
        self.nest = nest
        self.here = nest_index(nest.space)
        self.pushed: dict[int, str] = {}  # base pointers of pushed elements
        self.computed = frozenset(r.element for r in nest.roots if r.access is Access.STORE)
        self.groups: list[Group] = []
        self.unroll = False
        self.interleave = 0
        self.sums: list[sums.Sum] = []

    def emit(self) -> None:
        code, roots, space = self.code, self.nest.roots, self.nest.space
        for root in roots:
            self.prepare(root)
        self.groups = self.plan() if 0 not in space else []
        self.sums = [sums.begin(code, r, self.groups, space) for r in roots if r.access is Access.REDUCE]
        if 0 not in space:
            self.level(0)
        else:
            for s in self.sums:
                sums.start(code, s)
        for s in self.sums:
            sums.finish(code, s)
        code.machine.groups = {}
        code.scopes = {}

    def prepare(self, root: Root) -> None:
        """Copy an array that is not written in place; make room on a stack."""
        code, places = self.code, self.code.program.places
        if root.access is Access.PUT:
            target, base = places[root.result], places[root.node.operands[0]]
            code.copy(code.base(target), code.base(base), target.bytes)
        elif root.access is Access.RENEW:
            copy_around(code, root.node)
        elif root.access is Access.PUSH:
            stack = code.scalars[root.node.operands[0]]
            self.pushed[id(root)] = reserve(code, stack)
            code.scalars[root.result] = stack

    def plan(self) -> list[Group]:
        """Choose the loops, from all that the nest reads and writes."""
        code, space, roots = self.code, self.nest.space, self.nest.roots
        elements = [r.element for r in roots]
        recorded = record(code.program.producers, code.in_memory, elements, space, self.computed)
        forms = [r.position for r in recorded.reads] + recorded.forms
        forms += [self.position(r, self.here) for r in roots]
        places = code.program.places
        written = {places[r.result] for r in roots if r.result in places}
        written |= {code.program.scratch[r.node] for r in roots if r.node in code.program.scratch}
        separate(code, {places[r.value] for r in recorded.reads}, written)
        weight = len(recorded.applied) + len(roots)
        self.unroll = room(space) * weight <= _UNROLLED
        self.interleave = _INTERLEAVED if weight <= _LIGHT else 0
        return plan_loops(space, recorded, forms, weight)

    def position(self, root: Root, here: _Indices) -> Index:
        """Where a root's element goes in its target."""
        if root.access in (Access.PUT, Access.RENEW):
            return put_position(self.code, root.node, here)
        if root.access is Access.REDUCE:
            return sums.result_position(root, here)
        return linear(here, row_major(self.nest.space))

    def level(self, depth: int) -> None:
        """The loops from `depth` inward, with the accumulators that begin there."""
        code = self.code
        mine = [s for s in self.sums if s.depth == depth]
        for s in mine:
            sums.start(code, s)
        if depth == len(self.groups):
            self.body()
        else:
            for first, count in self.groups[depth].pieces():
                self.piece(depth, first, count)
        for s in mine:
            sums.end(code, s, self.here)

    def piece(self, depth: int, first: int, count: Dim) -> None:
        """One piece of the loop at `depth`."""
        group = self.groups[depth]
        if len(group.starts) > 1:
            (axis,) = group.axes
            assert isinstance(count, int)
            self.here = (*self.here[:axis], piece_index(axis, first, count), *self.here[axis + 1 :])
        spanning = [s for s in self.sums if s.depth <= depth]
        innermost = depth == len(self.groups) - 1
        if innermost and capacity(count) >= 2 * _BLOCK and any(s.rounds for s in spanning):
            self.blocks(count, spanning)
        else:
            summed = innermost and bool(spanning) and capacity(count) >= _LONG_SUM
            with self.code.loop(count, self.unroll, self.interleave if summed else 0) as i:
                self.step(depth, i)

    def step(self, depth: int, counter: str) -> None:
        """One iteration of the loop at `depth`."""
        group, machine = self.groups[depth], self.code.machine
        stride: Any = 1
        for axis in reversed(group.axes):
            for variable, _ in self.here[axis].terms:
                machine.groups[variable] = counter, stride
            stride *= self.nest.space[axis]
        self.level(depth + 1)

    def blocks(self, count: Dim, spanning: Sequence[sums.Sum]) -> None:
        """The innermost loop in blocks, each summed on its own, so that long sums keep their digits."""
        code, f = self.code, self.code.function
        total = code.extent(count)
        rounds: int | str
        if isinstance(count, int):
            rounds = -(-count // _BLOCK)
        else:
            rounds = f.value(f"udiv i64 {f.value(f'add i64 {total}, {_BLOCK - 1}')}, {_BLOCK}")
        with code.loop(rounds) as block:
            first = f.value(f"mul nuw nsw i64 {block}, {_BLOCK}")
            left = f.value(f"sub nuw nsw i64 {total}, {first}")
            size = f.value(f"call i64 @llvm.umin.i64(i64 {left}, i64 {_BLOCK})")
            code.module.declare("llvm.umin.i64", "declare i64 @llvm.umin.i64(i64, i64)")
            totals = [code.read(s.slot, s.dtype) for s in spanning]
            for s in spanning:
                sums.start(code, s)
            with code.loop(size, self.unroll, self.interleave) as i:
                self.step(len(self.groups) - 1, f.value(f"add nuw nsw i64 {first}, {i}"))
            for s, so_far in zip(spanning, totals, strict=True):
                sums.add(code, s, so_far)

    def body(self) -> None:
        """Compute every root's element, then store them: one may take the place of what another reads."""
        code, roots = self.code, self.nest.roots
        walk = code.walk(self.computed, self.here)
        elements = [walk.element(r.element, self.here) for r in roots]
        by_root = {id(s.root): s for s in self.sums}
        for root, x in zip(roots, elements, strict=True):
            if root.access is Access.REDUCE:
                sums.add(code, by_root[id(root)], x)
            else:
                self.store(root, x)

    def store(self, root: Root, x: Any) -> None:
        code, place = self.code, self.position(root, self.here)
        match root.access:
            case Access.PUSH:
                code.store_at(self.pushed[id(root)], place, x)
            case Access.CHECK:
                code.store_to(code.program.places[root.result], place, checked_index(code, root.node, x))
            case _:
                target = code.program.places[root.result]
                if root.node.op.name == "accumulate":
                    x = code.machine.add(code.load_from(target, place), x)
                code.store_to(target, place, x)


def put_position(code: Code, node: Node, here: _Indices) -> Index:
    """Where the element at `here` of the part goes in the array that an update writes."""
    free, dynamic = iter(here), iter(node.operands[2:])
    place = []
    for entry in node.attrs["at"]:
        if isinstance(entry, Span):
            start = (
                Index((), entry.start)
                if entry.start is not None
                else code.machine.form(code.scalar(next(dynamic)))
            )
            place.append(start.plus(next(free), entry.step))
        else:
            place.append(
                Index((), entry) if entry is not None else code.machine.form(code.scalar(next(dynamic)))
            )
    return linear(tuple(place), row_major(node.result.shape))


def checked_index(code: Code, node: Node, x: Any) -> Any:
    """Wrap a negative index; end the run where it does not exist."""
    machine, size = code.machine, Scalar(DType.I64, code.extent(node.attrs["size"]))
    x = machine.force(x)
    negative = machine.compare("<", x, code.literal(DType.I64, 0))
    wrapped = machine.select(negative, machine.add(x, size), x)
    outside = code.function.value(f"icmp uge i64 {machine.text(wrapped)}, {size.text}")
    code.unless(outside, code.program.site_of[node], machine.text(x))
    return wrapped
