"""Random nodes, a recipe for each operation: what graphs drawn by `strategies` are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from gradir.ir.builder import Builder
from gradir.ir.dims import size, symbol
from gradir.ir.graph import Block, Span, Value
from gradir.ir.operation import Elementwise, TypeRuleError
from gradir.ir.types import BOOL, F64, INDEX, ArrayType, DType, StackType
from hypothesis import strategies as st

FLOATS = (DType.F64, DType.F32)
ALL_DTYPES = (*FLOATS, DType.I64, DType.BOOL)
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, np.inf, -np.inf, np.nan, 1e-300, 1e300)

Draw = Callable[[st.SearchStrategy[Any]], Any]


def array_types(dtypes: Sequence[DType] = ALL_DTYPES) -> st.SearchStrategy[ArrayType]:
    """Draw small array types, scalars and empty arrays among them."""
    shapes = st.lists(st.sampled_from([2, 3, 1, 0]), max_size=3).map(tuple)
    return st.builds(ArrayType, st.sampled_from(tuple(dtypes)), st.just(()) | shapes)


def array_of(rng: np.random.Generator, type: ArrayType, rate: float = 0.0) -> np.ndarray:
    """An array of `type`; of a float's elements a share `rate` are special values."""
    shape = type.shape
    if not type.dtype.is_float:
        low, high = (0, 2) if type.dtype is DType.BOOL else (-5 * type.dtype.is_signed, 6)
        return rng.integers(low, high, shape).astype(type.dtype.numpy)
    with np.errstate(over="ignore", under="ignore"):
        plain = rng.normal(0.3, 1.2, shape)
        return np.where(rng.random(shape) < rate, rng.choice(SPECIAL, shape), plain).astype(type.dtype.numpy)


@cache
def signatures(ops: tuple[Any, ...]) -> dict[DType, list[tuple[str, int]]]:
    """For each dtype, the elementwise operations that take it, with the number of operands."""
    found: dict[DType, list[tuple[str, int]]] = {d: [] for d in DType}
    for op in ops:
        if not isinstance(op.lowering, Elementwise) or op.attrs:
            continue
        for dtype in DType:
            if op.name == "power" and dtype.is_integer:
                continue  # negative exponents are an error
            for count in (1, 2):
                try:
                    op.infer([ArrayType(dtype)] * count, {})
                except TypeRuleError:
                    continue
                found[dtype].append((op.name, count))
    return found


