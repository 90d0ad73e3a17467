"""Text to graph: the inverse of printing, and a ParseError with its place for everything else."""

from __future__ import annotations

import math
import re
import time
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from gradir.errors import GradirError, ParseError
from gradir.ir.attribute_parser import read_attr
from gradir.ir.builder import Builder
from gradir.ir.dims import Dim, Symbol, affine, symbol
from gradir.ir.graph import Graph, Literal, Span, Value
from gradir.ir.operation import NOT_DIFFERENTIABLE, Elementwise, Op
from gradir.ir.parser import parse
from gradir.ir.printer import MAX_NESTING, attr_text, print_graph
from gradir.ir.symbols import symbols_in
from gradir.ir.tokens import Tokens
from gradir.ir.types import F64, ArrayType, DType, StackType
from gradir.ops import OPS
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tests.ir.examples import chain, straight, sweep
from tests.ir.strategies import graphs

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.txt"))
NUMPY_DTYPES = [d.numpy for d in DType]
INTS = st.integers(-(2**63), 2**63 - 1)
SYMBOLS = st.sampled_from(["i", "j", "n_1"])
BOUNDED = SYMBOLS.map(lambda name: Symbol(name, len(name)))  # a name has one bound
DIMS = st.builds(affine, st.dictionaries(BOUNDED, st.integers(-9, 9), max_size=3), st.integers(-99, 99))


def sizes(dim: Dim) -> bool:
    return not isinstance(dim, int) or dim >= 0


def bits(dtype: np.dtype, shape: tuple[int, ...], seed: int) -> Literal:
    """A literal of any bit patterns at all."""
    rng = np.random.default_rng(seed)
    array = np.frombuffer(rng.bytes(math.prod(shape) * dtype.itemsize), dtype).reshape(shape)
    return Literal.of(rng.random(shape) < 0.5 if dtype.kind == "b" else array)


SIZES = st.integers(0, 2**63 - 1) | DIMS.filter(sizes)
LITERALS = st.builds(
    bits,
    st.sampled_from(NUMPY_DTYPES),
    npst.array_shapes(min_dims=0, min_side=0, max_side=3),
    st.integers(0, 99),
)
ATTRS = st.recursive(
    st.none() | st.booleans() | INTS | DIMS | st.floats() | st.text() | LITERALS | st.sampled_from(DType)
    | st.builds(ArrayType, st.sampled_from(list(DType)), st.lists(SIZES, max_size=3).map(tuple))
    | st.builds(Span, st.none() | INTS, SIZES, INTS),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=5,
)  # fmt: skip


