"""Which of the values computed once for several uses need memory, now that the nests are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..ir import dims
from ..ir.graph import Node, Value
from ..ir.loops import carries
from .accesses import Read, Recorder, record, record_roots
from .affine import ZERO as _NOWHERE
from .inlining import WRITERS, Inlining, is_array
from .kernels import Access, Band, Branch, Loop, Nest, Root, Scalars, Single, Statement
from .nest_loops import pieces_of
from .schedule import walk

# Arrays this large leave the cache between two nests, and cost about this many instructions to read again.
_OUT_OF_CACHE = 1 << 18
_CHEAPER_THAN_MEMORY = 12
# Below, a loop with a chain of elementary functions takes longer than two loops that share them (by a third).
_FAR_OUT_OF_CACHE = 1 << 20
_ROUNDS = 3


def store_shared(
    body: tuple[Statement, ...], inlining: Inlining, schedule: Callable[[], tuple[Statement, ...]]
) -> tuple[Statement, ...]:
    """Keep the shared values that something else reads, inline the others; return the statements then.

    A value that one other nest reads, at its own index only, is computed there instead. A large
    value that is cheap to compute is computed again wherever it is read. Nests that only waited for what
    has no memory now can join, and one may be left where several read a value.
    """
    for _ in range(_ROUNDS):
        shared = set(inlining.shared)
        if not _inline_shared(body, inlining):
            break
        body = schedule()
        inlining.shared = shared & inlining.kept
        inlining.kept -= inlining.shared
    inlining.kept |= inlining.shared
    inlining.shared.clear()
    return body


def _inline_shared(body: tuple[Statement, ...], inlining: Inlining) -> bool:
    """Keep or inline each shared value; tell whether one is inlined."""
    if not inlining.shared:
        return False
    statements = list(walk(body))
    sharing = _Sharing(inlining, statements)
    inlined = False
    for statement in reversed(statements):
        if isinstance(statement, Nest):
            for root in reversed(statement.roots):
                if root.access is Access.STORE and root.element in inlining.shared:
                    inlining.shared.discard(root.element)
                    if sharing.can_inline(root.element, statement):
                        inlined = True
                    else:
                        inlining.kept.add(root.element)
    inlining.shared.clear()
    return inlined


class _Sharing:
    """Who reads what, kept up to date while values become inlined."""

    def __init__(self, inlining: Inlining, statements: Sequence[Statement]) -> None:
        self.inlining = inlining
        self.readers: dict[Value, list[tuple[Statement, bool]]] = {}
        self.written: set[Value] = set()  # arrays that are, or may be, overwritten in place
        self.users: dict[Value, list[Node]] = {}
        for node in inlining.live:
            for operand in node.operands:
                if is_array(operand):
                    self.users.setdefault(operand, []).append(node)
        for statement in statements:
            for read in reads_of(statement, inlining):
                self.add_reader(read, statement)
            self.written.update(map(inlining.canonical, _overwritten(statement)))

    def add_reader(self, read: Read, statement: Statement) -> None:
        self.readers.setdefault(self.inlining.canonical(read.value), []).append((statement, read.here))

    def can_inline(self, value: Value, nest: Nest) -> bool:
        """Decide for one value of a nest; if so, what it reads has new readers."""
        found = self.readers.get(value, [])
        readers = list({id(s): s for s, _ in found}.values())
        if not readers:
            return True
        here = all(here for _, here in found)
        alone = self.is_only_reader(value, nest, readers) if here else self.is_read_once(value, nest, readers)
        if not alone and not _leaves_cache(value):
            return False
        recorder = record(self.inlining.producers, self.inlining.is_root, [value], value.shape)
        if not alone and not self.is_cheaper_than_memory(value, readers, recorder):
            return False
        for reader in readers:
            for read in recorder.reads:
                self.add_reader(read if here else replace(read, here=False), reader)
        return True

    def is_only_reader(self, value: Value, nest: Nest, readers: Sequence[Statement]) -> bool:
        reader = readers[0]
        same = len(readers) == 1 and isinstance(reader, Nest) and reader.space == nest.space
        return same and not self.is_used_beside(value, nest)

    def is_read_once(self, value: Value, nest: Nest, readers: Sequence[Statement]) -> bool:
        """Tell whether one other nest, over a larger space, needs each element at one of its indices only."""
        reader, inlining = readers[0], self.inlining
        if len(readers) > 1 or not isinstance(reader, Nest) or not dims.is_static(reader.space):
            return False
        if self.is_used_beside(value, nest) or dims.size(reader.space) < dims.size(value.shape):
            return False
        kept: Callable[[Value], bool] = lambda v: v is value or inlining.is_root(v)  # noqa: E731
        recorded = record_roots(inlining.producers, kept, reader.roots, reader.space)
        computed = 0
        for piece, at in pieces_of(reader, recorded):
            found = record_roots(inlining.producers, kept, piece.roots, reader.space, at)
            positions = {r.position for r in found.reads if r.value is value}
            computed += dims.size(piece.space) * len(positions)
        made = record(inlining.producers, inlining.is_root, [value], value.shape)
        if any(inlining.canonical(r.value) in self.written for r in made.reads):
            return False
        cheap = made.cost <= _CHEAPER_THAN_MEMORY or _bytes(value) >= _FAR_OUT_OF_CACHE
        return cheap and computed <= dims.size(value.shape)

    def is_used_beside(self, value: Value, nest: Nest) -> bool:
        """Tell whether another root of the nest that computes a value uses it."""
        inlining = self.inlining
        users = self.users_through_inlined(value)
        for root in nest.roots:
            if root.node in users and root.element is not value:
                kept: Callable[[Value], bool] = lambda v: v is value or inlining.is_root(v)  # noqa: E731
                recorded = record_roots(inlining.producers, kept, [root], nest.space)
                if any(r.value is value for r in recorded.reads):
                    return True
            elif root.element is value and root.access is not Access.STORE:
                return True
        return False

    def users_through_inlined(self, value: Value) -> set[Node]:
        """The nodes that read a value, or something that is computed from it where it is used."""
        found: set[Node] = set()
        pending = [value]
        while pending:
            for user in self.users.get(pending.pop(), ()):
                if user not in found:
                    found.add(user)
                    pending += [r for r in user.results if is_array(r) and not self.inlining.is_root(r)]
        return found

    def is_cheaper_than_memory(self, value: Value, readers: Sequence[Statement], recorder: Recorder) -> bool:
        """Tell whether a value that leaves the cache is computed again in less time than it is read."""
        size = dims.room(value.shape)
        spaces = [r.space for r in readers if isinstance(r, Nest)]
        asked_for = sum(map(dims.room, spaces))  # elements; few of them, where a nest reads the edges only
        return (
            (recorder.cost + 2 * len(recorder.reads)) * asked_for <= _CHEAPER_THAN_MEMORY * size
            and len(spaces) == len(readers)
            and all(dims.room(s) <= 1.5 * size for s in spaces)
            and not any(self.inlining.canonical(r.value) in self.written for r in recorder.reads)
        )


def _leaves_cache(value: Value) -> bool:
    return _bytes(value) >= _OUT_OF_CACHE


def _bytes(value: Value) -> int:
    return dims.room(value.shape) * value.dtype.numpy.itemsize


def _overwritten(statement: Statement) -> list[Value]:
    match statement:
        case Nest(_, roots):
            return [r.node.operands[0] for r in roots if r.access is Access.PUT]
        case Single(node) if node.op.name in WRITERS:
            return [node.operands[0]]
        case Loop(node):
            return [v for c in carries(node) for v in (c.init, c.param)]
    return []


def reads_of(statement: Statement, inlining: Inlining) -> list[Read]:
    """The loads from arrays that a statement itself makes, those of its regions left out."""
    match statement:
        case Nest(space, roots):
            return nest_reads(space, roots, inlining)
        case Band(nests=nests):
            return [r for nest in nests for r in nest_reads(nest.space, nest.roots, inlining)]
        case Scalars(nodes):
            return [r for n in nodes for r in node_reads(n, inlining)]
        case Single(node):
            return node_reads(node, inlining)
        case Loop(node) | Branch(node):
            results = [v for region in node.regions for v in region.results]
            return [Read(v, _NOWHERE, False) for v in (*node.operands, *results) if is_array(v)]


def nest_reads(space: dims.Shape, roots: Sequence[Root], inlining: Inlining) -> list[Read]:
    """The loads of a nest; a value that it stores is not loaded at the same index."""
    return record_roots(inlining.producers, inlining.is_root, roots, space).reads


def node_reads(node: Node, inlining: Inlining) -> list[Read]:
    """The loads of a node that is no nest, whatever the index."""
    found: list[Read] = []
    for operand in node.operands:
        if is_array(operand):
            found += record(inlining.producers, inlining.is_root, [operand], operand.shape).reads
    return [replace(r, here=False) for r in found] if found else found
