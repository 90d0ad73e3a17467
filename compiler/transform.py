"""A function with gradir's machinery behind it: specialisations by argument kind, compiled on first use."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, update_wrapper
from types import MethodType
from typing import Any, NamedTuple

import numpy as np
import optree

from .arguments import (
    Signature,
    TracedCall,
    check_positions,
    differentiated,
    flat_key,
    flatten,
    key_of,
    labels_of,
    parameters,
)
from .errors import GradientError
from .ir.graph import Graph, Value
from .ops import OPS
from .passes.adjoint import Adjoint, adjoint, adjoint_with_residuals
from .passes.inline import inline
from .passes.pipeline import optimize
from .program import Program
from .trace.calls import call
from .trace.frame import Trace
from .trace.function import Dynamic, Result, Static, Traced, trace_function, trace_inner
from .trace.leaves import Kind, Leaf, leaf


@dataclass(frozen=True, slots=True)
class Differentiation:
    """What to differentiate, and what to return of it."""

    argnums: tuple[int, ...]
    single: bool  # argnums was one int: return one gradient, not a tuple
    has_aux: bool
    with_value: bool


class CacheInfo(NamedTuple):
    """Statistics of the compiled specialisations of one function."""

    hits: int
    misses: int
    currsize: int
    specialisations: tuple[str, ...]  # the types of the arguments of each


@dataclass(frozen=True, slots=True)
class Specialisation:
    """The compiled code for one kind of arguments."""

    program: Program
    traced: Traced
    dynamic: tuple[int, ...]  # which argument leaves are passed
    rebuild: Callable[[Sequence[Any], Sequence[Any]], Any]  # from the raw results and the argument leaves

    def fits(self, leaves: Sequence[Any]) -> bool:
        """Tell whether what tracing relied on besides the key still holds."""
        traced = self.traced
        if traced.fixed and any(leaves[k] != v for k, v in traced.fixed.items()):
            return False
        return not traced.guards or all(g.check() for g in traced.guards)

    def inputs(self, leaves: Sequence[Any]) -> list[Any]:
        found = [leaves[k] for k in self.dynamic]
        if self.traced.captured:
            found += [c.getter() for c in self.traced.captured]
        return found

    def __call__(self, leaves: Sequence[Any]) -> Any:
        return self.rebuild(self.program.compiled.call_flat(self.inputs(leaves)), leaves)


class Transformed:
    """A compiled function; `grad`, `value_and_grad` and `jit` return it.

    Attributes
    ----------
    fun
        The function itself.
    """

    def __init__(self, fun: Callable[..., Any], differentiation: Differentiation | None) -> None:
        if not callable(fun):
            raise GradientError(f"a function is needed, not {type(fun).__name__}")
        update_wrapper(self, fun)
        self.fun = fun
        self._differentiation = differentiation
        self._signature = Signature(fun)
        self._cache: dict[Any, list[Specialisation]] = {}
        self._flat: dict[Any, list[Specialisation]] = {}  # those of _cache for calls that have a flat_key
        self._lock = threading.RLock()
        self._hits = 0
        self._misses = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        flat = flat_key(args) if not kwargs and self._signature.takes_all(args) else None
        if flat is not None:
            for found in self._flat.get(flat, ()):
                if found.fits(args):
                    self._hits += 1
                    return found(args)
        args, kwargs = self._signature.bind(args, kwargs)
        leaves, structure = flatten(args, kwargs)
        try:
            key = (structure, *map(key_of, leaves))
        except TracedCall as inner:
            return self.__gradir_inline__(inner.args[0].run, args, kwargs)
        for found in self._cache.get(key, ()):
            if found.fits(leaves):
                self._hits += 1
                break
        else:
            found = self._specialise(key, args, kwargs, leaves, structure)
        if flat is not None:
            with self._lock:
                self._flat[flat] = self._cache.get(key, [])
        return found(leaves)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<gradir function {getattr(self.fun, '__qualname__', self.fun)}>"

    def inspect(self, *args: Any, **kwargs: Any) -> Program:
        """Return the Program for these arguments, with every stage, compiling it if it is new."""
        args, kwargs = self._signature.bind(args, kwargs)
        leaves, structure = flatten(args, kwargs)
        key = (structure, *map(key_of, leaves))
        found = self._specialise(key, args, kwargs, leaves, structure)
        return found.program.at(found.inputs(leaves))

    def cache_info(self) -> CacheInfo:
        """Return how many calls found compiled code, how many compiled, and for which argument types."""
        entries = [s for found in self._cache.values() for s in found]
        texts = (", ".join(str(p.type) for p in s.program.primal.block.params) for s in entries)
        return CacheInfo(self._hits, self._misses, len(entries), tuple(texts))

    def cache_clear(self) -> None:
        """Forget all compiled code."""
        with self._lock:
            self._cache.clear()
            self._flat.clear()

    def njit(self, *example_args: Any) -> Any:
        """Return a function for `@numba.njit` code, compiled for arguments like these.

        It takes the array and number leaves of the arguments, in order, and returns the results as a tuple
        (or alone, if there is one). Arguments of another shape raise ValueError.
        """
        from .runtime.njit import njit_function

        program = self.inspect(*example_args)
        return njit_function(program.compiled)

    def _specialise(
        self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any], leaves: list[Any], structure: Any
    ) -> Specialisation:
        with self._lock:
            for found in self._cache.get(key, ()):
                if found.fits(leaves):
                    return found
            made = specialise(
                self.fun, self._signature, self._differentiation, args, kwargs, leaves, structure
            )
            self._cache.setdefault(key, []).append(made)
            self._misses += 1
            return made

    def __gradir_inline__(self, trace: Trace, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Apply the transform inside a function that is being traced."""
        if self._differentiation is None:
            return call(trace, self.fun, args, kwargs)
        args, kwargs = self._signature.bind(args, kwargs)
        return _inline_gradient(trace, self, self._differentiation, args, kwargs)


