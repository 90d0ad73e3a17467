"""Tracing a function inside another one: a graph of its own, that reads the values around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import TraceError
from ..ir.graph import Graph, Value, walk
from . import pytrees
from .calls import call
from .frame import Buffer, Frame, Trace
from .function import protect, unflatten, why_readonly
from .leaves import Leaf, leaf
from .location import user_location
from .tracer import Array, Scalar


@dataclass(frozen=True, slots=True)
class Inner:
    """A function traced inside another trace: a graph whose last inputs are values of the outer one."""

    graph: Graph
    outer: tuple[Value, ...]
    structure: Any
    leaves: tuple[Leaf, ...]


def trace_inner(
    trace: Trace,
    function: Callable[..., Any],
    leaves: Sequence[Leaf],
    structure: Any,
    labels: Sequence[str],
    name: str,
) -> Inner:
    """Trace `function` as a graph of its own within `trace`; what it closes over it only reads."""
    frame = trace.open("function")
    try:
        params: list[Value] = []
        objects = [_inner_argument(trace, x, label, params) for x, label in zip(leaves, labels, strict=True)]
        args, kwargs = unflatten(structure, objects)
        protect(trace, (args, kwargs))
        returned = call(trace, function, args, kwargs)
        out_leaves, out_structure = pytrees.flatten(returned)
        held = tuple(leaf(trace, x) for x in out_leaves)
        if frame.journal:
            raise TraceError(
                f"'{name}' writes to an array from outside of it, which cannot be"
                " differentiated; copy it first",
                loc=user_location(),
            )
    finally:
        trace.close(frame)
    outputs = [x.place(frame.builder, x.kind) for x in held if x.kind is not None]
    outer = _free_values(frame, params, outputs)
    block = frame.builder.block([*params, *outer], outputs)
    inputs = [x for x, leaf_ in zip(labels, leaves, strict=True) if leaf_.kind is not None]
    out_labels = tuple(f"result {k}" for k in range(len(outputs)))
    graph = Graph(name, block, (*inputs, *("outer" for _ in outer)), out_labels)
    return Inner(graph, tuple(outer), out_structure, held)


def _inner_argument(trace: Trace, x: Leaf, label: str, params: list[Value]) -> Any:
    if x.kind is None:
        return x.object
    value = Value(x.kind.type)
    params.append(value)
    if x.kind.array:
        strides = x.object.steps if isinstance(x.object, Array) else None
        return Array(trace, Buffer(value, trace.frame, why_readonly(label)), (), strides)
    if x.value is not None:
        trace.same_as[value] = x.value
    return Scalar(trace, value, weak=x.kind.weak)


def _free_values(frame: Frame, params: Sequence[Value], outputs: Sequence[Value]) -> list[Value]:
    """Return the values that a finished block reads of the blocks around it, in order of first use."""
    block = frame.builder.block(params, outputs)
    inside = set(params)
    used: dict[Value, None] = {}
    for node in walk(block):
        inside.update(node.results)
        used.update(dict.fromkeys(node.operands))
        for region in node.regions:
            inside.update(region.params)
            used.update(dict.fromkeys(region.results))
    used.update(dict.fromkeys(outputs))
    return [v for v in used if v not in inside]
