"""Types, dims and the values of attributes, read from tokens; the structure of graphs is the parser's."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from .dims import Dim, Symbol, affine, is_static, size
from .graph import Literal, Span
from .literals import float_bytes, float_value, integer_bytes, nan_bits, nan_float
from .printer import MAX_NESTING
from .tokens import Tokens
from .types import ArrayType, DType, StackType, Type

DTYPES = {d.value: d for d in DType}
RESERVED = frozenset({"none", "true", "false", "inf", "nan", "span", "stack", *DTYPES})
T = TypeVar("T")
INT_LIMIT = 1 << 63  # integers outside literals are those of i64


def read_type(tokens: Tokens) -> Type:
    """Read `f64[3, n+1]` or `stack<f64[3]>`."""
    if not tokens.take("stack"):
        return read_array_type(tokens)
    tokens.expect("<")
    element = read_array_type(tokens)
    tokens.expect(">")
    return StackType(element)


def read_array_type(tokens: Tokens) -> ArrayType:
    if tokens.text not in DTYPES:
        tokens.unexpected("a type")
    return _shape_of(tokens, DTYPES[tokens.advance()])


def _shape_of(tokens: Tokens, dtype: DType) -> ArrayType:
    tokens.expect("[")
    return ArrayType(dtype, read_list(tokens, read_size, "]"))


def read_list(tokens: Tokens, read: Callable[[Tokens], T], end: str) -> tuple[T, ...]:
    """Read items separated by commas, up to and with the mark `end`."""
    items: list[T] = []
    while not tokens.take(end):
        if items and not tokens.take(","):
            tokens.unexpected(f"',' or '{end}'")
        items.append(read(tokens))
    return tuple(items)


def read_size(tokens: Tokens) -> Dim:
    """Read the size of an axis: a dim that is no negative integer."""
    at = tokens.at
    dim = read_dim(tokens)
    if isinstance(dim, int) and dim < 0:
        tokens.fail("the size of an axis cannot be negative", at)
    return dim


def read_dim(tokens: Tokens) -> Dim:
    """Read a sum of integers and integer multiples of symbols: `2*i-j+1`."""
    return _sum(tokens, -1 if tokens.take("-") else 1)


def _sum(tokens: Tokens, sign: int) -> Dim:
    at = tokens.at
    total = _term(tokens, sign)
    while tokens.kind == "mark" and tokens.text in "+-":
        total = total + _term(tokens, -1 if tokens.advance() == "-" else 1)
    numbers = (total,) if isinstance(total, int) else (total.offset, *[c for _, c in total.terms])
    if not all(-INT_LIMIT <= n < INT_LIMIT for n in numbers):
        tokens.fail("this number does not fit in i64", at)
    return total


def _term(tokens: Tokens, sign: int) -> Dim:
    if tokens.kind == "name":
        return _symbol(tokens, sign)
    factor = sign * tokens.integer("an integer or a symbol")
    return _symbol(tokens, factor) if tokens.take("*") else factor


def _symbol(tokens: Tokens, factor: int) -> Dim:
    if tokens.text in RESERVED:
        tokens.unexpected("a symbol")
    at, name = tokens.at, tokens.expect_kind("name", "a symbol")
    if name not in tokens.symbols:
        tokens.fail(f"the symbol '{name}' is not declared", at)
    return affine({tokens.symbols[name]: factor}, 0)


def read_symbols(tokens: Tokens) -> None:
    """Read the declaration of a graph's symbols: `[n <= 20, m <= 3]`, or nothing."""

    def read(tokens: Tokens) -> None:
        at = tokens.at
        if tokens.text in RESERVED:
            tokens.unexpected("a symbol")
        name = tokens.expect_kind("name", "a symbol")
        if name in tokens.symbols:
            tokens.fail(f"the symbol '{name}' is declared twice", at)
        tokens.expect("<")
        tokens.expect("=")
        at = tokens.at
        bound = tokens.integer("the bound of a symbol")
        if bound >= INT_LIMIT:
            tokens.fail("this number does not fit in i64", at)
        tokens.symbols[name] = Symbol(name, bound)

    if tokens.take("["):
        read_list(tokens, read, "]")


def read_int(tokens: Tokens) -> int:
    at = tokens.at
    number = read_dim(tokens)
    if not isinstance(number, int):
        tokens.fail(f"expected an integer, found '{number}'", at)
    return number


