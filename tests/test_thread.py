"""One program through every stage: loops, in-place writes, a branch and a checked index."""

from __future__ import annotations

import linecache

import gradir as gr
import numpy as np
import pytest
from gradir.ir.graph import walk
from gradir.ir.verifier import verify


def relax(k, u0, probe):
    """Gauss-Seidel sweeps with a limiter, read at one place."""
    u = u0.copy()
    n = u.shape[0]
    for _ in range(5):
        for i in range(1, n - 1):
            u[i] = u[i] + k * (u[i - 1] - 2 * u[i] + u[i + 1])
            if u[i] > 1.0:
                u[i] = u[i] * 0.5
    return np.sum(u**2) + u[probe]


K = 0.2
U0 = np.linspace(0.0, 2.5, 8)
PROBE = -2
relax_gradient = gr.value_and_grad(relax, argnums=(0, 1))


@pytest.fixture(scope="module")
def program() -> gr.Program:
    return relax_gradient.inspect(K, U0, PROBE)


def count(graph: gr.Graph, op: str) -> int:
    return sum(node.op.name == op for node in walk(graph.block))


def test_traced_with_its_loops_and_branch(program: gr.Program) -> None:
    primal = program.primal
    assert (count(primal, "for"), count(primal, "if")) == (2, 1)
    assert count(primal, "check_index") > 0
    lines = {node.loc.line for node in walk(primal.block) if node.loc is not None}
    first = relax.__code__.co_firstlineno
    assert lines <= set(range(first, first + 11))


def test_every_graph_verifies_and_parses_back(program: gr.Program) -> None:
    for graph in (program.primal, program.adjoint, program.optimized):
        verify(graph)
        assert gr.parse(str(graph)) == graph


def test_reversed_with_its_loops_kept(program: gr.Program) -> None:
    assert (count(program.adjoint, "for"), count(program.adjoint, "if")) == (4, 2)
    pushed = [n.operands[1].array for n in walk(program.adjoint.block) if n.op.name == "push"]
    assert pushed
    assert all(t.shape == () for t in pushed), "only scalars are saved, never the array"


def test_the_array_is_updated_in_place(program: gr.Program) -> None:
    assert "after copying" not in str(program.kernels)
    arrays = [b for b in program.kernels.buffers if b.count == U0.size]
    assert len(arrays) <= 4


def test_every_stage_prints(program: gr.Program) -> None:
    assert "for %" in str(program.kernels)
    assert "define" in program.llvm
    assert "ret" in program.assembly
    for stage in ("primal", "adjoint", "optimized", "kernels"):
        assert program.diagram(stage).source.startswith("digraph")
    assert program.diagram("primal", values=True).source != program.diagram("primal").source


def test_compiled_interpreted_and_python_agree(program: gr.Program) -> None:
    value, (dk, du0) = relax_gradient(K, U0, PROBE)
    for graph in (program.adjoint, program.optimized):
        expected, expected_dk, expected_du0 = gr.interpret(graph, K, U0, PROBE)
        assert value == pytest.approx(float(expected), rel=1e-14)
        assert dk == pytest.approx(float(expected_dk), rel=1e-13)
        np.testing.assert_allclose(du0, expected_du0, rtol=1e-13)
    assert value == pytest.approx(float(relax(K, U0, PROBE)), rel=1e-14)


def test_against_finite_differences() -> None:
    gr.check_grads(lambda k, u0: relax(k, u0, PROBE), (K, U0), order=2)


def test_an_index_out_of_range_points_at_the_line() -> None:
    line = relax.__code__.co_firstlineno + 9
    assert "u[probe]" in linecache.getline(__file__, line)
    with pytest.raises(IndexError, match="index 8 is out of bounds for axis 0 with size 8") as caught:
        relax_gradient(K, U0, 8)
    assert isinstance(caught.value, gr.GradirError)
    assert f"test_thread.py:{line} in relax" in str(caught.value)
    assert "u[probe]" in str(caught.value)
    assert relax_gradient.cache_info().currsize == 1
    assert relax_gradient(K, U0, 0)[0] == pytest.approx(float(relax(K, U0, 0)))


@pytest.mark.filterwarnings("ignore")  # of Numba, about its own deprecations
def test_called_from_numba() -> None:
    import numba

    gradient = relax_gradient.njit(K, U0, PROBE)

    @numba.njit
    def descend(k: float, u0: np.ndarray, probe: int) -> tuple[float, float]:
        value, (slope, _) = gradient(k, u0, probe)
        return value, slope

    value, (dk, _) = relax_gradient(K, U0, PROBE)
    assert descend(K, U0, PROBE) == (value, dk)
    with pytest.raises(IndexError, match="index 99 is out of bounds for axis 0 with size 8"):
        descend(K, U0, 99)
    with pytest.raises(ValueError, match="another shape"):
        descend(K, U0[:5], 0)
