"""Every rule of canonicalize: what it makes of a graph, and what it must leave alone."""

from __future__ import annotations

import numpy as np
import pytest
from gradir.ir.graph import Graph, walk
from gradir.ir.interpreter import interpret
from gradir.ir.verifier import verify
from gradir.ops import OPS
from gradir.passes.canonicalize import RULES, canonicalize
from gradir.passes.pipeline import optimize

from .programs import graph_of

X = np.array([-0.0, 0.0, 1.5, -2.5, np.inf, -np.inf, np.nan, 1e-310])
FLOAT = 'graph f(%x: f64[8] "x", %y: f64[8] "y") {'
INT = 'graph f(%x: i64[3] "x", %y: i64[3] "y") {'
FLAG = 'graph f(%p: bool[2] "p", %x: f64[2] "x") {'

# What a body of lines computes as its last value, and the operations left, in order.
SIMPLIFIED = [
    (FLOAT, "full 1.0; %r: f64[8] = multiply %x, %b", []),
    (FLOAT, "full 1.0; %r: f64[8] = multiply %b, %x", []),
    (FLOAT, "full -1.0; %r: f64[8] = multiply %b, %x", ["neg"]),
    (FLOAT, "full 1.0; %r: f64[8] = divide %x, %b", []),
    (FLOAT, "full 4.0; %r: f64[8] = divide %x, %b", ["constant", "broadcast", "multiply"]),
    (FLOAT, "full -0.0; %r: f64[8] = add %x, %b", []),
    (FLOAT, "full 0.0; %r: f64[8] = subtract %x, %b", []),
    (FLOAT, "%n: f64[8] = neg %x; %r: f64[8] = neg %n", []),
    (FLOAT, "%n: f64[8] = neg %y; %r: f64[8] = add %x, %n", ["subtract"]),
    (FLOAT, "%n: f64[8] = neg %x; %r: f64[8] = add %n, %y", ["subtract"]),
    (FLOAT, "%n: f64[8] = neg %y; %r: f64[8] = subtract %x, %n", ["add"]),
    (FLOAT, "%n: f64[8] = neg %y; %m: f64[8] = neg %x; %r: f64[8] = multiply %m, %n", ["multiply"]),
    (FLOAT, "%n: f64[8] = neg %x; %r: f64[8] = abs %n", ["abs"]),
    (FLOAT, "%n: f64[8] = abs %x; %r: f64[8] = square %n", ["square"]),
    (FLOAT, "full 2.0; %r: f64[8] = power %x, %b", ["square"]),
    (FLOAT, "full 1.0; %r: f64[8] = power %x, %b", []),
    (FLOAT, "full 0.0; %r: f64[8] = power %x, %b", ["constant", "broadcast"]),
    (FLOAT, "full 0.0; %r: f64[8] = logaddexp %b, %x", ["constant", "broadcast", "logaddexp"]),
    (FLOAT, "full 3.0; %r: f64[8] = strong_multiply %x, %b", ["constant", "broadcast", "multiply"]),
    (FLOAT, "full 1.0; %r: f64[8] = strong_multiply %b, %x", []),
    (FLOAT, "full 0.0; %r: f64[8] = strong_multiply %b, %x", ["constant", "broadcast"]),
    (
        FLOAT,
        (
            "%p: bool[8] = less %x, %y; %c: f64[8] = convert %p {dtype=f64}; "
            "%r: f64[8] = strong_multiply %x, %c"
        ),
        ["less", "convert", "multiply"],
    ),
    (FLOAT, "%r: f64[8] = convert %x {dtype=f64}", []),
    (FLOAT, "%v: f64[2] = index %x[3:+2]; %r: f64[8] = update %x[3:+2], %v", []),
    (
        FLOAT,
        "%v: f64[2] = index %y[0:+2]; %u: f64[8] = update %x[3:+2], %v; %r: f64[8] = update %u[3:+2], %v",
        ["index", "update"],
    ),
    (
        FLOAT,
        (
            "%a: f64[2, 4] = reshape %x {shape=[2, 4]}; %b: f64[4, 2] = reshape %a {shape=[4, 2]}; "
            "%r: f64[8] = reshape %b {shape=[8]}"
        ),
        [],
    ),
    (
        FLOAT,
        (
            "%a: f64[2, 4] = reshape %x {shape=[2, 4]}; %b: f64[4, 2] = transpose %a {axes=[1, 0]}; "
            "%c: f64[2, 4] = transpose %b {axes=[1, 0]}; %r: f64[8] = reshape %c {shape=[8]}"
        ),
        [],
    ),
    (
        FLOAT,
        (
            "%a: f64[2, 8] = broadcast %x {shape=[2, 8], axes=[1]}; "
            "%r: f64[2, 3, 8] = broadcast %a {shape=[2, 3, 8], axes=[0, 2]}"
        ),
        ["broadcast"],
    ),
    (
        FLOAT,
        ("%a: f64[2, 8] = broadcast %x {shape=[2, 8], axes=[1]}; %r: f64[8, 2] = transpose %a {axes=[1, 0]}"),
        ["broadcast"],
    ),
    (FLOAT, "%r: f64[8] = broadcast %x {shape=[8], axes=[0]}", []),
    (FLOAT, "%r: f64[8] = index %x[0:+8]", []),
    (FLOAT, "%r: f64[8] = update %x[0:+8], %y", []),
    (FLOAT, ("%v: f64[] = index %y[2]; %u: f64[8] = update %x[5], %v; %r: f64[] = index %u[5]"), ["index"]),
    (FLOAT, ("%v: f64[] = index %y[2]; %u: f64[8] = update %x[5], %v; %r: f64[] = index %u[3]"), ["index"]),
    (FLOAT, "%r: f64[8] = concatenate %x {axis=0}", []),
    (FLOAT, "%c: f64[] = constant 3.0; %r: f64[8] = pad %x, %c {low=[0], high=[0]}", []),
    (INT, "%r: i64[3] = sum %x {axes=[]}", []),
    (FLOAT, "%r: f64[8] = max %x {axes=[]}", []),
    (FLOAT, "full 0.0; %r: f64[] = sum %b {axes=[0]}", ["constant"]),
    (FLOAT, "%p: bool[8] = less %x, %y; %r: f64[8] = where %p, %x, %x", []),
    (
        FLOAT,
        ("%p: bool[8] = less %x, %y; %n: bool[8] = logical_not %p; %r: f64[8] = where %n, %x, %y"),
        ["less", "where"],
    ),
    (FLOAT, "full true; %r: f64[8] = where %b, %x, %y", []),
    (FLOAT, "full 2.0; %r: f64[8] = sqrt %b", ["constant", "broadcast"]),
    (FLOAT, "%c: f64[] = constant 2.0; %r: f64[] = sqrt %c", ["constant"]),
    (INT, "full 3; %a: i64[3] = add %x, %b; %r: i64[3] = subtract %a, %b", []),
    (
        INT,
        "full 3; %a: i64[3] = subtract %x, %b; %r: i64[3] = subtract %a, %b",
        ["constant", "broadcast", "add"],
    ),
    (INT, "%r: i64[3] = subtract %x, %x", ["constant", "broadcast"]),
    (INT, "%a: i64[3] = subtract %x, %y; %r: i64[3] = neg %a", ["subtract"]),
    (INT, "full 0; %r: i64[3] = multiply %x, %b", ["constant", "broadcast"]),
    (INT, "full 1; %r: i64[3] = floor_divide %x, %b", []),
    (INT, "full 1; %r: i64[3] = remainder %x, %b", ["constant", "broadcast"]),
    (INT, "%a: i64[3] = invert %x; %r: i64[3] = invert %a", []),
    (
        INT,
        (
            "%a: i32[3] = convert %x {dtype=i32}; %b: f64[3] = convert %a {dtype=f64}; "
            "%r: i32[3] = convert %b {dtype=i32}"
        ),
        ["convert", "convert", "convert"],
    ),
    (
        INT,
        ("%i: i64[3] = check_index %x {size=9, axis=0}; %r: i64[3] = check_index %i {size=9, axis=0}"),
        ["check_index"],
    ),
    (INT, "%c: i64[2] = constant [-1, 2]; %r: i64[2] = check_index %c {size=3, axis=0}", ["constant"]),
    (FLAG, "%n: bool[2] = logical_not %p; %r: bool[2] = logical_not %n", []),
    (FLAG, "%r: bool[2] = logical_and %p, %p", []),
    (
        FLAG,
        "%c: bool[2] = constant [false, false]; %r: bool[2] = logical_and %p, %c",
        ["constant", "broadcast"],
    ),
    (FLAG, "%c: bool[2] = constant [false, false]; %r: bool[2] = logical_or %c, %p", []),
    (
        FLAG,
        (
            "%a: f64[2] = convert %p {dtype=f64}; %b: f32[2] = convert %a {dtype=f32}; "
            "%r: f64[2] = convert %b {dtype=f64}"
        ),
        ["convert"],
    ),
    (FLAG, "%s: f64[2] = stop_gradient %x; %r: f64[2] = add %s, %x", ["stop_gradient", "add"]),
]