def graph_name(fun: Callable[..., Any]) -> str:
    """Return the function's name as an identifier."""
    name = getattr(fun, "__name__", type(fun).__name__)
    return name if name.isidentifier() else "function"


def specialise(
    fun: Callable[..., Any],
    signature: Signature,
    differentiation: Differentiation | None,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    leaves: list[Any],
    structure: Any,
) -> Specialisation:
    """Trace, differentiate, optimise and compile."""
    labels = labels_of(signature, args, kwargs)
    kinds = parameters(leaves, labels)
    by: list[int] = []
    positions: tuple[int, ...] = ()
    if differentiation is not None:
        positions = check_positions(differentiation.argnums, len(args), graph_name(fun))
        by = differentiated(args, positions, labels, kinds)
    traced = trace_function(OPS, fun, kinds, leaves, structure, labels, graph_name(fun))
    dynamic = tuple(k for k, p in enumerate(kinds) if isinstance(p, Dynamic))
    if differentiation is None:
        return Specialisation(compile_program(traced, None), traced, dynamic, _plain_rebuild(traced))
    check_scalar(traced, differentiation.has_aux, graph_name(fun))
    program = compile_program(traced, [dynamic.index(k) for k in by])
    rebuild = _gradient_rebuild(traced, differentiation, args, positions, by, kinds)
    return Specialisation(program, traced, dynamic, rebuild)


def compile_program(traced: Traced, wrt: Sequence[int] | None) -> Program:
    """Run the pipeline behind a traced function; `wrt` None compiles it as it is."""
    from .runtime.compile import compile_graph

    primal = traced.graph
    result = Adjoint(primal, (), {}) if wrt is None else adjoint_with_residuals(primal, wrt)
    optimized = optimize(result.graph)
    return Program(
        primal,
        result.graph,
        optimized,
        result.residuals,
        result.cotangents,
        traced.decisions,
        compile_graph(optimized),
    )


def check_scalar(traced: Traced, has_aux: bool, name: str) -> None:
    """Refuse to differentiate a function whose result is not a real scalar."""
    structure = traced.structure
    results = traced.results
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


# From flat results to what the user gets


def finisher(kind: Kind) -> Callable[[np.ndarray[Any, Any]], Any]:
    """Return what makes a raw result, an array, the number or array that NumPy would give."""
    if kind.array:
        return np.asarray
    return operator.methodcaller("item") if kind.weak else operator.itemgetter(())


def finish(kind: Kind, raw: np.ndarray[Any, Any]) -> Any:
    """Return a raw result as the number or array that NumPy would give."""
    return finisher(kind)(raw)


def _containers(structure: Any) -> Callable[[Sequence[Any]], Any]:
    """Return what puts leaves into containers; a leaf alone is in none."""
    return operator.itemgetter(0) if structure.is_leaf() else partial(optree.tree_unflatten, structure)


def _results_of(traced: Traced) -> Callable[[Sequence[Any]], Any]:
    """Return what makes the function's result of the raw ones."""
    contain = _containers(traced.structure)
    finishers = [finisher(r.kind) for r in traced.results if r.kind is not None]
    fixed = [(k, r.object) for k, r in enumerate(traced.results) if r.kind is None]

    def result(raw: Sequence[Any]) -> Any:
        leaves = [f(x) for f, x in zip(finishers, raw, strict=True)]
        for k, x in fixed:
            leaves.insert(k, x)
        return contain(leaves)

    return result


def _plain_rebuild(traced: Traced) -> Callable[[Sequence[Any], Sequence[Any]], Any]:
    result = _results_of(traced)
    return lambda raw, leaves: result(raw)


