"""Loop nests in LLVM IR: what precedes the loops, the loops, and the roots' stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..ir.dims import Dim, Shape, capacity, room
from . import llvm_sums as sums
from .accesses import Recorder, computed_at, nest_index, record_roots
from .affine import Index, Variable
from .domains import Here, is_inside, local_index, pinned
from .elements import Walk
from .kernels import Access, Buffer, Nest, Root
from .llvm_abreast import ABREAST, LIGHT, add_rows, adds_rows, rows_abreast, sums_abreast, sums_rows
from .llvm_code import Code
from .llvm_fetching import Ahead, fetch_at_once, find_ahead, goes_in_stretches, in_stretches
from .llvm_loop_hints import FREE, ROLLED, Hints, innermost
from .llvm_roots import checked_index, prepare
from .llvm_scopes import separate
from .nest_loops import Group, piece_index, plan_part, weight_of
from .positions import root_position

_BLOCK = 4096  # elements of a long sum that are added up before they join the rest
_UNROLLED = (
    1024  # nodes in all iterations of a nest that LLVM may unroll: more costs compile time and gains little
)
_INTERLEAVED = 4  # vectors of partial sums, so that an addition need not wait for the one before it
_LONG_SUM = 128


def emit_nest(code: Code, nest: Nest) -> None:
    """Emit a nest: what precedes the loops, the loops, and the results that are registers."""
    NestCode(code, nest).emit()


@dataclass(frozen=True, slots=True)
class Chunk:
    """The part of the loop at `depth` that is to be done: registers of its first iteration and its end."""

    depth: int
    size: int  # the most iterations
    first: str
    end: str


@dataclass(frozen=True, slots=True)
class Subspace:
    """A part of a nest's index space: its sizes, its index, and the variables that say where it begins."""

    space: Shape
    here: tuple[Index, ...]
    outer: frozenset[Variable] = frozenset()


