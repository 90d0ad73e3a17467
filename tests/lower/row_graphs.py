"""Random graphs over the rows of a few matrices: nests that share loops, bands and memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Span, Value
from gradir.ir.types import INDEX, ArrayType, DType
from gradir.ops import OPS

from .random_graphs import RandomGraph

_SHAPES = [(30, 20), (200, 8), (64, 33)]
_ACTIONS = "tanh tanh sin sin rows columns product max inner repeat join barrier".split()


def _inner(b: Builder, x: Value) -> Value:
    """All rows but the first and the last."""
    return _part(b, x, 1, x.shape[0] - 2)


def _part(b: Builder, x: Value, start: int, size: int) -> Value:
    return b.index(x, at=(Span(start, size), Span(0, x.shape[1])))


class RowGraph(RandomGraph):
    """Three matrices, a row and a square matrix; about half of the graphs end in a loop."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.shape: tuple[int, int] = self.pick(_SHAPES)

    def graph(self, size: int = 14) -> Graph:
        columns = self.shape[1]
        matrix = ArrayType(DType.F64, self.shape)
        types = [matrix] * 3 + [ArrayType(DType.F64, (columns,)), ArrayType(DType.F64, (columns, columns))]
        params = [Value(t) for t in types]
        b, pool = Builder(OPS), params[:3]
        others = self.rows(b, pool, params, size)
        if self.rng.random() < 0.5:
            pool += self.loop(b, pool, params, size, self.rng.random() < 0.4)
        results = [*others, *[v for v in pool[3:] if self.rng.random() < 0.4][-5:], pool[-1]]
        names = [tuple(f"{kind}{k}" for k in range(len(v))) for kind, v in (("x", params), ("y", results))]
        return Graph("rows", b.block(params, results), *names)

    def loop(
        self, b: Builder, pool: list[Value], params: list[Value], size: int, nested: bool
    ) -> tuple[Value, ...]:
        """Build a loop over the last matrices of a pool; it reads others, and maybe has one inside."""
        inner, carried = b.nested(), [Value(params[0].type) for _ in range(2)]
        own = [*carried, params[0], self.pick(pool)]
        self.rows(inner, own, params, size)
        if nested:
            own += self.loop(inner, own, params, size // 2, False)
        body = inner.block([Value(INDEX), *carried], [inner.tanh(v) for v in own[-2:]])
        return b.emit("for", b.int64(0), b.int64(3), b.int64(1), *pool[-2:], regions=(body,))

    def repeated(self, b: Builder, x: Value) -> Value:
        """The first half of the rows twice, behind each other or in turns."""
        rows, columns = self.shape
        split, axes = self.pick([((2, rows // 2, columns), (1, 2)), ((rows // 2, 2, columns), (0, 2))])
        half = b.sin(_part(b, x, 0, rows // 2))
        return b.reshape(b.broadcast(half, shape=split, axes=axes), shape=self.shape)

    def rows(self, b: Builder, pool: list[Value], params: list[Value], size: int) -> list[Value]:
        """Add matrices to a pool; return what else is made on the way."""

        def along(x: Value, axis: int) -> Value:
            return b.broadcast(x, shape=self.shape, axes=(axis,))

        others: list[Value] = []
        for _ in range(size):
            x, y = self.pick(pool), self.pick(pool[-3:])
            match self.pick(_ACTIONS):
                case "tanh":
                    made: Any = b.tanh(b.add(x, y))
                case "sin":
                    made = b.multiply(b.sin(x), y)
                case "rows":
                    others.append(b.sum(x, axes=(1,)))
                    made = b.subtract(y, along(others[-1], 0))
                case "columns":
                    others.append(b.sum(y, axes=(0,)))
                    made = b.multiply(x, along(params[3], 1))
                case "product":
                    made = b.matmul(x, params[4])
                case "max":
                    made = b.square(b.subtract(x, along(b.max(x, axes=(1,)), 0)))
                case "inner":
                    inner = b.pad(b.sin(_inner(b, x)), b.literal(np.float64(0.0)), low=(1, 0), high=(1, 0))
                    made = b.add(y, inner)
                    part = b.square(_inner(b, b.sin(made)))
                    others.append(b.sum(part, axes=(0, 1)) if self.rng.random() < 0.5 else part)
                case "repeat":
                    made = b.add(self.repeated(b, x), y)
                case "join":
                    first = int(self.rng.integers(1, self.shape[0]))
                    parts = _part(b, b.sin(x), 0, first), b.cos(_part(b, y, first, self.shape[0] - first))
                    made = b.multiply(b.concatenate(*parts, axis=0), x)
                case _:
                    made = b.add(x, b.barrier(y, pool[-1]))
            pool.append(b.tanh(b.multiply(made, b.like(made, 0.5))))  # so that rounding stays small
        return others