@pytest.mark.parametrize("make", [straight, sweep, lambda: chain(0)])
def test_printing_and_parsing_are_inverse(make: Any) -> None:
    text = print_graph(make(), locations=False)
    assert print_graph(parse(text, OPS), locations=False) == text
    assert parse(print_graph(make()), OPS) == make()


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: p.name)
def test_golden_texts_parse(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert print_graph(parse(text, OPS), locations=False) == re.sub(r"  #.*", "", text)


@given(graphs(OPS))
def test_drawn_graphs_round_trip(graph: Graph) -> None:
    text = print_graph(graph, locations=False)
    assert print_graph(parse(text, OPS), locations=False) == text


@given(ATTRS)
@settings(max_examples=300)
def test_attributes_round_trip(value: Any) -> None:
    text = attr_text(value)
    assert "\n" not in text
    tokens = Tokens(text)
    tokens.symbols.update({s.name: s for s in symbols_in(value)})
    again = read_attr(tokens)
    assert tokens.kind == "end"
    assert attr_text(again) == text
    assert same(again, value)


def same(a: Any, b: Any) -> bool:
    """Equal, of the same type, floats to the bit."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return np.float64(a).tobytes() == np.float64(b).tobytes()
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constants_keep_every_bit(dtype: Any) -> None:
    kind = np.dtype(dtype)
    unsigned = np.dtype(f"u{kind.itemsize}")
    patterns = np.random.default_rng(0).integers(0, 2 ** (8 * kind.itemsize), 2000, unsigned)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 0.1, 1e22, np.finfo(kind).tiny / 2], kind)
    array = np.concatenate([patterns.view(kind), special, -special])
    exponent = np.array([np.nan], kind).view(unsigned)
    array = np.concatenate([array, (exponent + patterns[:50] % 999).view(kind)])
    b = Builder(OPS)
    graph = Graph("f", b.block([], [b.literal(array)]), (), ("y",))
    again = parse(str(graph), OPS)
    assert again.block.nodes[0].attrs["value"].data == array.tobytes()


@pytest.mark.parametrize("shape", [(0,), (2, 0), (), (1,), (2, 2)])
@pytest.mark.parametrize("dtype", list(DType))
def test_constants_of_every_type(shape: tuple[int, ...], dtype: DType) -> None:
    array = np.full(shape, 1, dtype.numpy)
    b = Builder(OPS)
    graph = Graph("f", b.block([], [b.literal(array)]), (), ("y",))
    assert parse(str(graph), OPS).block.nodes[0].attrs["value"] == Literal.of(array)


def test_symbolic_sizes_round_trip() -> None:
    n = symbol("n")
    types = (ArrayType(DType.F64, (n, 2 * n + symbol("m") - 1)), StackType(ArrayType(DType.F32, (-n + 4,))))
    block = Builder(OPS).block([Value(t) for t in types], [])
    graph = parse(str(Graph("f", block, ("a", "b"), ())), OPS)
    assert [p.type for p in graph.block.params] == list(types)


@pytest.mark.parametrize(
    ("declared", "column", "message"),
    [
        ("[n <= 3, n <= 3]", 17, "the symbol 'n' is declared twice"),
        ("[f64 <= 3]", 9, "expected a symbol, found 'f64'"),
        ("[n < 3]", 13, "expected '=', found '3'"),
        ("[n <= -1]", 14, "expected the bound of a symbol, found '-'"),
        ("[n <= 9223372036854775808]", 14, "this number does not fit in i64"),
    ],
)
def test_errors_in_the_declaration_of_symbols(declared: str, column: int, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(f"graph f{declared}() {{\n  return\n}}", OPS)
    assert (caught.value.line, caught.value.column, caught.value.message) == (1, column, message)


def test_a_constant_has_a_known_size() -> None:
    with pytest.raises(ParseError, match=r"a constant has a size known at compile time, not f64\[n\]"):
        parse("graph f[n <= 3]() {\n  %0: f64[n] = constant [1.0]\n  return\n}", OPS)


def test_blank_lines_comments_and_names_are_free() -> None:
    text = 'graph f(%a: f64[] "x") { # in\n\n  # nothing\n  %b_2: f64[] = sin %a\n\n return %b_2 "y"\n}\n#e'
    assert print_graph(parse(text, OPS)).startswith('graph f(%0: f64[] "x") {\n  %1: f64[] = sin %0\n')


def test_a_region_name_is_free_after_the_region() -> None:
    branch = "{\n %2: f64[] = sin %0\n yield %2\n}"
    node = f"%3: f64[] = if %p {branch} else {branch}"
    text = f'graph f(%0: f64[] "x", %p: bool[] "p") {{\n {node}\n return %3 "y"\n}}'
    assert [n.op.name for n in parse(text, OPS).block.nodes[0].regions[1].nodes] == ["sin"]


HEAD = 'graph f(%0: f64[3] "x", %1: i64[] "k", %2: bool[] "p") {\n'
TAIL = '\n  return %0 "y"\n}\n'


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("%3: f64[3] = sinn %0", 14, "there is no operation 'sinn'; did you mean 'sin'?"),
        ("%3: f64[3] = sin %9", 18, "%9 is not defined here"),
        ("%0: f64[3] = sin %0", 1, "%0 is defined twice"),
        ("%3: f64[4] = sin %0", 1, "the type of %3 is f64[3], not f64[4]"),
        ("%3: f64[3], %4: f64[3] = sin %0", 26, "sin has 1 results, not 2"),
        ("%3: f64[3] = add %0, %1", 14, "add: operands of different types: f64[3] and i64[]"),
        ("%3: f64[] = sum %0", 13, "sum needs the attribute 'axes'"),
        ("%3: f64[] = sum %0 {axis=[0]}", 21, "sum has no attribute 'axis'; did you mean 'axes'?"),
        ("%3: f64[] = sum %0 {axes=[0], axes=[0]}", 31, "the attribute 'axes' is given twice"),
        ("%3: f64[] = sum %0 {axes=?}", 26, "unexpected character '?'"),
        ("%3: f64[] = sum %0 {axes=)}", 26, "expected the value of an attribute, found ')'"),
        ("%3: f64[] = sum %0 {axes=[9223372036854775808]}", 27, "this number does not fit in i64"),
        (f"%3: f64[] = sum %0 {{axes=[{'9' * 5000}]}}", 27, "this number has too many digits"),
        ("%3: f64[] = sum %0 {axes=[[[", 29, "expected the value of an attribute, found the end of the line"),
        ("%3: f64[3] = sin %0 %1", 21, "expected the end of the line, found '%1'"),
        ("%3: f46[3] = sin %0", 5, "expected a type, found 'f46'"),
        ("%3: f64[-1] = sin %0", 9, "the size of an axis cannot be negative"),
        ("%3: f64[inf] = sin %0", 9, "expected a symbol, found 'inf'"),
        ("%3: stack<f64[3] = sin %0", 18, "expected '>', found '='"),
        ("%3: f64[] = constant 1e999", 22, "1e999 is too large for f64"),
        ("%3: f32[] = constant 0.1", 22, "0.1 is no f32; the nearest is 0x1.99999ap-4"),
        ("%3: u8[] = constant 256", 21, "256 does not fit in u8"),
        ("%3: u8[] = constant 1.0", 21, "expected an integer, found '1.0'"),
        ("%3: bool[] = constant 1", 23, "expected true or false, found '1'"),
        ("%3: f64[] = constant nan(1)", 22, "0x1 is not a NaN of f64"),
        ("%3: f32[] = constant nan(0x7ff8000000000000)", 22, "0x7ff8000000000000 has more bits than f32"),
        ("%3: f64[2] = constant [1.0]", 23, "f64[2] has 2 elements, not 1"),
        ("%3: f64[n] = constant [1.0]", 9, "the symbol 'n' is not declared"),
        ("%3: stack<f64[]> = constant 1.0", 20, "a constant has one result, an array"),
        ('check %2 {exception="a\\q", message=""}', 23, "unknown escape \\q in a string"),
        ('check %2 {exception="a\\u{110000}", message=""}', 23, "unknown escape \\u{110000} in a string"),
        ('check %2 {exception="a', 21, "this string has no end"),
        ('check %2 {exception="Nope", message=""}', 1,
         "check raises a built-in exception, not 'Nope'"),
        ("%3: f64[] = index %0[%1:]", 25, "expected '+', found ']'"),
        ("%3: f64[] = index %0[3]", 13, "index: 3 reaches outside axis 0 of f64[3]"),
        ("% = sin %0", 1, "a value is '%' and a number or a name"),
        ("{", 1, "expected an operation or 'return', found '{'"),
        ("for %3 in range(%1, %1) {\n yield\n}", 1,
         "the range of for takes (i64[], i64[], i64[]), not (i64[], i64[])"),
        ("if %2 {\n yield\n}", 2, "expected 'else', found the end of the line"),
    ],
)  # fmt: skip
def test_errors_say_what_and_where(line: str, column: int, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(HEAD + line + TAIL, OPS)
    error = caught.value
    assert error.message == message
    assert error.column == column
    assert error.line == 2 + (0 if column == 1 else line.count("\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected 'graph', found the end"),
        ("graph", "expected the graph's name, found the end"),
        ("graph f() {", "expected an operation or 'return', found the end"),
        ("graph f() {\n return\n} x", "expected the end, found 'x'"),
        ('graph f(%0: f64[]) {\n return\n}', "expected a label in quotes, found ')'"),
        ('graph f(%0: f64[] "x" %1: f64[] "y") {\n return\n}', "expected ',' or ')', found '%1'"),
        ("graph f() {\n return }", "expected the end of the line, found '}'"),
    ],
)  # fmt: skip
def test_errors_in_the_frame(text: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text, OPS)
    assert caught.value.message == message


def test_the_error_shows_the_line_with_a_caret() -> None:
    with pytest.raises(ParseError) as caught:
        parse(HEAD + "  %3: f64[3] = sinn %0" + TAIL, OPS)
    assert str(caught.value) == (
        "line 2, column 16: there is no operation 'sinn'; did you mean 'sin'?\n"
        "    %3: f64[3] = sinn %0\n"
        "                 ^"
    )
    assert isinstance(caught.value, GradirError)
    assert isinstance(caught.value, ValueError)


def nested(depth: int) -> str:
    return HEAD + "if %2 {\n" * depth + "yield\n} else {\nyield\n}\n" * depth + TAIL


def test_regions_nest_to_a_limit() -> None:
    parse(nested(MAX_NESTING), OPS)
    for depth in (MAX_NESTING + 1, 5000):
        with pytest.raises(ParseError, match=f"regions are nested more than {MAX_NESTING} deep"):
            parse(nested(depth), OPS)


def test_tuples_nest_to_a_limit() -> None:
    with pytest.raises(ParseError, match=f"tuples are nested more than {MAX_NESTING} deep"):
        parse(HEAD + "%3: f64[] = sum %0 {axes=" + "[" * 5000 + TAIL, OPS)


def test_an_exception_in_a_type_rule_is_a_parse_error() -> None:
    def broken(types: Any, attrs: Any) -> Any:
        raise KeyError("nothing")

    op = Op(name="broken", attrs=(), infer=broken, evaluate=None, derivative=NOT_DIFFERENTIABLE,
            lowering=Elementwise(min))  # fmt: skip
    with pytest.raises(ParseError, match="broken does not take this: KeyError"):
        parse(HEAD + "broken %0" + TAIL, MappingProxyType({"broken": op}))


def parse_or_reject(text: str) -> None:
    """Parse; what parses must print and parse again to the same text."""
    rejected: ParseError | None = None
    try:
        graph = parse(text, OPS)
    except ParseError as error:
        rejected = error
    if rejected:
        lines = text.split("\n")
        assert 1 <= rejected.line <= len(lines)
        assert 1 <= rejected.column <= len(lines[rejected.line - 1]) + 1
        return
    again = print_graph(graph, locations=False)
    assert print_graph(parse(again, OPS), locations=False) == again


@given(st.text() | st.binary().map(lambda b: b.decode("latin-1")))
def test_any_text_is_parsed_or_rejected(text: str) -> None:
    parse_or_reject(text)
    parse_or_reject(HEAD + text + TAIL)


TOKENS = re.compile(r"%?\w+|\s+|.")
PIECES = st.sampled_from(
    [*OPS, *"%0 %1 %99 { } ( ) [ ] < > = : , + - * none true inf nan nan( span( f64 f64[ stack<".split(),
     *"0x1p-3 -0.0 -1 0 3 99999999999999999999 1e999 0x 1. # \" \"a\" axes axes=[0] for if carry in".split(),
     *"yield return else".split(), "\n"]
)  # fmt: skip


@given(st.data())
@settings(max_examples=300)
def test_mutated_text_is_parsed_or_rejected(data: st.DataObject) -> None:
    make = data.draw(st.sampled_from([straight, sweep]))
    tokens = TOKENS.findall(print_graph(make()))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(tokens) - 1))
        end = min(len(tokens), at + data.draw(st.integers(0, 3)))
        other = data.draw(st.integers(0, len(tokens) - 1))
        tokens[at:end] = data.draw(st.lists(PIECES, max_size=2) | st.just(tokens[other : other + 2]))
    parse_or_reject("".join(tokens))


def test_a_long_chain_parses_without_recursion_and_quickly() -> None:
    text = print_graph(chain(30_000))
    start = time.perf_counter()
    graph = parse(text, OPS)
    assert time.perf_counter() - start < 60
    assert len(graph.block.nodes) == 30_000
    assert graph.block.results[0].type == F64
