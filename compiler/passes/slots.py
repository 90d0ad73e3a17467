"""How many slots each checkpointed loop gets, and what that costs in turns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ..ir.builder import Builder
from ..ir.graph import Graph, Loc, Node, Value, walk
from ..ir.loops import body_of, is_loop
from ..ir.operation import OpTable
from ..ir.types import StackType
from ..ops import OPS
from .binomial import UNKNOWN_TURNS, default_slots, extra_turns, recomputed_turns
from .loops import known_range
from .recompute import may_run_again
from .rewrite import Rewriter, rewrite
from .structure import Structure
from .work import Work, all_work, repeated_blocks

MARK = "checkpointed"  # the attribute of loops: the number of slots, 0 where the user gives none


def slots_of(node: Node, turns: int | None) -> int:
    """Return how many slots a loop gets; more than it has turns are of no use.

    `turns` is None where only the run knows it.
    """
    slots: int = node.attrs[MARK]
    if turns is None:
        return slots or UNKNOWN_TURNS
    return max(1, min(slots or default_slots(turns), turns))


def turns_of(node: Node, structure: Structure) -> int | None:
    """Return how many turns a loop is known to take."""
    turns = known_range(structure.definition, node)
    return None if turns is None else len(turns)


def keeps_states(node: Node, structure: Structure) -> bool:
    """Tell whether the primal run of a loop saves states on its way.

    Inside of other loops it would save slots for each of their turns; there only the state that it begins
    with is kept, and the backward pass begins with a run of its own.
    """
    return not any(r in structure.home for r in node.results)


def with_slots(graph: Graph, slots: int | None, ops: OpTable = OPS) -> Graph:
    """Return `graph` with slots for each loop that the user gives none.

    Loops inside of others, and those that take no more turns than slots, stay as they are where the number of
    their turns is known; so do loops inside of others whose turns decide what cannot be kept.

    Parameters
    ----------
    slots
        At most how many; None for the square root of the number of turns, and only for loops whose turns
        decide by floats: others are better cut into segments.
    """
    structure = Structure.of(graph)

    def visit(walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> Sequence[Value] | None:
        if not is_loop(node) or node.attrs.get(MARK):
            return None
        turns = turns_of(node, structure)
        wanted = slots
        if wanted is None:
            wanted = math.isqrt(turns) if turns and not may_run_again(node) else 0
        inside = not keeps_states(node, structure)
        if (
            not wanted
            or (turns is not None and turns <= wanted)
            or (inside and (turns is not None or not may_run_again(node)))
            or any(isinstance(v.type, StackType) for v in node.operands)
        ):
            return None
        walk.keep(b, node, operands)
        b.nodes.append(marked(b.nodes.pop(), wanted))
        return node.results

    return rewrite(graph, visit, ops)


def marked(node: Node, slots: int) -> Node:
    """Return a loop as one that is checkpointed."""
    attrs = {**node.attrs, MARK: slots}
    return Node(node.op, node.operands, attrs, node.results, node.regions, node.loc, node.origin)


def work_of_turns(graph: Graph) -> Work:
    """Return the work of turns of checkpointed loops that their joint graph has as one run for many of them.

    Those that are run to be reversed stand there as they are; loops of unknown lengths are left out.
    """
    structure, forward, again, known = Structure.of(graph), 0.0, 0.0, True
    for found in repeated_blocks(graph):
        for node in found.block.nodes:
            if not is_loop(node) or MARK not in node.attrs:
                continue
            turns = turns_of(node, structure)
            known &= turns is not None
            if not turns:
                continue
            each = all_work(Graph.of("turn", body_of(node))) * (found.times or 1)
            slots = slots_of(node, turns)
            if keeps_states(node, structure):
                forward += each * (turns - 1)
                again += each * (recomputed_turns(turns, slots) - turns)
            else:
                again += each * extra_turns(turns, slots)
    return Work(forward, again, known)


def checkpointed_loops(graph: Graph) -> Iterator[tuple[Loc | None, str]]:
    """Yield the line of each checkpointed loop, and what its reverse costs."""
    structure = Structure.of(graph)
    for node in walk(graph.block):
        if MARK not in node.attrs or not is_loop(node):
            continue
        turns = turns_of(node, structure)
        slots = slots_of(node, turns)
        if turns is None:
            cost = "only the run knows how many turns there are"
        elif keeps_states(node, structure):
            cost = f"{recomputed_turns(turns, slots)} recomputed turns"
        else:
            cost = f"{turns + extra_turns(turns, slots)} recomputed turns each time"
        yield node.loc, f"checkpointed with {slots} slot{'s' * (slots != 1)}: {cost}"
