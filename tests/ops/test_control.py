"""The records of regions, checks and stacks: what they refuse, and how stacks are differentiated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Block, Graph, Value
from gradir.ir.interpreter import Stack, interpret
from gradir.ir.operation import NOT_DIFFERENTIABLE, Effect, Structured, TypeRuleError, Vjp, VjpContext
from gradir.ir.types import BOOL, F64, INDEX, ArrayType, DType, StackType, Type
from gradir.ir.verifier import verify
from gradir.ops import OPS

STACK = StackType(F64)
EMPTY = Block((), (), ())


@pytest.mark.parametrize(
    ("name", "operands", "attrs", "message"),
    [
        ("for", [INDEX, INDEX, INDEX], {}, "for has 1 region, not 0"),
        ("while", [BOOL], {}, "while has 1 region, not 0"),
        ("while", [INDEX], {"regions": (EMPTY,)}, r"the condition of while takes \(bool\[\]\), not"),
        ("if", [INDEX], {"regions": (EMPTY, EMPTY)}, r"if takes \(bool\[\]\), not \(i64\[\]\)"),
        ("stack_new", [F64], {"element": F64}, r"stack_new takes \(i64\[\]\), not \(f64\[\]\)"),
        ("stack_new", [INDEX], {"element": 3}, "stack_new needs an array type as its element, not 3"),
        ("push", [F64, F64], {}, r"push takes a stack and an element, not \(f64\[\], f64\[\]\)"),
        ("push", [], {}, r"push takes a stack and an element, not \(\)"),
        ("push", [STACK, INDEX], {}, r"push takes \(stack<f64\[\]>, f64\[\]\), not \(.*, i64\[\]\)"),
        ("pop", [F64], {}, r"pop takes a stack, not \(f64\[\]\)"),
        ("peek", [STACK], {}, r"peek takes a stack and an i64, not \(stack<f64\[\]>\)"),
        ("peek", [F64, INDEX], {}, r"peek takes a stack and an i64, not \(f64\[\], i64\[\]\)"),
        ("peek", [STACK, INDEX], {}, "peek reads stacks of predicates and integers"),
        ("check", [F64], {"exception": "ValueError", "message": ""}, r"check takes \(bool\[\]\)"),
        ("check", [BOOL], {"exception": "print", "message": ""}, "a built-in exception, not 'print'"),
        ("check", [BOOL], {"exception": 3, "message": ""}, "check raises a built-in exception, not '3'"),
        ("check", [BOOL], {"exception": "ValueError", "message": 3}, "the message of check is a string"),
        ("check_index", [F64], {"size": 3, "axis": 0}, r"check_index takes i64 indices, not \(f64\[\]\)"),
        ("check_index", [INDEX], {"size": "3", "axis": 0}, "size and number of an axis, not '3' and 0"),
    ],
)
def test_type_rules_refuse(name: str, operands: Sequence[Type], attrs: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeRuleError, match=message):
        OPS[name].infer(operands, attrs)


def test_types() -> None:
    table = ArrayType(DType.F32, (2, 3))
    assert OPS["stack_new"].infer([INDEX], {"element": table}) == (StackType(table),)
    assert OPS["push"].infer([StackType(table), table], {}) == (StackType(table),)
    assert OPS["pop"].infer([StackType(table)], {}) == (StackType(table), table)
    indices = ArrayType(DType.I64, (4,))
    assert OPS["peek"].infer([StackType(indices), INDEX], {}) == (indices,)
    assert OPS["check_index"].infer([indices], {"size": 5, "axis": 1}) == (indices,)


def test_checks_are_effects_without_derivative() -> None:
    for op in OPS.values():
        assert (op.effect is Effect.CHECK) == (op.name in ("check", "check_index"))
    assert OPS["check"].derivative is OPS["check_index"].derivative is NOT_DIFFERENTIABLE
    assert {OPS[name].derivative for name in ("for", "while", "if")} == {Structured.REGION}


def transposed(
    name: str, inputs: Sequence[Type], cts: Sequence[bool], needed: Sequence[bool]
) -> Graph | None:
    """The rule of `name` as a graph from the cotangents it is given to those it makes, if it makes any."""
    b = Builder(OPS)
    operands = [Value(t) for t in inputs]
    attrs = {"element": F64} if name == "stack_new" else {}
    results = b.emit(name, *operands, **attrs)
    node = b.nodes.pop()
    cotangents = tuple(Value(r.type) if has else None for r, has in zip(results, cts, strict=True))
    rule = OPS[name].derivative
    assert isinstance(rule, Vjp)
    found = rule.rule(VjpContext(b, node, cotangents, tuple(needed)))
    assert len(found) == len(operands)
    given, made = [ct for ct in cotangents if ct], [ct for ct in found if ct]
    if not made:
        assert not b.nodes
        return None
    graph = Graph("vjp", b.block(given, made), ("ct",) * len(given), ("ct",) * len(made))
    verify(graph)
    return graph


def test_push_is_transposed_by_pop() -> None:
    graph = transposed("push", [STACK, F64], [True], [True, True])
    assert graph is not None
    below = Stack().push(np.array(1.0))
    rest, top = interpret(graph, below.push(np.array(2.0)))
    assert rest is below
    assert top == 2.0
    assert transposed("push", [STACK, F64], [False], [True, True]) is None


@pytest.mark.parametrize(("rest", "top"), [(True, True), (True, False), (False, True)])
def test_pop_is_transposed_by_push(rest: bool, top: bool) -> None:
    graph = transposed("pop", [STACK], [rest, top], [True])
    assert graph is not None
    args = [Stack().push(np.array(1.0))] * rest + [2.0] * top
    (stack,) = interpret(graph, *args)
    below, element = stack.pop()
    assert element == (2.0 if top else 0.0)
    assert (below.below is None) == (not rest)


def test_stacks_without_cotangents_pass_none() -> None:
    assert transposed("pop", [STACK], [False, False], [True]) is None
    assert transposed("pop", [STACK], [True, True], [False]) is None
    assert transposed("stack_new", [INDEX], [True], [False]) is None
