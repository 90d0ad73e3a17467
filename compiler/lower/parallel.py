"""Which loop nests threads share: those large enough to pay, and how they are cut into chunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..ir.dims import is_static, size
from ..ir.graph import Value
from ..ir.types import DType
from .accesses import Recorder, record_roots
from .affine import Index
from .inlining import Inlining
from .kernels import Access, Band, Branch, Loop, Nest, Root, Split, Statement
from .llvm_machine import Scalar
from .nest_loops import Group, plan_nest

# Work is counted in instructions for one element, in vectors: some 0.1 ns each. Measured: a call of the pool
# takes 0.7 us if its threads are awake and 3 to 8 us if they sleep, a nest of 25 us is no slower then; chunks
# of 5 us are as good as larger ones, and leave less to wait for at the end.
_LEAST_WORK = 300_000
_CHUNK_WORK = 75_000
_MOST_CHUNKS = 1024
_VECTORS = 64  # elements: chunks of whole vectors leave no rest to be done one by one
_ROWS = 16  # rows added up into one by a chunk, at least, so that adding up what chunks leave costs little


def split_large(body: Sequence[Statement], inlining: Inlining) -> tuple[Statement, ...]:
    """Return the statements with all nests split that are worth it, those in loops and branches too."""
    return tuple(_split(body, inlining))


def _split(body: Sequence[Statement], inlining: Inlining) -> Iterator[Statement]:
    for statement in body:
        match statement:
            case Nest():
                yield replace(statement, split=_split_of(statement, inlining))
            case Band():
                yield _split_band(statement, inlining)
            case Loop():
                yield replace(statement, body=split_large(statement.body, inlining))
            case Branch():
                then, orelse = (split_large(arm, inlining) for arm in (statement.then, statement.orelse))
                yield replace(statement, then=then, orelse=orelse)
            case _:
                yield statement


def _split_of(nest: Nest, inlining: Inlining) -> Split | None:
    """How a nest is cut, if it is; not where a bad index ends the run, for it is the first that does."""
    checks = any(r.access is Access.CHECK for r in nest.roots)
    if checks or not is_static(nest.space) or 0 in nest.space:
        return None
    recorded = _recorded(nest, inlining)
    work = size(nest.space) * _work(nest, recorded)
    if work < _LEAST_WORK or recorded.symbols:
        return None
    groups = plan_nest(nest, recorded, _unknown)
    chunks = min(work // _CHUNK_WORK, _MOST_CHUNKS)
    outer = groups if nest.tiled is None else groups[:-2]  # the loops inside of tiles are those around again
    found = [split for g in outer if (split := _cut(nest, groups, g, chunks)) is not None]
    enough = [split for split in found if split.chunks >= chunks // 2]
    return next(iter(enough), max(found, key=lambda split: split.chunks, default=None))


def _split_band(band: Band, inlining: Inlining) -> Band:
    """Cut the rows of a band into chunks of whole blocks, if that pays."""
    recorded = [_recorded(nest, inlining) for nest in band.nests]
    work = sum(size(n.space) * _work(n, r) for n, r in zip(band.nests, recorded, strict=True))
    chunks = min(work // _CHUNK_WORK, _MOST_CHUNKS, -(-band.count // band.step))
    for nest in band.nests:
        for root in nest.roots:
            if root.access is Access.REDUCE and 0 in root.node.attrs["axes"]:
                chunks = min(chunks, _most_parts(nest, root))
    if work < _LEAST_WORK or any(r.symbols for r in recorded) or chunks < 2:
        return band
    blocks = -(-band.count // band.step)
    length = -(-blocks // chunks) * band.step
    split = Split((0,), length, -(-band.count // length))
    if split.chunks < 2:
        return band
    return replace(band, split=split, nests=tuple(replace(n, split=split) for n in band.nests))


def _recorded(nest: Nest, inlining: Inlining) -> Recorder:
    return record_roots(inlining.producers, inlining.is_root, nest.roots, nest.space)


def _work(nest: Nest, recorded: Recorder) -> int:
    """Roughly the instructions for one element."""
    stores = sum(r.access is not Access.REDUCE for r in nest.roots)
    return recorded.cost + len(nest.roots) + len(recorded.reads) + stores


def _unknown(value: Value) -> Index:
    """A form that stands for an index which the run knows."""
    return Index(((Scalar(DType.I64, "?index"), 1),))


def _cut(nest: Nest, groups: Sequence[Group], group: Group, chunks: int) -> Split | None:
    """Cut the loop of a group into so many chunks, or fewer; None where it has too few iterations."""
    count = group.count
    assert isinstance(count, int)
    for root in nest.roots:
        if root.access is Access.REDUCE and group.axes[0] in root.node.attrs["axes"]:
            chunks = min(chunks, _most_parts(nest, root))
    if chunks < 2:
        return None
    length = -(-count // chunks)
    whole = group.block or (_VECTORS if group is groups[-1] else 1)
    length = -(-length // whole) * whole
    found = -(-count // length)
    return Split(group.axes, length, found) if found > 1 else None


def _most_parts(nest: Nest, root: Root) -> int:
    """How many parts of a reduction's result may be left to be added up."""
    return size(nest.space) // (_ROWS * size(root.result.shape))
