"""Random valid graphs with loops, branches, writes and stacks, to run compiled and interpreted."""

from __future__ import annotations

from typing import Any

import numpy as np
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Span, Value
from gradir.ir.types import BOOL, INDEX, ArrayType, DType
from gradir.ops import OPS

SHAPES = [(), (), (3,), (4, 3), (3, 4), (12,), (2, 4, 3), (1, 3), (0, 3), (200,), (30, 20), (20, 30)]
_UNARY = ["sin", "cos", "tanh", "neg", "abs", "sign", "square", "arctan", "expit"]
_BINARY = ["add", "subtract", "multiply", "maximum", "minimum", "arctan2"]


class RandomGraph:
    """Builds one graph from a seed; `dtype` is that of its floating-point values."""

    def __init__(self, seed: int, dtype: DType = DType.F64) -> None:
        self.rng = np.random.default_rng(seed)
        self.dtype = dtype

    def graph(self, size: int = 20) -> Graph:
        """A graph of about `size` nodes outside its regions."""
        b = Builder(OPS)
        params = [Value(ArrayType(self.dtype, s)) for s in self.pick_many(SHAPES, 4)]
        params += [Value(ArrayType(self.dtype, s)) for s in ((4, 3), ())]
        pool = list(params)
        self.fill(b, pool, size, depth=2)
        results = self.pick_many([v for v in pool if isinstance(v.type, ArrayType)], 4)
        block = b.block(params, [*results, pool[-1]])
        return Graph(
            "random", block, tuple(f"x{k}" for k in range(len(params))), tuple(f"y{k}" for k in range(5))
        )

    def arguments(self, graph: Graph) -> list[Any]:
        return [
            np.asarray(self.rng.normal(size=v.shape)).astype(v.dtype.numpy)
            if v.dtype.is_float
            else np.int64(3)
            for v in graph.block.params
        ]

    def pick(self, options: Any) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def pick_many(self, options: Any, count: int) -> list[Any]:
        return [self.pick(options) for _ in range(count)]

    def fill(self, b: Builder, pool: list[Value], size: int, depth: int) -> None:
        for _ in range(size):
            actions = [
                "unary",
                "binary",
                "binary",
                "where",
                "move",
                "move",
                "reduce",
                "write",
                "write",
                "product",
                "index",
            ]
            actions += ["scatter", "gather", "scan"]
            if depth:
                actions += ["loop", "turns", "branch", "stack"]
            getattr(self, self.pick(actions))(b, pool, depth)

    def value(self, b: Builder, pool: list[Value]) -> Value:
        return self.pick(pool[-12:] if self.rng.random() < 0.7 else pool)  # type: ignore[no-any-return]

    def array(self, b: Builder, pool: list[Value]) -> Value:
        """A value of rank one or more."""
        found = [v for v in pool if v.shape]
        return (
            self.pick(found[-8:] if self.rng.random() < 0.7 else found)
            if found
            else b.spread(self.value(b, pool), ArrayType(self.dtype, (4, 3)))
        )

    def like(self, b: Builder, pool: list[Value], x: Value) -> Value:
        """A value of the type of `x`."""
        same = [v for v in pool if v.type == x.type]
        if same and self.rng.random() < 0.8:
            return self.pick(same)  # type: ignore[no-any-return]
        scalars = [v for v in pool if v.type == ArrayType(self.dtype)]
        scalar = self.pick(scalars) if scalars else b.literal(x.dtype.numpy.type(0.5))
        return b.spread(scalar, x.array)

    def position(self, b: Builder, pool: list[Value], size: int) -> Value:
        """A valid index computed at run time."""
        x = b.convert(
            b.multiply(b.sin(self.scalar(b, pool)), b.literal(self.dtype.numpy.type(size))), dtype=DType.I64
        )
        return b.check_index(b.remainder(x, b.int64(size)), size=size, axis=0)

    def scalar(self, b: Builder, pool: list[Value]) -> Value:
        scalars = [v for v in pool if v.type == ArrayType(self.dtype)]
        return self.pick(scalars) if scalars else b.literal(self.dtype.numpy.type(0.3))  # type: ignore[no-any-return]

    # Actions.

    def unary(self, b: Builder, pool: list[Value], depth: int) -> None:
        pool.append(b.emit(self.pick(_UNARY), self.value(b, pool))[0])

    def binary(self, b: Builder, pool: list[Value], depth: int) -> None:
        x = self.value(b, pool)
        pool.append(b.tanh(b.emit(self.pick(_BINARY), x, self.like(b, pool, x))[0]))

    def where(self, b: Builder, pool: list[Value], depth: int) -> None:
        x = self.value(b, pool)
        y = self.like(b, pool, x)
        pool.append(b.where(b.less(x, y), y, self.like(b, pool, x)))

    def move(self, b: Builder, pool: list[Value], depth: int) -> None:
        x = self.array(b, pool)
        rank = len(x.shape)
        match self.pick(["transpose", "reshape", "flip", "concatenate", "pad", "broadcast", "slice"]):
            case "transpose":
                pool.append(b.transpose(x, axes=tuple(int(a) for a in self.rng.permutation(rank))))
            case "reshape":
                count = int(np.prod(x.shape))
                shapes = [s for s in SHAPES if s and int(np.prod(s)) == count]
                pool.append(b.reshape(x, shape=self.pick(shapes) if shapes else (count,)))
            case "flip":
                at = tuple(Span(max(d - 1, 0), d, -1) for d in x.shape)
                pool.append(b.emit("index", x, at=at)[0])
            case "concatenate":
                both = b.concatenate(x, self.like(b, pool, x), axis=self.pick(range(rank)))
                pool.append(both if max(both.shape) < 300 else x)
            case "pad":
                low, high = tuple(self.pick_many([0, 1], rank)), tuple(self.pick_many([0, 2], rank))
                pool.append(b.pad(x, self.scalar(b, pool), low=low, high=high))
            case "broadcast":
                if np.prod(x.shape) < 300:
                    shape = (*x.shape[:1], 2, *x.shape[1:])
                    pool.append(b.broadcast(x, shape=shape, axes=(0, *range(2, rank + 1))))
            case "slice":
                pool.append(self.sliced(b, pool, x))

    def place(self, b: Builder, pool: list[Value], x: Value) -> tuple[tuple[Any, ...], list[Value]]:
        """A random index into `x`, and its operands."""
        at: list[Any] = []
        operands = []
        for d in x.shape:
            kind = self.pick(["all", "all", "part", "step", "int", "dynamic", "window"])
            if kind == "all" or d < 2:
                at.append(Span(0, d))
            elif kind == "part":
                at.append(Span(1, d - 1))
            elif kind == "step":
                at.append(Span(d - 1, (d + 1) // 2, -2))
            elif kind == "int":
                at.append(int(self.rng.integers(d)))
            elif kind == "dynamic":
                at.append(None)
                operands.append(self.position(b, pool, d))
            else:
                at.append(Span(None, d - 1))
                operands.append(self.position(b, pool, 2))
        return tuple(at), operands

    def sliced(self, b: Builder, pool: list[Value], x: Value) -> Value:
        at, operands = self.place(b, pool, x)
        return b.emit("index", x, *operands, at=at)[0]

    def index(self, b: Builder, pool: list[Value], depth: int) -> None:
        x = self.array(b, pool)
        if 0 not in x.shape:
            operands = [self.position(b, pool, d) for d in x.shape]
            pool.append(b.emit("index", x, *operands, at=(None,) * len(operands))[0])

    def reduce(self, b: Builder, pool: list[Value], depth: int) -> None:
        x = self.array(b, pool)
        axes = tuple(k for k in range(len(x.shape)) if self.rng.random() < 0.6)
        if not axes or 0 in x.shape:
            return
        kind = self.pick(["sum", "max", "min", "argmax", "sum"])
        if kind == "argmax":
            pool.append(b.sin(b.convert(b.argmax(x, axis=axes[0]), dtype=self.dtype)))
        else:
            pool.append(b.tanh(b.emit(kind, x, axes=axes)[0]))

    def scan(self, b: Builder, pool: list[Value], depth: int) -> None:
        x = self.array(b, pool)
        found = b.cumsum(x, axis=self.pick(range(len(x.shape))), reverse=bool(self.rng.integers(2)))
        pool.append(b.sin(found))

    def write(self, b: Builder, pool: list[Value], depth: int) -> None:
        x = self.array(b, pool)
        at, operands = self.place(b, pool, x)
        part = b.emit("index", x, *operands, at=at)[0]
        if self.rng.random() < 0.5:
            part = b.sin(part)
        else:
            part = self.like(b, pool, part)
        pool.append(b.emit(self.pick(["update", "accumulate"]), x, part, *operands, at=at)[0])

    def indices(self, b: Builder, pool: list[Value], shape: tuple[int, ...], size: int) -> Value:
        x = b.spread(self.scalar(b, pool), ArrayType(self.dtype, shape))
        if shape:
            ramp = b.broadcast(b.iota(size=shape[-1], dtype=self.dtype), shape=shape, axes=(len(shape) - 1,))
            x = b.add(x, ramp)
        scaled = b.multiply(b.sin(x), b.full(x.array, 5 * size))
        found = b.remainder(b.convert(scaled, dtype=DType.I64), b.full(ArrayType(DType.I64, shape), size))
        return b.check_index(found, size=size, axis=0)

    def gather(self, b: Builder, pool: list[Value], depth: int) -> None:
        x = self.array(b, pool)
        axis = self.pick(range(len(x.shape)))
        if x.shape[axis]:
            shape = self.pick([(3,), (2, 2), (7,)])
            pool.append(b.emit("gather", x, self.indices(b, pool, shape, x.shape[axis]), axes=(axis,))[0])

    def scatter(self, b: Builder, pool: list[Value], depth: int) -> None:
        x = self.array(b, pool)
        axis = self.pick(range(len(x.shape)))
        if x.shape[axis]:
            shape = self.pick([(3,), (2, 2), (7,)])
            indices = self.indices(b, pool, shape, x.shape[axis])
            picked = b.emit("gather", x, indices, axes=(axis,))[0]
            values = b.cos(picked) if self.rng.random() < 0.5 else self.like(b, pool, picked)
            pool.append(b.emit(self.pick(["scatter", "scatter_add"]), x, values, indices, axes=(axis,))[0])

    def product(self, b: Builder, pool: list[Value], depth: int) -> None:
        x = self.array(b, pool)
        if len(x.shape) < 2:
            return
        y = self.like(b, pool, x)
        swap = (*range(len(x.shape) - 2), len(x.shape) - 1, len(x.shape) - 2)
        y = b.transpose(y, axes=swap)
        pool.append(b.tanh(b.matmul(*self.pick([(x, y), (y, x)]))))

    def loop(self, b: Builder, pool: list[Value], depth: int) -> None:
        inits = self.pick_many(pool[-10:], int(self.rng.integers(1, 4)))
        if self.rng.random() < 0.5:
            inits.append(self.like(b, pool, inits[0]))
        params = [Value(INDEX), *(Value(v.type) for v in inits)]
        body = b.nested()
        inner = [*pool, *params[1:], *params[1:]]
        inner.append(body.sin(body.convert(params[0], dtype=self.dtype)))
        self.fill(body, inner, int(self.rng.integers(1, 6)), depth - 1)
        yields = [self.like(body, inner[len(pool) :], p) for p in params[1:]]
        low, high, step = self.pick([(0, 4, 1), (5, -1, -2), (0, 0, 1), (1, 2, 3)])
        results = b.emit(
            "for", b.int64(low), b.int64(high), b.int64(step), *inits, regions=[body.block(params, yields)]
        )
        pool.extend(results)

    def turns(self, b: Builder, pool: list[Value], depth: int) -> None:
        """A `while` that ends after a few turns, or before that by what it computes."""
        inits = self.pick_many(pool[-10:], int(self.rng.integers(1, 4)))
        enter = b.less(self.scalar(b, pool), b.literal(self.dtype.numpy.type(2)))
        params = [Value(INDEX), Value(BOOL), *(Value(v.type) for v in inits)]
        body = b.nested()
        inner = [*pool, *params[2:], *params[2:]]
        self.fill(body, inner, int(self.rng.integers(1, 6)), depth - 1)
        early = body.less(self.scalar(body, inner), body.literal(self.dtype.numpy.type(0.8)))
        again = body.logical_and(body.less(params[0], body.int64(self.pick([0, 2, 5]))), params[1])
        yields = [self.like(body, inner[len(pool) :], p) for p in params[2:]]
        block = body.block(params, [again, early, *yields])
        count, _, *results = b.emit("while", enter, enter, *inits, regions=[block])
        pool.extend([b.sin(b.convert(count, dtype=self.dtype)), *results])

    def branch(self, b: Builder, pool: list[Value], depth: int) -> None:
        predicate = b.less(self.scalar(b, pool), self.scalar(b, pool))
        kinds = self.pick_many(pool[-10:], int(self.rng.integers(1, 4)))
        regions = []
        for _ in range(2):
            body = b.nested()
            inner = list(pool)
            self.fill(body, inner, int(self.rng.integers(0, 4)), depth - 1)
            regions.append(body.block((), [self.like(body, inner, k) for k in kinds]))
        pool.extend(b.emit("if", predicate, regions=regions))

    def stack(self, b: Builder, pool: list[Value], depth: int) -> None:
        """Push in one loop, pop in another, backwards."""
        x = self.value(b, pool)
        stack = b.emit("stack_new", b.int64(self.pick([0, 5])), element=x.array)[0]
        body = b.nested()
        i, carried, below = Value(INDEX), Value(x.type), Value(stack.type)
        ramp = body.spread(body.sin(body.convert(i, dtype=self.dtype)), x.array)
        pushed = body.emit("push", below, body.multiply(carried, ramp))[0]
        block = body.block([i, carried, below], [body.cos(carried), pushed])
        limits = [b.int64(k) for k in (0, 5, 1)]
        last, full = b.emit("for", *limits, x, stack, regions=[block])
        body = b.nested()
        i, carried, below = Value(INDEX), Value(x.type), Value(stack.type)
        rest, top = body.emit("pop", below)
        block = body.block([i, carried, below], [body.sin(body.add(carried, top)), rest])
        pool.append(b.emit("for", *limits, last, full, regions=[block])[0])