KEPT = [
    # x + 0.0 is 0.0 for x = -0.0, and -0.0 - x is no negation of 0.0 - x.
    (
        FLOAT,
        "full 0.0; %r: f64[8] = add %x, %b",
    ),
    (
        FLOAT,
        "full -0.0; %r: f64[8] = subtract %x, %b",
    ),
    (
        FLOAT,
        "full 0.0; %r: f64[8] = multiply %x, %b",
    ),
    (FLOAT, "%r: f64[8] = subtract %x, %x"),
    (FLOAT, "%a: f64[8] = subtract %x, %y; %r: f64[8] = neg %a"),
    (
        FLOAT,
        "full 3.0; %r: f64[8] = divide %x, %b",
    ),
    (
        FLOAT,
        "full 0x1p+1023; %r: f64[8] = divide %x, %b",
    ),
    (
        FLOAT,
        "full 5.0; %r: f64[8] = power %x, %b",
    ),
    (
        FLOAT,
        "full inf; %r: f64[8] = strong_multiply %x, %b",
    ),
    (FLOAT, "%a: f32[8] = convert %x {dtype=f32}; %r: f64[8] = convert %a {dtype=f64}"),
    (INT, "%a: f64[3] = convert %x {dtype=f64}; %r: i64[3] = convert %a {dtype=i64}"),
    (FLOAT, ("%v: f64[] = index %y[2]; %u: f64[8] = update %x[5], %v; %r: f64[2] = index %u[4:+2]")),
    (FLOAT, "%r: f64[8] = index %x[7:+8:-1]"),
    (FLOAT, "%v: f64[2] = index %x[2:+2]; %r: f64[8] = update %x[3:+2], %v"),
    (FLOAT, "%v: f64[2] = index %y[3:+2]; %r: f64[8] = update %x[3:+2], %v"),
    # 0.0 + x, and x may be -0.0
    (
        FLOAT,
        (
            "%v: f64[2] = index %y[3:+2]; %c: f64[] = constant 0.0; "
            "%z: f64[2] = broadcast %c {shape=[2], axes=[]}; "
            "%u: f64[8] = update %x[3:+2], %z; %r: f64[8] = accumulate %u[3:+2], %v"
        ),
    ),
    (FLOAT, "%r: f64[8] = sum %x {axes=[]}"),  # 0.0 + x
]


