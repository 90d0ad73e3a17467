"""The graphs that tests draw cover the operation table."""

from __future__ import annotations

from gradir.ir.graph import Graph
from gradir.ir.types import F64
from gradir.ir.verifier import verify
from gradir.ops import OPS
from hypothesis import given

from tests.ir.random_nodes import RECIPES
from tests.ir.random_steps import signatures
from tests.ir.strategies import FLOATS, graphs


def test_every_operation_can_be_drawn() -> None:
    elementwise = {name for known in signatures(tuple(OPS.values())).values() for name, _ in known}
    assert elementwise | set(RECIPES) | {"stack_new", "pop"} == set(OPS)


@given(graphs(OPS, dtypes=FLOATS, scalar=True, depth=1, only=lambda name: name not in ("if", "check")))
def test_a_scalar_graph_has_one_f64_output(graph: Graph) -> None:
    verify(graph)
    assert [v.type for v in graph.block.results] == [F64]
    assert all(p.dtype.is_float for p in graph.block.params)
    assert not {"if", "check"} & {n.op.name for n in graph.block.nodes}
