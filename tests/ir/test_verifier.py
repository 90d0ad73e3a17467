"""One malformed graph for every rule of the verifier, with the message it gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradir.errors import GradirError, VerifyError
from gradir.ir.builder import Builder
from gradir.ir.dims import symbol
from gradir.ir.graph import Block, Graph, Literal, Loc, Node, Value
from gradir.ir.printer import MAX_NESTING
from gradir.ir.types import BOOL, F64, INDEX, ArrayType, DType, StackType
from gradir.ir.verifier import verify
from gradir.ops import OPS
from hypothesis import given

from tests.ir.examples import VECTOR, straight, sweep
from tests.ir.strategies import graphs

X = Value(VECTOR)
S = Value(F64)
K = Value(INDEX)
P = Value(BOOL)
STACK = StackType(F64)


def node(name: str, *operands: Value, types: Any = (VECTOR,), regions: Any = (), **attrs: Any) -> Node:
    return Node(OPS[name], operands, attrs, tuple(Value(t) for t in types), tuple(regions), Loc("f.py", 7))


def graph(*nodes: Node, results: tuple[Value, ...] = (X,), params: tuple[Value, ...] = (X, S, K, P)) -> Graph:
    labels = tuple("y" for _ in results)
    return Graph("bad", Block(params, nodes, results), tuple("x" for _ in params), labels)


def block(*nodes: Node, params: tuple[Value, ...] = (), results: tuple[Value, ...] = ()) -> Block:
    return Block(params, nodes, results)


def loop(body: Block, *inits: Value, types: Any = ()) -> Node:
    return node("for", K, K, K, *inits, types=types, regions=[body])


def used_before() -> Graph:
    late = node("cos", X)
    return graph(node("sin", late.result), late)


def own_result() -> Graph:
    own = node("sin", X)
    return graph(Node(own.op, own.results, {}, own.results))


def defined_twice() -> Graph:
    sine = node("sin", X)
    return graph(sine, Node(OPS["cos"], (X,), {}, sine.results))


def param_twice() -> Graph:
    return graph(params=(X, X))


def outside_its_region() -> Graph:
    inner = node("sin", X)
    return graph(node("if", P, types=(), regions=[block(inner), block()]), node("cos", inner.result))


def result_outside() -> Graph:
    inner = node("sin", X)
    return graph(node("if", P, types=(), regions=[block(inner), block()]), results=(inner.result,))


def undefined_yield() -> Graph:
    branches = [block(results=(Value(VECTOR),)), block(results=(X,))]
    return graph(node("if", P, types=(VECTOR,), regions=branches))


def wrong_type() -> Graph:
    return graph(node("sin", X, types=(F64,)))


def no_result() -> Graph:
    return graph(node("sin", X, types=()))


def rejected() -> Graph:
    return graph(node("add", X, S))


def missing_attr() -> Graph:
    return graph(node("sum", X, types=(F64,)))


def extra_attr() -> Graph:
    return graph(node("sin", X, axes=(0,)))


def numpy_attr() -> Graph:
    return graph(node("sum", X, types=(F64,), axes=(np.int64(0),)))


def list_attr() -> Graph:
    return graph(node("sum", X, types=(F64,), axes=[0]))


def large_attr() -> Graph:
    return graph(node("sum", X, types=(F64,), axes=(2**63,)))


def truncated_literal() -> Graph:
    return graph(node("constant", types=(VECTOR,), value=Literal(VECTOR, b"12345678")))


def reserved_symbol() -> Graph:
    return graph(node("check_index", K, types=(INDEX,), size=symbol("nan"), axis=0))


def unneeded_region() -> Graph:
    return graph(node("sin", X, regions=[block()]))


def no_body() -> Graph:
    return graph(node("for", K, K, K, types=()))


def one_branch() -> Graph:
    return graph(node("if", P, types=(), regions=[block()]))


def body_params() -> Graph:
    return graph(loop(block(params=(Value(INDEX), Value(F64))), X, types=(VECTOR,)))


def body_yields() -> Graph:
    return graph(loop(block(params=(Value(INDEX), Value(VECTOR)), results=(S,)), X, types=(VECTOR,)))


def loop_results() -> Graph:
    return graph(loop(block(params=(Value(INDEX), Value(VECTOR)), results=(X,)), X, types=(F64,)))


def branch_yields() -> Graph:
    return graph(node("if", P, types=(VECTOR,), regions=[block(results=(X,)), block(results=(S,))]))


def branch_params() -> Graph:
    return graph(node("if", P, types=(), regions=[block(params=(Value(F64),)), block()]))


def labels() -> Graph:
    return Graph("bad", Block((X,), (), (X,)), ("x",), ("y", "z"))


def negative_size() -> Graph:
    return graph(params=(X, Value(ArrayType(DType.F64, (-1,)))))


def unbound_symbol() -> Graph:
    return graph(params=(X, Value(ArrayType(DType.F64, (symbol("n") + 1,)))))


def unbound_symbol_in_an_attribute() -> Graph:
    return graph(node("extent", types=(INDEX,), size=symbol("n") + 1))


def bound(name: str, bound: int) -> Node:
    return node("bind", K, types=(INDEX,), symbol=symbol(name, bound))


def bound_twice() -> Graph:
    return graph(bound("n", 3), bound("n", 3))


def two_bounds() -> Graph:
    return graph(bound("n", 3), node("extent", types=(INDEX,), size=symbol("n", 4)))


def bound_in_a_branch() -> Graph:
    branches = [block(bound("n", 3)), block()]
    sized = node("extent", types=(INDEX,), size=symbol("n", 3))
    return graph(node("if", P, types=(), regions=branches), sized)


def no_symbol() -> Graph:
    return graph(node("bind", K, types=(INDEX,), symbol=symbol("n", 3) + 1))


def new_stack() -> Node:
    return node("stack_new", K, types=(STACK,), element=F64)


def stack_twice() -> Graph:
    stack = new_stack()
    pushes = [node("push", stack.result, S, types=(STACK,)) for _ in range(2)]
    return graph(stack, *pushes)


def stack_returned_too() -> Graph:
    stack = new_stack()
    return graph(stack, node("push", stack.result, S, types=(STACK,)), results=(stack.result,))


def stack_carried_twice() -> Graph:
    stack = new_stack()
    params = (Value(INDEX), Value(STACK), Value(STACK))
    body = block(params=params, results=params[1:])
    return graph(stack, loop(body, stack.result, stack.result, types=(STACK, STACK)))


def stack_in_a_loop() -> Graph:
    stack = new_stack()
    return graph(stack, loop(block(node("pop", stack.result, types=(STACK, F64)), params=(Value(INDEX),))))


def stack_after_a_branch() -> Graph:
    stack = new_stack()
    branches = [block(node("pop", stack.result, types=(STACK, F64))), block()]
    after = node("pop", stack.result, types=(STACK, F64))
    return graph(stack, node("if", P, types=(), regions=branches), after)


def peeks() -> tuple[Node, Node, Node]:
    """A stack, and a node that reads it beside a loop that does."""
    stack = node("stack_new", K, types=(StackType(BOOL),), element=BOOL)
    here, there = (node("peek", stack.result, K, types=(BOOL,)) for _ in range(2))
    return stack, here, loop(block(there, params=(Value(INDEX),)))


def peeked_and_used_up() -> Graph:
    stack, here, there = peeks()
    return graph(stack, here, there, node("push", stack.result, P, types=(stack.result.type,)))


def too_deep() -> Graph:
    inner = block()
    for _ in range(MAX_NESTING + 1):
        inner = block(node("if", P, types=(), regions=[inner, block()]))
    return graph(*inner.nodes)


RULES: list[tuple[Callable[[], Graph], str, str]] = [
    (used_before, "%5 is used before it is defined", "%5"),
    (own_result, "%4 is used before it is defined", "%4"),
    (defined_twice, "%4 is defined twice", "%4"),
    (param_twice, "%0 is defined twice", ""),
    (outside_its_region, "%4 is used outside the region that defines it", "%4"),
    (result_outside, "%4 is used outside the region that defines it", ""),
    (undefined_yield, "a value is used before it is defined", "if"),
    (wrong_type, "%4 has the type f64[], where sin gives f64[3]", "%4"),
    (no_result, "sin has 1 results, not 0", "sin"),
    (rejected, "add: operands of different types: f64[3] and f64[]", "add"),
    (missing_attr, "sum needs the attribute 'axes'", "sum"),
    (extra_attr, "sin has no attribute 'axes'", "axes"),
    (numpy_attr, "the attribute 'axes' is [0], which has no text", "axes"),
    (list_attr, "the attribute 'axes' is of type list, which has no text", "axes"),
    (large_attr, "the attribute 'axes' is [9223372036854775808], which has no text", "axes"),
    (truncated_literal, "the attribute 'value' is f64[3](malformed), which has no text", "value"),
    (reserved_symbol, "the attribute 'size' is nan, which has no text", "size"),
    (unneeded_region, "sin has no regions", "sin"),
    (no_body, "for has 1 region, not 0", "for"),
    (one_branch, "if has 2 regions, not 1", "if"),
    (body_params,
     "the body of for has parameters (i64[], f64[]); index and initial values are (i64[], f64[3])", "for"),
    (body_yields, "the body of for yields (f64[]) and carries (f64[3])", "for"),
    (loop_results, "%4 has the type f64[], where for gives f64[3]", "%4"),
    (branch_yields, "the branches of if yield (f64[3]) and (f64[])", "if"),
    (branch_params, "the branches of if have no parameters", "if"),
    (labels, "the graph has 1 outputs and 2 labels for them", ""),
    (negative_size, "%1 has the size -1, which is no size of an axis", ""),
    (unbound_symbol, "%1 has the size n+1, whose symbol 'n' is not bound", ""),
    (unbound_symbol_in_an_attribute, "the attribute 'size' has the symbol 'n', which is not bound", "n"),
    (bound_twice, "the symbol 'n' is bound twice", "n"),
    (two_bounds, "the symbol 'n' has two bounds", "n"),
    (bound_in_a_branch, "the attribute 'size' has the symbol 'n', which is not bound", "n"),
    (no_symbol, "bind: symbol is a symbol, not n+1", "bind"),
    (stack_twice, "%4 is a stack and used twice", "%4"),
    (stack_returned_too, "%4 is a stack and used twice", ""),
    (stack_carried_twice, "%4 is a stack and used twice", "%4"),
    (stack_in_a_loop, "%4 is a stack from outside a loop and used up in it", "for"),
    (stack_after_a_branch, "%4 is a stack and used twice", "%4"),
    (peeked_and_used_up, "%4 is a stack that is read here and used up elsewhere", "%4"),
    (too_deep, f"regions are nested more than {MAX_NESTING} deep", "if"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "message", "culprit"), RULES, ids=lambda r: getattr(r, "__name__", ""))
def test_every_rule_names_the_culprit(make: Callable[[], Graph], message: str, culprit: str) -> None:
    with pytest.raises(VerifyError) as caught:
        verify(make())
    lines = caught.value.message.split("\n")
    assert lines[0] == f"{message} in graph 'bad'" + (":" if culprit else "")
    if not culprit:
        assert len(lines) == 1
        return
    start = lines[-1].index("^")
    assert lines[-2][start : start + lines[-1].count("^")] == culprit


def test_the_message_in_full() -> None:
    with pytest.raises(VerifyError) as caught:
        verify(graph(node("cos", X), node("add", X, S), node("sin", X)))
    assert str(caught.value) == (
        "add: operands of different types: f64[3] and f64[] in graph 'bad':\n"
        'graph bad(%0: f64[3] "x", %1: f64[] "x", %2: i64[] "x", %3: bool[] "x") {\n'
        "  %4: f64[3] = cos %0  # f.py:7\n"
        "  %5: f64[3] = add %0, %1  # f.py:7\n"
        "               ^^^\n"
        "  at f.py:7"
    )
    assert isinstance(caught.value, GradirError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("make", [straight, sweep])
def test_good_graphs_pass(make: Callable[[], Graph]) -> None:
    verify(make())


@given(graphs(OPS))
def test_drawn_graphs_pass(drawn: Graph) -> None:
    verify(drawn)


def test_both_branches_may_use_a_stack() -> None:
    stack = new_stack()
    pops = [node("pop", stack.result, types=(STACK, F64)) for _ in range(2)]
    branches = [block(pop, results=(pop.results[1],)) for pop in pops]
    verify(graph(stack, node("if", P, types=(F64,), regions=branches)))


def test_a_stack_that_is_only_read_is_not_used_up() -> None:
    verify(graph(*peeks()))


def test_builder_refuses_what_the_verifier_would() -> None:
    with pytest.raises(ValueError, match="operands of different types"):
        Builder(OPS).add(X, S)