def of_lines(head: str, body: str) -> Graph:
    """The graph of the last of some lines; `full 1.0` makes %b, an array of that number like %x."""
    type = head.split("%x: ")[1].split("[")
    lines = []
    for line in body.split("; "):
        if line.startswith("full "):
            dtype, size = ("bool" if line[5:] in ("true", "false") else type[0]), type[1].split("]")[0]
            lines.append(f"%c: {dtype}[] = constant {line[5:]}")
            line = f"%b: {dtype}[{size}] = broadcast %c {{shape=[{size}], axes=[]}}"
        lines.append(line)
    last = lines[-1].split()[0].rstrip(":")
    return graph_of("\n".join([head, *lines, f'return {last} "r"', "}"]))


def arguments(graph: Graph) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    high = [5 if p.dtype.is_integer else 2 for p in graph.block.params]
    args = [
        rng.integers(0, h, p.shape).astype(p.dtype.numpy)
        for p, h in zip(graph.block.params, high, strict=True)
    ]
    return [X if a.shape == X.shape and k == 0 else a for k, a in enumerate(args)]


def names(graph: Graph) -> list[str]:
    return [node.op.name for node in walk(graph.block)]


def strong(graph: Graph) -> bool:
    return "strong_multiply" in names(graph)


@pytest.mark.parametrize(("head", "body", "left"), SIMPLIFIED, ids=[b for _, b, _ in SIMPLIFIED])
def test_rule(head: str, body: str, left: list[str]) -> None:
    graph = of_lines(head, body)
    after = optimize(canonicalize(graph), after=lambda _, g: verify(g))
    assert names(after) == left
    args = arguments(graph)
    for before, now in zip(interpret(graph, *args), interpret(after, *args), strict=True):
        assert before.dtype == now.dtype
        np.testing.assert_array_equal(before, now)
        if before.dtype.kind == "f" and not strong(graph):  # strong zeros lose their sign: documented
            numbers = ~np.isnan(before)
            np.testing.assert_array_equal(np.signbit(before)[numbers], np.signbit(now)[numbers])


