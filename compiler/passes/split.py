"""The joint graph cut into a forward graph and a backward graph, with the residuals that pass between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..ir.graph import Block, Graph, Node, Value
from ..ir.symbols import BIND, scoped
from ..ir.types import StackType
from .checkpointed_sweeps import SAVES
from .dce import dce
from .recompute import CREATION, MOVEMENT
from .structure import Structure


def split(joint: Graph, primal: Graph) -> tuple[Graph, Graph]:
    """Cut what `adjoint` gives with `Seeds.INPUTS`.

    Arrays that the forward half computes anyway pass over, each once. Stacks do not: the loops that
    fill them run again in the backward half, and in the forward half no longer push. The states that
    checkpointed loops save pass over. What is made of nothing, or only moves data around, does not: what it
    is made of passes instead.

    Parameters
    ----------
    joint
        The joint graph, optimized or not.
    primal
        The graph it is the adjoint of: it says which inputs and outputs are the primal's.

    Returns
    -------
    forward
        From the primal's inputs to its outputs and then the residuals.
    backward
        From the residuals and then the cotangents of the outputs to the gradients.
    """
    block, inputs, outputs = joint.block, len(primal.inputs), len(primal.outputs)
    own, cotangents = block.params[:inputs], block.params[inputs:]
    structure = Structure.of(joint)
    nodes = _independent(joint, cotangents, structure)
    states = _saved_states(nodes)
    half = Block(own, nodes, (*block.results[:outputs], *states))
    forward = dce(Graph(joint.name, half, joint.inputs[:inputs], ("",) * len(half.results))).block
    at_hand = {*own, *(r for node in forward.nodes for r in node.results)}
    residuals, nodes = _cut(joint, block.results[outputs:], at_hand, structure)
    labels = tuple(f"residual {k}" for k in range(len(residuals)))
    there = Block(own, forward.nodes, (*block.results[:outputs], *residuals))
    back = Block((*residuals, *cotangents), nodes, block.results[outputs:])
    return (
        Graph(joint.name, there, joint.inputs[:inputs], (*joint.outputs[:outputs], *labels)),
        dce(Graph(joint.name, back, (*labels, *joint.inputs[inputs:]), joint.outputs[outputs:])),
    )


def _saved_states(nodes: Iterable[Node]) -> list[Value]:
    """Return what the runs of checkpointed loops save; one that fills stacks as well runs again."""
    saving = [node.results for node in nodes if SAVES in node.attrs]
    return [
        r for results in saving if not any(isinstance(r.type, StackType) for r in results) for r in results
    ]


def _independent(joint: Graph, cotangents: Iterable[Value], structure: Structure) -> tuple[Node, ...]:
    """Return the nodes that do not depend on the cotangents of the outputs."""
    dependent = set(cotangents)
    nodes = []
    for node in joint.block.nodes:
        if dependent.isdisjoint(structure.all_reads(node)):
            nodes.append(node)
        else:
            dependent.update(node.results)
    return tuple(nodes)


def _cut(
    joint: Graph, gradients: Sequence[Value], at_hand: set[Value], structure: Structure
) -> tuple[tuple[Value, ...], tuple[Node, ...]]:
    """Return the values that pass over, in order of definition, and the nodes of the backward half."""
    needed = set(gradients)
    nodes = []
    for node in reversed(joint.block.nodes):
        wanted = [r for r in node.results if r in needed]
        if wanted and not all(r in at_hand and _passes(r, node) for r in wanted):
            nodes.append(node)
            needed.update(structure.all_reads(node))
    computed = {r for node in nodes for r in node.results}
    order = (*joint.block.params, *(r for node in joint.block.nodes for r in node.results))
    return tuple(v for v in order if v in needed and v in at_hand and v not in computed), tuple(nodes[::-1])


def _passes(value: Value, node: Node) -> bool:
    if isinstance(value.type, StackType) or scoped(value.type) or node.op.name == BIND:
        return False
    return node.op.name not in CREATION and node.op.name not in MOVEMENT
