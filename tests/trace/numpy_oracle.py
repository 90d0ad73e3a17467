"""Runs a function with tracers and interprets the graph, and compares that with plain NumPy's result."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradir.ir.graph import Graph, Value
from gradir.ir.interpreter import interpret
from gradir.ir.types import ArrayType, DType, dtype_of
from gradir.ir.verifier import verify
from gradir.ops import OPS
from gradir.trace.dispatch import call_handler, find_function, load_tables
from gradir.trace.frame import Buffer, Trace
from gradir.trace.tracer import Array, Scalar, Tracer, c_strides


def tracer(trace: Trace, x: Any) -> Any:
    """Return an input like `x`: arrays are handles that can be written to."""
    if isinstance(x, np.ndarray):
        buffer = Buffer(trace.input(ArrayType(dtype_of(x.dtype), x.shape), "x"), trace.root)
        return Array(trace, buffer, (), c_strides(x.shape) if x.flags.c_contiguous else None)
    if isinstance(x, np.generic):
        return Scalar(trace, trace.input(ArrayType(dtype_of(x.dtype)), "x"), weak=False)
    if isinstance(x, (bool, int, float)):
        return Scalar(trace, trace.input(ArrayType(dtype_of(np.asarray(x).dtype)), "x"), weak=True)
    return x


def leaves(x: Any) -> list[Any]:
    return [leaf for part in x for leaf in leaves(part)] if isinstance(x, (tuple, list)) else [x]


def trace_with(fun: Callable[..., Any], *args: Any) -> tuple[Graph, list[Any], list[Any]]:
    """Return the graph of `fun` for arguments like these, the leaves of what it returned, and all inputs."""
    load_tables()
    trace = Trace(OPS)
    results = leaves(fun(*(tracer(trace, a) for a in args)))
    outputs = [r.value for r in results if isinstance(r, Tracer)]
    block = trace.root.builder.block([v for v, _ in trace.inputs], outputs)
    graph = Graph("f", block, tuple("x" for _ in trace.inputs), tuple("y" for _ in outputs))
    verify(graph)
    given = iter([np.array(a) for a in args if isinstance(a, (np.ndarray, np.generic, bool, int, float))])
    captured = {c.value: c.getter for c in trace.captures.arrays}
    return graph, results, [captured[v]() if v in captured else next(given) for v, _ in trace.inputs]


def run(fun: Callable[..., Any], *args: Any) -> list[Any]:
    """Return the leaves of what `fun` gives when traced and interpreted, as NumPy or Python objects."""
    graph, results, inputs = trace_with(fun, *args)
    with np.errstate(all="ignore"):
        values = iter(interpret(graph, *inputs))
    return [_as_python(r, next(values)) if isinstance(r, Tracer) else r for r in results]


def via(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` as traced code calls it, also where NumPy would not ask a tracer in a list."""

    def call(*args: Any, **kwargs: Any) -> Any:
        traced = [x for x in leaves([*args, *kwargs.values()]) if isinstance(x, Tracer)]
        if not traced:
            return function(*args, **kwargs)
        handler = find_function(function)
        assert handler is not None
        return call_handler(traced[0].run, handler, function.__name__, args, kwargs)

    return call


def _as_python(result: Tracer, value: np.ndarray) -> Any:
    assert value.shape == result.shape
    assert value.dtype == result.dtype
    if isinstance(result, Array):
        return value
    return value.item() if result.weak else value[()]


def plain(fun: Callable[..., Any], *args: Any) -> list[Any]:
    """Return the leaves of what the function gives under plain Python and NumPy."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return leaves(fun(*(np.copy(a, order="K") if isinstance(a, np.ndarray) else a for a in args)))


def agree(fun: Callable[..., Any], *args: Any, rtol: float = 1e-13) -> None:
    """Assert that tracing gives what plain NumPy gives: types, dtypes, shapes and values."""
    expected, found = plain(fun, *args), run(fun, *args)
    assert len(expected) == len(found)
    for e, f in zip(expected, found, strict=True):
        assert type(f) is type(e), f"{type(f)} is not {type(e)}"
        if isinstance(e, (np.ndarray, np.generic)):
            assert f.dtype == e.dtype, f"{f.dtype} is not {e.dtype}"
            assert f.shape == e.shape, f"{f.shape} is not {e.shape}"
            tolerance = max(rtol, 2e-6 if e.dtype == np.float32 else 0)
            np.testing.assert_allclose(f, e, rtol=tolerance, atol=tolerance)
        elif isinstance(e, float):
            np.testing.assert_allclose(f, e, rtol=rtol)
        else:
            assert f == e


def agree_or_fail_alike(fun: Callable[..., Any], *args: Any, rtol: float = 1e-13) -> None:
    """`agree`; where Python raises, the traced function has to, with the same words."""
    failed: ArithmeticError | ValueError | None = None
    try:
        plain(fun, *args)
    except (ArithmeticError, ValueError) as error:
        failed = error
    if failed is None:
        agree(fun, *args, rtol=rtol)
    else:
        with pytest.raises(type(failed), match=re.escape(str(failed))):
            run(fun, *args)


__all__ = ["DType", "Value", "agree", "agree_or_fail_alike", "plain", "run", "trace_with", "via"]
