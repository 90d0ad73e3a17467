"""Arrays of sizes that the run decides: compiled code against the interpreter, for every size."""

from __future__ import annotations

import numpy as np
import pytest
from gradir.ir.interpreter import interpret
from gradir.ir.parser import parse
from gradir.ir.verifier import verify
from gradir.lower.lower import lower
from gradir.ops import OPS
from gradir.passes.pipeline import optimize
from gradir.runtime.compile import compile_graph

HEAD = """graph f[n1 <= 6, n2 <= 6](%x: f64[6] "x", %a: f64[6, 6] "a", %k: i64[] "k", %m: i64[] "m") {
  %n: i64[] = bind %k {symbol=n1}
  %o: i64[] = bind %m {symbol=n2}
  %p: f64[n1] = index %x[0:+n1]
  %q: f64[n1, n2] = index %a[0:+n1, 0:+n2]
  %one: f64[] = constant 1.0
"""

# The last value is what the graph returns.
BODIES = {
    "elementwise": """
%r: f64[n1] = exp %p
%s: f64[6] = update %x[0:+n1], %r""",
    "in place": """
%r: f64[n1] = multiply %p, %p
%s: f64[6] = accumulate %x[0:+n1], %r""",
    "sums of rows": """
%r: f64[n1] = sum %q {axes=[1]}
%s: f64[6] = update %x[0:+n1], %r""",
    "sums of columns": """
%r: f64[n2] = sum %q {axes=[0]}
%s: f64[6] = update %x[0:+n2], %r""",
    "the largest": """
%r: f64[n2] = max %q {axes=[0]}
%s: f64[6] = update %x[0:+n2], %r""",
    "all": """
%s: f64[] = sum %q {axes=[0, 1]}""",
    "where the largest is": """
%r: f64[n1+1] = pad %p, %one {low=[1], high=[0]}
%s: i64[] = argmax %r {axis=0}""",
    "running sum": """
%r: f64[n1] = cumsum %p {axis=0, reverse=false}
%s: f64[6] = update %x[0:+n1], %r""",
    "from the end": """
%r: f64[n1, n2] = cumsum %q {axis=0, reverse=true}
%s: f64[6, 6] = update %a[0:+n1, 0:+n2], %r""",
    "pad": """
%r: f64[n1+3] = pad %p, %one {low=[1], high=[2]}
%s: f64[] = sum %r {axes=[0]}""",
    "concatenate": """
%c: f64[n2] = index %x[0:+n2]
%r: f64[n1+n2] = concatenate %p, %c {axis=0}
%w: f64[n1+n2] = cumsum %r {axis=0, reverse=false}
%s: f64[] = sum %w {axes=[0]}""",
    "columns side by side": """
%r: f64[n1, 2*n2] = concatenate %q, %q {axis=1}
%w: f64[] = constant 0.0
%t: f64[n1+1, 2*n2+1] = pad %r, %w {low=[1, 1], high=[0, 0]}
%s: f64[] = max %t {axes=[0, 1]}""",
    "outer": """
%c: f64[n1, n1] = broadcast %p {shape=[n1, n1], axes=[0]}
%t: f64[n1, n1] = transpose %c {axes=[1, 0]}
%r: f64[n1, n1] = subtract %c, %t
%s: f64[6, 6] = update %a[0:+n1, 0:+n1], %r""",
    "product": """
%t: f64[n2, n1] = transpose %q {axes=[1, 0]}
%r: f64[n2, n2] = matmul %t, %q
%s: f64[6, 6] = update %a[0:+n2, 0:+n2], %r""",
    "matrix times vector": """
%v: f64[n1, 1] = reshape %p {shape=[n1, 1]}
%t: f64[n2, n1] = transpose %q {axes=[1, 0]}
%r: f64[n2, 1] = matmul %t, %v
%s: f64[6, 6] = update %a[0:+n2, 0:+1], %r""",
    "flattened": """
%c: f64[n1, 6] = index %a[0:+n1, 0:+6]
%r: f64[6*n1] = reshape %c {shape=[6*n1]}
%w: f64[6*n1] = cumsum %r {axis=0, reverse=false}
%s: f64[] = sum %w {axes=[0]}""",
    "as a number": """
%s: i64[] = extent {size=7-n1+2*n2}""",
    "filled": """
%r: f64[n1] = broadcast %one {shape=[n1], axes=[]}
%s: f64[6] = update %x[0:+n1], %r""",
    "counted": """
%r: i64[n1] = iota {size=n1, dtype=i64}
%s: i64[] = sum %r {axes=[0]}""",
    "stacked": """
%st: stack<f64[n1]> = stack_new %k {element=f64[n1]}
%r: f64[n1] = sin %p
%su: stack<f64[n1]> = push %st, %r
%sv: stack<f64[n1]>, %w: f64[n1] = pop %su
%s: f64[] = sum %w {axes=[0]}""",
}


