"""Which results take the memory of which arguments, where the user gave arguments away."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .arguments import Signature, check_positions
from .errors import GradientError
from .ir.graph import Graph
from .ir.types import ArrayType
from .trace import pytrees
from .trace.function import Dynamic, Parameter
from .trace.location import user_location

Donated = tuple[int | str, ...]


def donated_arguments(donate: Any) -> Donated:
    """Return what the user wrote for `donate` as a tuple of positions and names."""
    several = donate if isinstance(donate, (tuple, list)) else (donate,)
    try:
        if any(isinstance(k, bool) for k in several):
            raise TypeError
        return tuple(k if isinstance(k, str) else operator.index(k) for k in several)
    except TypeError:
        message = f"donate is the position or name of an argument, or several of them, not {donate!r}"
        raise GradientError(message) from None


def donated_leaves(
    donate: Donated, signature: Signature, args: tuple[Any, ...], kinds: Sequence[Parameter], name: str
) -> list[list[int]]:
    """Return, for each donated argument, those of its leaves whose memory can be reused."""
    positions = check_positions([_position(k, signature, name) for k in donate], len(args), name, "donate")
    starts = [0]
    for x in args:
        starts.append(starts[-1] + pytrees.structure_of(x).num_leaves)
    ranges = [range(starts[p], starts[p + 1]) for p in dict.fromkeys(positions)]
    return [[k for k in leaves if _is_reusable(kinds[k])] for leaves in ranges]


def _position(k: int | str, signature: Signature, name: str) -> int:
    if isinstance(k, int):
        return k
    if k not in signature.names:
        raise GradientError(f"donate={k!r}, but '{name}' has the parameters {', '.join(signature.names)}")
    return signature.names.index(k)


def _is_reusable(kind: Parameter) -> bool:
    return isinstance(kind, Dynamic) and kind.kind.array and kind.ordered and bool(kind.kind.type.shape)


def donated_outputs(
    leaves: Sequence[Sequence[int]],
    graph: Graph,
    outputs: Sequence[ArrayType],
    input_of: Mapping[int, int],
    gradient_of: Mapping[int, int],
) -> dict[int, int]:
    """Return the outputs that take the memory of inputs, by the number of the input.

    Parameters
    ----------
    leaves
        The reusable leaves of each donated argument.
    graph
        What has these inputs.
    outputs
        What the compiled code gives: the graph's outputs, and gradients.
    input_of, gradient_of
        The input of the graph that a leaf is, and the output that is its gradient.

    Notes
    -----
    A leaf's memory goes to its gradient, else to the first output of its type that has none. If an
    argument serves none, a UserWarning says so.
    """
    found: dict[int, int] = {}
    free = [k for k, type in enumerate(outputs) if type.shape]
    for leaf in (k for each in leaves for k in each if k in gradient_of):
        if gradient_of[leaf] in free:
            found[input_of[leaf]] = gradient_of[leaf]
            free.remove(gradient_of[leaf])
    for leaf in (k for each in leaves for k in each if input_of[k] not in found):
        type = graph.block.params[input_of[leaf]].type
        taken = next((k for k in free if outputs[k] == type), None)
        if taken is not None:
            found[input_of[leaf]] = taken
            free.remove(taken)
    for label in _unused(leaves, graph, input_of, found):
        _warn(f"'{label}' is donated, but no result has its shape and dtype")
    return found


def _warn(text: str) -> None:
    loc = user_location()
    if loc is None:
        warnings.warn(text, UserWarning, stacklevel=2)
    else:
        warnings.warn_explicit(text, UserWarning, loc.file, loc.line)


def _unused(
    leaves: Sequence[Sequence[int]], graph: Graph, input_of: Mapping[int, int], found: Mapping[int, int]
) -> Iterator[str]:
    for each in leaves:
        if each and not any(input_of[k] in found for k in each):
            yield graph.inputs[input_of[each[0]]]
