"""Steps that add random nodes to a graph: what the recipes for operations are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from gradir.ir.builder import Builder
from gradir.ir.graph import Span, Value
from gradir.ir.operation import Elementwise, TypeRuleError
from gradir.ir.types import F64, ArrayType, DType
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
        recipes: Mapping[str, Recipe],
        symbols: list[str] | None = None,
    ) -> None:
        self.symbols = [] if symbols is None else symbols  # one entry for each in the whole graph
        self.draw = draw
        self.b = builder
        self.pool = list(pool)
        self.dtypes = dtypes
        self.depth = depth
        self.only = only
        self.recipes = recipes

    def take(self, most: int) -> None:
        recipes = [n for n in self.recipes if n in self.b.ops and self.only(n)]
        names = ["elementwise"] * max(4, len(recipes)) + recipes
        for _ in range(self.draw(st.integers(1, most) | st.just(most))):
            name = self.draw(st.sampled_from(names))
            made = self.elementwise() if name == "elementwise" else self.recipes[name](self, name)
            self.pool += [v for v in made if isinstance(v.type, ArrayType)]

    def nested(self, params: Sequence[Value]) -> Steps:
        depth = self.depth - 1
        pool = [*self.pool, *params]
        b = self.b.nested()
        return Steps(self.draw, b, pool, self.dtypes, depth, self.only, self.recipes, self.symbols)

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


# Makes a step of the operation of a name; returns the values that it adds.
Recipe = Callable[[Steps, str], Sequence[Value]]
