"""Loop nests in LLVM IR: which dimensions one loop walks, accumulators, and the roots' stores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..ir.dims import static
from ..ir.graph import Node, Span
from ..ir.operation import Reduction
from ..ir.types import DType
from .accesses import nest_index, record
from .affine import Index, Variable, linear, row_major
from .elements import Walk
from .kernels import Access, Buffer, Memory, Nest, Root
from .lifetimes import row_axes
from .llvm_code import Code, counter
from .llvm_stacks import reserve

_BLOCK = 4096  # elements of a long sum that are added up before they join the rest
_Indices = tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbouring dimensions that one loop walks."""

    axes: tuple[int, ...]
    count: int


@dataclass(slots=True)
class _Sum:
    """A reduction at work: its accumulator, outside the innermost loops that it reduces."""

    root: Root
    reduction: Reduction
    dtype: DType  # of the accumulator
    slot: str
    depth: int  # the loops around the accumulator
    in_memory: bool  # rows are combined in the buffer `target`
    target: Buffer | None


def emit_nest(code: Code, nest: Nest) -> None:
    """Emit a nest: what precedes the loops, the loops, and the results that are registers."""
    _NestCode(code, nest).emit()


class _NestCode:
    def __init__(self, code: Code, nest: Nest) -> None:
        self.code = code
        self.nest = nest
        self.here = nest_index(nest.space)
        self.stores: dict[int, str] = {}  # base pointers of pushed elements
        self.computed = frozenset(r.element for r in nest.roots if r.access is Access.STORE)

    def emit(self) -> None:
        code, nest = self.code, self.nest
        for root in nest.roots:
            self.prepare(root)
        groups = self.groups()
        sums = [self.begin(r, groups) for r in nest.roots if r.access is Access.REDUCE]
        if math.prod(nest.space):
            self.level(groups, 0, sums)
        else:
            for s in sums:
                self.empty(s)
        for s in sums:
            self.finish(s)
        code.machine.groups = {}
        code.scopes = {}

    def prepare(self, root: Root) -> None:
        code, places = self.code, self.code.program.places
        if root.access is Access.PUT:
            target, base = places[root.result], places[root.node.operands[0]]
            code.copy(code.base(target), code.base(base), target.bytes)
        elif root.access is Access.PUSH:
            stack = code.scalars[root.node.operands[0]]
            self.stores[id(root)] = reserve(code, stack)
            code.scalars[root.result] = stack

    # Which loops.

    def groups(self) -> list[_Group]:
        """Join neighbouring dimensions whose strides agree in every access."""
        code, space = self.code, self.nest.space
        producers = code.program.producers
        elements = [r.element for r in self.nest.roots]
        recorded = record(producers, code.in_memory, elements, space, self.computed)
        forms = [r.position for r in recorded.reads] + recorded.forms
        forms += [self.position(r, self.here) for r in self.nest.roots]
        self.separate({code.program.places[r.value] for r in recorded.reads})
        strides = [dict(f.terms) for f in forms]
        found: list[_Group] = []
        for k, size in enumerate(space):
            if size == 1:
                continue
            last = found[-1].axes[-1] if found else -1
            if found and all(_agree(s, self.variable(last), self.variable(k), size) for s in strides):
                found[-1] = _Group((*found[-1].axes, k), found[-1].count * size)
            else:
                found.append(_Group((k,), size))
        return found

    def variable(self, axis: int) -> Variable:
        return Variable(f"i{axis}", self.nest.space[axis])

    def separate(self, read: set[Buffer]) -> None:
        """Tell LLVM that the buffers of the arena which this nest uses are apart."""
        code = self.code
        program, roots = code.program, self.nest.roots
        written = {program.places[r.result] for r in roots if r.result in program.places}
        written |= {program.scratch[r.node] for r in roots if r.node in program.scratch}
        buffers = sorted((b for b in read | written if b.memory is Memory.ARENA), key=lambda b: b.number)
        if not written or len(buffers) < 2:
            return
        module = code.module
        domain = module.distinct()
        scopes = [module.distinct([domain]) for _ in buffers]
        for k, buffer in enumerate(buffers):
            own = module.metadata("!{" + scopes[k] + "}")
            others = module.metadata("!{" + ", ".join(scopes[:k] + scopes[k + 1 :]) + "}")
            code.scopes[buffer] = f", !alias.scope {own}, !noalias {others}"

    def position(self, root: Root, here: _Indices) -> Index:
        """Where a root's element goes in its target."""
        if root.access is Access.PUT:
            return put_position(self.code, root.node, here)
        if root.access is Access.REDUCE:
            axes = root.node.attrs["axes"]
            kept = tuple(i for k, i in enumerate(here) if k not in axes)
            return linear(kept, row_major(static(root.result.shape)))
        return linear(here, row_major(self.nest.space))

    # Reductions.

    def begin(self, root: Root, groups: Sequence[_Group]) -> _Sum:
        code = self.code
        reduction, axes = root.node.op.lowering, root.node.attrs["axes"]
        assert isinstance(reduction, Reduction)
        dtype = accumulator_dtype(reduction, root.result.dtype)
        depth = len(groups)
        while depth and groups[depth - 1].axes[0] in axes:
            depth -= 1
        in_memory = bool(row_axes(axes, self.nest.space))
        place = code.program.places.get(root.result)
        target = code.program.scratch.get(root.node, place) if in_memory else place
        found = _Sum(root, reduction, dtype, code.accumulator(dtype), depth, in_memory, target)
        if in_memory:
            assert target is not None
            code.fill(target, code.literal(target.dtype, reduction.identity(target.dtype)))
        return found

    def start(self, s: _Sum) -> None:
        self.code.write(s.slot, self.code.literal(s.dtype, s.reduction.identity(s.dtype)))

    def empty(self, s: _Sum) -> None:
        """Give the result of a reduction over no elements."""
        self.start(s)
        if s.target is not None:
            self.code.fill(s.target, self.code.literal(s.target.dtype, s.reduction.identity(s.target.dtype)))

    def add(self, s: _Sum, x: Any) -> None:
        code = self.code
        code.write(s.slot, self.combined(s, code.read(s.slot, s.dtype), x))

    def combined(self, s: _Sum, total: Any, x: Any) -> Any:
        machine = self.code.machine
        machine.reassociate = True
        result = s.reduction.combine(machine, total, machine.convert(x, total.dtype))
        machine.reassociate = False
        return result

    def end(self, s: _Sum) -> None:
        """After the loops that the accumulator spans: store it, or combine it with its row."""
        code = self.code
        if s.target is None:
            return
        total = code.read(s.slot, s.dtype)
        place = self.position(s.root, self.here)
        if s.in_memory:
            total = self.combined(s, code.load_from(s.target, place), total)
        code.store_to(s.target, place, code.machine.convert(total, s.target.dtype))

    def finish(self, s: _Sum) -> None:
        code, result = self.code, s.root.result
        if s.target is None:
            code.scalars[result] = code.machine.convert(code.read(s.slot, s.dtype), result.dtype)
        elif s.root.node in code.program.scratch and s.in_memory:
            place = code.program.places[result]
            with code.loop(place.count) as i:
                k = counter(i)
                code.store_to(place, k, code.machine.convert(code.load_from(s.target, k), result.dtype))

    # The loops.

    def level(self, groups: Sequence[_Group], depth: int, sums: Sequence[_Sum]) -> None:
        for s in sums:
            if s.depth == depth:
                self.start(s)
        if depth == len(groups):
            self.body(sums)
        else:
            spanning = [s for s in sums if s.depth <= depth]
            if depth == len(groups) - 1 and groups[depth].count >= 2 * _BLOCK and any(map(_rounds, spanning)):
                self.blocks(groups, sums, spanning)
            else:
                with self.code.loop(groups[depth].count) as i:
                    self.step(groups, depth, i, sums)
        for s in sums:
            if s.depth == depth:
                self.end(s)

    def step(self, groups: Sequence[_Group], depth: int, counter: str, sums: Sequence[_Sum]) -> None:
        """One iteration of the loop at `depth`."""
        stride = 1
        for axis in reversed(groups[depth].axes):
            self.code.machine.groups[self.variable(axis)] = counter, stride
            stride *= self.nest.space[axis]
        self.level(groups, depth + 1, sums)

    def blocks(self, groups: Sequence[_Group], sums: Sequence[_Sum], spanning: Sequence[_Sum]) -> None:
        """The innermost loop in blocks, each summed on its own, so that long sums keep their digits."""
        code, f, count = self.code, self.code.function, groups[-1].count
        with code.loop(-(-count // _BLOCK)) as block:
            first = f.value(f"mul nuw nsw i64 {block}, {_BLOCK}")
            left = f.value(f"sub nuw nsw i64 {count}, {first}")
            size = f.value(f"call i64 @llvm.umin.i64(i64 {left}, i64 {_BLOCK})")
            code.module.declare("llvm.umin.i64", "declare i64 @llvm.umin.i64(i64, i64)")
            totals = [code.read(s.slot, s.dtype) for s in spanning]
            for s in spanning:
                self.start(s)
            with code.loop(size) as i:
                self.step(groups, len(groups) - 1, f.value(f"add nuw nsw i64 {first}, {i}"), sums)
            for s, total in zip(spanning, totals, strict=True):
                self.add(s, total)

    def body(self, sums: Sequence[_Sum]) -> None:
        """Compute every root's element, then store them all: a store may take the place of what another reads."""
        walk = self.code.walk(self.computed, self.here)
        elements = [walk.element(r.element, self.here) for r in self.nest.roots]
        by_root = {id(s.root): s for s in sums}
        for root, x in zip(self.nest.roots, elements, strict=True):
            if root.access is Access.REDUCE:
                self.add(by_root[id(root)], x)
            else:
                self.store(root, x, walk)

    def store(self, root: Root, x: Any, walk: Walk) -> None:
        code, place = self.code, self.position(root, self.here)
        match root.access:
            case Access.PUSH:
                code.store_at(self.stores[id(root)], place, x)
            case Access.CHECK:
                code.store_to(code.program.places[root.result], place, checked_index(code, root.node, x))
            case _:
                target = code.program.places[root.result]
                if root.node.op.name == "accumulate":
                    x = code.machine.add(code.load_from(target, place), x)
                code.store_to(target, place, x)


def _rounds(s: _Sum) -> bool:
    """Tell whether a long accumulation loses digits: float64 sums; those of float32 are kept in float64."""
    return s.root.result.dtype is DType.F64 and math.isfinite(s.reduction.identity(s.dtype))


def _agree(strides: dict[Any, int], outer: Variable, inner: Variable, size: int) -> bool:
    return strides.get(outer, 0) == strides.get(inner, 0) * size


def accumulator_dtype(reduction: Reduction, dtype: DType) -> DType:
    """Sums and products of float32 are kept in float64, so that they keep their digits."""
    if dtype is DType.F32 and math.isfinite(reduction.identity(dtype)):
        return DType.F64
    return dtype


def put_position(code: Code, node: Node, here: _Indices) -> Index:
    """Where the element at `here` of the part goes in the array that an update writes."""
    free, dynamic = iter(here), iter(node.operands[2:])
    place = []
    for entry in node.attrs["at"]:
        if isinstance(entry, Span):
            start = Index((), entry.start) if entry.start is not None else code.machine.form(code.scalar(next(dynamic)))
            place.append(start.plus(next(free), entry.step))
        else:
            place.append(Index((), entry) if entry is not None else code.machine.form(code.scalar(next(dynamic))))
    return linear(tuple(place), row_major(static(node.result.shape)))


def checked_index(code: Code, node: Node, x: Any) -> Any:
    """Wrap a negative index; end the run where it does not exist."""
    machine, size = code.machine, code.literal(DType.I64, node.attrs["size"])
    x = machine.force(x)
    negative = machine.compare("<", x, code.literal(DType.I64, 0))
    wrapped = machine.select(negative, machine.add(x, size), x)
    outside = code.function.value(f"icmp uge i64 {machine.text(wrapped)}, {size.text}")
    code.unless(outside, code.program.site_of[node], machine.text(x))
    return wrapped
