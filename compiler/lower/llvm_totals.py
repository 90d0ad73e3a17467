"""Sums that go on from one part of a nest's index space to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from . import llvm_sums as sums
from .accesses import nest_index
from .kernels import Buffer, Nest, Root
from .llvm_code import Code


class Totals:
    """What some reductions of a nest have come to: begun before the first part, stored after the last."""

    def __init__(
        self, code: Code, nest: Nest, roots: Sequence[Root], targets: Mapping[int, Buffer] | None = None
    ) -> None:
        self.code = code
        self.nest = nest
        self.targets = targets or {}
        self.sums = {
            id(root): sums.begin(code, root, (), nest.space, self.targets.get(id(root))) for root in roots
        }
        for total in self.sums.values():
            if total.in_memory:
                sums.clear(code, total)
            sums.start(code, total)

    def add(self, parts: Sequence[sums.Sum]) -> None:
        """Take in the reductions of one part; those in memory have gone there themselves."""
        for part in parts:
            total = self.sums.get(id(part.root))
            if total is not None and not total.in_memory:
                sums.add(self.code, total, self.code.read(part.slot, part.dtype))

    def store(self) -> None:
        """Store those that have not gone to memory themselves."""
        for total in self.sums.values():
            if not total.in_memory:
                sums.end(self.code, total, nest_index(self.nest.space))

    def finish(self) -> None:
        self.store()
        for total in self.sums.values():
            sums.finish(self.code, total)
