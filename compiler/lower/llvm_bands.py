"""Bands of nests in LLVM IR: the loop over blocks of rows, alone or shared by threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ir.dims import Dim, as_symbol, symbol
from ..ir.types import DType
from . import llvm_sums as sums
from .affine import Index
from .footprints import block_index, block_variable
from .kernels import Access, Band, Buffer, Nest, Root, Split
from .llvm_code import Code
from .llvm_loop_hints import ROLLED
from .llvm_machine import Scalar
from .llvm_nests import NestCode, Subspace
from .llvm_outlined import Outlined
from .llvm_totals import Totals


def emit_band(code: Code, band: Band) -> None:
    """Emit a band: all of its nests for one block of rows, then for the next."""
    if band.split is not None:
        _emit_shared(code, band, band.split)
        return
    totals = [Totals(code, nest, list(filter(_is_across, nest.roots))) for nest in band.nests]
    _blocks(code, band, totals, "0", -(-band.count // band.step))
    for total in totals:
        total.finish()


def _blocks(code: Code, band: Band, totals: Sequence[Totals], start: str, count: int | str) -> None:
    """Emit the loop over `count` blocks that begin at the row `start`."""
    first, unseen = block_variable(band.count, band.step), band.split is not None
    code.rows = {code.program.places[v]: first for v in band.rows}
    with code.loop(count, ROLLED) as number:
        begin = code.function.value(f"mul nuw nsw i64 {number}, {band.step}")
        begin = code.function.value(f"add nuw nsw i64 {start}, {begin}")
        rows = block_length(code, band.count, band.step, begin, first.name)
        for nest, total in zip(band.nests, totals, strict=True):
            code.machine.groups = {first: (begin, 1)}
            block = Subspace(
                (rows, *nest.space[1:]), block_index(nest.space, first, rows), frozenset([first])
            )
            for root in nest.roots:
                if root.access is Access.REDUCE and not _is_across(root):
                    sums.clear_rows(code, root, nest.space, rows, Index(((first, 1),)), band.count)
            total.add(NestCode(code, nest, block).emit_part(total.targets, unseen))
    code.rows, code.machine.groups = {}, {}


def block_length(code: Code, count: int, step: int, begin: str, name: str) -> Dim:
    """How many of `count` iterations, `step` at a time, there are from `begin` on: the last may be fewer."""
    if count % step == 0:
        return step
    left = code.function.value(f"sub nuw nsw i64 {count}, {begin}")
    found = symbol(name, step)
    named = as_symbol(found)
    assert named is not None
    code.machine.symbols[named] = Scalar(DType.I64, code.least(left, step))
    return found


def _is_across(root: Root) -> bool:
    """Tell whether a reduction goes on from block to block."""
    return root.access is Access.REDUCE and 0 in root.node.attrs["axes"]


def _emit_shared(outside: Code, band: Band, split: Split) -> None:
    """Emit the function that does some chunks of a band, and its call; then combine what the chunks leave."""
    task = Outlined(outside)
    code, scratch = task.code, outside.program.scratch
    read, written = _touched(outside, band, task)
    own = {outside.program.places[v] for v in band.rows}
    for buffer in sorted({*read, *written} - own, key=lambda b: (b.memory.value, b.number)):
        code.bases[buffer] = task.taken("ptr", outside.base(buffer))
    for buffer in sorted(own, key=lambda b: b.number):
        code.bases[buffer] = code.stack_array(buffer)
    parts = {id(r): task.part(r) for nest in band.nests for r in filter(_is_across, nest.roots)}
    with task.chunks(split, band.count) as chunk:
        rows = code.function.value(f"sub nuw nsw i64 {chunk.end}, {chunk.first}")
        whole = code.function.value(f"add nuw nsw i64 {rows}, {band.step - 1}")
        blocks = code.function.value(f"udiv i64 {whole}, {band.step}")
        totals = [_begin(task, nest, parts, chunk.number) for nest in band.nests]
        _blocks(code, band, totals, chunk.first, blocks)
        for total in totals:
            total.store()
    task.call(split.chunks)
    for nest in band.nests:
        for root in filter(_is_across, nest.roots):
            sums.join(outside, root, scratch[root.node], split.chunks)


def _touched(outside: Code, band: Band, task: Outlined) -> tuple[set[Buffer], set[Buffer]]:
    """The buffers that a band reads and writes; the scalars that it uses are taken along."""
    read, written = set[Buffer](), set[Buffer]()
    for nest in band.nests:
        inner = NestCode(task.code, nest)
        recorded = inner.record()
        read |= inner.read_by(recorded)
        written |= inner.written()
        for value in recorded.scalars:
            task.take(value)
    return read, written


def _begin(task: Outlined, nest: Nest, parts: Mapping[int, Buffer], number: str) -> Totals:
    """Point the reductions over rows to the chunk's parts of their results."""
    roots = list(filter(_is_across, nest.roots))
    for root in roots:
        task.point(parts[id(root)], root, number)
    return Totals(task.code, nest, roots, {id(r): parts[id(r)] for r in roots})