def _gradient_rebuild(
    traced: Traced,
    d: Differentiation,
    args: tuple[Any, ...],
    positions: Sequence[int],
    by: Sequence[int],
    kinds: Sequence[Any],
) -> Callable[[Sequence[Any], Sequence[Any]], Any]:
    shapes = [optree.tree_structure(x, none_is_leaf=True) for x in args]
    alone = traced.results[0].kind if traced.structure.is_leaf() else None
    if alone is not None and all(shapes[p].is_leaf() for p in positions):
        return _flat_rebuild(d, [alone, *(kinds[k].kind for k in by)])
    outputs = sum(r.kind is not None for r in traced.results)
    starts = np.cumsum([0, *(s.num_leaves for s in shapes)]).tolist()
    finishers = [(k, finisher(kinds[k].kind)) for k in by]
    places = [(_containers(shapes[p]), slice(starts[p], starts[p + 1])) for p in positions]
    result = _results_of(traced)

    def rebuild(raw: Sequence[Any], leaves: Sequence[Any]) -> Any:
        found = list(leaves)  # what is no float comes back as it is
        for (k, f), g in zip(finishers, raw[outputs:], strict=True):
            found[k] = f(g)
        parts = tuple([contain(found[place]) for contain, place in places])
        return assemble(d, result(raw[:outputs]), parts)

    return rebuild


def _flat_rebuild(d: Differentiation, kinds: Sequence[Kind]) -> Callable[[Sequence[Any], Sequence[Any]], Any]:
    """The common case without containers, where a call takes microseconds."""
    finishers = [finisher(kind) for kind in kinds]

    def rebuild(raw: Sequence[Any], leaves: Sequence[Any]) -> Any:
        value, *gradients = [f(x) for f, x in zip(finishers, raw, strict=True)]
        return assemble(d, value, tuple(gradients))

    return rebuild


def assemble(d: Differentiation, value: Any, gradients: tuple[Any, ...]) -> Any:
    """Return value, auxiliary output and gradients as the transform was asked to."""
    gradient = gradients[0] if d.single else gradients
    if d.with_value:
        return value, gradient
    return (gradient, value[1]) if d.has_aux else gradient


# Transforms inside of traced functions


def _inline_gradient(
    trace: Trace, transformed: Transformed, d: Differentiation, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Trace `fun` as a graph of its own, differentiate that, and put the joint graph in place of the call."""
    name = graph_name(transformed.fun)
    labels = labels_of(transformed._signature, args, kwargs)
    objects, structure = flatten(args, kwargs)
    held = [leaf(trace, x) for x in objects]
    kinds = [
        Static(x.object) if x.kind is None or isinstance(x.object, bool) else Dynamic(x.kind) for x in held
    ]
    positions = check_positions(d.argnums, len(args), name)
    by = differentiated(args, positions, labels, kinds)
    for k, x in enumerate(held):  # concrete numbers stay concrete, but for those differentiated
        if k not in by and x.value is None:
            held[k] = Leaf(x.object)
    inner = trace_inner(trace, transformed.fun, held, structure, labels, name)
    results = tuple(Result(x.kind, x.object) for x in inner.leaves)
    check_scalar(Traced(inner.graph, inner.structure, results, (), (), {}, ()), d.has_aux, name)
    dynamic = [k for k, x in enumerate(held) if x.kind is not None]
    joint = adjoint(inner.graph, [dynamic.index(k) for k in by])
    operands = [x.place(trace.b, x.kind) for x in held if x.kind is not None]
    values = inline(trace.b, joint, [*operands, *inner.outer])
    return _rewrap(trace, d, values, inner.structure, results, args, positions, by, held)


def _rewrap(
    trace: Trace,
    d: Differentiation,
    values: Sequence[Value],
    structure: Any,
    results: Sequence[Result],
    args: tuple[Any, ...],
    positions: Sequence[int],
    by: Sequence[int],
    held: Sequence[Any],
) -> Any:
    outputs = sum(r.kind is not None for r in results)
    queue = iter(values[:outputs])
    returned = [r.object if r.kind is None else r.kind.tracer(trace, next(queue)) for r in results]
    gradient_of = {k: held[k].kind.tracer(trace, v) for k, v in zip(by, values[outputs:], strict=True)}
    gradients = []
    start = 0
    for p, x in enumerate(args):
        shape = optree.tree_structure(x, none_is_leaf=True)
        stop = start + shape.num_leaves
        if p in positions:
            parts = [gradient_of.get(k, held[k].object) for k in range(start, stop)]
            gradients.append((p, optree.tree_unflatten(shape, parts)))
        start = stop
    by_position = dict(gradients)
    value = optree.tree_unflatten(structure, returned)
    return assemble(d, value, tuple(by_position[p] for p in positions))


def as_graph(transformed: Transformed, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Graph:
    """Return the primal graph of a function for these arguments."""
    args, kwargs = transformed._signature.bind(args, kwargs)
    leaves, structure = flatten(args, kwargs)
    labels = labels_of(transformed._signature, args, kwargs)
    kinds = parameters(leaves, labels)
    return trace_function(
        OPS, transformed.fun, kinds, leaves, structure, labels, graph_name(transformed.fun)
    ).graph