class NestCode:
    """The code of one nest under construction, or of a part of it, in the function of `code`."""

    def __init__(self, code: Code, nest: Nest, part: Subspace | None = None) -> None:
        part = part or Subspace(nest.space, nest_index(nest.space))
        self.code = code
        self.nest = nest
        self.space = part.space
        self.here = part.here
        self.outer = part.outer
        self.pushed: dict[int, str] = {}  # base pointers of pushed elements
        self.ahead: list[Ahead] = []  # what the loop brings into the cache
        self.push_scopes: dict[int, str] = {}  # the metadata of stores to them
        self.groups: list[Group] = []
        self.unroll = False
        self.interleave = 0
        self.weight = 0
        self.in_place = False
        self.sums: list[sums.Sum] = []
        self.chunk: Chunk | None = None
        self.blocks: dict[
            tuple[int, ...], tuple[str, Dim | str]
        ] = {}  # where that of an axis begins; its size
        self.abreast: tuple[str, ...] = ()  # the counters of several iterations that are done at once

    def emit(self) -> None:
        code, roots, space = self.code, self.nest.roots, self.nest.space
        empty = 0 in space
        self.pushed = prepare(code, roots)
        if not empty:
            recorded = self.record()
            self.plan(recorded)
            scopes = separate(code, self.read_by(recorded), self.written(), pushes=len(self.pushed))
            self.push_scopes = dict(zip(self.pushed, scopes, strict=True))
        self.sums = [sums.begin(code, r, self.groups, space) for r in roots if r.access is Access.REDUCE]
        for s in self.sums:
            if s.in_memory or empty:
                sums.clear(code, s)
        if not empty:
            ahead = find_ahead(self)
            if goes_in_stretches(self):
                self.ahead = ahead
            else:
                fetch_at_once(code, ahead)
            self.level(0)
        else:
            for s in self.sums:
                sums.start(code, s)
        for s in self.sums:
            sums.finish(code, s)
        code.machine.groups = {}
        code.scopes = {}

    def emit_part(self, targets: Mapping[int, Buffer | None], unseen: bool = False) -> list[sums.Sum]:
        """Emit the loops alone; return the reductions, the accumulators of which outlast them.

        `targets` are, by root, the buffers for what becomes a part of the result only.
        """
        recorded = self.record()
        self.plan(recorded)
        written = {*self.written(), *filter(None, targets.values())}
        separate(self.code, self.read_by(recorded), written, unseen)
        roots = [r for r in self.nest.roots if r.access is Access.REDUCE]
        space = self.nest.space
        self.sums = [sums.begin(self.code, r, self.groups, space, targets.get(id(r))) for r in roots]
        self.level(0)
        self.code.scopes = {}
        return self.sums

    def record(self) -> Recorder:
        """What the nest reads, and where."""
        code = self.code
        return record_roots(code.program.producers, code.in_memory, self.nest.roots, self.space, self.here)

    def plan(self, recorded: Recorder) -> None:
        """Choose the loops."""
        self.groups = plan_part(self.nest, recorded, self.code.form, self.space, self.here)
        self.weight = weight_of(self.nest, recorded)
        self.unroll = room(self.space) * self.weight <= _UNROLLED
        self.interleave = _INTERLEAVED if self.weight <= LIGHT else 0
        self.in_place = not self.read_by(recorded).isdisjoint(self.written())

    def read_by(self, recorded: Recorder) -> set[Buffer]:
        """The buffers that the nest reads."""
        return {self.code.program.places[r.value] for r in recorded.reads}

    def written(self) -> set[Buffer]:
        """The buffers that the nest writes."""
        places, scratch, roots = self.code.program.places, self.code.program.scratch, self.nest.roots
        found = {places[r.result] for r in roots if r.result in places}
        return found | {scratch[r.node] for r in roots if r.node in scratch}

    def level(self, depth: int) -> None:
        """The loops from `depth` inward, with the accumulators that begin there."""
        code = self.code
        mine = [s for s in self.sums if s.depth == depth]
        for s in mine:
            sums.start(code, s, self.here)
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
        most, start = capacity(count), ""
        turns: Dim | str = count
        if group.axes in self.blocks:
            start, turns = self.blocks[group.axes]
        elif self.chunk is not None and self.chunk.depth == depth:
            most = min(most, self.chunk.size)
            start, turns = self.clipped(self.chunk, first, count)
        if self.ahead:
            assert isinstance(count, int)
            in_stretches(self, count, self.ahead)
        elif group.block is not None:
            self.tiles(depth, group.block, start, turns)
        elif innermost and most >= 2 * _BLOCK and any(s.rounds for s in spanning):
            self.rounds(start, turns, spanning)
        elif depth == len(self.groups) - 2 and adds_rows(self, group) and most >= 2 * ABREAST:
            rows_abreast(self, depth, start, turns)
        elif depth == len(self.groups) - 2 and most >= 2 * ABREAST and sums_rows(self, group):
            sums_abreast(self, depth, start, turns)
        else:
            with self.code.loop(turns, self.hints(depth, turns, most)) as i:
                self.step(depth, self.moved(start, i))

    def hints(self, depth: int, turns: Dim | str, most: int, rows: int = 0) -> Hints:
        """What to tell LLVM of the loop at `depth`, which does the same for several rows."""
        if self.unroll or depth < len(self.groups) - 1:
            return FREE if self.unroll else ROLLED
        summed = most >= _LONG_SUM and any(s.depth <= depth for s in self.sums)
        return innermost(
            turns if isinstance(turns, int) else None,
            self.weight * max(1, rows, len(self.abreast)),
            in_place=self.in_place,
            adds_up=any(r.access is Access.REDUCE for r in self.nest.roots),
            interleave=1 if rows else self.interleave if summed else 0,
        )

    def clipped(self, chunk: Chunk, first: int, count: Dim) -> tuple[str, str]:
        """Where the chunk begins in a piece of its loop, and how many iterations that has there."""
        f, module = self.code.function, self.code.module
        if len(self.groups[chunk.depth].starts) == 1:
            return chunk.first, f.value(f"sub nuw nsw i64 {chunk.end}, {chunk.first}")
        bounds = []
        for bound in (chunk.first, chunk.end):
            inside = f.value(f"sub i64 {bound}, {first}") if first else bound
            for name, limit in (("smax", 0), ("smin", count)):
                module.declare(f"llvm.{name}.i64", f"declare i64 @llvm.{name}.i64(i64, i64)")
                inside = f.value(f"call i64 @llvm.{name}.i64(i64 {inside}, i64 {limit})")
            bounds.append(inside)
        return bounds[0], f.value(f"sub nuw nsw i64 {bounds[1]}, {bounds[0]}")

    def moved(self, start: str, counter: str) -> str:
        """The register of a counter that begins at `start`."""
        if not start:
            return counter
        return self.code.function.value(f"add nuw nsw i64 {start}, {counter}")

    def step(self, depth: int, counter: str) -> None:
        """One iteration of the loop at `depth`."""
        self.stand(depth, counter)
        self.level(depth + 1)

    def stand(self, depth: int, counter: str) -> None:
        """Let the variables of the loop at `depth` be those of an iteration."""
        group, machine = self.groups[depth], self.code.machine
        stride: Any = 1
        for axis in reversed(group.axes):
            for variable, _ in self.here[axis].terms:
                if variable not in self.outer:
                    machine.groups[variable] = counter, stride
            stride *= self.space[axis]

    def tiles(self, depth: int, size: int, start: str, count: Dim | str) -> None:
        """The loop at `depth` over blocks of iterations, which a loop further in does."""
        code, f = self.code, self.code.function
        axes = self.groups[depth].axes
        with code.loop(self.rounds_of(count, size), ROLLED) as number:
            begin = f.value(f"mul nuw nsw i64 {number}, {size}")
            length: Dim | str = size
            if not isinstance(count, int) or count % size:
                total = count if isinstance(count, str) else code.extent(count)
                length = code.least(f.value(f"sub nuw nsw i64 {total}, {begin}"), size)
            self.blocks[axes] = self.moved(start, begin), length
            self.level(depth + 1)
        del self.blocks[axes]

    def rounds_of(self, count: Dim | str, size: int) -> int | str:
        """How many blocks of a size there are."""
        if isinstance(count, int):
            return -(-count // size)
        f, total = self.code.function, count if isinstance(count, str) else self.code.extent(count)
        return f.value(f"udiv i64 {f.value(f'add i64 {total}, {size - 1}')}, {size}")

    def rounds(self, start: str, count: Dim | str, spanning: Sequence[sums.Sum]) -> None:
        """The innermost loop in blocks, each summed on its own, so that long sums keep their digits."""
        code, f = self.code, self.code.function
        total = count if isinstance(count, str) else code.extent(count)
        with code.loop(self.rounds_of(count, _BLOCK)) as block:
            first = f.value(f"mul nuw nsw i64 {block}, {_BLOCK}")
            size = code.least(f.value(f"sub nuw nsw i64 {total}, {first}"), _BLOCK)
            totals = [code.read(s.slot, s.dtype) for s in spanning]
            for s in spanning:
                sums.start(code, s)
            with code.loop(size, Hints(self.unroll, self.interleave)) as i:
                self.step(len(self.groups) - 1, self.moved(start, self.moved(first, i)))
            for s, so_far in zip(spanning, totals, strict=True):
                sums.add(code, s, so_far)

    def body(self) -> None:
        """Compute every root's element, then store them: one may take the place of what another reads."""
        if self.abreast:
            add_rows(self)
            return
        code = self.code
        where = [(r, is_inside(code.machine, r.domain, self.here).text) for r in self.nest.roots]
        always = [r for r, inside in where if inside == "true"]
        walk = self.walk()
        elements = [walk.element(r.element, self.index_of(r)) for r in always]
        for root, x in zip(always, elements, strict=True):
            self.put(root, x)
        for root, inside in where:
            if inside not in ("true", "false"):
                with code.only_if(inside):
                    self.put(root, self.walk().element(root.element, self.index_of(root)))

    def index_of(self, root: Root) -> Here:
        """The index of a root's element, where the nest is inside of its domain."""
        return local_index(root.domain, pinned(root.domain, self.here))

    def walk(self) -> Walk:
        """A walk from the roots, at the index of the nest."""
        return self.code.walk(computed_at(self.nest.roots, self.here))

    def put(self, root: Root, x: Any) -> None:
        """Store an element, or take it into a reduction."""
        code = self.code
        if root.access is Access.REDUCE:
            sums.add(code, next(s for s in self.sums if s.root is root), x)
            return
        place = root_position(root, self.here, code.form)
        match root.access:
            case Access.PUSH:
                code.store_at(self.pushed[id(root)], place, x, self.push_scopes.get(id(root), ""))
            case Access.CHECK:
                checked = checked_index(code, root.node, x)
                if root.result in code.program.places:
                    code.store_to(code.program.places[root.result], place, checked)
            case _:
                target = code.program.places[root.result]
                if root.node.op.name == "accumulate":
                    x = code.machine.add(code.load_from(target, place), x)
                code.store_to(target, place, x)
