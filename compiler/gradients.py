"""The gradient of a graph as a user says that it is to save: by a policy, or within a memory budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .errors import GradientError
from .ir.graph import Graph
from .passes.adjoint import Adjoint, Seeds, adjoint_with_residuals
from .passes.checkpoints import without_names
from .passes.pipeline import optimize
from .passes.policies import CHEAPEST, NAMED, Policy
from .passes.rematerialize import rematerialize
from .passes.work import all_work
from .saving import Saving
from .timings import Clock

_WEIGHTS = (8.0, 64.0, 1e6)  # of bytes, from what costs little time to what saves the most memory


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

    Raises
    ------
    GradientError
        If no plan stays within the budget; the message has the least that one takes.
    """
    clock = clock or Clock()
    if saving.budget is None:
        return _by(saving.policy, primal, wrt, seeds, clock)
    return _within(saving.budget, primal, wrt, seeds, clock)


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
    seeds: Seeds,
    clock: Clock,
) -> Differentiated:
    """Return the plan with the least work among those within a budget."""
    fitting: list[tuple[float, Differentiated]] = []
    least: int | None = None
    for policy in _policies():
        made = _by(policy, primal, wrt, seeds, clock)
        needed = _planned_peak(made.optimized)
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


def _planned_peak(graph: Graph) -> int | None:
    """Return the most bytes that an optimized graph is planned to take, None if they depend on the run."""
    from .lower.lower import lower
    from .lower.memory_plan import memory_plan

    return memory_plan(lower(graph)).peak
