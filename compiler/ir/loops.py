"""What `for` and `while` have in common: where the carried values stand in each of their lists of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .graph import Block, Node, Value


@dataclass(frozen=True, slots=True)
class LoopForm:
    """How many values come before the carried ones, in each of the four places that list them.

    Attributes
    ----------
    operands
        A range has 3; `while` has 1, whether there is a first turn.
    params
        The index of `for`, the number of the turn in `while`.
    yields
        `while` yields first whether there is another turn.
    results
        `while` gives first how many turns there were.
    """

    operands: int
    params: int
    yields: int
    results: int


FORMS = {"for": LoopForm(3, 1, 0, 0), "while": LoopForm(1, 1, 1, 1)}


@dataclass(frozen=True, slots=True)
class Carry:
    """One value that a loop passes from turn to turn."""

    init: Value
    param: Value
    yielded: Value
    result: Value


def is_loop(node: Node) -> bool:
    """Tell whether a node is a `for` or a `while`."""
    return node.op.name in FORMS


def form(node: Node) -> LoopForm:
    """Return the form of a loop."""
    return FORMS[node.op.name]


def body_of(node: Node) -> Block:
    """Return the body of a loop."""
    (body,) = node.regions
    return body


def heads(node: Node, operands: Sequence[Value] | None = None) -> tuple[Value, ...]:
    """Return a loop's operands before the initial values: the range, or whether there is a first turn."""
    return tuple(node.operands if operands is None else operands)[: form(node).operands]


def inits(node: Node, operands: Sequence[Value] | None = None) -> tuple[Value, ...]:
    """Return the initial values among the operands of a loop."""
    return tuple(node.operands if operands is None else operands)[form(node).operands :]


def carries(node: Node) -> tuple[Carry, ...]:
    """Return what a loop carries, in order."""
    return tuple(carry(node, k) for k in range(len(node.results) - form(node).results))


def carry(node: Node, k: int) -> Carry:
    """Return number `k` of what a loop carries."""
    at, body = form(node), body_of(node)
    return Carry(
        node.operands[at.operands + k],
        body.params[at.params + k],
        body.results[at.yields + k],
        node.results[at.results + k],
    )


def with_carries(node: Node, operands: Sequence[Value], body: Block, kept: Sequence[int]) -> Node:
    """Return a loop with only some of its carries.

    Parameters
    ----------
    node
        The loop.
    operands
        All of its operands, before any is dropped.
    body
        Its body, with all of its parameters and results.
    kept
        The numbers of the carries that stay.
    """
    at = form(node)
    region = Block(_kept(body.params, at.params, kept), body.nodes, _kept(body.results, at.yields, kept))
    same = (region.params, region.results) == (body.params, body.results)
    return Node(
        node.op,
        _kept(operands, at.operands, kept),
        node.attrs,
        _kept(node.results, at.results, kept),
        (body if same else region,),
        node.loc,
        node.origin,
    )


def _kept(values: Sequence[Value], first: int, kept: Sequence[int]) -> tuple[Value, ...]:
    return (*values[:first], *(values[first + k] for k in kept))
