"""What LLVM is told of a loop: how far it may unroll it, and how to make vectors of it."""

from __future__ import annotations

from dataclasses import dataclass

from .llvm_text import ModuleText

_STRAIGHT = 512  # nodes in all iterations of an innermost loop that is unrolled once it is over vectors
_TINY = 128  # the same for one that is unrolled before, so that the loop around it can be over vectors
_VECTOR = 8  # elements of a vector


@dataclass(frozen=True, slots=True)
class Hints:
    """How LLVM treats a loop.

    Attributes
    ----------
    unroll
        Whether it may unroll the loop as it likes, before it makes vectors of it and after.
    interleave
        How many vectors to do at once in a loop that is not unrolled; 0 leaves that to LLVM.
    straight
        Whether to unroll all of the loop once it is over vectors.
    masked
        Whether the rest of a short loop may be a vector under a mask; else it is done one by one.
    """

    unroll: bool = True
    interleave: int = 0
    straight: bool = False
    masked: bool = True

    def metadata(self, module: ModuleText) -> str:
        """The end of the branch that closes the loop."""
        if self.unroll:
            return ""
        parts = ['!"llvm.loop.unroll.disable"']
        if self.interleave:
            parts.append(f'!"llvm.loop.interleave.count", i32 {self.interleave}')
        if not self.masked:  # what LLVM is told to make vectors of keeps its scalar rest
            parts.append('!"llvm.loop.vectorize.enable", i1 true')
        if self.straight:
            full = module.metadata('!{!"llvm.loop.unroll.full"}')
            parts.append(f'!"llvm.loop.vectorize.followup_vectorized", {full}')
        return f", !llvm.loop {module.distinct([module.metadata(f'!{{{part}}}') for part in parts])}"


FREE = Hints()
ROLLED = Hints(unroll=False)


def innermost(count: int | None, weight: int, *, in_place: bool, adds_up: bool, interleave: int) -> Hints:
    """Choose the hints for the innermost loop of a nest.

    Parameters
    ----------
    count
        The number of iterations; None where only the run knows it.
    weight
        The nodes in one.
    in_place
        Whether the nest reads what it writes. A store under a mask delays the load of what is next to it.
    adds_up
        Whether the nest has reductions: those of short rows are better taken for several rows at once.
    interleave
        How many vectors to do at once.
    """
    if count is None:
        return Hints(unroll=False, interleave=interleave)
    nodes = count * weight
    fits = count >= _VECTOR // 2 and count & (count - 1) == 0
    if count < _VECTOR and nodes <= _TINY and (adds_up or (in_place and not fits)):
        return FREE
    masked = fits or not in_place or count not in range(_VECTOR // 2, 2 * _VECTOR)
    return Hints(unroll=False, interleave=interleave, straight=nodes <= _STRAIGHT, masked=masked)
