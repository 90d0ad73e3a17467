"""Several rows at a time: they are added to one in memory, or each is added up.

A row in memory is read and written once for all of them. What rows are multiplied by before they are
added up is read once, too, and the partial sums of their vectors are joined at the same time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..ir.dims import Affine, Dim
from . import llvm_sums as sums
from .kernels import Access
from .llvm_loop_hints import ROLLED
from .nest_loops import Group

if TYPE_CHECKING:
    from .llvm_nests import NestCode

ABREAST = 4
_SHORTEST = 8  # elements of rows that are vectors in themselves: of shorter ones LLVM makes columns
_LONGEST = 4096  # elements, above which nothing is gained
LIGHT = 16  # nodes of a nest that has the registers for several vectors at once


def adds_rows(nest: NestCode, group: Group) -> bool:
    """Tell whether all that the iterations of a loop do is to add rows to rows in memory."""
    if nest.unroll or nest.weight > LIGHT or not all(s.alone for s in nest.sums):
        return False
    reduced = [r for r in nest.nest.roots if r.access is Access.REDUCE and r.domain is None]
    over_rows = all(group.axes[0] in r.node.attrs["axes"] for r in reduced)
    return over_rows and len(reduced) == len(nest.nest.roots)


def sums_rows(nest: NestCode, group: Group) -> bool:
    """Tell whether all that the iterations of a loop do is to add up a row each, not a very short one."""
    if nest.unroll or nest.weight > LIGHT or not nest.sums or len(nest.sums) != len(nest.nest.roots):
        return False
    inner, depth = nest.groups[-1], len(nest.groups) - 1
    simple = len(inner.starts) == len(group.starts) == 1 and inner.block is group.block is None
    if inner.axes in nest.blocks or (nest.chunk is not None and nest.chunk.depth == depth):
        return False  # a part of each row only
    whole = all(s.depth == depth and not s.in_memory and s.root.domain is None for s in nest.sums)
    return simple and whole and isinstance(inner.count, int) and _SHORTEST <= inner.count < _LONGEST


def sums_abreast(nest: NestCode, depth: int, start: str, turns: Dim | str) -> None:
    """Emit the loop at `depth` over rows that are added up, several at a time."""
    code, f, inner = nest.code, nest.code.function, nest.groups[-1]
    assert isinstance(inner.count, int)
    whole, rest, done = _parts(nest, turns)
    with code.loop(whole, ROLLED) as block:
        first = nest.moved(start, f.value(f"mul nuw nsw i64 {block}, {ABREAST}"))
        rows = [(nest.moved(first, str(k)), _own_slots(nest)) for k in range(ABREAST)]
        for _, own in rows:
            for s in own:
                sums.start(code, s)
        with code.loop(inner.count, nest.hints(depth + 1, inner.count, inner.count, rows=ABREAST)) as i:
            nest.stand(depth + 1, i)
            elements = []
            for row, own in rows:
                nest.stand(depth, row)
                walk = nest.walk()
                elements += [(s, walk.element(s.root.element, nest.here)) for s in own]
            for s, x in elements:
                sums.add(code, s, x)
        for row, own in rows:
            nest.stand(depth, row)
            for s in own:
                sums.end(code, s, nest.here)
    with code.loop(rest, ROLLED) as i:
        nest.step(depth, nest.moved(start, nest.moved(done, i)))


def _own_slots(nest: NestCode) -> list[sums.Sum]:
    return [replace(s, slot=nest.code.accumulator(s.dtype)) for s in nest.sums]


def _parts(nest: NestCode, turns: Dim | str) -> tuple[int | str, int | str, str]:
    """How often there are several rows, how many are left then, and how many have been done by then."""
    code, f = nest.code, nest.code.function
    if isinstance(turns, int):
        whole, rest = divmod(turns, ABREAST)
        return whole, rest, str(turns - rest)
    total = code.extent(turns) if isinstance(turns, Affine) else turns
    often, left = (f.value(f"{op} i64 {total}, {ABREAST}") for op in ("udiv", "urem"))
    return often, left, f.value(f"sub nuw nsw i64 {total}, {left}")


def rows_abreast(nest: NestCode, depth: int, start: str, turns: Dim | str) -> None:
    """Emit the loop at `depth`, several rows at a time, then one by one what is left."""
    code, f = nest.code, nest.code.function
    whole, rest, done = _parts(nest, turns)
    with code.loop(whole, ROLLED) as block:
        first = nest.moved(start, f.value(f"mul nuw nsw i64 {block}, {ABREAST}"))
        nest.abreast = tuple(nest.moved(first, str(k)) for k in range(ABREAST))
        nest.level(depth + 1)
        nest.abreast = ()
    with code.loop(rest, ROLLED) as i:
        nest.step(depth, nest.moved(start, nest.moved(done, i)))


def add_rows(nest: NestCode) -> None:
    """Take the elements of several rows into the reductions."""
    rows = []
    for counter in nest.abreast:
        nest.stand(len(nest.groups) - 2, counter)
        walk = nest.walk()
        rows.append([walk.element(s.root.element, nest.here) for s in nest.sums])
    for s, *elements in zip(nest.sums, *rows, strict=True):
        sums.add_all(nest.code, s, elements)
