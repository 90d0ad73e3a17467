"""The text of graphs: golden texts, exact constants, places, and parts with a marker."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.dims import symbol
from gradir.ir.graph import Graph, Literal, Loc, Node, Span, Value
from gradir.ir.printer import Names, Printer, attr_text, print_graph, quoted
from gradir.ir.types import F64, ArrayType, DType
from gradir.ops import OPS

from tests.ir.examples import chain, straight, sweep


@pytest.mark.parametrize("make", [straight, sweep])
def test_golden(make: Callable[[], Graph], golden: Callable[[str, str], None]) -> None:
    golden(f"{make.__name__}.txt", print_graph(make()))


def test_str_is_the_text() -> None:
    assert str(straight()) == print_graph(straight())


def test_without_locations_there_are_no_comments() -> None:
    assert "#" in print_graph(straight())
    assert "#" not in print_graph(straight(), locations=False)


def test_equality_ignores_lines_and_origins() -> None:
    graph = straight()
    nodes = tuple(Node(n.op, n.operands, n.attrs, n.results) for n in graph.block.nodes)
    b = Builder(OPS)
    b.nodes = list(nodes)
    bare = Graph(graph.name, b.block(graph.block.params, graph.block.results), graph.inputs, graph.outputs)
    assert bare == graph
    assert hash(bare) == hash(graph)
    assert bare != sweep()
    assert bare != "loss"


def test_names_are_in_order_of_definition() -> None:
    graph = sweep()
    names = Names(graph)
    text = print_graph(graph)
    loop = next(n for n in graph.block.nodes if n.op.name == "for")
    assert [names[p] for p in graph.block.params] == ["%0", "%1"]
    assert f"{names[loop.results[0]]}: f64[3], {names[loop.results[1]]}: stack<f64[]> = for" in text
    assert f"for {names[loop.regions[0].params[0]]} in range(" in text
    assert names[Value(F64)] == "%?"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (True, "true"),
        (-7, "-7"),
        (0.5, "0.5"),
        (0.1, "0x1.999999999999ap-4"),
        (-0.0, "-0.0"),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        (float("nan"), "nan"),
        (5e-324, "0x0.0000000000001p-1022"),
        ('a "b"\n\u200b', '"a \\"b\\"\\n\\u{200b}"'),
        ("\u03b8", '"\u03b8"'),
        (DType.F32, "f32"),
        (ArrayType(DType.F32, (2, symbol("n") * 2 + 1)), "f32[2, 2*n+1]"),
        (symbol("j") - 1, "j-1"),
        (Span(None, 2, -1), "span(none, 2, -1)"),
        ((1, (), (2.0,)), "[1, [], [2.0]]"),
        (Literal.of(np.array([True, False])), "bool[2](true, false)"),
        (Literal.of(np.float32(0.1)), "f32[](0x1.99999ap-4)"),
        (Literal.of(np.array([0x7FF8000000000001, 0xFFF0000000000000], np.uint64).view(float)),
         "f64[2](nan(0x7ff8000000000001), -inf)"),
    ],
)  # fmt: skip
def test_attribute_text(value: Any, text: str) -> None:
    assert attr_text(value) == text


def test_a_hexadecimal_constant_shows_its_decimal() -> None:
    assert "constant 0x1.999999999999ap-4  # 0.1, f.py:4" in print_graph(straight())


def test_files_are_relative_to_the_working_directory(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    b = Builder(OPS, Loc(os.path.join(os.getcwd(), "models", "f.py"), 3))
    x = Value(F64)
    y = b.sin(x)
    b.loc = Loc("<stdin>\nx", 1)
    graph = Graph("f", b.block([x], [b.cos(y)]), ("x",), ("y",))
    text = print_graph(graph)
    assert f"sin %0  # {os.path.join('models', 'f.py')}:3\n" in text
    assert "cos %1  # <stdin>\\nx:1\n" in text


def test_a_graph_name_that_is_no_identifier_is_quoted() -> None:
    assert print_graph(Graph("<lambda>", Builder(OPS).block([], []), (), ())) == (
        'graph "<lambda>"() {\n  return\n}\n'
    )


def test_marked_shows_the_lines_before_and_carets() -> None:
    graph = straight()
    product = next(n for n in graph.block.nodes if n.op.name == "multiply")
    printer = Printer(graph, locations=False)
    assert printer.marked(product, printer.names[product.operands[1]], context=1) == (
        "  %5: f64[] = add %1, %4\n"
        "  %6: f64[] = multiply %3, %5\n"
        "                           ^^"
    )  # fmt: skip
    assert printer.marked(product, context=0) == (
        "  %6: f64[] = multiply %3, %5\n"
        "              ^^^^^^^^"
    )  # fmt: skip


def test_a_node_of_another_graph_is_printed_alone() -> None:
    node = straight().block.nodes[0]
    assert Printer(sweep()).marked(node) == "%?: f64[3] = sin %?\n             ^^^"


def test_malformed_nodes_still_print() -> None:
    b = Builder(OPS)
    names = ("for", "if", "constant", "index")
    b.nodes = [Node(OPS[name], (), {"at": (None,), "extra": 1}, ()) for name in names]
    text = print_graph(Graph("bad", b.block([], []), ("x",), ()))
    assert "  index {at=[none], extra=1}\n" in text


def test_quoted_keeps_text_on_one_line() -> None:
    assert quoted("\r\x85\u2028\ud800") == '"\\u{d}\\u{85}\\u{2028}\\u{d800}"'


def test_a_long_chain_prints_in_linear_time() -> None:
    short, long = chain(10_000), chain(100_000)
    start = time.perf_counter()
    print_graph(short)
    middle = time.perf_counter()
    print_graph(long)
    end = time.perf_counter()
    assert end - middle < 40 * (middle - start)
