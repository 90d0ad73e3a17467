"""Index arithmetic as affine forms; loops that walk several dimensions, and loops that are split."""

from __future__ import annotations

import operator

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Span, Value
from gradir.ir.interpreter import interpret
from gradir.lower.affine import Index, Variable, bounds, turns
from gradir.lower.llvm_program import emit
from gradir.lower.lower import lower
from gradir.runtime.compile import compile_graph

from .build import array, build, nests

_RELATIONS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@pytest.mark.parametrize("relation", _RELATIONS)
@pytest.mark.parametrize("coefficient", [-3, -2, -1, 1, 2, 3])
def test_turns_are_where_a_comparison_changes(relation: str, coefficient: int) -> None:
    holds = _RELATIONS[relation]
    for offset in range(-7, 8):
        form = Index(((Variable("v", 100), coefficient),), offset)
        changes = {
            k
            for k in range(-20, 20)
            if holds(coefficient * k + offset, 0) != holds(coefficient * (k - 1) + offset, 0)
        }
        assert set(turns(relation, form)) == changes


def test_division_of_a_flattened_index_is_found() -> None:
    i, j = Variable("i", 5), Variable("j", 4)
    form = Index(((i, 12), (j, 3)), 2)
    assert bounds(form) == (2, 59)
    assert form.divided(12) == (Index(((i, 1),)), Index(((j, 3),), 2))
    assert form.divided(3) == (Index(((i, 4), (j, 1))), Index((), 2))
    assert form.divided(7) is None


def _check(graph: Graph) -> str:
    rng = np.random.default_rng(0)
    args = [rng.normal(size=v.shape) for v in graph.block.params]
    for got, want in zip(compile_graph(graph)(*args), interpret(graph, *args), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)
    return emit(lower(graph), "f")


def test_contiguous_dimensions_are_one_loop() -> None:
    text = _check(build(lambda b, x, y: b.add(b.sin(x), y), array(4, 5, 6), array(4, 5, 6)))
    assert text.count("phi") == 1


def test_rows_and_a_broadcast_vector_are_two_loops() -> None:
    def make(b: Builder, x: Value, y: Value) -> Value:
        return b.add(x, b.broadcast(y, shape=(4, 5, 6), axes=(2,)))

    assert _check(build(make, array(4, 5, 6), array(6))).count("phi") == 2


def test_no_element_of_a_concatenation_is_chosen_at_run_time() -> None:
    text = _check(build(lambda b, x, y: b.concatenate(x, b.sin(y), x, axis=0), array(50, 3), array(20, 3)))
    assert "select" not in text


def test_no_element_of_a_pad_is_chosen_at_run_time() -> None:
    def make(b: Builder, x: Value, v: Value) -> list[Value]:
        wide = b.pad(x, v, low=(2, 0), high=(1, 3))
        return [
            wide,
            b.sum(wide, axes=(0,)),
            b.sum(wide, axes=(1,)),
            b.sum(wide, axes=(0, 1)),
            b.max(wide, axes=(1,)),
        ]

    assert "select" not in _check(build(make, array(20, 30), array()))


def test_many_scalars_in_an_array() -> None:
    def make(b: Builder, x: Value) -> Value:
        parts = [b.reshape(b.emit("index", x, at=(k,))[0], shape=(1,)) for k in range(40)]
        return b.concatenate(*reversed(parts), axis=0)

    assert "phi" not in _check(build(make, array(40)))


def test_gradients_of_shifted_slices_are_one_nest() -> None:
    def make(b: Builder, x: Value, y: Value) -> Value:
        found = b.zeros(array(1000))
        found = b.accumulate(found, x, at=(Span(0, 999),))
        found = b.accumulate(found, b.neg(x), at=(Span(1, 999),))
        return b.accumulate(found, y, at=(Span(1, 998),))

    graph = build(make, array(999), array(998))
    _check(graph)
    assert nests(str(lower(graph))) == 1


def test_an_accumulation_keeps_the_sign_of_zero() -> None:
    def make(b: Builder, x: Value) -> Value:
        return b.accumulate(b.full(array(4), -0.0), x, at=(Span(0, 3),))

    (found,) = compile_graph(build(make, array(3)))(np.array([-0.0, 0.0, 1.0]))
    np.testing.assert_array_equal(np.signbit(found), [True, False, False, True])


def test_accumulations_into_an_array_in_memory_are_in_place() -> None:
    def make(b: Builder, x: Value) -> Value:
        return b.accumulate(b.exp(b.matmul(x, x)), x, at=(Span(0, 30), Span(0, 30)))

    assert "accumulate out0" in str(lower(build(make, array(30, 30))))
