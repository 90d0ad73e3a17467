"""Arrays at the edges of loops and branches: memory that changes hands, the copies left, and their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..ir.graph import Value
from ..ir.types import DType
from .intervals import Interval
from .kernels import Buffer

# LLVM holds arrays this small in registers where it knows which memory is whose.
_SMALL_BYTES = 256


@dataclass(slots=True, eq=False)
class MemoryClass:
    """Arrays of one size that share a buffer, and the times when it is taken."""

    dtype: DType
    count: int
    intervals: list[Interval]
    held: list[int] = field(default_factory=list)
    fixed: Buffer | None = None  # memory that is not the planner's to choose, and not to be written
    members: list[Value] = field(default_factory=list)
    lead: int = 0  # bytes before the element that is best aligned

    @property
    def bytes(self) -> int:
        return self.count * self.dtype.numpy.itemsize

    @property
    def is_small(self) -> bool:
        return self.bytes <= _SMALL_BYTES

    @property
    def is_movable(self) -> bool:
        """Whether it may be at another place from one turn of a loop to the next."""
        return self.fixed is None and not self.is_small

    def span(self) -> Interval:
        """The first and the last statement of its life."""
        times = [t // 2 for interval in self.intervals for t in interval] + self.held
        return min(times), max(times)


@dataclass(frozen=True, slots=True)
class Step:
    """A copy before buffers are known."""

    source: Value | MemoryClass
    target: MemoryClass


@dataclass(frozen=True, slots=True)
class Edge:
    """What happens where a block ends: memory changes hands, all at once, then copies are made in order.

    `taken` maps each class to the one whose memory it takes; it is a permutation.
    """

    taken: dict[MemoryClass, MemoryClass]
    steps: list[Step]


def edge(pairs: Sequence[tuple[Value, MemoryClass, MemoryClass]], is_free: Callable[[Value], bool]) -> Edge:
    """Plan the end of a turn of a loop.

    Parameters
    ----------
    pairs
        The yielded arrays, the class that each lies in, and the one where the next turn looks for it.
    is_free
        Whether nobody needs the array, nor its memory, when the next turn begins: what is not computed
        in the loop has to stay where it is.
    """
    targets = {target for _, _, target in pairs}
    given = {target for _, source, target in pairs if source is target}
    taken: dict[MemoryClass, MemoryClass] = {}
    for value, source, target in pairs:
        movable = source.is_movable and (source in targets or is_free(value))
        if source is not target and movable and source not in given:
            taken[target] = source
            given.add(source)
    now = {source: target for target, source in taken.items()}
    left = [
        Step(now.get(source, value), target)
        for value, source, target in pairs
        if source is not target and target not in taken
    ]
    for source in [s for s in now if s not in taken]:
        last = source
        while last in now:
            last = now[last]
        taken[source] = last
    return Edge(taken, left)


def in_order(
    steps: Sequence[Step],
    class_of: Callable[[Value], MemoryClass],
    spare: Callable[[MemoryClass], MemoryClass],
) -> list[Step]:
    """Order parallel copies so that nothing is overwritten before it is read; cycles take `spare` memory."""
    waiting, found = list(steps), list[Step]()
    while waiting:
        read = [s.source if isinstance(s.source, MemoryClass) else class_of(s.source) for s in waiting]
        free = [s for k, s in enumerate(waiting) if s.target not in read[:k] + read[k + 1 :]]
        if free:
            found += free
            waiting = [s for s in waiting if s not in free]
            continue
        first = waiting[0]
        aside = spare(read[0])
        found.append(Step(first.source, aside))
        waiting[0] = Step(aside, first.target)
    return found


def hold_together(edges: Sequence[Edge]) -> set[MemoryClass]:
    """Reserve the memory of classes that change places for as long as any of them lives; return these."""
    group: dict[MemoryClass, list[MemoryClass]] = {}
    for each in edges:
        for a, b in each.taken.items():
            first, second = group.setdefault(a, [a]), group.setdefault(b, [b])
            if first is not second:
                first += second
                group.update(dict.fromkeys(second, first))
    for members in {id(g): g for g in group.values()}.values():
        spans = [c.span() for c in members]
        for c in members:
            c.held += [min(first for first, _ in spans), max(last for _, last in spans)]
    return set(group)
