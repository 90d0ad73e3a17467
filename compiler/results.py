"""From the flat results of compiled code to what the user gets: numbers, arrays, containers, gradients."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .errors import GradientError
from .saving import FASTEST, Saving
from .trace import pytrees
from .trace.function import Result, Traced
from .trace.leaves import Kind


@dataclass(frozen=True, slots=True)
class Differentiation:
    """What to differentiate, and what to return of it."""

    argnums: tuple[int, ...]
    single: bool  # argnums was one int: return one gradient, not a tuple
    has_aux: bool
    with_value: bool
    saving: Saving = FASTEST


def check_scalar(structure: Any, results: Sequence[Result], has_aux: bool, name: str) -> None:
    """Refuse to differentiate a function whose result is not a real scalar."""
    if has_aux:
        if structure.type is not tuple or structure.num_children != 2:
            raise GradientError(f"with has_aux=True, '{name}' must return a pair (value, aux)")
        count = structure.children()[0].num_leaves
        alone = structure.children()[0].is_leaf()
    else:
        count, alone = structure.num_leaves, structure.is_leaf()
    if not alone:
        raise GradientError(
            f"the gradient of '{name}' needs a real scalar, but it returns {count} results in a container;"
            " return one number (with has_aux=True the rest beside it), or use gr.vjp"
        )
    first = results[0]
    if first.kind is None:
        what = type(first.object).__name__
        raise GradientError(f"the gradient of '{name}' needs a real scalar, but it returns {what}")
    type_ = first.kind.type
    if type_.shape or not type_.dtype.is_float:
        raise GradientError(
            f"the gradient of '{name}' needs a real scalar, but it returns"
            f" {type_.dtype.numpy.name} of shape {type_.shape}; sum or average it, or use gr.vjp"
        )


def finish(kind: Kind, raw: np.ndarray[Any, Any]) -> Any:
    """Return a raw result, an array, as the number or array that NumPy would give."""
    if kind.array:
        return raw
    return raw.item() if kind.weak else raw[()]


def containers(structure: Any) -> Callable[[Sequence[Any]], Any]:
    """Return what puts leaves into containers; a leaf alone is in none."""
    return operator.itemgetter(0) if structure.is_leaf() else partial(pytrees.rebuild, structure)


@dataclass(frozen=True, slots=True)
class Rebuild:
    """What makes the user's result of the raw ones."""

    kinds: tuple[Kind, ...]  # of the raw results
    contain: Callable[[Sequence[Any], Sequence[Any]], Any]  # from finished results and the argument leaves
    structures: tuple[Any, ...]  # of the containers that it makes

    def __call__(self, raw: Sequence[Any], leaves: Sequence[Any]) -> Any:
        return self.contain([finish(k, x) for k, x in zip(self.kinds, raw, strict=True)], leaves)


def _results_of(traced: Traced) -> Callable[[Sequence[Any]], Any]:
    """Return what makes the function's result of the finished ones."""
    contain = containers(traced.structure)
    fixed = [(k, r.object) for k, r in enumerate(traced.results) if r.kind is None]

    def result(finished: Sequence[Any]) -> Any:
        leaves = list(finished)
        for k, x in fixed:
            leaves.insert(k, x)
        return contain(leaves)

    return result


def _kinds_of(traced: Traced) -> tuple[Kind, ...]:
    return tuple(r.kind for r in traced.results if r.kind is not None)


def argument_places(
    args: tuple[Any, ...], positions: Sequence[int]
) -> list[tuple[Callable[[Sequence[Any]], Any], slice]]:
    """Return, for each of some arguments, what rebuilds its containers and where its leaves are."""
    shapes = [pytrees.structure_of(x) for x in args]
    starts = np.cumsum([0, *(s.num_leaves for s in shapes)]).tolist()
    return [(containers(shapes[p]), slice(starts[p], starts[p + 1])) for p in positions]


def plain_rebuild(traced: Traced) -> Rebuild:
    result = _results_of(traced)
    return Rebuild(_kinds_of(traced), lambda finished, leaves: result(finished), (traced.structure,))


def gradient_rebuild(
    traced: Traced,
    d: Differentiation,
    args: tuple[Any, ...],
    positions: Sequence[int],
    by: Sequence[int],
    kinds: Sequence[Any],
) -> Rebuild:
    own = _kinds_of(traced)
    places = argument_places(args, positions)
    result = _results_of(traced)

    def contain(finished: Sequence[Any], leaves: Sequence[Any]) -> Any:
        found = list(leaves)  # what is no float comes back as it is
        for k, gradient in zip(by, finished[len(own) :], strict=True):
            found[k] = gradient
        parts = tuple([inside(found[place]) for inside, place in places])
        return assemble(d, result(finished[: len(own)]), parts)

    structures = (traced.structure, *(pytrees.structure_of(args[p]) for p in positions))
    return Rebuild((*own, *(kinds[k].kind for k in by)), contain, structures)


def assemble(d: Differentiation, value: Any, gradients: tuple[Any, ...]) -> Any:
    """Return value, auxiliary output and gradients as the transform was asked to."""
    gradient = gradients[0] if d.single else gradients
    if d.with_value:
        return value, gradient
    return (gradient, value[1]) if d.has_aux else gradient
