"""Transforms inside of functions that are being traced: the joint graph takes the place of the call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .arguments import Signature, check_positions, differentiated, flatten, labels_of
from .gradients import differentiate
from .passes.inline import inline
from .passes.whole_arrays import whole_arrays
from .results import Differentiation, argument_places, assemble, check_scalar, containers
from .specialise import chosen, graph_name
from .trace.frame import Trace
from .trace.function import Dynamic, Result, Static
from .trace.inner import trace_inner
from .trace.leaves import Leaf, leaf
from .trace.location import user_location


def inline_gradient(
    trace: Trace,
    fun: Callable[..., Any],
    signature: Signature,
    d: Differentiation,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Trace `fun` as a graph of its own, differentiate that, and put the joint graph in place of the call."""
    name = graph_name(fun)
    labels = labels_of(signature, args, kwargs)
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
    inner = trace_inner(trace, fun, held, structure, labels, name)
    results = tuple(Result(x.kind, x.object) for x in inner.leaves)
    check_scalar(inner.structure, results, d.has_aux, name)
    dynamic = [k for k, x in enumerate(held) if x.kind is not None]
    by_inputs = [dynamic.index(k) for k in by]
    prepared = whole_arrays(inner.graph)
    made = differentiate(prepared, by_inputs, d.saving)
    news = chosen(prepared, made, d.saving, user_location())
    trace.decisions += [x for x in news if x not in trace.decisions]  # a loop's body is traced several times
    operands = [x.place(trace.b, x.kind) for x in held if x.kind is not None]
    values = inline(trace.b, made.optimized, [*operands, *inner.outer])
    outputs = sum(r.kind is not None for r in results)
    queue = iter(values[:outputs])
    returned = [r.object if r.kind is None else r.kind.tracer(trace, next(queue)) for r in results]
    found = [x.object for x in held]  # what is no float comes back as it is
    for k, value in zip(by, values[outputs:], strict=True):
        kind = held[k].kind
        assert kind is not None
        found[k] = replace(kind, ordered=True).tracer(trace, value)
    gradients = tuple(contain(found[place]) for contain, place in argument_places(args, positions))
    return assemble(d, containers(inner.structure)(returned), gradients)
