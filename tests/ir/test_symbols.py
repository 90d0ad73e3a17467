"""Sizes that are known at run time: dims, their text, scopes and values."""

from __future__ import annotations

import numpy as np
import pytest
from gradir.ir import dims
from gradir.ir.dims import SymbolicSizeError, symbol
from gradir.ir.interpreter import interpret
from gradir.ir.parser import parse
from gradir.ir.symbols import implied, mentioned
from gradir.ir.verifier import verify
from gradir.ops import OPS

SUMS = """graph sums[n1 <= 4](%0: f64[2, 4] "x", %1: i64[] "k") {
  %2: i64[] = bind %1 {symbol=n1}
  %3: f64[2, n1] = index %0[0:+2, 0:+n1]
  %4: f64[2, n1+1] = pad %3, %5 {low=[0, 1], high=[0, 0]}
  %6: f64[n1+1] = sum %4 {axes=[0]}
  %7: i64[] = extent {size=2*n1+1}
  %8: f64[] = sum %6 {axes=[0]}
  return %8 "sum", %7 "size"
}
""".replace("  %4: f64[2", "  %5: f64[] = constant 1.0\n  %4: f64[2")


def test_dims_are_integers_to_the_code_that_uses_them() -> None:
    n, m = symbol("n", 5), symbol("m", 2)
    assert n + 1 - n == 1
    assert (2 * n - m + 3) - n == n - m + 3
    assert str(3 - 2 * n) == "-2*n+3"
    assert n != 1
    assert 0 not in (n, 3)
    assert dims.evaluate(2 * n + 1, {dims.Symbol("n", 5): 4}) == 9


def test_memory_is_laid_out_for_the_largest_size() -> None:
    n, m = symbol("n", 5), symbol("m", 2)
    assert dims.capacities((n + 1, 7 - m, 2 * n - m, -n, 3)) == (6, 7, 10, 0, 3)
    assert dims.room((n, 2)) == 10


@pytest.mark.parametrize("ask", [int, bool, range, lambda n: n < 2, lambda n: n * n, lambda n: n // 2])
def test_a_number_that_is_not_known_is_not_given(ask: object) -> None:
    with pytest.raises(SymbolicSizeError, match="a size known at compile time is needed here, not 'n'"):
        ask(symbol("n", 5))  # type: ignore[operator]


def test_text_declares_the_bounds_of_symbols() -> None:
    graph = parse(SUMS, OPS)
    verify(graph)
    assert str(graph).startswith('graph sums[n1 <= 4](%0: f64[2, 4] "x", %1: i64[] "k") {')
    assert parse(str(graph), OPS) == graph


@pytest.mark.parametrize("k", [-1, 0, 3, 4, 9])
def test_a_size_is_clamped_to_its_bounds(k: int) -> None:
    x = np.arange(8.0).reshape(2, 4)
    count = min(max(k, 0), 4)
    total, size = interpret(parse(SUMS, OPS), x, k)
    assert total == x[:, :count].sum() + 2
    assert size == 2 * count + 1


def test_nodes_read_the_sizes_that_they_mention() -> None:
    block = parse(SUMS, OPS).block
    read = implied(block)
    bound = block.nodes[0].results[0]
    assert {node.op.name for node, values in read.items() if values == (bound,)} == {
        "index", "pad", "sum", "extent",
    }  # fmt: skip
    assert mentioned(block.nodes[0]) == ()


def test_a_size_ends_with_the_block_that_binds_it() -> None:
    text = """graph f[n1 <= 4](%0: f64[4] "x", %1: bool[] "p") {
  %2: i64[] = constant 2
  if %1 {
    %3: i64[] = bind %2 {symbol=n1}
    yield
  } else {
    %4: i64[] = bind %2 {symbol=n1}
    yield
  }
  %5: i64[] = bind %2 {symbol=n1}
  %6: f64[n1] = index %0[0:+n1]
  %7: f64[] = sum %6 {axes=[0]}
  return %7 "y"
}
"""
    graph = parse(text, OPS)
    verify(graph)
    assert interpret(graph, np.arange(4.0), True)[0] == 1.0


def test_a_stack_of_sized_arrays_outlives_the_block_that_binds_their_size() -> None:
    text = """graph f[n1 <= 4](%0: f64[4] "x") {
  %1: i64[] = constant 0
  %2: i64[] = constant 4
  %3: i64[] = constant 1
  %4: stack<f64[n1]> = stack_new %2 {element=f64[n1]}
  %5: stack<f64[n1]> = for %6 in range(%1, %2, %3) carry (%7: stack<f64[n1]> = %4) {
    %8: i64[] = bind %6 {symbol=n1}
    %9: f64[n1] = index %0[0:+n1]
    %10: stack<f64[n1]> = push %7, %9
    yield %10
  }
  %11: i64[] = bind %3 {symbol=n1}
  %12: stack<f64[n1]>, %13: f64[n1] = pop %5
  return
}
"""
    verify(parse(text, OPS))
