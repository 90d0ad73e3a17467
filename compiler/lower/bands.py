"""Nests over the same rows become bands: each of them does a block of rows before any does the next.

A softmax is a maximum, a sum and a quotient of every row: three passes over memory as three nests, one as
a band. Nests need not be neighbours; what stands between them goes before the band or after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..ir import dims
from ..ir.graph import Graph, Value
from . import crossings
from .footprints import Footprint, footprint_of, row_size
from .inlining import Inlining, is_array
from .kernels import Band, Branch, Loop, Nest, Statement
from .schedule import walk

_BLOCK = 2048  # elements of the widest nest's block: a few arrays of them are in the first cache
_WIDEST = 16384  # elements of a row, above which a block does not stay in a cache
_LEAST_BLOCKS = 4
_LEAST_SAVED = 1 << 18  # bytes that need not come from memory again
_LARGE = 1 << 18  # bytes of an array that has left the cache between two nests
_LOOK_AHEAD = 60
_MOST_LINES = 1000  # of LLVM IR: a band is in one function, and LLVM takes more than linear time for that
_ROWS_BYTES = 1 << 16  # of all arrays that have memory for a block only: it is on the stack
_VECTOR = 8


def merge_rows(graph: Graph, body: tuple[Statement, ...], inlining: Inlining) -> tuple[Statement, ...]:
    """Return the statements with bands in the place of nests that work on the same rows."""
    return _Merge(graph, body, inlining).block(body) if _may_pay(graph, body, inlining) else body


def _may_pay(graph: Graph, body: Sequence[Statement], inlining: Inlining) -> bool:
    """Tell whether something leaves the cache at all: no band pays without."""
    nests = [statement for statement in walk(body) if isinstance(statement, Nest)]
    if any(dims.room(nest.space) >= crossings.LEAST for nest in nests):
        return True
    least = min(_LARGE, _LEAST_SAVED)
    return bool(nests) and any(_bytes(v) >= least for v in (*graph.block.params, *inlining.producers))


@dataclass(slots=True)
class _Draft:
    """A band that nests can still join."""

    count: int
    nests: list[Nest] = field(default_factory=list)
    footprints: list[Footprint] = field(default_factory=list)
    before: list[Statement] = field(default_factory=list)
    after: list[Statement] = field(default_factory=list)
    made: dict[Value, bool] = field(default_factory=dict)  # and whether it is complete row by row
    later: set[Value] = field(default_factory=set)  # what comes into being after the band

    def take(self, statement: Statement, footprint: Footprint) -> bool:
        """Put a statement into the band, before it or after it; False where nothing can pass it."""
        if self.fits(statement, footprint):
            assert isinstance(statement, Nest)
            self.nests.append(statement)
            self.footprints.append(footprint)
            self.made.update(dict.fromkeys(footprint.across, False) | dict.fromkeys(footprint.by_row, True))
            return True
        if not footprint.is_pure:
            return False
        if self.later.isdisjoint(footprint.needs) and self.made.keys().isdisjoint(footprint.needs):
            self.before.append(statement)
        else:
            self.after.append(statement)
            self.later.update(footprint.makes)
        return True

    def fits(self, statement: Statement, footprint: Footprint) -> bool:
        if (
            not isinstance(statement, Nest)
            or footprint.rows != self.count
            or not self.later.isdisjoint(footprint.needs)
            or sum(f.lines for f in self.footprints) + footprint.lines > _MOST_LINES
        ):
            return False
        return all(self.made[v] and v in footprint.same_row for v in footprint.needs if v in self.made)


class _Merge:
    def __init__(self, graph: Graph, body: Sequence[Statement], inlining: Inlining) -> None:
        self.inlining = inlining
        self.footprints: dict[int, Footprint] = {}
        self.readers: dict[Value, set[int]] = {}
        self.left = _ROWS_BYTES
        for statement in walk(body):
            for value in self.footprint(statement).needs:
                self.readers.setdefault(value, set()).add(id(statement))
        for value in graph.block.results:
            self.readers.setdefault(inlining.canonical(value), set()).add(0)

    def footprint(self, statement: Statement) -> Footprint:
        if id(statement) not in self.footprints:
            self.footprints[id(statement)] = footprint_of(statement, self.inlining)
        return self.footprints[id(statement)]

    def block(self, body: Sequence[Statement]) -> tuple[Statement, ...]:
        """Recursion is over the nesting of regions."""
        found: list[Statement] = []
        waiting = list(reversed(body))
        while waiting:
            statement = waiting.pop()
            draft = self.draft(statement, waiting)
            if draft is not None:
                found += [*self.block(draft.before), self.band(draft)]
                del waiting[len(waiting) - (len(draft.before) + len(draft.nests) + len(draft.after) - 1) :]
                waiting += reversed(draft.after)
            elif isinstance(statement, Nest):
                found.append(replace(statement, tiled=self.footprint(statement).tiled))
            else:
                found.append(self.inner(statement))
        return tuple(found)

    def inner(self, statement: Statement) -> Statement:
        match statement:
            case Loop():
                return replace(statement, body=self.block(statement.body))
            case Branch():
                return replace(
                    statement, then=self.block(statement.then), orelse=self.block(statement.orelse)
                )
        return statement

    def draft(self, first: Statement, waiting: Sequence[Statement]) -> _Draft | None:
        """The band that begins with a nest, if that pays."""
        rows = self.footprint(first).rows
        if rows is None:
            return None
        draft = _Draft(rows)
        draft.take(first, self.footprint(first))
        best = None
        for k in range(1, min(len(waiting), _LOOK_AHEAD) + 1):
            statement = waiting[-k]
            size = len(draft.nests)
            if not draft.take(statement, self.footprint(statement)):
                break
            if len(draft.nests) > size:
                best = _as_it_stands(draft)
        return best if best is not None and self.pays(best) else None

    def pays(self, draft: _Draft) -> bool:
        """Whether what several of the nests touch would have to come from memory again."""
        if draft.count < _LEAST_BLOCKS * _step(draft) or _widest(draft) > _WIDEST:
            return False
        touched: dict[Value, int] = {}
        for footprint in draft.footprints:
            for value in {*footprint.same_row, *footprint.by_row}:
                touched[value] = touched.get(value, 0) + 1
        saved = sum(_bytes(v) * (n - 1) for v, n in touched.items() if _bytes(v) >= _LARGE)
        return saved >= _LEAST_SAVED

    def band(self, draft: _Draft) -> Band:
        step, nests = _step(draft), {id(n) for n in draft.nests}
        whole = {v for footprint in draft.footprints for v in footprint.needs if v not in footprint.same_row}
        rows = set[Value]()
        for value in sorted((v for v in draft.made if draft.made[v]), key=_bytes):
            size = step * row_size(value, draft.count) * value.dtype.numpy.itemsize
            if self.readers.get(value, set()) <= nests and value not in whole and size <= self.left:
                rows.add(value)
                self.left -= size
        tiled = tuple(replace(n, tiled=p.tiled) for n, p in zip(draft.nests, draft.footprints, strict=True))
        return Band(draft.count, step, tiled, frozenset(rows))


def _as_it_stands(draft: _Draft) -> _Draft:
    """A draft as it stands now."""
    return replace(
        draft,
        nests=list(draft.nests),
        footprints=list(draft.footprints),
        before=list(draft.before),
        after=list(draft.after),
        made=dict(draft.made),
    )


def _step(draft: _Draft) -> int:
    """Rows of a block: as many as fit, whole vectors of them, and no rest at the end if that can be."""
    most = max(1, _BLOCK // _widest(draft))
    if most >= 2 * _VECTOR:
        most -= most % _VECTOR
    even = [k for k in range(most, most // 2, -1) if draft.count % k == 0]
    return next((k for k in even if k % _VECTOR == 0), even[0] if even else most)


def _widest(draft: _Draft) -> int:
    return max(dims.room(n.space[1:]) for n in draft.nests)


def _bytes(value: Value) -> int:
    return dims.room(value.shape) * value.dtype.numpy.itemsize if is_array(value) else 0