def read_attr(tokens: Tokens, depth: int = 0) -> Any:
    """Read the value of an attribute, of any kind that there is."""
    if depth > MAX_NESTING:
        tokens.fail(f"tuples are nested more than {MAX_NESTING} deep")
    if tokens.kind == "string":
        return tokens.string("a string")
    if tokens.take("["):
        return read_list(tokens, lambda t: read_attr(t, depth + 1), "]")
    match tokens.text:
        case "none" | "true" | "false":
            return {"none": None, "true": True, "false": False}[tokens.advance()]
        case "nan":
            return _nan(tokens, nan_float)
        case "span":
            return _span(tokens)
        case name if name in DTYPES:
            return _typed(tokens)
    return _number(tokens)


def _typed(tokens: Tokens) -> DType | ArrayType | Literal:
    """Read what begins with a dtype: `f64`, `f64[2]` or `f64[2](1.0, 2.0)`."""
    dtype = DTYPES[tokens.advance()]
    if tokens.text != "[":
        return dtype
    at = tokens.at
    type = _shape_of(tokens, dtype)
    return _literal(tokens, type, ")", at) if tokens.take("(") else type


def _number(tokens: Tokens) -> float | Dim:
    sign = -1 if tokens.take("-") else 1
    if tokens.text == "inf" or (tokens.kind == "number" and _is_float(tokens.text)):
        return sign * _unsigned_float(tokens)
    if tokens.kind not in ("number", "name"):
        tokens.unexpected("the value of an attribute")
    return _sum(tokens, sign)


def _is_float(number: str) -> bool:
    return "p" in number or (not number.startswith("0x") and not number.isdigit())


def _unsigned_float(tokens: Tokens) -> float:
    if tokens.take("inf"):
        return math.inf
    at = tokens.at
    return _checked(tokens, at, float_value, tokens.number("a number"))


def _nan(tokens: Tokens, make: Callable[[int | None], T]) -> T:
    """Read `nan` or `nan(0x7ff8000000000001)`."""
    at = tokens.at
    tokens.expect("nan")
    bits = None
    if tokens.take("("):
        bits = tokens.integer("the bits of a NaN")
        tokens.expect(")")
    return _checked(tokens, at, make, bits)


def _checked(tokens: Tokens, at: int, make: Callable[..., T], *args: Any) -> T:
    """Call `make`, whose ValueErrors are about the number at `at`."""
    try:
        return make(*args)
    except ValueError as error:
        tokens.fail(str(error), at)


def _span(tokens: Tokens) -> Span:
    tokens.expect("span")
    tokens.expect("(")
    start = None if tokens.take("none") else read_int(tokens)
    tokens.expect(",")
    length = read_size(tokens)
    tokens.expect(",")
    step = read_int(tokens)
    tokens.expect(")")
    return Span(start, length, step)


def read_constant(tokens: Tokens, type: ArrayType) -> Literal:
    """Read the data of a constant of a known type: `1.5` or `[1.0, 2.0]`."""
    at = tokens.at
    if not type.shape:
        return Literal(type, _element(tokens, type.dtype))
    tokens.expect("[")
    return _literal(tokens, type, "]", at)


def _literal(tokens: Tokens, type: ArrayType, end: str, at: int) -> Literal:
    if not is_static(type.shape):
        tokens.fail(f"a constant has a size known at compile time, not {type}", at)
    data = read_list(tokens, lambda t: _element(t, type.dtype), end)
    if len(data) != size(type.shape):
        tokens.fail(f"{type} has {size(type.shape)} elements, not {len(data)}", at)
    return Literal(type, b"".join(data))


def _element(tokens: Tokens, dtype: DType) -> bytes:
    at = tokens.at
    if dtype is DType.BOOL:
        if tokens.text not in ("true", "false"):
            tokens.unexpected("true or false")
        return b"\x01" if tokens.advance() == "true" else b"\x00"
    if dtype.is_float and tokens.text == "nan":
        return _nan(tokens, partial(nan_bits, dtype))
    sign = -1 if tokens.take("-") else 1
    if dtype.is_float:
        return _checked(tokens, at, float_bytes, dtype, sign * _unsigned_float(tokens))
    return _checked(tokens, at, integer_bytes, dtype, sign * tokens.integer("an integer"))