@pytest.mark.parametrize(("head", "body"), KEPT, ids=[b for _, b in KEPT])
def test_what_is_not_exact_is_kept(head: str, body: str) -> None:
    graph = of_lines(head, body)
    assert canonicalize(graph) is graph


def test_every_rule_has_a_case() -> None:
    tried = {n.op.name for head, body, _ in SIMPLIFIED for n in walk(of_lines(head, body).block)}
    assert set(RULES) - {"prod", "max", "min", "any", "all"} <= tried
    assert set(RULES) <= set(OPS)


def test_a_branch_that_is_known() -> None:
    text = """
    graph f(%x: f64[] "x") {
      %t: bool[] = constant true
      %r: f64[], %q: f64[] = if %t {
        %s: f64[] = sin %x
        yield %s, %x
      } else {
        yield %x, %x
      }
      %o: f64[] = add %r, %q
      return %o "y"
    }"""
    after = optimize(graph_of(text))
    assert names(after) == ["sin", "add"]


def test_results_that_both_branches_give_alike() -> None:
    text = """
    graph f(%x: f64[] "x", %p: bool[] "p") {
      %r: f64[], %q: f64[] = if %p {
        %s: f64[] = sin %x
        yield %s, %x
      } else {
        yield %x, %x
      }
      %o: f64[] = add %r, %q
      return %o "y"
    }"""
    after = canonicalize(graph_of(text))
    verify(after)
    (branch,) = (n for n in after.block.nodes if n.op.name == "if")
    assert len(branch.results) == 1


@pytest.mark.parametrize(("trips", "left"), [(0, []), (-2, []), (1, ["sin"])])
def test_loops_that_run_never_or_once(trips: int, left: list[str]) -> None:
    text = f"""
    graph f(%x: f64[] "x") {{
      %0: i64[] = constant 0
      %1: i64[] = constant 1
      %n: i64[] = constant {trips}
      %r: f64[] = for %i in range(%0, %n, %1) carry (%h: f64[] = %x) {{
        %s: f64[] = sin %h
        yield %s
      }}
      return %r "y"
    }}"""
    after = optimize(graph_of(text))
    assert names(after) == left


