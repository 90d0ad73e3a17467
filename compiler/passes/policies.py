"""Policies: which values the backward pass finds saved, and which it computes again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..errors import GradientError
from ..ir.graph import Node, Value
from ..ir.operation import Elementwise, PerElement

_PRODUCTS = {"matmul"}


class Verdict(Enum):
    """What a policy says about the results of a node."""

    SAVE = "save"
    RECOMPUTE = "recompute"
    CHEAPEST = "cheapest"  # whichever costs less


@dataclass(frozen=True, slots=True)
class Policy:
    """What to save.

    Attributes
    ----------
    name
        As it is shown.
    judge
        The verdict on a node. What cannot be computed again is saved whatever it says: predicates, indices
        that come of floats, and what depends on an effect.
    segments
        Whether values are kept at the ends of about the square root of all steps, and the rest computed again
        from there.
    whole_loops
        Whether every loop saves what each of its turns saves, long as it is.
    weight
        What saving costs, as a multiple of the time that it takes: more than 1 saves memory for time.
    slots
        At most how many states each loop saves, whose turns are then run again from these.
    """

    name: str
    judge: Callable[[Node], Verdict]
    segments: bool = False
    whole_loops: bool = False
    weight: float = 1.0
    slots: int | None = None

    @property
    def is_for_speed(self) -> bool:
        """Whether it leaves it all to what is fastest."""
        return self == CHEAPEST

    @property
    def is_for_loops(self) -> bool:
        """Whether it says what to do with loops and steps of a whole gradient, and not node by node."""
        return self.segments or self.is_for_speed

    def verdicts(self, nodes: Iterable[Node]) -> dict[Value, Verdict]:
        """Return the verdict on each value that `nodes` make; what has a name is saved where the name is."""
        found: dict[Value, Verdict] = {}
        for node in nodes:
            verdict = self.judge(node)
            found.update(dict.fromkeys(node.results, verdict))
            if node.op.name == "name" and verdict is Verdict.SAVE:
                found[node.operands[0]] = verdict
        return found


def _is_cheap(node: Node) -> bool:
    return isinstance(node.op.lowering, Elementwise | PerElement)


def _either(saved: bool) -> Verdict:
    return Verdict.SAVE if saved else Verdict.RECOMPUTE


def _cheapest(node: Node) -> Verdict:
    return Verdict.CHEAPEST


CHEAPEST = Policy("cheapest", _cheapest)
NAMED = {
    policy.name: policy
    for policy in (
        CHEAPEST,
        Policy("everything", lambda node: Verdict.SAVE, whole_loops=True),
        Policy("nothing", lambda node: Verdict.RECOMPUTE),
        Policy("recompute_cheap", lambda node: _either(not _is_cheap(node))),
        Policy("dots", lambda node: _either(node.op.name in _PRODUCTS or bool(node.regions))),
        Policy("sqrt", _cheapest, segments=True),
    )
}


@dataclass(frozen=True, slots=True)
class SaveOnly:
    """The policy that saves the values with some names, and computes all others again."""

    names: frozenset[str]

    def __call__(self, node: Node) -> str:
        saved = node.op.name == "name" and node.attrs["name"] in self.names
        return "save" if saved else "recompute"


def policy_of(given: str | Callable[[Node], Any]) -> Policy:
    """Return the policy that a user means.

    Raises
    ------
    GradientError
        If it is no policy's name and no function.
    """
    if isinstance(given, str) and given in NAMED:
        return NAMED[given]
    if callable(given):
        return Policy(getattr(given, "__name__", type(given).__name__), _Judge(given))
    names = ", ".join(f"'{name}'" for name in NAMED)
    raise GradientError(f"a checkpoint policy is one of {names}, or a function of a node, not {given!r}")


@dataclass(frozen=True, slots=True)
class _Judge:
    """A user's function of a node as a policy's."""

    function: Callable[[Node], Any]

    def __call__(self, node: Node) -> Verdict:
        answer = self.function(node)
        if answer is None:
            return Verdict.CHEAPEST
        try:
            return Verdict(answer)
        except ValueError:
            raise GradientError(
                f"a checkpoint policy returns 'save', 'recompute' or None for a node, not {answer!r}"
            ) from None
