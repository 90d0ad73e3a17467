"""How a gradient is made from what a user says about saving: a policy, or a memory budget."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .errors import GradientError
from .ir.graph import Graph, Node
from .passes.adjoint import Adjoint, Seeds, adjoint_with_residuals
from .passes.checkpoints import without_names
from .passes.pipeline import optimize
from .passes.policies import CHEAPEST, NAMED, Policy, policy_of
from .passes.rematerialize import rematerialize
from .passes.work import all_work
from .timings import Clock

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_WEIGHTS = (8.0, 64.0, 1e6)  # of bytes, from what costs little time to what saves the most memory


@dataclass(frozen=True, slots=True)
class Saving:
    """What a user says about saving.

    Attributes
    ----------
    checkpoint
        A policy's name or function; None for what is fastest.
    budget
        The most bytes of a call, its inputs and constants apart.
    """

    checkpoint: str | Callable[[Node], Any] | None = None
    budget: int | None = None

    @staticmethod
    def of(checkpoint: str | Callable[[Node], Any] | None, memory_budget: int | str | None) -> Saving:
        """Check what was given.

        Raises
        ------
        GradientError
            If the policy is none or the budget no number of bytes, or if both are given.
        """
        if checkpoint is not None:
            policy_of(checkpoint)
        if memory_budget is None:
            return Saving(checkpoint)
        if checkpoint is not None:
            raise GradientError("give a checkpoint policy or a memory_budget, which chooses one")
        return Saving(None, _bytes_in(memory_budget))

    @property
    def policy(self) -> Policy:
        return CHEAPEST if self.checkpoint is None else policy_of(self.checkpoint)


FASTEST = Saving()


def _bytes_in(budget: int | str) -> int:
    """Return the bytes that a budget such as 64_000_000 or "64MB" stands for."""
    if isinstance(budget, int) and not isinstance(budget, bool) and budget > 0:
        return budget
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", budget) if isinstance(budget, str) else None
    if found is None or found[2].upper() not in _UNITS or float(found[1]) <= 0:
        raise GradientError(f'a memory_budget is a number of bytes or a text like "64MB", not {budget!r}')
    return int(float(found[1]) * _UNITS[found[2].upper()])


@dataclass(frozen=True, slots=True)
class Differentiated:
    """A joint graph, as `adjoint` gave it and optimized, and the policy that it follows."""

    adjoint: Adjoint
    optimized: Graph
    policy: Policy


def differentiate(
    primal: Graph,
    wrt: Sequence[int],
    saving: Saving,
    peak: Callable[[Graph], int | None],
    *,
    seeds: Seeds = Seeds.ONE,
    clock: Clock | None = None,
) -> Differentiated:
    """Return the joint graph of `primal` as it is said to save.

    Parameters
    ----------
    primal, wrt, seeds
        As for `adjoint`.
    saving
        What to save.
    peak
        Gives the planned peak of an optimized graph in bytes; None where that is known at run time only.

    Raises
    ------
    GradientError
        If no plan stays within the budget; the message has the least that one takes.
    """
    clock = clock or Clock()
    if saving.budget is None:
        return _by(saving.policy, primal, wrt, seeds, clock)
    return _within(saving.budget, primal, wrt, peak, seeds, clock)


def _by(policy: Policy, primal: Graph, wrt: Sequence[int], seeds: Seeds, clock: Clock) -> Differentiated:
    with clock.stage("adjoint"):
        result = adjoint_with_residuals(primal, wrt, seeds=seeds, policy=policy)
    if policy.is_for_speed:
        return Differentiated(result, optimize(without_names(result.graph), stage=clock.stage), policy)
    optimized = optimize(result.graph, stage=clock.stage)
    with clock.stage("rematerialize"):
        late = without_names(rematerialize(optimized, primal, policy))
    return Differentiated(result, optimize(late, stage=clock.stage), policy)


def _policies() -> Iterator[Policy]:
    """Yield what to try for a budget, from what takes the least time on."""
    yield CHEAPEST
    heavy = [replace(CHEAPEST, name=f"bytes count {w:g} times", weight=w) for w in _WEIGHTS]
    yield from heavy
    yield NAMED["sqrt"]
    for policy in heavy:
        yield replace(policy, name=f"sqrt, {policy.name}", segments=True)


def _within(
    budget: int,
    primal: Graph,
    wrt: Sequence[int],
    peak: Callable[[Graph], int | None],
    seeds: Seeds,
    clock: Clock,
) -> Differentiated:
    """Return the plan with the least work among those within a budget."""
    fitting: list[tuple[float, Differentiated]] = []
    least: int | None = None
    for policy in _policies():
        made = _by(policy, primal, wrt, seeds, clock)
        needed = peak(made.optimized)
        if needed is None:
            raise GradientError(
                f"'{primal.name}' saves values in a loop whose number of turns is known at run time only, so"
                " there is no peak to plan: use gr.checkpointed on the loop, or fixed bounds"
            )
        least = needed if least is None else min(least, needed)
        if needed <= budget:
            fitting.append((all_work(made.optimized), made))
            if policy.is_for_speed:
                break
    if not fitting:
        raise GradientError(
            f"the gradient of '{primal.name}' does not fit into {budget:,} bytes; the least it takes is"
            f" {least:,}, without its inputs and constants"
        )
    return min(fitting, key=lambda pair: pair[0])[1]
