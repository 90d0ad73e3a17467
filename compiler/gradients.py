"""The gradient of a graph as a user says that it is to save: by a policy, or within a memory budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from .ir.graph import Graph
from .passes.adjoint import Adjoint, Seeds, adjoint_with_residuals
from .passes.checkpoints import without_names
from .passes.decisions import with_regions_cut
from .passes.outer_marks import with_outer_marks
from .passes.pipeline import optimize
from .passes.policies import Policy
from .passes.rematerialize import rematerialize
from .passes.slots import with_slots, work_of_turns
from .passes.work import all_work
from .planned import planned
from .saving import Saving
from .timings import Clock

Peak = Callable[[Graph], int | None]


@dataclass(frozen=True, slots=True)
class Differentiated:
    """A graph and its joint graph.

    Attributes
    ----------
    primal
        The graph, with the slots of its loops where the policy gives them some.
    adjoint, optimized
        The joint graph as `adjoint` gave it, and optimized.
    policy
        What it follows.
    """

    primal: Graph
    adjoint: Adjoint
    optimized: Graph
    policy: Policy

    @property
    def work(self) -> float:
        """Roughly what a run computes, to compare it with others of the same function."""
        turns = work_of_turns(self.primal)
        return all_work(self.optimized) + turns.forward + turns.again


def differentiate(
    primal: Graph,
    wrt: Sequence[int],
    saving: Saving,
    *,
    seeds: Seeds = Seeds.ONE,
    clock: Clock | None = None,
    peak: Peak = lambda joint: planned(joint).peak,
) -> Differentiated:
    """Return the joint graph of `primal` as it is said to save.

    Parameters
    ----------
    primal, wrt, seeds
        As for `adjoint`.
    saving
        What to save.
    clock
        What measures the stages.
    peak
        The most bytes that what is made of a joint graph takes; None if they depend on the run.

    Raises
    ------
    GradientError
        If no plan stays within the budget; the message has the least that one takes.
    """
    from .budgets import within

    clock = clock or Clock()
    make = partial(_by, primal=primal, wrt=wrt, seeds=seeds, clock=clock)
    if saving.budget is None:
        return make(saving.policy)
    with clock.stage("budget"):
        return within(saving.budget, primal, make, peak)


def _by(policy: Policy, primal: Graph, wrt: Sequence[int], seeds: Seeds, clock: Clock) -> Differentiated:
    primal = with_outer_marks(with_regions_cut(primal))
    if policy.slots is not None or policy.segments:
        primal = with_slots(primal, policy.slots)
    with clock.stage("adjoint"):
        joint = adjoint_with_residuals(primal, wrt, seeds=seeds, policy=policy)
    if policy.is_for_speed:
        optimized = optimize(without_names(joint.graph), stage=clock.stage)
        return Differentiated(primal, joint, optimized, policy)
    optimized = optimize(joint.graph, stage=clock.stage)
    with clock.stage("rematerialize"):
        late = without_names(rematerialize(optimized, primal, policy))
    return Differentiated(primal, joint, optimize(late, stage=clock.stage), policy)