def test_carries_that_keep_their_value_and_twins() -> None:
    text = """
    graph f(%x: f64[] "x", %n: i64[] "n") {
      %0: i64[] = constant 0
      %1: i64[] = constant 1
      %a: f64[], %b: f64[], %c: f64[], %d: f64[] = for %i in range(%0, %n, %1) carry (%h: f64[] = %x, %k: f64[] = %x, %l: f64[] = %x, %m: f64[] = %x) {
        %s: f64[] = multiply %h, %k
        %t: f64[] = multiply %s, %m
        yield %t, %k, %x, %t
      }
      %o: f64[] = add %a, %b
      %q: f64[] = add %c, %d
      %r: f64[] = add %o, %q
      return %r "y"
    }"""  # noqa: E501
    graph = graph_of(text)
    after = canonicalize(graph)
    verify(after)
    (loop,) = (n for n in after.block.nodes if n.op.name == "for")
    assert len(loop.results) == 1
    for n in (0, 3):
        assert interpret(graph, 1.1, n) == interpret(after, 1.1, n)


TURNS = """
    graph f(%x: f64[] "x", %p: bool[] "p", %q: bool[] "q") {{
      %yes: bool[] = constant true
      %no: bool[] = constant false
      %n: i64[], %a: f64[], %b: f64[], %c: f64[] = while {enter} count %k carry (%h: f64[] = %x, %l: f64[] = %x, %m: f64[] = %x) {{
        %never: bool[] = constant false
        %f: f64[] = convert %k {{dtype=f64}}
        %s: f64[] = add %h, %f
        %t: f64[] = exp %s
        %e: i64[] = convert %q {{dtype=i64}}
        %again: bool[] = less %k, %e
        yield {again}, %t, %l, %t
      }}
      %d: f64[] = convert %n {{dtype=f64}}
      %u: f64[] = add %a, %d
      %v: f64[] = add %b, %c
      %r: f64[] = add %u, %v
      return %r "y"
    }}"""  # noqa: E501


@pytest.mark.parametrize(
    ("enter", "again", "carried"),
    [
        ("%no", "%again", None),
        ("%yes", "%no", None),
        ("%yes", "%never", None),
        ("%yes", "%again", 1),
        ("%p", "%again", 1),
        ("%p", "%never", 1),
    ],
)
def test_while_loops_of_known_conditions(enter: str, again: str, carried: int | None) -> None:
    graph = graph_of(TURNS.format(enter=enter, again=again))
    after = optimize(graph, after=lambda _, g: verify(g))
    loops = [n for n in walk(after.block) if n.op.name == "while"]
    assert [len(n.results) - 1 for n in loops] == ([] if carried is None else [carried])
    for p, q in ((False, False), (True, False), (True, True)):
        assert interpret(graph, 1.1, p, q) == interpret(after, 1.1, p, q)


def test_an_index_out_of_range_stays_an_error() -> None:
    graph = of_lines(INT, "%c: i64[2] = constant [-1, 7]; %r: i64[2] = check_index %c {size=3, axis=0}")
    after = optimize(graph)
    assert names(after) == ["constant", "check_index"]
    with pytest.raises(IndexError, match="index 7 is out of bounds for axis 0 with size 3"):
        interpret(after, *arguments(graph))


def test_checks() -> None:
    text = """
    graph f(%x: f64[] "x") {
      %t: bool[] = constant CONDITION
      check %t {exception="ValueError", message="no"}
      return %x "y"
    }"""
    from gradir.ir.parser import parse

    assert names(optimize(parse(text.replace("CONDITION", "true"), OPS))) == []
    assert names(optimize(parse(text.replace("CONDITION", "false"), OPS))) == ["constant", "check"]
