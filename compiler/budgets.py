"""The plan for a memory budget: of several ways to save, the one with the least work that stays within it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import GradientError
from .gradients import Differentiated, Peak
from .ir.graph import Graph, walk
from .ir.loops import is_loop
from .passes.loops import known_range
from .passes.policies import CHEAPEST, NAMED, Policy
from .passes.recompute import may_run_again
from .passes.slots import MARK
from .passes.structure import Structure

_HEAVY = tuple(  # from what costs little time to what saves the most memory
    replace(CHEAPEST, name=f"bytes count {weight:g} times", weight=weight) for weight in (8.0, 64.0, 1e6)
)
_MOST_SLOTS = 256
_PATIENCE = 2.0  # seconds of a search without a bar

Make = Callable[[Policy], Differentiated]


def within(budget: int, primal: Graph, make: Make, peak: Peak) -> Differentiated:
    """Return the plan with the least work among those within a budget.

    Parameters
    ----------
    budget
        Bytes.
    primal
        What is differentiated.
    make
        From a policy to its joint graph.
    peak
        The bytes that what is made of a joint graph takes. They are most of the search's time: no graph
        is asked for twice, and one with more work only after those with less.

    Raises
    ------
    GradientError
        If no plan fits; the message has the least that one takes.
    """
    search = _Search(budget, make, peak)
    fastest = make(CHEAPEST)
    if search.fits(fastest):
        return fastest
    with _progress(primal.name) as bar:
        search.bar = bar
        best = _least_work(search, primal)
    return best or _refused(budget, primal, search)


def _progress(name: str) -> Any:
    """Return a bar that shows on a terminal if the search takes seconds."""
    from tqdm import tqdm

    text = f"'{name}': plans for its memory budget"
    return tqdm(desc=text, unit="", delay=_PATIENCE, leave=False, disable=None)


def _least_work(search: _Search, primal: Graph) -> Differentiated | None:
    """Return the plan with the least work that fits, other than the fastest."""
    inner = tuple(_HEAVY if any(map(is_loop, primal.block.nodes)) else ())
    plans = sorted(map(search.make, _policies(inner)), key=lambda made: made.work)
    best = next(filter(search.fits, plans), None)
    for policy in (CHEAPEST, *inner[-1:]):
        best = search.most_slots(policy, best)
    return best


def _policies(inner: Iterable[Policy]) -> Iterator[Policy]:
    """Yield what saves less than the fastest, but for slots; `inner` is for the turns of loops."""
    yield from (*_HEAVY, NAMED["sqrt"])
    yield from (replace(policy, name=f"sqrt, {policy.name}", segments=True) for policy in inner)


@dataclass(slots=True)
class _Search:
    """The plans that were tried, each with its peak; None where only the run knows that."""

    budget: int
    make: Make
    peak: Peak
    tried: list[tuple[Graph, int | None]] = field(default_factory=list)
    bar: Any = None

    def fits(self, made: Differentiated) -> bool:
        known = next((entry for entry in self.tried if entry[0] == made.optimized), None)
        if known is None:
            known = made.optimized, self.peak(made.optimized)
            self.tried.append(known)
            if self.bar is not None:
                self.bar.update()
        return known[1] is not None and known[1] <= self.budget

    @property
    def peaks(self) -> list[int]:
        return [peak for _, peak in self.tried if peak is not None]

    def slotted(self, policy: Policy, slots: int) -> Differentiated:
        return self.make(replace(policy, name=f"{slots} slots, {policy.name}", slots=slots))

    def most_slots(self, policy: Policy, best: Differentiated | None) -> Differentiated | None:
        """Return the plan with about as many slots as there is room for, or `best` if that has less work.

        More slots take more memory and fewer turns, so the number is found by halving what is left.
        """
        if best is not None and self.slotted(policy, _MOST_SLOTS).work >= best.work:
            return best
        enough, too_many = 0, _MOST_SLOTS + 1
        while too_many - enough > 1 + enough // 8:
            slots = max(math.isqrt(max(enough, 1) * too_many), enough + 1)
            made = self.slotted(policy, slots)
            if best is not None and made.work >= best.work:
                enough = slots
            elif self.fits(made):
                best, enough = made, slots
            else:
                too_many = slots
        return best


def _refused(budget: int, primal: Graph, search: _Search) -> Differentiated:
    if not search.peaks:
        raise GradientError(
            f"the memory of '{primal.name}' depends on a number of turns that only the run knows, so there is"
            f" no peak to plan{''.join(_of_unknown_lengths(primal))}"
        )
    least, count = min(search.peaks), len(search.peaks)
    raise GradientError(
        f"the gradient of '{primal.name}' does not fit into {budget:,} bytes; the least it takes is"
        f" {least:,}, without its inputs and constants, by the {count} plans that were tried"
    )


def _of_unknown_lengths(primal: Graph) -> Iterator[str]:
    """Yield what could be done about each loop whose turns only the run knows."""
    definition = Structure.of(primal).definition
    for node in walk(primal.block):
        if is_loop(node) and known_range(definition, node) is None:
            place = f" of line {node.loc.line}" if node.loc else ""
            if not may_run_again(node):
                advice = " (what floats decide in its turns is kept for each of them)"
            else:
                advice = "" if MARK in node.attrs else ", or use gr.checkpointed(..., slots=n)"
            yield f"; give the length of the loop{place} as a constant{advice}"
