"""`vjp`: a value, and a compiled function from cotangents of the results to gradients of the arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from .arguments import Signature, TracedCall, differentiated, flatten, key_of, labels_of, parameters
from .collector import collector_rests
from .errors import GradientError, ShapeError, UnsupportedError
from .forks import ForkLock
from .gradients import differentiate
from .ir.graph import Graph
from .ops import OPS
from .passes.adjoint import Seeds
from .passes.pipeline import optimize
from .passes.split import split
from .passes.whole_arrays import whole_arrays
from .planned import planned
from .results import finish
from .saving import FASTEST, Saving
from .specialise import graph_name
from .trace import pytrees
from .trace.function import Dynamic, Result, Traced, trace_function
from .trace.leaves import Kind
from .trace.location import user_location

if TYPE_CHECKING:
    from .lower.memory_plan import PlannedBytes
    from .runtime.compile import Compiled
    from .runtime.disk_cache import DiskCache


@dataclass(frozen=True, slots=True)
class _Specialisation:
    """The compiled forward and backward part for one kind of arguments."""

    forward: Compiled
    backward: Compiled
    traced: Traced
    dynamic: tuple[int, ...]
    gradients: tuple[tuple[int, Kind], ...]  # the leaves differentiated by, and their kinds

    def fits(self, leaves: Sequence[Any]) -> bool:
        traced = self.traced
        return all(leaves[k] == v for k, v in traced.fixed.items()) and all(g.check() for g in traced.guards)


class Pullback:
    """Takes cotangents in the structure of the function's result, and returns one gradient an argument.

    It owns what it needs of the forward run, so it can be called many times, after the arguments changed
    and from several threads.
    """

    def __init__(
        self,
        made: _Specialisation,
        residuals: Sequence[np.ndarray[Any, Any]],
        args: tuple[Any, ...],
        leaves: Sequence[Any],
    ) -> None:
        self._made = made
        self._residuals = tuple(residuals)
        self._shapes = [pytrees.structure_of(x) for x in args]
        self._statics = list(leaves)

    @property
    def nbytes(self) -> int:
        """The bytes of what it holds of the forward run."""
        return sum(x.nbytes for x in self._residuals)

    def __call__(self, cotangents: Any) -> tuple[Any, ...]:
        """Return the gradients, a tuple with one entry an argument.

        Parameters
        ----------
        cotangents
            The cotangents of the results: the same containers, shapes as the results.

        Raises
        ------
        ShapeError
            If the structure or a shape is not that of the result.
        """
        cts = _cotangent_leaves(self._made.traced, cotangents)
        raw = self._made.backward(*self._residuals, *cts)
        by_leaf = {k: finish(kind, g) for (k, kind), g in zip(self._made.gradients, raw, strict=True)}
        gradients, start = [], 0
        for shape in self._shapes:
            stop = start + shape.num_leaves
            gradients.append(
                pytrees.rebuild(shape, [by_leaf.get(k, self._statics[k]) for k in range(start, stop)])
            )
            start = stop
        return tuple(gradients)


def _cotangent_leaves(traced: Traced, cotangents: Any) -> list[np.ndarray[Any, Any]]:
    leaves = pytrees.leaves_like(traced.structure, cotangents)
    if leaves is None:
        found, wanted = map(pytrees.shown, (pytrees.structure_of(cotangents), traced.structure))
        raise ShapeError(f"the cotangents have the structure {found}, but the function's result has {wanted}")
    pairs = zip(traced.results, leaves, strict=True)
    return [_cotangent(r, x, k) for k, (r, x) in enumerate(pairs) if _is_float(r)]


def _is_float(result: Result) -> bool:
    return result.kind is not None and result.kind.type.dtype.is_float


def _cotangent(result: Result, x: Any, k: int) -> np.ndarray[Any, Any]:
    assert result.kind is not None
    type_ = result.kind.type
    array = np.asarray(x)
    if array.shape != type_.shape:
        raise ShapeError(
            f"cotangent {k} has shape {array.shape}, but that result of the function has shape {type_.shape}"
        )
    if array.dtype.kind not in "biuf":
        raise GradientError(f"cotangent {k} is {array.dtype}; pass real numbers")
    return array.astype(type_.dtype.numpy)


class VjpFunction:
    """The specialisations of one function's `vjp`."""

    def __init__(self, fun: Callable[..., Any], saving: Saving) -> None:
        self.fun = fun
        self.saving = saving
        self.signature = Signature(fun)
        self._cache: dict[Any, list[_Specialisation]] = {}
        self._lock = ForkLock()

    def __call__(self, args: tuple[Any, ...], store: DiskCache | None = None) -> tuple[Any, Pullback]:
        """Return the value and the pullback; machine code is kept in `store`."""
        leaves, structure = flatten(args, {})
        try:
            key = (structure, *map(key_of, leaves))
        except TracedCall:
            message = "gr.vjp inside of a traced function is not supported; use gr.grad there"
            raise UnsupportedError(message, loc=user_location()) from None
        made = self._specialisation(key, args, leaves, structure, store)
        traced = made.traced
        raw = made.forward(*(leaves[k] for k in made.dynamic), *(c.getter() for c in traced.captured))
        count = sum(r.kind is not None for r in traced.results)
        values = iter(raw[:count])
        results = [r.object if r.kind is None else finish(r.kind, next(values)) for r in traced.results]
        value = pytrees.rebuild(traced.structure, results)
        return value, Pullback(made, raw[count:], args, leaves)

    def _specialisation(
        self, key: Any, args: tuple[Any, ...], leaves: list[Any], structure: Any, store: DiskCache | None
    ) -> _Specialisation:
        with self._lock:
            for found in self._cache.get(key, ()):
                if found.fits(leaves):
                    return found
            made = self._make(args, leaves, structure, store)
            self._cache.setdefault(key, []).append(made)
            return made

    @collector_rests()
    def _make(
        self, args: tuple[Any, ...], leaves: list[Any], structure: Any, store: DiskCache | None
    ) -> _Specialisation:
        from .runtime.compile import compile_graph

        name = graph_name(self.fun)
        labels = labels_of(self.signature, args, {})
        kinds = parameters(leaves, labels)
        by = differentiated(args, range(len(args)), labels, kinds)
        traced = trace_function(OPS, self.fun, kinds, leaves, structure, labels, name)
        if not any(_is_float(r) for r in traced.results):
            raise GradientError(f"'{name}' returns no real numbers, so it has no gradient")
        dynamic = tuple(k for k, p in enumerate(kinds) if isinstance(p, Dynamic))
        primal = whole_arrays(traced.graph)
        by_inputs = [dynamic.index(k) for k in by]
        made = differentiate(
            primal,
            by_inputs,
            self.saving,
            seeds=Seeds.INPUTS,
            peak=lambda joint: _peak(*(planned(half, store=store) for half in _halves(joint, primal))),
        )
        halves = _halves(made.optimized, primal)
        forward, backward = (compile_graph(half, store=store) for half in halves)
        gradients = tuple((k, p.kind) for k in by if isinstance(p := kinds[k], Dynamic))
        return _Specialisation(forward, backward, traced, dynamic, gradients)


def _halves(joint: Graph, primal: Graph) -> tuple[Graph, Graph]:
    """Return what is compiled of a joint graph: the forward run, and what the pullback runs."""
    forward, backward = split(joint, primal)
    return optimize(forward), optimize(backward)


def _peak(forward: PlannedBytes, backward: PlannedBytes) -> int | None:
    """Return the most bytes that both halves take, with all that the first has left when the second runs.

    That is its value, what the pullback holds, and its workspace, which is kept for the next call.
    """
    first, second = forward.peak, backward.peak
    if first is None or second is None:
        return None
    return max(first, forward.workspace + forward.results + second)


class VjpCache:
    """The VjpFunctions of each function, kept as long as the function lives."""

    def __init__(self) -> None:
        self._functions: WeakKeyDictionary[Any, dict[Saving, VjpFunction]] = WeakKeyDictionary()
        self._lock = ForkLock()

    def of(self, fun: Callable[..., Any], saving: Saving = FASTEST) -> VjpFunction:
        with self._lock:
            try:
                known = self._functions.setdefault(fun, {})
                return known.setdefault(saving, VjpFunction(fun, saving))
            except TypeError:  # neither hashable nor weakly referable
                return VjpFunction(fun, saving)


PULLBACKS = VjpCache()
