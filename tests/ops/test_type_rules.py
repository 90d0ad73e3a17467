"""Type rules refuse what an operation does not take, with a message that shows it."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest
from gradir.ir.dims import symbol
from gradir.ir.graph import Span
from gradir.ir.operation import TypeRuleError
from gradir.ir.types import BOOL, F64, INDEX, ArrayType, DType, StackType
from gradir.ops import OPS

from .execute import type_of
from .samples import ROWS


def _array(*shape: Any, dtype: DType = DType.F64) -> ArrayType:
    return ArrayType(dtype, shape)


_ODD_ATTRIBUTES = [
    None,
    True,
    -1,
    99,
    1.5,
    "x",
    (),
    (99,),
    (-1,),
    ("x",),
    (0, 0),
    (1, 0),
    DType.I8,
    [0],
    Span(0, 1),
    F64,
]


@pytest.mark.parametrize("name", ROWS)
def test_any_attribute_is_taken_or_refused(name: str) -> None:
    """Whatever stands in a text that is parsed: a type, or a TypeRuleError, and nothing else."""
    for sample in ROWS[name].samples:
        types = [type_of(x) for x in sample.draw(np.random.default_rng(0), ROWS[name].dtypes[0])]
        for attr in sample.attrs:
            for odd in _ODD_ATTRIBUTES:
                _infer_or_refuse(name, types, {**sample.attrs, attr: odd})
        with pytest.raises(TypeRuleError, match=f"^{name}: "):
            OPS[name].infer(types, {**sample.attrs, "surplus": 1})


@pytest.mark.parametrize("name", ROWS)
def test_any_operands_are_taken_or_refused(name: str) -> None:
    samples = ROWS[name].samples
    odd = [F64, BOOL, INDEX, _array(2), _array(2, 3), _array(0), _array(symbol("i")), StackType(F64)]
    for x in odd:
        for y in odd:
            for types in ([], [x], [x, y], [x, y, x], [x, y, INDEX, INDEX]):
                _infer_or_refuse(name, types, dict(samples[0].attrs))


def _infer_or_refuse(name: str, types: Any, attrs: dict[str, Any]) -> None:
    with contextlib.suppress(TypeRuleError):
        OPS[name].infer(types, attrs)


@pytest.mark.parametrize(
    ("name", "types", "attrs", "message"),
    [
        ("add", [_array(3), _array(4)], {}, "add: operands of different types: f64[3] and f64[4]"),
        ("add", [F64, INDEX], {}, "add: operands of different types: f64[] and i64[]"),
        ("add", [F64], {}, "add: takes 2 operands, not 1"),
        ("sin", [INDEX], {}, "sin: takes f32, f64, not i64[]"),
        ("where", [F64, F64, F64], {}, "where: condition and values do not fit: f64[] and f64[]"),
        ("matmul", [_array(2, 3), _array(2, 3)], {}, "matmul: shapes do not fit: f64[2, 3] and f64[2, 3]"),
        ("reshape", [_array(2, 3)], {"shape": (4,)}, "reshape: f64[2, 3] cannot be reshaped to f64[4]"),
        (
            "broadcast",
            [_array(3)],
            {"shape": (3, 2), "axes": (1,)},
            "broadcast: f64[3] does not fit the axes [1] of f64[3, 2]",
        ),
        (
            "concatenate",
            [_array(2, 3), _array(3, 3)],
            {"axis": 1},
            "concatenate: shapes differ besides axis 1: f64[2, 3] and f64[3, 3]",
        ),
        ("index", [_array(3)], {"at": (3,)}, "index: 3 reaches outside axis 0 of f64[3]"),
        ("index", [_array(3)], {"at": (None,)}, "index: takes 1 index operands, not 0"),
        (
            "update",
            [_array(3), _array(2)],
            {"at": (Span(0, 3),)},
            "update: the part of f64[3] is f64[3], not f64[2]",
        ),
        ("max", [_array(0)], {"axes": (0,)}, "max: no elements along axes [0] of f64[0]"),
        ("sum", [_array(2)], {"axes": (1,)}, "sum: axes are increasing axes below 1, not (1,)"),
        ("cumsum", [_array(2)], {"axis": 1, "reverse": False}, "cumsum: axis 1 does not exist in f64[2]"),
        (
            "gather",
            [_array(3), INDEX],
            {"axes": (0, 1)},
            "gather: axes are increasing axes below 1, not (0, 1)",
        ),
        ("polygamma", [F64], {"n": 0}, "polygamma: n is an int from 1 to 170, not 0"),
    ],
)  # fmt: skip
def test_messages(name: str, types: list[Any], attrs: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeRuleError) as caught:
        OPS[name].infer(types, attrs)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "shapes", "attrs", "expected"),
    [
        ("add", [("i", 3), ("i", 3)], {}, ("i", 3)),
        ("reshape", [(2, "i", 3)], {"shape": (2, 1, symbol("i"), 3)}, (2, 1, "i", 3)),
        ("reshape", [("i", 2, 3)], {"shape": (symbol("i"), 6)}, ("i", 6)),
        ("reshape", [(symbol("i") * 2 + 2, 3)], {"shape": (symbol("i") + 1, 6)}, (symbol("i") + 1, 6)),
        ("transpose", [("i", 3)], {"axes": (1, 0)}, (3, "i")),
        ("concatenate", [("i", 3), ("i", 3)], {"axis": 0}, (symbol("i") * 2, 3)),
        ("pad", [("i",), ()], {"low": (1,), "high": (2,)}, (symbol("i") + 3,)),
        ("sum", [("i", 3)], {"axes": (1,)}, ("i",)),
        ("matmul", [("i", "j"), ("j", 2)], {}, ("i", 2)),
        ("index", [(9,)], {"at": (Span(0, symbol("i")),)}, ("i",)),
    ],
)  # fmt: skip
def test_symbolic_dims(
    name: str, shapes: list[Any], attrs: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    def dims(shape: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(symbol(d) if isinstance(d, str) else d for d in shape)

    assert OPS[name].infer([_array(*dims(s)) for s in shapes], attrs) == (_array(*dims(expected)),)


@pytest.mark.parametrize(
    ("shape", "new"),
    [((2, symbol("i"), 3), (symbol("i"), 6)), ((3, symbol("i")), (symbol("i"), 3)), ((symbol("i"),), (1, 4))],
)
def test_a_reshape_keeps_the_places_of_elements(shape: tuple[Any, ...], new: tuple[Any, ...]) -> None:
    """Memory is laid out for the largest sizes, so C order of the elements there is not C order in memory."""
    with pytest.raises(TypeRuleError, match="cannot be reshaped"):
        OPS["reshape"].infer([_array(*shape)], {"shape": new})
