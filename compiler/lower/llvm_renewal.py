"""Renewed arrays in LLVM IR: what an update leaves alone is copied into the array beside."""

from __future__ import annotations

from ..ir.dims import static
from ..ir.graph import Node
from .affine import ZERO, Index, row_major
from .llvm_code import Code, counter
from .renewal import block_of


def copy_around(code: Code, node: Node) -> None:
    """Copy the elements outside the block that an update writes, from its array to its result's place."""
    _Edges(code, node).copy(0, ZERO)


class _Edges:
    def __init__(self, code: Code, node: Node) -> None:
        places = code.program.places
        self.code = code
        self.source, self.target = places[node.operands[0]], places[node.result]
        self.block = block_of(node)
        self.shape = static(node.result.shape)
        self.strides = row_major(self.shape)

    def copy(self, axis: int, start: Index) -> None:
        """Copy what lies before and behind the block along an axis, and inside of that along the next."""
        if all(block == (0, n) for block, n in zip(self.block[axis:], self.shape[axis:], strict=True)):
            return
        (first, count), size, stride = self.block[axis], self.shape[axis], self.strides[axis]
        self.part(start, first * stride)
        self.part(start.plus(Index((), (first + count) * stride)), (size - first - count) * stride)
        with self.code.loop(count) as i:
            self.copy(axis + 1, start.plus(Index((), first * stride)).plus(counter(i), stride))

    def part(self, start: Index, elements: int) -> None:
        """Copy so many elements from a position on."""
        dtype = self.source.dtype
        target, source = (
            self.code.pointer(self.code.base(b), dtype, start) for b in (self.target, self.source)
        )
        self.code.copy(target, source, elements * dtype.numpy.itemsize)
