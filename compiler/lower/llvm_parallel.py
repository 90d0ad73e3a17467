"""A split nest in LLVM IR: a function that does some of its chunks, and the call that shares them out.

The function is given a table of what the nest takes from around it: addresses and scalars. It calls
nothing that could end the run, and one chunk touches nothing that another writes.
"""

from __future__ import annotations

from ..ir.graph import Value
from . import llvm_sums as sums
from .accesses import Recorder
from .kernels import Access, Nest, Split
from .llvm_code import Code
from .llvm_nests import Chunk, NestCode
from .llvm_outlined import Outlined
from .llvm_roots import prepare
from .llvm_scopes import separate
from .nest_loops import Group


def emit_parallel(code: Code, nest: Nest) -> None:
    """Emit a split nest: what precedes the loops, the shared loops, and the results that come after them."""
    split = nest.split
    assert split is not None
    pushed = prepare(code, nest.roots)
    task = _Task(code, nest, split, pushed)
    whole = [r for r in nest.roots if r.access is Access.REDUCE and not nest.is_cut(r)]
    totals = [sums.begin(code, r, task.groups, nest.space) for r in whole]
    for s in totals:
        if s.in_memory:
            sums.clear(code, s)
    task.emit()
    for s in totals:
        sums.finish(code, s)
    for root in nest.roots:
        if nest.is_cut(root):
            sums.join(code, root, code.program.scratch[root.node], split.chunks)


class _Task:
    """The function of one nest, and the table that it is called with."""

    def __init__(self, outside: Code, nest: Nest, split: Split, pushed: dict[int, str]) -> None:
        self.outside, self.nest, self.split, self.pushed = outside, nest, split, pushed
        self.outlined = Outlined(outside)
        self.code = self.outlined.code
        self.inner = NestCode(self.code, nest)
        self.recorded: Recorder = self.inner.record()
        for value in self.scalars():
            self.outlined.take(value)
        self.inner.plan(self.recorded)

    @property
    def groups(self) -> list[Group]:
        return self.inner.groups

    def scalars(self) -> list[Value]:
        """The scalars that the nest uses."""
        starts = [
            v
            for root in self.nest.roots
            if root.access in (Access.PUT, Access.RENEW)
            for v in root.node.operands[2:]
        ]
        return list(dict.fromkeys([*self.recorded.scalars, *starts]))

    def emit(self) -> None:
        """Emit the function and its call."""
        code, inner, nest = self.code, self.inner, self.nest
        read, written = inner.read_by(self.recorded), inner.written()
        for buffer in sorted({*read, *written}, key=lambda b: (b.memory.value, b.number)):
            code.bases[buffer] = self.outlined.taken("ptr", self.outside.base(buffer))
        inner.pushed = {k: self.outlined.taken("ptr", register) for k, register in self.pushed.items()}
        parts = {id(r): self.outlined.part(r) for r in nest.roots if nest.is_cut(r)}
        separate(code, read, {*written, *parts.values()}, unseen=True)
        inner.sums = [
            sums.begin(code, r, inner.groups, nest.space, parts.get(id(r)))
            for r in nest.roots
            if r.access is Access.REDUCE
        ]
        self.chunks()
        self.outlined.call(self.split.chunks)

    def chunks(self) -> None:
        """The loop over chunks."""
        split, inner = self.split, self.inner
        depth = next(k for k, g in enumerate(inner.groups) if g.axes == split.axes)
        with self.outlined.chunks(split, inner.groups[depth].count) as chunk:
            inner.chunk = Chunk(depth, split.size, chunk.first, chunk.end)
            for s in inner.sums:
                if self.nest.is_cut(s.root):
                    assert s.target is not None
                    self.outlined.point(s.target, s.root, chunk.number)
                    if s.in_memory:
                        sums.clear(self.code, s)
            inner.level(0)