def text_of(name: str) -> str:
    return HEAD + BODIES[name] + '\n  return %s "y"\n}\n'


@pytest.mark.parametrize("name", BODIES)
def test_compiled_code_computes_what_the_interpreter_does(name: str) -> None:
    graph = parse(text_of(name), OPS)
    verify(graph)
    rng = np.random.default_rng(0)
    x, a = rng.normal(size=6), rng.normal(size=(6, 6))
    compiled = [compile_graph(g) for g in (graph, optimize(graph))]
    for k, m in [(0, 0), (0, 6), (6, 0), (1, 1), (3, 5), (5, 3), (6, 6), (-2, 9)]:
        if name == "the largest" and k < 1:
            continue  # there is none; a check ends such a run before
        expected = interpret(graph, x, a, np.int64(k), np.int64(m))[0]
        for run in compiled:
            found = run(x, a, np.int64(k), np.int64(m))[0]
            np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


def test_large_products_go_to_blas() -> None:
    text = """graph f[n1 <= 40](%0: f64[40, 40] "a", %1: i64[] "k") {
  %2: i64[] = bind %1 {symbol=n1}
  %3: f64[40, n1] = index %0[0:+40, 0:+n1]
  %4: f64[n1, 40] = index %0[0:+n1, 0:+40]
  %5: f64[40, 40] = matmul %3, %4
  %6: f64[n1, 1] = index %0[0:+n1, 3:+1]
  %7: f64[40, 1] = matmul %3, %6
  return %5 "product", %7 "vector"
}
"""
    graph = parse(text, OPS)
    a = np.random.default_rng(1).normal(size=(40, 40))
    compiled = compile_graph(graph)
    assert "gemm" in compiled.source
    for k in (0, 1, 17, 40):
        product, vector = compiled(a, np.int64(k))
        np.testing.assert_allclose(product, a[:, :k] @ a[:k], rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(vector[:, 0], a[:, :k] @ a[:k, 3], rtol=1e-12, atol=1e-12)


def test_long_sums_of_unknown_length_keep_their_digits() -> None:
    text = """graph f[n1 <= 100000](%0: f64[100000] "x", %1: i64[] "k") {
  %2: i64[] = bind %1 {symbol=n1}
  %3: f64[n1] = index %0[0:+n1]
  %4: f64[] = sum %3 {axes=[0]}
  return %4 "y"
}
"""
    compiled = compile_graph(parse(text, OPS))
    x = np.full(100000, 0.1)
    for k in (0, 1, 4095, 4096, 4097, 99999, 100000):
        assert abs(compiled(x, np.int64(k))[0] - k * 0.1) < 1e-9


def test_nests_of_one_unknown_size_are_fused() -> None:
    more = '%u: f64[] = sum %r {axes=[0]}\n  return %s "y", %u "t"'
    text = text_of("elementwise").replace('return %s "y"', more)
    kernels = str(lower(parse(text, OPS)))
    assert kernels.count("nest [n1]") == 2  # the fused one and the write


_ONE_NAME_TWICE = """
graph f[n1 <= 4](%x: f64[4] "x", %k: i64[] "k") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %z: f64[] = constant 0.0
  %r: f64[] = for %i in range(%0, %k, %1) carry (%s: f64[] = %z) {
    %t: f64[] = for %j in range(%0, %i, %1) carry (%u: f64[] = %s) {
      %n: i64[] = bind %j {symbol=n1}
      %a: f64[n1] = index %x[0:+n1]
      %b: f64[] = sum %a {axes=[0]}
      %c: f64[] = add %u, %b
      yield %c
    }
    %n: i64[] = bind %i {symbol=n1}
    %a: f64[n1] = index %x[0:+n1]
    %b: f64[] = sum %a {axes=[0]}
    %c: f64[] = add %t, %b
    yield %c
  }
  return %r "s"
}
"""


def test_a_region_binds_a_symbol_for_itself_only() -> None:
    graph = parse(_ONE_NAME_TWICE, OPS)
    verify(graph)
    x = np.array([1.0, 2.0, 4.0, 8.0])
    (expected,) = interpret(graph, x, 4)
    (found,) = compile_graph(graph)(x, np.int64(4))
    assert found == expected
