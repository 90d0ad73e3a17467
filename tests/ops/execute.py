"""Running one operation, or a graph, in each of the ways there are."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.dims import static
from gradir.ir.graph import Graph, Node, Value
from gradir.ir.operation import ArgReduction, Elementwise, Op, PerElement, Reduction, Scan
from gradir.ir.types import ArrayType, DType, dtype_of
from gradir.ops import OPS

from .numpy_machine import Number, NumpyMachine


def type_of(array: Any) -> ArrayType:
    return ArrayType(dtype_of(np.asarray(array).dtype), np.shape(array))


def evaluate(op: Op, operands: Sequence[np.ndarray], attrs: Mapping[str, Any]) -> np.ndarray:
    """Evaluate in NumPy."""
    assert op.evaluate is not None
    with np.errstate(all="ignore"):
        return np.asarray(op.evaluate(*operands, **attrs))


def graph_of(build: Callable[..., Sequence[Value]], *operands: np.ndarray) -> Graph:
    """The graph that `build(builder, *params)` makes."""
    b = Builder(OPS)
    params = [Value(type_of(x)) for x in operands]
    results = build(b, *params)
    names = tuple(f"x{k}" for k in range(len(params)))
    return Graph("sample", b.block(params, results), names, tuple(f"y{k}" for k in range(len(results))))


def run_compiled(graph: Graph, *args: np.ndarray) -> tuple[np.ndarray, ...]:
    """Compile a graph and call it."""
    compile_graph = pytest.importorskip(
        "gradir.runtime.compile", reason="the runtime is not there yet"
    ).compile_graph
    return tuple(compile_graph(graph)(*args))


# Scalar code, run by hand on the NumPy machine.


def run_scalar_code(op: Op, operands: Sequence[np.ndarray], attrs: Mapping[str, Any]) -> np.ndarray | None:
    """The result of an operation by its record's scalar code; None where it has none."""
    if op.name == "constant" and attrs["value"].type.shape:
        return None
    (type,) = op.infer([type_of(x) for x in operands], attrs)
    assert isinstance(type, ArrayType)
    node = Node(op, tuple(Value(type_of(x)) for x in operands), attrs, (Value(type),))
    with np.errstate(all="ignore"):
        match op.lowering:
            case Elementwise():
                element = _elementwise(op.lowering, operands, attrs)
            case PerElement():
                element = _per_element(op.lowering, operands, node)
            case Reduction():
                element = _reduced(op.lowering, operands[0], attrs["axes"])
            case ArgReduction():
                element = _position(op.lowering, operands[0], attrs["axis"])
            case Scan():
                return _scanned(op.lowering, operands, attrs)
            case _:
                return None
        return _filled(type, element)


Element = Callable[[tuple[int, ...]], Number]


def _filled(type: ArrayType, element: Element) -> np.ndarray:
    result = np.empty(static(type.shape), type.dtype.numpy)
    for place in np.ndindex(result.shape):
        number = element(place)
        assert number.dtype is type.dtype, f"scalar code gives {number.dtype}, not {type.dtype}"
        result[place] = number.value
    return result


def _elementwise(lowering: Elementwise, operands: Sequence[np.ndarray], attrs: Mapping[str, Any]) -> Element:
    more = {"attrs": attrs} if lowering.with_attrs else {}
    return lambda place: lowering.emit(NumpyMachine(), *(Number(x[place]) for x in operands), **more)


def _per_element(lowering: PerElement, operands: Sequence[np.ndarray], node: Node) -> Element:
    machine = NumpyMachine(operands)
    return lambda place: lowering.emit(machine, node, [Number(np.int64(i)) for i in place])


def _reduced(lowering: Reduction, x: np.ndarray, axes: tuple[int, ...]) -> Element:
    dtype = dtype_of(x.dtype)

    def element(place: tuple[int, ...]) -> Number:
        total = NumpyMachine().constant(dtype, lowering.identity(dtype))
        rest = iter(place)
        ranges = [range(n) if a in axes else (next(rest),) for a, n in enumerate(x.shape)]
        for source in itertools.product(*ranges):
            total = lowering.combine(NumpyMachine(), total, Number(x[source]))
        return total

    return element


def _position(lowering: ArgReduction, x: np.ndarray, axis: int) -> Element:
    def element(place: tuple[int, ...]) -> Number:
        line = np.moveaxis(x, axis, -1)[place]
        best = 0
        for i in range(1, len(line)):
            if lowering.better(NumpyMachine(), Number(line[i]), Number(line[best])).value:
                best = i
        return NumpyMachine().constant(DType.I64, best)

    return element


def _scanned(lowering: Scan, operands: Sequence[np.ndarray], attrs: Mapping[str, Any]) -> np.ndarray:
    lines = [np.moveaxis(x, attrs["axis"], 0) for x in operands]
    lines = [x[::-1] for x in lines] if attrs["reverse"] else lines
    result = np.empty(lines[0].shape, lines[0].dtype)
    for place in np.ndindex(result.shape[1:]):
        state: Number | None = None
        for i in range(len(result)):
            elements = [Number(x[(i, *place)]) for x in lines]
            if state is None:
                state = lowering.first(NumpyMachine(), *elements)
            else:
                state = lowering.step(NumpyMachine(), state, *elements)
            result[(i, *place)] = state.value
    return np.moveaxis(result[::-1] if attrs["reverse"] else result, 0, attrs["axis"])
