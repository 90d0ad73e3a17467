"""The loop nests of a block under construction: which of them a root joins, and where in its space."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter

from ..ir import dims
from ..ir.dims import Shape
from ..ir.graph import Value
from .domains import Domain, Inner, pieces
from .inlining import Inlining, is_array
from .kernels import Access, Nest, Root, Statement

_MOST_STORES = 24
_MOST_STORES_APART = 8  # of arrays that have no data in common: more streams than this outrun the prefetcher
_MOST_WEIGHT = 1000  # inlined nodes and roots of one nest, each counted once
_LOOK_BACK = 8
_SMALL = 4096  # elements; nests this small fit the cache
_LEAST = 1 << 12  # elements of a nest that another space joins: what is in a cache may as well be read twice
_MOST_GROWTH = 1.1  # of a nest that takes in a root over a larger space
_MOST_CODE = 1000  # nodes in all pieces of a nest, which is split where the domains of its roots end


@dataclass(slots=True)
class Draft:
    """A nest that roots can still join."""

    space: Shape
    roots: list[Root] = field(default_factory=list)
    first: int = 0  # the earliest place among the statements that all roots could have
    leaves: set[Value] = field(default_factory=set)
    weight: int = 0  # at most; nodes that several roots take may be counted more than once
    stores: int = 0
    inside: dict[Shape, Domain] = field(default_factory=dict)  # where smaller spaces lie in it

    def has_room_for(self, domain: Domain, weight: int, space: Shape | None = None) -> bool:
        """Tell whether the code for all pieces of the space, with one more domain in it, is little enough."""
        domains = [domain, *(r.domain for r in self.roots if r.domain is not None)]
        return pieces(space or self.space, domains) * (self.weight + weight) <= _MOST_CODE

    def is_sums_over(self, space: Shape) -> bool:
        """Tell whether it does nothing but to add up all elements of one space."""
        return self.space == space and all(_is_total(r) and r.domain is None for r in self.roots)

    def take(self, other: Draft) -> None:
        """Do what another nest does in its place."""
        self.roots += other.roots
        self.first = max(self.first, other.first)
        self.leaves |= other.leaves
        self.weight += other.weight
        self.stores += other.stores
        other.roots = []


@dataclass(frozen=True, slots=True)
class Request:
    """A root that wants a nest: what it reads, how much code it is, and the earliest place it could have."""

    root: Root
    leaves: frozenset[Value]
    weight: int
    first: int
    start: int  # the same, but for what its element needs
    inner: Inner | None  # the larger space that its element is computed from
    outer: Mapping[Shape, Domain]  # the smaller ones that it pads

    @property
    def space(self) -> Shape:
        return self.root.element.shape


class Drafts:
    """The statements of a block so far, nests among them."""

    def __init__(self, inlining: Inlining) -> None:
        self.inlining = inlining
        self.all: list[Draft | Statement] = []
        self.by_space: dict[Shape, list[int]] = {}

    def append(self, statement: Statement) -> int:
        self.all.append(statement)
        return len(self.all) - 1

    def nest(self, k: int) -> Draft:
        draft = self.all[k]
        assert isinstance(draft, Draft)
        return draft

    def statement(self, k: int) -> Statement | None:
        """A statement as it has become; none where all that a nest did is done by another."""
        draft = self.all[k]
        if not isinstance(draft, Draft):
            return draft
        return Nest(draft.space, tuple(draft.roots)) if draft.roots else None

    def join(self, request: Request) -> tuple[int, Domain | None]:
        """Add a root to a nest; return which, and the domain of the root if that is not all."""
        k, domain = self._seat(request)
        root, draft = replace(request.root, domain=domain), self.nest(k)
        draft.roots.append(root)
        draft.first = max(draft.first, request.first)
        draft.leaves |= request.leaves | {root.result}
        draft.weight += request.weight
        draft.stores += root.result not in self.inlining.shared
        if domain is None:
            self._open(k, request)
        return k, domain

    def _open(self, k: int, request: Request) -> None:
        """Let sums over the spaces that a root pads join its nest."""
        draft = self.nest(k)
        for space, domain in request.outer.items():
            if space not in draft.inside and _is_most(space, request.space) and draft.has_room_for(domain, 0):
                draft.inside[space] = domain
                insort(self.by_space.setdefault(space, []), k)

    def _seat(self, request: Request) -> tuple[int, Domain | None]:
        inner = request.inner
        if inner is not None and not _can_be_inside(request.root, inner.domain):
            inner = None
        computed_there = inner is not None and inner.here >= 0
        if inner is not None and computed_there and (k := self._find_around(inner, request)) is not None:
            return k, inner.domain
        if (k := self._find(request.space, request.first, request)) is not None:
            return k, self.nest(k).inside.get(request.space)
        if inner is not None and not computed_there and (k := self._find_around(inner, request)) is not None:
            return k, inner.domain
        if (k := self._grown(request)) is not None:
            return k, None
        self.by_space.setdefault(request.space, []).append(len(self.all))
        self.all.append(Draft(request.space))
        return len(self.all) - 1, None

    def _find_around(self, inner: Inner, request: Request) -> int | None:
        """A nest over a larger space with the data of a root over a block of it."""
        if dims.size(inner.space) < _LEAST:
            return None
        k = self._find(inner.space, max(request.start, inner.here, inner.after + 1), request)
        if k is None or self.nest(k).space != inner.space or request.leaves.isdisjoint(self.nest(k).leaves):
            return None
        return k if self.nest(k).has_room_for(inner.domain, request.weight) else None

    def _grown(self, request: Request) -> int | None:
        """Have nests that sum up most of a space be one with a root over all of it; return which."""
        parts = [
            (k, d) for space, d in request.outer.items() if (k := self._sums(space, request)) is not None
        ]
        found = None
        for k, domain in sorted(parts, key=itemgetter(0)):
            sums, first = self.nest(k), k if found is None else found
            into = self.nest(first)
            if sums.first > first or not into.has_room_for(domain, request.weight, request.space):
                continue
            found = first
            self.by_space[sums.space].remove(k)
            insort(self.by_space[sums.space], found)
            into.inside[sums.space] = domain
            sums.roots = [replace(r, domain=domain) for r in sums.roots]
            if into is not sums:
                into.take(sums)
        if found is not None:
            self.nest(found).space = request.space
            insort(self.by_space.setdefault(request.space, []), found)
        return found

    def _sums(self, space: Shape, request: Request) -> int | None:
        """A nest that sums up most of the root's space, and reads the same."""
        k = self._find(space, request.first, request) if _is_most(space, request.space) else None
        return k if k is not None and self.nest(k).is_sums_over(space) else None

    def _find(self, space: Shape, first: int, request: Request) -> int | None:
        """The latest nest from `first` on that has this space, and room, and data in common."""
        counted = False
        for k in reversed(self.by_space.get(space, [])[-_LOOK_BACK:]):
            draft = self.nest(k)
            if k < first:
                break
            if draft.space != space and not _is_total(request.root):
                continue
            related = not request.leaves.isdisjoint(draft.leaves) or dims.room(space) <= _SMALL
            most = _MOST_STORES if related else _MOST_STORES_APART
            if draft.stores >= most:
                continue
            fits = draft.weight + request.weight <= _MOST_WEIGHT
            if not fits and not counted:  # once a root: it takes as long as a nest is large
                counted = True
                elements = [*(r.element for r in draft.roots), request.root.element]
                fits = self._distinct(elements) <= _MOST_WEIGHT
            if fits:
                return k
        return None

    def _distinct(self, elements: Sequence[Value]) -> int:
        """Return how many nodes compute these where they are used, themselves included."""
        inlining, seen, pending = self.inlining, set(elements), list(elements)
        while pending and len(seen) <= _MOST_WEIGHT:
            node = inlining.producers.get(pending.pop())
            if node is None:
                continue
            new = [o for o in node.operands if is_array(o) and o not in seen and not inlining.is_root(o)]
            seen.update(new)
            pending += new
        return len(seen)


def _is_most(space: Shape, whole: Shape) -> bool:
    """Tell whether a nest may walk a whole space for the sake of one of nearly the same size."""
    return dims.size(space) >= _LEAST and dims.size(whole) <= _MOST_GROWTH * dims.size(space)


def _is_total(root: Root) -> bool:
    return root.access is Access.REDUCE and not is_array(root.result)


def _can_be_inside(root: Root, domain: Domain) -> bool:
    """Tell whether a root can be computed in a part of a nest's space; the axes of a sum are the nest's."""
    drops = any(isinstance(entry, int) for entry in domain)
    return root.access is Access.STORE or (_is_total(root) and not drops)
