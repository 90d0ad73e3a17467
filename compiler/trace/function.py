"""Tracing one function for one kind of arguments: from Python to the primal graph."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import GradirError, RecursionTraceError
from ..ir.dims import SymbolicSizeError
from ..ir.graph import Graph, Loc, Value
from ..ir.operation import OpTable
from ..ir.types import ArrayType, DType
from . import pytrees
from .calls import call
from .capture import CapturedArray, Guard, input_type
from .frame import Buffer, Decision, Trace
from .leaves import Kind, leaf
from .masked import Picked, refuse
from .sizes import refusal
from .tracer import Array, Scalar, c_strides
from .watch import check_outside


@dataclass(frozen=True, slots=True)
class Dynamic:
    """An argument leaf that is passed at run time."""

    kind: Kind
    ordered: bool = True  # its memory is in C order


@dataclass(frozen=True, slots=True)
class Static:
    """An argument leaf that is part of the compiled code."""

    value: Any


Parameter = Dynamic | Static


def classify(x: Any) -> Parameter:
    """Tell how an argument leaf is passed: arrays, floats and ints are dynamic, all else is static.

    Raises KeyError for an array whose dtype is not supported.
    """
    if isinstance(x, np.ndarray):
        return Dynamic(Kind(input_type(x), False, True), bool(x.flags.c_contiguous))
    if isinstance(x, np.generic) and x.dtype.kind in "biuf":
        return Dynamic(Kind(input_type(np.asarray(x)), False, False))
    if isinstance(x, float):
        return Dynamic(Kind(ArrayType(DType.F64), True, False))
    if isinstance(x, int) and not isinstance(x, bool):
        return Dynamic(Kind(ArrayType(DType.I64), True, False))
    return Static(x)


@dataclass(frozen=True, slots=True)
class Result:
    """One leaf of what the function returned: an output of the graph, or a static object."""

    kind: Kind | None
    object: Any = None


@dataclass(frozen=True, slots=True)
class Traced:
    """A traced function: the graph, and what is needed to call it again."""

    graph: Graph  # inputs: the dynamic leaves in order, then the captured arrays
    structure: Any  # of the result
    results: tuple[Result, ...]
    guards: tuple[Guard, ...]
    captured: tuple[CapturedArray, ...]
    fixed: dict[int, int]  # argument leaves whose value tracing relied on
    decisions: tuple[Decision, ...]


def trace_function(
    ops: OpTable,
    function: Callable[..., Any],
    parameters: Sequence[Parameter],
    values: Sequence[Any],
    structure: Any,
    labels: Sequence[str],
    name: str,
) -> Traced:
    """Run `function` once with tracers.

    `parameters`, `values` (looked at only where a guard is recorded) and `labels` are those of the leaves
    of `(args, kwargs)`, whose `structure` is given.
    """
    trace = Trace(ops)
    try:
        return _traced(trace, function, parameters, values, structure, labels, name)
    except Exception as error:
        if not trace.sizes.could_be_known():
            raise refusal(error, _definition(function)) from None
    trace = Trace(ops)
    trace.sizes.concrete = True  # int arguments that give sizes become part of the compiled code
    try:
        return _traced(trace, function, parameters, values, structure, labels, name)
    except SymbolicSizeError as error:
        raise refusal(error, _definition(function)) from None


def _traced(
    trace: Trace,
    function: Callable[..., Any],
    parameters: Sequence[Parameter],
    values: Sequence[Any],
    structure: Any,
    labels: Sequence[str],
    name: str,
) -> Traced:
    fixed: dict[int, int] = {}
    try:
        leaves = [
            _argument(trace, p, k, values[k], label, fixed)
            for k, (p, label) in enumerate(zip(parameters, labels, strict=True))
        ]
        args, kwargs = unflatten(structure, leaves)
        protect(trace, (args, kwargs))
        returned = _called(trace, function, args, kwargs)
        check_outside(trace)
        try:
            outputs, out_structure, results, out_labels = _results(trace, returned)
            trace.sizes.check_leaving(outputs, final=True)
        except GradirError as error:  # of something that is returned: no line of the function runs any more
            error.loc = _definition(function)
            raise
        inputs = trace.inputs
        block = trace.root.builder.block([value for value, _ in inputs], outputs)
        graph = Graph(name, block, tuple(label for _, label in inputs), out_labels)
        captures = trace.captures
        return Traced(
            graph, out_structure, results, tuple(captures.guards), tuple(captures.arrays), fixed,
            tuple(trace.decisions),
        )  # fmt: skip
    finally:
        trace.root.closed = True


def _argument(trace: Trace, p: Parameter, k: int, value: Any, label: str, fixed: dict[int, int]) -> Any:
    if isinstance(p, Static):
        trace.captures.watch(p.value)
        return p.value
    kind = p.kind
    ssa = trace.input(kind.type, label)
    if kind.array:
        strides = c_strides(kind.type.shape) if p.ordered else None
        return Array(trace, Buffer(ssa, trace.root, why_readonly(label)), (), strides)
    if not (kind.weak and kind.type.dtype is DType.I64):
        return Scalar(trace, ssa, weak=kind.weak)

    def known() -> int:
        fixed[k] = value
        return int(value)

    trace.known_arguments[ssa] = known
    return Scalar(trace, ssa, weak=True)


def why_readonly(label: str) -> str:
    """Say why an argument that is an array cannot be written to."""
    return f"'{label}' is an argument, which is not written to: copy it first (`{label} = {label}.copy()`)"


def unflatten(structure: Any, leaves: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a call."""
    args, kwargs = pytrees.rebuild(structure, leaves)
    return args, kwargs  # type: ignore[return-value]


def _definition(function: Any) -> Loc | None:
    """Return the line at which a function is defined."""
    while isinstance(function, functools.partial):
        function = function.func
    code = getattr(inspect.unwrap(function), "__code__", None)
    return None if code is None else Loc(code.co_filename, code.co_firstlineno, code.co_name)


def _called(trace: Trace, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    try:
        return call(trace, function, args, kwargs)
    except RecursionError:
        raise RecursionTraceError(
            "the traced function calls itself too often: where a condition on a traced value should end it,"
            " both branches are traced, without end. Write a loop",
            loc=_definition(function),
        ) from None


def protect(trace: Trace, arguments: Any) -> None:
    """Remember the containers that the arguments came in, so that a store to one is refused."""
    pending = [arguments]
    while pending:
        x = pending.pop()
        if isinstance(x, (list, dict)):
            trace.captures.protect(x)
        if isinstance(x, dict):
            pending.extend(x.values())
        elif isinstance(x, (list, tuple)):
            pending.extend(x)


def _results(trace: Trace, returned: Any) -> tuple[list[Value], Any, tuple[Result, ...], tuple[str, ...]]:
    leaves, structure = pytrees.flatten(returned)
    names = pytrees.labels_of(returned, "result")
    outputs: list[Value] = []
    results: list[Result] = []
    labels: list[str] = []
    for x, name in zip(leaves, names, strict=True):
        if isinstance(x, Picked):
            refuse()
        held = leaf(trace, x)
        if held.kind is None or (held.value is None and not isinstance(x, float)):
            results.append(Result(None, x))
            continue
        outputs.append(held.place(trace.root.builder, held.kind))
        results.append(Result(held.kind))
        labels.append(name)
    return outputs, structure, tuple(results), tuple(labels)
