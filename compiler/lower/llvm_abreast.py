"""Rows that are added to one in memory, several at a time: it is read and written once for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ir.dims import Affine, Dim
from . import llvm_sums as sums
from .kernels import Access
from .llvm_loop_hints import ROLLED
from .nest_loops import Group

if TYPE_CHECKING:
    from .llvm_nests import NestCode

ABREAST = 4
LIGHT = 16  # nodes of a nest that has the registers for several vectors at once


def adds_rows(nest: NestCode, group: Group) -> bool:
    """Tell whether all that the iterations of a loop do is to add rows to rows in memory."""
    if nest.unroll or nest.weight > LIGHT or not all(s.alone for s in nest.sums):
        return False
    reduced = [r for r in nest.nest.roots if r.access is Access.REDUCE and r.domain is None]
    over_rows = all(group.axes[0] in r.node.attrs["axes"] for r in reduced)
    return over_rows and len(reduced) == len(nest.nest.roots)


def rows_abreast(nest: NestCode, depth: int, start: str, turns: Dim | str) -> None:
    """Emit the loop at `depth`, several rows at a time, then one by one what is left."""
    code, f = nest.code, nest.code.function
    whole: int | str
    rest: int | str
    if isinstance(turns, int):
        whole, rest = divmod(turns, ABREAST)
        done = str(turns - rest)
    else:
        total = code.extent(turns) if isinstance(turns, Affine) else turns
        whole, rest = (f.value(f"{op} i64 {total}, {ABREAST}") for op in ("udiv", "urem"))
        done = f.value(f"sub nuw nsw i64 {total}, {rest}")
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
