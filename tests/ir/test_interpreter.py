"""Running graphs in NumPy: regions, stacks, checks, lifetimes, and errors that name the node."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradir.errors import ShapeError
from gradir.ir.builder import Builder
from gradir.ir.dims import SymbolicSizeError, symbol
from gradir.ir.graph import Graph, Loc, Node, Value
from gradir.ir.interpreter import Interpreter, Stack, interpret
from gradir.ir.operation import NOT_DIFFERENTIABLE, Elementwise, Op
from gradir.ir.parser import parse
from gradir.ir.types import F64, INDEX, ArrayType, DType, StackType
from gradir.ops import OPS
from hypothesis import given
from hypothesis import strategies as st

from tests.ir.examples import chain, straight, sweep
from tests.ir.strategies import arguments, graphs


def run(text: str, *args: Any) -> tuple[Any, ...]:
    return interpret(parse(text, OPS), *args)


def test_straight_line_code() -> None:
    value, ct = interpret(straight(), np.array([0.0, 1.0, 2.0]), 3.0)
    assert value == (np.sin(0.0) + np.sin(1.0) + np.sin(2.0)) * (3.0 + 0.1)
    assert ct.tolist() == [6.0, 6.0, 6.0]


def plain_sweep(u: np.ndarray, k: int) -> tuple[list[float], float, float]:
    """What `sweep` computes, in plain Python."""
    seen = []
    u = u.copy()
    for i in range(3):
        seen.append(float(u[i]))
        u[i] = u[i] ** 2 if u[i] < u[k] else u[i]
    return u[2:0:-1].tolist(), float(u[k]), seen[-1]


@pytest.mark.parametrize("k", [0, 1, 2, -1])
def test_loop_branch_stack_and_checks(k: int) -> None:
    u = np.array([0.5, 3.0, 2.0])
    head, window, top = interpret(sweep(), u, k)
    assert (head.tolist(), float(window), float(top)) == plain_sweep(u, k)
    assert u.tolist() == [0.5, 3.0, 2.0]


@pytest.mark.parametrize(
    ("lo", "hi", "step"), [(0, 4, 1), (4, 0, 1), (0, 0, 1), (5, -1, -2), (1, 9, 3), (-3, 3, 2), (3, 5, -1)]
)
def test_for_is_python_s_range(lo: int, hi: int, step: int) -> None:
    text = """graph f(%0: i64[] "lo", %1: i64[] "hi", %2: i64[] "step") {
      %3: i64[] = constant 0
      %4: i64[], %5: i64[] = for %i in range(%0, %1, %2) carry (%6: i64[] = %3, %7: i64[] = %3) {
        %8: i64[] = multiply %6, %0
        %9: i64[] = add %8, %i
        yield %9, %6
      }
      return %4 "folded", %5 "before"
    }"""
    folded = before = 0
    for i in range(lo, hi, step):
        folded, before = folded * lo + i, folded
    assert run(text, lo, hi, step) == (folded, before)


def test_a_branch_reads_its_scope_and_runs_alone() -> None:
    text = """graph f(%p: bool[] "p", %k: i64[] "k", %x: f64[2] "x") {
      %0: f64[] = if %p {
        %1: i64[] = check_index %k {size=2, axis=0}
        %2: f64[] = index %x[%1]
        yield %2
      } else {
        %3: f64[] = constant -1.0
        yield %3
      }
      return %0 "y"
    }"""
    x = np.array([3.0, 4.0])
    assert run(text, True, 1, x) == (4.0,)
    assert run(text, False, 9, x) == (-1.0,)
    with pytest.raises(IndexError):
        run(text, True, 9, x)


def test_a_region_may_yield_a_value_from_outside() -> None:
    text = """graph f(%p: bool[] "p", %x: f64[] "x") {
      %0: i64[] = constant 2
      %1: i64[] = constant 1
      %2: f64[] = sin %x
      %3: f64[] = for %i in range(%1, %0, %1) carry (%4: f64[] = %x) {
        %5: f64[] = if %p {
          yield %2
        } else {
          yield %4
        }
        yield %5
      }
      %6: f64[] = add %2, %3
      return %6 "y", %2 "z", %2 "again"
    }"""
    assert run(text, True, 0.5) == (2 * np.sin(0.5), np.sin(0.5), np.sin(0.5))


def test_results_never_share_memory_with_arguments_or_each_other() -> None:
    text = 'graph f(%0: f64[2] "x") {\n%1: f64[2] = reshape %0 {shape=[2]}\nreturn %0 "a", %0 "b", %1 "c"\n}'
    x = np.array([1.0, 2.0])
    results = run(text, x)
    for k, a in enumerate(results):
        assert not any(np.shares_memory(a, b) for b in (x, *results[k + 1 :]))


def test_stacks_are_values() -> None:
    empty = Stack()
    one = empty.push(1)
    assert one.push(2).pop()[1] == 2
    assert one.push(3).pop() == (one, 3)
    assert one.pop() == (empty, 1)
    assert (empty.all(), one.push(2).push(3).all()) == ([], [1, 2, 3])
    with pytest.raises(IndexError, match="pop from an empty stack"):
        empty.pop()


def test_a_graph_may_give_and_take_stacks() -> None:
    b = Builder(OPS)
    x = Value(F64)
    (stack,) = b.emit("push", *b.emit("stack_new", b.int64(1), element=F64), x)
    (result,) = interpret(Graph("f", b.block([x], [stack]), ("x",), ("stack",)), 2.5)
    b = Builder(OPS)
    given = Value(StackType(F64))
    graph = Graph("g", b.block([given], [b.emit("pop", given)[1]]), ("stack",), ("y",))
    assert interpret(graph, result) == (2.5,)
    with pytest.raises(ShapeError, match=r"argument 'stack' is a stack, not 1\.0"):
        interpret(graph, 1.0)


def test_an_index_error_points_at_the_user_s_line(tmp_path: Path) -> None:
    file = tmp_path / "user.py"
    file.write_text("def f(x, i):\n    return x[i]\n")
    b = Builder(OPS, Loc(str(file), 2, "f"))
    i = Value(ArrayType(DType.I64, (3,)))
    graph = Graph("f", b.block([i], [b.check_index(i, size=5, axis=1)]), ("i",), ("y",))
    assert interpret(graph, np.array([-5, 4, -1]))[0].tolist() == [0, 4, 4]
    for bad in (7, -6):
        with pytest.raises(IndexError) as caught:
            interpret(graph, np.array([0, bad, 9]))
        assert str(caught.value) == (
            f"index {bad} is out of bounds for axis 1 with size 5\n  at {file}:2 in f\n    return x[i]"
        )


def test_a_failed_check_raises_what_it_names() -> None:
    b = Builder(OPS, Loc("f.py", 4))
    p = Value(ArrayType(DType.BOOL))
    b.emit("check", p, exception="ZeroDivisionError", message="division by zero")
    graph = Graph("f", b.block([p], []), ("p",), ())
    assert interpret(graph, True) == ()
    with pytest.raises(ZeroDivisionError, match=r"division by zero\n  at f\.py:4"):
        interpret(graph, False)


def test_errors_show_the_innermost_node_once() -> None:
    b = Builder(OPS)
    body = b.nested()
    index = Value(INDEX)
    body.check_index(index, size=2, axis=0)
    trips = [b.int64(k) for k in (0, 3, 1)]
    b.emit("for", *trips, regions=[body.block([index], [])])
    with pytest.raises(IndexError) as caught:
        interpret(Graph("f", b.block([], []), (), ()))
    (note,) = caught.value.__notes__
    assert note == (
        "while interpreting\n"
        "  %1: i64[] = constant 3\n"
        "  %2: i64[] = constant 1\n"
        "  for %3 in range(%0, %1, %2) {\n"
        "    %4: i64[] = check_index %3 {size=2, axis=0}\n"
        "                ^^^^^^^^^^^"
    )


@pytest.mark.parametrize(
    ("arg", "message"),
    [
        (np.zeros(2), r"argument 'x' is f64\[3\], not float64\[2\]"),
        (np.zeros(3, np.float32), r"argument 'x' is f64\[3\], not float32\[3\]"),
        (1.0, r"argument 'x' is f64\[3\], not float64\[\]"),
    ],
)
def test_arguments_must_fit(arg: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        interpret(straight(), arg, 1.0)


def test_numbers_are_not_truncated() -> None:
    with pytest.raises(ShapeError, match=r"argument 'k' is i64\[\], not float64\[\]"):
        interpret(sweep(), np.zeros(3), 1.5)
    with pytest.raises(ShapeError, match=r"argument 'k' is i64\[\], not object\[\]"):
        interpret(sweep(), np.zeros(3), 10**30)


def test_the_number_of_arguments_must_fit() -> None:
    with pytest.raises(TypeError, match="sweep takes 2 arguments, not 1"):
        interpret(sweep(), np.zeros(3))


def test_symbolic_sizes_are_refused() -> None:
    x = Value(ArrayType(DType.F64, (symbol("n"),)))
    with pytest.raises(SymbolicSizeError, match="a size known at compile time"):
        interpret(Graph("f", Builder(OPS).block([x], [x]), ("x",), ("y",)), np.zeros(3))


def test_a_wrong_evaluation_is_caught() -> None:
    wrong = Op(name="wrong", attrs=(), infer=OPS["sin"].infer, evaluate=np.float32, lowering=Elementwise(min),
               derivative=NOT_DIFFERENTIABLE)  # fmt: skip
    b = Builder(OPS)
    x = Value(F64)
    graph = Graph("f", b.block([x], b.emit(wrong, x)), ("x",), ("y",))
    with pytest.raises(AssertionError, match=r"wrong evaluates to float32\[\], not f64\[\]"):
        interpret(graph, 1.0)


class Watch(Interpreter):
    """Records the operations that run, and the most values alive at once."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.seen: list[str] = []
        self.peak = 0

    def node(self, node: Node, operands: Sequence[Any]) -> Sequence[Any]:
        self.seen.append(node.op.name)
        self.peak = max(self.peak, len(self.values))
        return super().node(node, operands)


def test_the_walk_can_be_overridden_and_frees_values() -> None:
    graph = chain(100_000)
    watch = Watch(graph)
    (result,) = watch.run([1.0])
    assert result == 100_001.0
    assert len(watch.seen) == 100_000
    assert watch.peak == 2
    assert not watch.values


def test_loops_free_their_values_too() -> None:
    watch = Watch(sweep())
    watch.run([np.ones(3), 0])
    assert watch.seen.count("push") == 3
    assert not watch.values


def test_no_warnings_escape() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = 'graph f(%0: f64[] "x") {\n%1: f64[] = divide %0, %0\n%2: f64[] = log %1\nreturn %2 "y"\n}'
        assert np.isnan(run(text, 0.0)[0])


@given(st.data())
def test_drawn_graphs_run_and_parsed_ones_agree(data: st.DataObject) -> None:
    graph = data.draw(graphs(OPS))
    args = data.draw(arguments(graph))
    first = interpret(graph, *args)
    again = interpret(parse(str(graph), OPS), *args)
    for value, a, b in zip(graph.block.results, first, again, strict=True):
        assert a.dtype == value.array.dtype.numpy
        assert a.tobytes() == b.tobytes()