class Steps:
    """Adds random nodes to a builder; `pool` holds the arrays that later steps may read."""

    def __init__(
        self,
        draw: Draw,
        builder: Builder,
        pool: Sequence[Value],
        dtypes: tuple[DType, ...],
        depth: int,
        only: Callable[[str], bool],
        symbols: list[str] | None = None,
    ) -> None:
        self.symbols = [] if symbols is None else symbols  # one entry for each in the whole graph
        self.draw = draw
        self.b = builder
        self.pool = list(pool)
        self.dtypes = dtypes
        self.depth = depth
        self.only = only

    def take(self, most: int) -> None:
        recipes = [n for n in RECIPES if n in self.b.ops and self.only(n)]
        names = ["elementwise"] * max(4, len(recipes)) + recipes
        for _ in range(self.draw(st.integers(1, most) | st.just(most))):
            name = self.draw(st.sampled_from(names))
            made = self.elementwise() if name == "elementwise" else RECIPES[name](self, name)
            self.pool += [v for v in made if isinstance(v.type, ArrayType)]

    def nested(self, params: Sequence[Value]) -> Steps:
        depth = self.depth - 1
        pool = [*self.pool, *params]
        return Steps(self.draw, self.b.nested(), pool, self.dtypes, depth, self.only, self.symbols)

    # What recipes are made of.

    def number(self, low: int, high: int) -> int:
        return int(self.draw(st.integers(low, high)))

    def flag(self) -> bool:
        return bool(self.draw(st.booleans()))

    def any(self, fits: Callable[[ArrayType], bool] = lambda t: True) -> Value:
        """A value of the pool that fits; a new constant where there is none."""
        found = self.found(fits)
        if found is not None:
            return found
        types = [ArrayType(d, s) for d in ALL_DTYPES for s in ((), (2,), (2, 3))]
        return self.constant(next(t for t in types if fits(t)))

    def found(self, fits: Callable[[ArrayType], bool]) -> Value | None:
        """A value of the pool that fits, if there is one."""
        found = [v for v in self.pool if fits(v.array)]
        return self.draw(st.sampled_from(found[::-1])) if found else None

    def same(self, value: Value) -> Value:
        return self.any(lambda t: t == value.type)

    def constant(self, type: ArrayType) -> Value:
        rng = np.random.default_rng(self.number(0, 999))
        return self.b.literal(array_of(rng, type, 0.2))

    def total(self) -> Value:
        """The sum of the newest floats, in f64."""
        floats = [v for v in self.pool if v.dtype.is_float][-4:]
        parts = [self.b.cast(v, DType.F64) for v in floats]
        sums = [self.b.sum(v, axes=tuple(range(v.array.rank))) if v.shape else v for v in parts]
        total = self.b.zeros(F64)
        for part in sums:
            total = self.b.add(total, part)
        return total

    def inside(self, extent: int, shape: tuple[int, ...] = ()) -> Value:
        """An i64 array of indices below `extent`, perhaps computed and checked."""
        index = self.found(lambda t: t == ArrayType(DType.I64, shape)) if self.flag() else None
        if index is None:
            rng = np.random.default_rng(self.number(0, 999))
            return self.b.literal(rng.integers(0, extent, shape))
        index = self.b.remainder(index, self.b.like(index, extent))
        return self.b.check_index(index, size=extent, axis=0) if self.flag() else index

    def at(self, shape: tuple[int, ...]) -> tuple[tuple[Any, ...], list[Value]]:
        """Entries for every axis, and the operands that they take."""
        entries: list[Any] = []
        dynamic: list[Value] = []
        for extent in shape:
            kind = self.draw(st.sampled_from(["span", "int", "index", "window"])) if extent else "span"
            length = self.number(0, extent)
            if kind in ("index", "window"):
                room = extent if kind == "index" else extent - length + 1
                dynamic.append(self.inside(room))
                entries.append(None if kind == "index" else Span(None, length))
            elif kind == "int":
                entries.append(self.number(0, extent - 1))
            else:
                entries.append(self.span(extent, length))
        return tuple(entries), dynamic

    def span(self, extent: int, length: int) -> Span:
        if not length:
            return Span(0, 0)
        step = self.number(1, max(1, (extent - 1) // max(1, length - 1)))
        start = self.number(0, extent - 1 - (length - 1) * step)
        return Span(start + (length - 1) * step, length, -step) if self.flag() else Span(start, length, step)

    def elementwise(self) -> Sequence[Value]:
        x = self.any()
        known = signatures(tuple(self.b.ops.values()))[x.dtype]
        usable = [s for s in known if self.only(s[0])]
        if not usable:
            return ()
        name, count = self.draw(st.sampled_from(usable))
        return self.b.emit(name, x, *[self.same(x) for _ in range(count - 1)])


def _convert(s: Steps, name: str) -> Sequence[Value]:
    return s.b.emit(name, s.any(), dtype=s.draw(st.sampled_from(list(DType))))


def _polygamma(s: Steps, name: str) -> Sequence[Value]:
    return s.b.emit(name, s.any(lambda t: t.dtype.is_float), n=s.number(1, 3))


def _where(s: Steps, name: str) -> Sequence[Value]:
    x = s.any()
    condition = s.found(lambda t: t == BOOL.with_shape(x.shape)) if s.flag() else None
    return s.b.emit(name, condition or s.b.not_equal(x, s.same(x)), x, s.same(x))


def _constant(s: Steps, name: str) -> Sequence[Value]:
    return (s.constant(s.draw(array_types(s.dtypes))),)


def _iota(s: Steps, name: str) -> Sequence[Value]:
    numbers = [d for d in s.dtypes if d is not DType.BOOL]
    return s.b.emit(name, size=s.number(0, 4), dtype=s.draw(st.sampled_from(numbers)))


def _broadcast(s: Steps, name: str) -> Sequence[Value]:
    x = s.any(lambda t: t.rank < 3)
    rank = s.number(x.array.rank, 3)
    axes = tuple(sorted(s.draw(st.permutations(range(rank)))[: x.array.rank]))
    shape = [s.number(1, 3) for _ in range(rank)]
    for axis, extent in zip(axes, x.shape, strict=True):
        shape[axis] = extent
    return s.b.emit(name, x, shape=tuple(shape), axes=axes)


def _reshape(s: Steps, name: str) -> Sequence[Value]:
    x = s.any()
    permuted = tuple(s.draw(st.permutations(x.shape)))
    shape = s.draw(st.sampled_from([(size(x.shape),), permuted, (1, *x.shape)]))
    return s.b.emit(name, x, shape=shape)


def _transpose(s: Steps, name: str) -> Sequence[Value]:
    x = s.any()
    return s.b.emit(name, x, axes=tuple(s.draw(st.permutations(range(x.array.rank)))))


def _concatenate(s: Steps, name: str) -> Sequence[Value]:
    x = s.any(lambda t: t.rank > 0)
    parts = [s.same(x) for _ in range(s.number(0, 2))]
    return s.b.emit(name, x, *parts, axis=s.number(0, x.array.rank - 1))


def _pad(s: Steps, name: str) -> Sequence[Value]:
    x = s.any()
    low, high = (tuple(s.number(0, 2) for _ in x.shape) for _ in "ab")
    return s.b.emit(name, x, s.constant(ArrayType(x.dtype)), low=low, high=high)


def _index(s: Steps, name: str) -> Sequence[Value]:
    x = s.any()
    at, dynamic = s.at(x.shape)
    return s.b.emit(name, x, *dynamic, at=at)


def _update(s: Steps, name: str) -> Sequence[Value]:
    x = s.any(lambda t: name == "update" or t.dtype is not DType.BOOL)
    at, dynamic = s.at(x.shape)
    part = s.b.emit("index", s.same(x), *dynamic, at=at)[0]
    return s.b.emit(name, x, part, *dynamic, at=at)


def _gathered(s: Steps, base: Value) -> tuple[list[Value], dict[str, Any]]:
    count = s.number(1, base.array.rank)
    axes = tuple(sorted(s.draw(st.permutations(range(base.array.rank)))[:count]))
    shape = s.draw(st.sampled_from([(), (2,), (2, 3)]))
    return [s.inside(base.shape[a], shape) for a in axes], {"axes": axes}


def _is_indexable(t: ArrayType) -> bool:
    return t.rank > 0 and 0 not in t.shape


def _gather(s: Steps, name: str) -> Sequence[Value]:
    base = s.any(_is_indexable)
    indices, attrs = _gathered(s, base)
    return s.b.emit(name, base, *indices, **attrs)


def _scatter(s: Steps, name: str) -> Sequence[Value]:
    base = s.any(lambda t: _is_indexable(t) and (name == "scatter" or t.dtype is not DType.BOOL))
    indices, attrs = _gathered(s, base)
    values = s.b.emit("gather", s.same(base), *indices, **attrs)[0]
    return s.b.emit(name, base, values, *indices, **attrs)


def _reduction(s: Steps, name: str) -> Sequence[Value]:
    logical, ordered = name in ("any", "all"), name in ("max", "min")
    x = s.any(lambda t: (t.dtype is DType.BOOL) == logical and not (ordered and 0 in t.shape))
    count = s.number(0, x.array.rank)
    return s.b.emit(name, x, axes=tuple(sorted(s.draw(st.permutations(range(x.array.rank)))[:count])))


def _arg_reduction(s: Steps, name: str) -> Sequence[Value]:
    x = s.any(lambda t: _is_indexable(t) and t.dtype is not DType.BOOL)
    return s.b.emit(name, x, axis=s.number(0, x.array.rank - 1))


def _scan(s: Steps, name: str) -> Sequence[Value]:
    x = s.any(lambda t: t.rank > 0 and t.dtype.is_float)
    operands = [x, s.same(x)] if name == "recurrence" else [x]
    return s.b.emit(name, *operands, axis=s.number(0, x.array.rank - 1), reverse=s.flag())


def _matmul(s: Steps, name: str) -> Sequence[Value]:
    x = s.any(lambda t: t.rank >= 2 and t.dtype.is_float)
    rank = x.array.rank
    swapped = s.b.transpose(s.same(x), axes=(*range(rank - 2), rank - 1, rank - 2))
    return s.b.emit(name, x, swapped)


def _check(s: Steps, name: str) -> Sequence[Value]:
    x = s.any(lambda t: t == INDEX)
    return s.b.emit(name, s.b.equal(x, x), exception="ValueError", message='never "this"')


def _sized(steps: Steps, name: str) -> list[Value]:
    """Work on a slice of a size that is bound here; what comes out of it has a known size."""
    b, whole = steps.b, steps.any(lambda t: t.rank > 0 and t.dtype.is_float)
    steps.symbols.append(name)
    bound = int(whole.shape[0])
    n = symbol(f"n{len(steps.symbols)}", bound)
    b.emit("bind", b.int64(steps.number(-1, 4)), symbol=n)
    rest = tuple(Span(0, d) for d in whole.shape[1:])
    part = b.index(whole, at=(Span(0, n), *rest))
    size_of_part = b.convert(b.extent(size=n), dtype=part.dtype)
    scaled = b.multiply(part, b.spread(size_of_part, part.array))
    every = tuple(range(len(part.shape)))
    return [b.update(whole, b.sin(scaled), at=(Span(0, n), *rest)), b.sum(b.square(part), axes=every)]


def _check_index(s: Steps, name: str) -> Sequence[Value]:
    x = s.b.literal(np.array(s.number(-3, 2)))
    return s.b.emit(name, x, size=3, axis=s.number(0, 2))


def _trips(s: Steps) -> tuple[Value, Value, Value]:
    lo, hi, step = s.draw(st.sampled_from([(0, 2, 1), (0, 0, 1), (3, -1, -2), (1, 4, 2), (2, 1, 1)]))
    limit = s.inside(4) if s.flag() else s.b.int64(hi)
    return s.b.int64(lo), limit, s.b.int64(step)


def _for(s: Steps, name: str) -> Sequence[Value]:
    if not s.depth:
        return ()
    inits = [s.any() for _ in range(s.number(0, 2))]
    trips = _trips(s)
    params = [Value(INDEX), *[Value(v.type) for v in inits]]
    body = s.nested(params)
    body.take(4)
    block = body.b.block(params, [body.same(p) for p in params[1:]])
    return s.b.emit(name, *trips, *inits, regions=[block])


def _while(s: Steps, name: str) -> Sequence[Value]:
    """A loop of at most three turns, that what the body computes may end before."""
    if not s.depth:
        return ()
    inits = [s.any() for _ in range(s.number(0, 2))]
    enter = s.b.literal(np.bool_(True)) if s.flag() else s.any(lambda t: t == BOOL)
    params = [Value(INDEX), *[Value(v.type) for v in inits]]
    body = s.nested(params)
    body.take(4)
    results = [body.same(p) for p in params[1:]]
    again = body.b.less(params[0], body.b.int64(s.number(-1, 2)))
    if s.flag():
        again = body.b.logical_and(again, body.any(lambda t: t == BOOL))
    return s.b.emit(name, enter, *inits, regions=[body.b.block(params, [again, *results])])


def _if(s: Steps, name: str) -> Sequence[Value]:
    if not s.depth:
        return ()
    x = s.any(lambda t: t.rank == 0)
    condition = x if x.dtype is DType.BOOL else s.b.less(x, s.same(x))
    branches = [s.nested(()), s.nested(())]
    for branch in branches:
        branch.take(3)
    results = [s.any() for _ in range(s.number(0, 2))]
    blocks = [branch.b.block((), [branch.same(r) for r in results]) for branch in branches]
    return s.b.emit(name, condition, regions=blocks)


def _stack(s: Steps, name: str) -> Sequence[Value]:
    """Push the values of a loop, then pop them in a loop back."""
    if not s.depth:
        return ()
    x = s.any(lambda t: t.dtype.is_float)
    lo, hi, step = s.b.int64(0), s.b.int64(s.number(0, 3)), s.b.int64(1)
    (stack,) = s.b.emit("stack_new", hi, element=x.type)
    if s.flag():
        return _stack_of_turns(s, x, stack)
    _, stack = s.b.emit("for", lo, hi, step, x, stack, regions=[_pushing(s, x)])
    return s.b.emit("for", lo, hi, step, s.same(x), stack, regions=[_popping(s, x)])


def _stack_of_turns(s: Steps, x: Value, stack: Value) -> Sequence[Value]:
    """Push the values of a `while`, then pop as many as it took turns."""
    body = _pushing(s, x)
    b = s.b.nested()
    again = b.less(body.params[0], b.int64(s.number(-1, 3)))
    turns = Block(body.params, (*body.nodes, *b.nodes), (again, *body.results))
    count, _, stack = s.b.emit("while", s.b.isfinite(s.total()), x, stack, regions=[turns])
    lo, step = s.b.int64(0), s.b.int64(1)
    return s.b.emit("for", lo, count, step, s.same(x), stack, regions=[_popping(s, x)])


def _pushing(s: Steps, x: Value) -> Block:
    params = [Value(INDEX), Value(x.type), Value(StackType(x.array))]
    body = s.nested(params[:2])
    body.take(2)
    return body.b.block(params, [body.same(x), *body.b.emit("push", params[2], body.same(x))])


def _popping(s: Steps, x: Value) -> Block:
    params = [Value(INDEX), Value(x.type), Value(StackType(x.array))]
    b = s.b.nested()
    rest, top = b.emit("pop", params[2])
    return b.block(params, [b.add(params[1], b.sin(top)), rest])


# For each operation that is not elementwise without attributes: how to make a step of it.
RECIPES: dict[str, Callable[[Steps, str], Sequence[Value]]] = {
    "convert": _convert,
    "polygamma": _polygamma,
    "where": _where,
    "constant": _constant,
    "iota": _iota,
    "broadcast": _broadcast,
    "reshape": _reshape,
    "transpose": _transpose,
    "concatenate": _concatenate,
    "pad": _pad,
    "index": _index,
    "update": _update,
    "accumulate": _update,
    "gather": _gather,
    "scatter": _scatter,
    "scatter_add": _scatter,
    **dict.fromkeys(("sum", "prod", "max", "min", "any", "all"), _reduction),
    **dict.fromkeys(("argmax", "argmin"), _arg_reduction),
    **dict.fromkeys(("cumsum", "cumprod", "recurrence"), _scan),
    "matmul": _matmul,
    **dict.fromkeys(("bind", "extent"), _sized),
    "check": _check,
    "check_index": _check_index,
    "for": _for,
    "while": _while,
    "if": _if,
    "push": _stack,
}
