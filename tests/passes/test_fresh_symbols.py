"""Copies of a graph whose sizes have other names."""

from __future__ import annotations

import numpy as np
from gradir.ir.interpreter import interpret
from gradir.ir.parser import parse
from gradir.ir.verifier import verify
from gradir.ops import OPS
from gradir.passes.fresh_symbols import fresh_symbols

BOUND = """
graph f[n1 <= 4](%x: f64[4] "x", %k: i64[] "k") {
  %n: i64[] = bind %k {symbol=n1}
  %a: f64[n1] = index %x[0:+n1]
  %s: f64[] = sum %a {axes=[0]}
  %e: i64[] = extent {size=3*n1}
  return %s "s", %e "e"
}
"""


def test_sizes_have_other_names() -> None:
    graph = parse(BOUND, OPS)
    fresh = fresh_symbols(graph)
    verify(fresh)
    assert str(fresh) == str(graph).replace("n1", "n1a")
    x = np.arange(4.0)
    assert interpret(fresh, x, 3) == interpret(graph, x, 3) == (3.0, 9)


def test_a_graph_without_sizes_is_left_alone() -> None:
    graph = parse('graph f(%x: f64[] "x") {\n  %y: f64[] = sin %x\n  return %y "y"\n}', OPS)
    assert fresh_symbols(graph) is graph
