"""Which of the values computed once for several uses need memory, now that the nests are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..ir import dims
from ..ir.graph import Node, Value
from .accesses import Read, record
from .affine import ZERO as _NOWHERE
from .inlining import Inlining, is_array
from .kernels import Access, Branch, Loop, Nest, Root, Scalars, Single, Statement
from .schedule import walk

_Reader = tuple[Statement, bool]


def store_shared(body: tuple[Statement, ...], inlining: Inlining) -> tuple[Statement, ...]:
    """Keep the shared values that something else reads, inline the others; return the pruned statements.

    A value that one other nest reads, at its own index only, is computed there instead.
    """
    statements = list(walk(body))
    readers: dict[Value, list[_Reader]] = {}
    for statement in statements:
        for read in reads_of(statement, inlining):
            readers.setdefault(inlining.canonical(read.value), []).append((statement, read.here))
    for statement in reversed(statements):
        if isinstance(statement, Nest):
            for root in reversed(statement.roots):
                if root.access is Access.STORE and root.element in inlining.shared:
                    _decide(root.element, statement, readers, inlining)
    inlining.shared.clear()
    return tuple(_pruned(body, inlining))


def _decide(value: Value, nest: Nest, readers: dict[Value, list[_Reader]], inlining: Inlining) -> None:
    inlining.shared.discard(value)
    found = readers.get(value, [])
    nests = {id(s): s for s, _ in found}
    if not found:
        return
    (reader, *others) = nests.values()
    if (
        others
        or not all(here for _, here in found)
        or not isinstance(reader, Nest)
        or reader.space != nest.space
    ):
        inlining.kept.add(value)
        return
    if _used_beside(value, nest, inlining):
        inlining.kept.add(value)
        return
    for read in record(inlining.producers, inlining.is_root, [value], nest.space).reads:
        readers.setdefault(inlining.canonical(read.value), []).append((reader, read.here))


def _used_beside(value: Value, nest: Nest, inlining: Inlining) -> bool:
    """Tell whether another root of the nest that computes a value uses it."""
    others = [r for r in nest.roots if not (r.access is Access.STORE and r.element is value)]
    computed = frozenset(r.element for r in others if r.access is Access.STORE)

    def is_root(v: Value) -> bool:
        return v is value or inlining.is_root(v)

    reads = record(inlining.producers, is_root, [r.element for r in others], nest.space, computed).reads
    return any(r.value is value for r in reads)


def _pruned(body: Sequence[Statement], inlining: Inlining) -> Iterator[Statement]:
    for statement in body:
        match statement:
            case Nest(space, roots):
                left = tuple(r for r in roots if r.access is not Access.STORE or r.element in inlining.kept)
                if left:
                    yield Nest(space, left)
            case Loop():
                yield replace(statement, body=tuple(_pruned(statement.body, inlining)))
            case Branch():
                then, orelse = (
                    tuple(_pruned(statement.then, inlining)),
                    tuple(_pruned(statement.orelse, inlining)),
                )
                yield replace(statement, then=then, orelse=orelse)
            case _:
                yield statement


def reads_of(statement: Statement, inlining: Inlining) -> list[Read]:
    """The loads from arrays that a statement itself makes, those of its regions left out."""
    match statement:
        case Nest(space, roots):
            return nest_reads(space, roots, inlining)
        case Scalars(nodes):
            return [r for n in nodes for r in node_reads(n, inlining)]
        case Single(node):
            return node_reads(node, inlining)
        case Loop(node) | Branch(node):
            results = [v for region in node.regions for v in region.results]
            return [Read(v, _NOWHERE, False) for v in (*node.operands, *results) if is_array(v)]


def nest_reads(space: tuple[int, ...], roots: Sequence[Root], inlining: Inlining) -> list[Read]:
    """The loads of a nest; a value that it stores is not loaded at the same index."""
    computed = frozenset(r.element for r in roots if r.access is Access.STORE)
    return record(inlining.producers, inlining.is_root, [r.element for r in roots], space, computed).reads


def node_reads(node: Node, inlining: Inlining) -> list[Read]:
    """The loads of a node that is no nest, whatever the index."""
    found: list[Read] = []
    for operand in node.operands:
        if is_array(operand):
            found += record(inlining.producers, inlining.is_root, [operand], dims.static(operand.shape)).reads
    return [replace(r, here=False) for r in found]
