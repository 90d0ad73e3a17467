"""Short ways to build graphs for the tests of lowering, and to run them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Value
from gradir.ir.interpreter import interpret
from gradir.ir.types import INDEX, ArrayType, DType, Type
from gradir.ir.verifier import verify
from gradir.lower.lower import lower
from gradir.ops import OPS
from gradir.runtime.compile import compile_graph


def array(*shape: int, dtype: DType = DType.F64) -> ArrayType:
    return ArrayType(dtype, shape)


def build(make: Callable[..., Value | Sequence[Value]], *types: Type) -> Graph:
    """A verified graph whose parameters have the given types; `make(b, *params)` gives its results."""
    b, params = Builder(OPS), [Value(t) for t in types]
    made = make(b, *params)
    results = [made] if isinstance(made, Value) else list(made)
    labels = tuple(f"x{k}" for k in range(len(params))), tuple(f"y{k}" for k in range(len(results)))
    graph = Graph("test", b.block(params, results), *labels)
    verify(graph)
    return graph


def loop(
    b: Builder,
    body: Callable[..., Sequence[Value]],
    *inits: Value,
    limits: tuple[int | Value, int | Value, int | Value] = (0, 5, 1),
) -> tuple[Value, ...]:
    """A `for` node; `body(b, i, *carried)` gives the yielded values."""
    inner, params = b.nested(), [Value(INDEX), *(Value(v.type) for v in inits)]
    block = inner.block(params, body(inner, *params))
    given = [b.int64(k) if isinstance(k, int) else k for k in limits]
    return b.emit("for", *given, *inits, regions=[block])


def turns(
    b: Builder, enter: Value, body: Callable[..., tuple[Value, Sequence[Value]]], *inits: Value
) -> tuple[Value, ...]:
    """A `while` node; `body(b, k, *carried)` gives whether there is another turn, and the yielded values."""
    inner, params = b.nested(), [Value(INDEX), *(Value(v.type) for v in inits)]
    again, yields = body(inner, *params)
    return b.emit("while", enter, *inits, regions=[inner.block(params, [again, *yields])])


def branch(b: Builder, predicate: Value, *arms: Callable[[Builder], Sequence[Value]]) -> tuple[Value, ...]:
    """An `if` node of two arms."""
    regions = []
    for arm in arms:
        inner = b.nested()
        regions.append(inner.block((), arm(inner)))
    return b.emit("if", predicate, regions=regions)


def nests(text: str) -> int:
    """The loop nests in printed kernels."""
    return sum(line.strip().startswith("nest ") for line in text.splitlines())


def kernels_of(graph: Graph) -> str:
    """The kernels of a graph whose compiled and interpreted results agree."""
    rng = np.random.default_rng(0)
    args = [rng.uniform(0.5, 1.5, v.shape).astype(v.dtype.numpy) for v in graph.block.params]
    exact = all(v.dtype is DType.F64 for v in graph.block.params)
    for got, want in zip(compile_graph(graph)(*args), interpret(graph, *args), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12 if exact else 1e-5)
    return str(lower(graph))
