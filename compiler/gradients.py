"""The gradient of a graph as a user says that it is to save: by a policy, or within a memory budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from .errors import GradientError
from .ir.graph import Graph
from .ir.loops import is_loop
from .passes.adjoint import Adjoint, Seeds, adjoint_with_residuals
from .passes.checkpoints import without_names
from .passes.decisions import can_run_again
from .passes.pipeline import optimize
from .passes.policies import CHEAPEST, NAMED, Policy
from .passes.rematerialize import rematerialize
from .passes.slots import MARK, extra_work, with_slots
from .passes.work import all_work
from .saving import Saving
from .timings import Clock

_WEIGHTS = (8.0, 64.0, 1e6)  # of bytes, from what costs little time to what saves the most memory
_SLOTS = (256, 64, 32, 16, 8, 4, 2, 1)


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
        again = extra_work(self.primal, lambda body: all_work(Graph.of("turn", body)))
        return all_work(self.optimized) + again

    @property
    def peak(self) -> int | None:
        """The most bytes that a run is planned to take, None if they depend on the run."""
        from .lower.lower import lower
        from .lower.memory_plan import memory_plan

        return memory_plan(lower(self.optimized)).peak


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
    make = partial(_by, primal=primal, wrt=wrt, seeds=seeds, clock=clock)
    return make(saving.policy) if saving.budget is None else _within(saving.budget, primal, make)


def _by(policy: Policy, primal: Graph, wrt: Sequence[int], seeds: Seeds, clock: Clock) -> Differentiated:
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


def _policies() -> Iterator[Policy]:
    """Yield what to try for a budget: the fastest, others that save less, and slots for the states."""
    heavy = [replace(CHEAPEST, name=f"bytes count {w:g} times", weight=w) for w in _WEIGHTS]
    yield from (CHEAPEST, *heavy, NAMED["sqrt"])
    yield from (replace(policy, name=f"sqrt, {policy.name}", segments=True) for policy in heavy)
    for slots in _SLOTS:
        for policy in (CHEAPEST, heavy[-1]):
            yield _slotted(policy, slots)


def _within(budget: int, primal: Graph, make: Callable[[Policy], Differentiated]) -> Differentiated:
    """Return the plan with the least work among those within a budget."""
    fitting: list[Differentiated] = []
    peaks: list[int] = []
    for policy in _policies():
        if fitting and policy.slots is not None and policy.slots < _SLOTS[0]:
            break  # fewer slots only take more work
        made = make(policy)
        needed = made.peak
        if needed is None:
            continue
        peaks.append(needed)
        if needed <= budget:
            fitting.append(made)
            if policy.is_for_speed:
                break
    if not peaks:
        raise GradientError(
            f"the memory of '{primal.name}' depends on a number of turns that only the run knows, so there is"
            " no peak to plan: give the loop's length as a constant, or use gr.checkpointed(..., slots=n)"
        )
    if not fitting:
        raise GradientError(
            f"the gradient of '{primal.name}' does not fit into {budget:,} bytes; the least it takes is"
            f" {min(peaks):,}, without its inputs and constants, by the {len(peaks)} plans that were tried"
            + "".join(_left_alone(primal))
        )
    best = min(fitting, key=lambda made: made.work)
    return best if best.policy.slots in (None, _SLOTS[0]) else _with_more_slots(best, budget, make)


def _left_alone(primal: Graph) -> Iterator[str]:
    """Yield which loops no plan runs again, and what could be done."""
    definition = {v: node for node in primal.block.nodes for v in node.results}
    for node in primal.block.nodes:
        if is_loop(node) and MARK not in node.attrs and not can_run_again(node, definition):
            place = f" of line {node.loc.line}" if node.loc else ""
            yield (
                f"; no plan runs the loop{place} again, as floats decide what its turns do, and how many there"
                " are is not known: mark it with gr.checkpointed if that may be decided anew"
            )


def _with_more_slots(
    best: Differentiated, budget: int, make: Callable[[Policy], Differentiated]
) -> Differentiated:
    """Return the plan with about as many slots as there is room for: more of them take fewer turns."""
    fits = best.policy.slots
    assert fits is not None
    fails = _SLOTS[_SLOTS.index(fits) - 1]
    while fails - fits > 1 + fits // 8:
        made = make(_slotted(best.policy, (fits + fails) // 2))
        assert made.policy.slots is not None
        if made.peak is not None and made.peak <= budget:
            best, fits = made, made.policy.slots
        else:
            fails = made.policy.slots
    return best


def _slotted(policy: Policy, slots: int) -> Policy:
    name = policy.name if policy.slots is None else policy.name.partition(", ")[2]
    return replace(policy, name=f"{slots} slots, {name}", slots=slots)
