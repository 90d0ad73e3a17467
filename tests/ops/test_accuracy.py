"""The bounds in the records hold in every width of vectors that this machine has, and in scalar code."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Value
from gradir.ir.operation import Elementwise
from gradir.ir.types import DType
from gradir.lower.target import Target
from gradir.ops import OPS
from gradir.runtime import host
from gradir.runtime.compile import Compiled, compile_graph

from .exact import REFERENCES, case
from .execute import evaluate, graph_of
from .numpy_machine import Number, NumpyMachine
from .samples import FLOATS, ROWS, Operands
from .special_values import grid

Width = tuple[str, int]

_NAMES = [name for name, op in OPS.items() if op.accuracy is not None]
_FUNCTIONS = [(name, dtype) for name in _NAMES for dtype in FLOATS]
_IN_DOUBLE = {"gammaln", "digamma", "polygamma"}  # for float32, too
_DEFAULT = host.target().vector_functions
_WIDTHS = (*(_DEFAULT.widths if _DEFAULT is not None else ()), None)  # None is scalar code
_EXACT_CALLS = {"fmod"}
_LIBC, _LIBC_VERSION = platform.libc_ver()
_COMPLETE = (
    platform.machine() == "x86_64"
    and _LIBC == "glibc"
    and tuple(map(int, _LIBC_VERSION.split("."))) >= (2, 35)
)


def _target(width: Width | None) -> Target:
    """This machine with vectors of one width only."""
    if width is None:
        return Target()
    return Target(host.vector_functions([width]), 512 if width[1] == 8 else 0)


def _compiled(cases: Mapping[str, Operands], width: Width | None) -> Compiled:
    """All functions on their arguments, in one piece of code."""

    def build(b: Builder, *params: Value) -> list[Value]:
        rest = iter(params)
        return [
            b.emit(name, *(next(rest) for _ in cases[name]), **ROWS[name].samples[0].attrs)[0]
            for name in cases
        ]

    graph = graph_of(build, *(x for operands in cases.values() for x in operands))
    return compile_graph(graph, target=_target(width))


@cache
def _found(dtype: DType, width: Width | None, *, special: bool) -> tuple[dict[str, np.ndarray], str]:
    """The results of all functions, and the code that gave them."""
    draw = _special if special else lambda *function: case(*function).operands
    results: dict[str, np.ndarray] = {}
    code = ""
    for in_double in (False, True):  # apart, so that fused loops are of one dtype
        cases = {name: draw(name, dtype) for name in _NAMES if (name in _IN_DOUBLE) is in_double}
        compiled = _compiled(cases, width)
        found = compiled(*(x for operands in cases.values() for x in operands))
        results |= zip(cases, found, strict=True)
        code += compiled.llvm
    return results, code


def _special(name: str, dtype: DType) -> Operands:
    """All combinations of special values, repeated so that no loop over vectors leaves a rest."""
    operands = grid(ROWS[name], dtype)
    return tuple(np.resize(x, -(-len(x) // 16) * 16) for x in operands)


@pytest.mark.parametrize(("name", "dtype"), _FUNCTIONS)
def test_no_error_exceeds_the_bound(name: str, dtype: DType) -> None:
    accuracy = OPS[name].accuracy
    assert accuracy is not None
    bound = accuracy.f64 if dtype is DType.F64 else accuracy.f32
    reference = case(name, dtype)
    assert len(reference.results) >= 96
    for width in _WIDTHS:
        errors = reference.errors(_found(dtype, width, special=False)[0][name])
        worst = int(np.argmax(errors))
        at = [x[worst] for x in reference.operands]
        assert errors[worst] <= bound, f"{name}{at} is {errors[worst]} units off in {width or 'scalar code'}"


@pytest.mark.parametrize(("name", "dtype"), _FUNCTIONS)
def test_what_is_no_usual_number_is_numpys(name: str, dtype: DType) -> None:
    """NaNs, infinities and zeros stand in the same places and have the same signs."""
    expected = evaluate(OPS[name], _special(name, dtype), ROWS[name].samples[0].attrs)
    for width in _WIDTHS:
        found = _found(dtype, width, special=True)[0][name]
        for kind in (np.isnan, np.isinf, lambda x: x == 0):
            np.testing.assert_array_equal(kind(found), kind(expected), f"{name} in {width}")
        signed = np.isinf(expected) | (expected == 0)
        np.testing.assert_array_equal(np.signbit(found[signed]), np.signbit(expected[signed]))


@pytest.mark.parametrize("width", _WIDTHS[:-1], ids=lambda width: width[0])
def test_every_vector_function_there_is_gets_called(width: Width) -> None:
    variants = host.vector_functions([width])
    assert variants is not None
    code = "".join(_found(dtype, width, special=False)[1] for dtype in FLOATS)
    assert set(re.findall(r" call <[^@\n]*@(_ZGV\w+)\(", code)) == variants.symbols


def test_scalar_code_calls_no_vector_function() -> None:
    assert "_ZGV" not in _found(DType.F64, None, special=False)[1]


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_rest_and_a_short_row_are_as_right_as_the_whole(dtype: DType) -> None:
    """Lengths around those of vectors, on this machine as it is."""
    reference = case("exp", dtype)
    for count in (1, 2, 3, 5, 7, 9, 12, 17, 31):
        x = reference.operands[0][:count].copy()
        graph = graph_of(lambda b, x: [b.exp(x)], x)
        (found,) = compile_graph(graph)(x)
        whole = np.resize(found, len(reference.results))
        assert reference.errors(whole)[:count].max() <= 3


class _Recorder(NumpyMachine):
    """Keeps the C functions that scalar code calls, with the number of their arguments, and SciPy's."""

    def __init__(self) -> None:
        super().__init__()
        self.called: dict[str, int] = {}
        self.special_called: set[str] = set()

    def call(self, name: str, *args: Number) -> Number:
        self.called[name] = len(args)
        return super().call(name, *args)

    def special(self, name: str, *args: Number) -> Number:
        self.special_called.add(name)
        return super().special(name, *args)


def _recorded(name: str) -> _Recorder:
    """The calls of an operation's code for one element."""
    op, row, machine = OPS[name], ROWS[name], _Recorder()
    if isinstance(op.lowering, Elementwise) and DType.F64 in row.dtypes:
        (sample, *_) = row.samples
        more: dict[str, Any] = {"attrs": sample.attrs} if op.lowering.with_attrs else {}
        scalars = [Number(x[0]) for x in sample.draw(np.random.default_rng(0), DType.F64)]
        with np.errstate(all="ignore"):
            op.lowering.emit(machine, *scalars, **more)
    return machine


def test_every_function_has_a_bound_and_a_reference() -> None:
    recorded = {name: _recorded(name) for name in ROWS}
    calling = {name for name, r in recorded.items() if r.special_called or set(r.called) - _EXACT_CALLS}
    assert calling <= set(_NAMES)
    assert set(_NAMES) == set(REFERENCES)


@pytest.mark.skipif(not _COMPLETE, reason="libmvec has all functions since glibc 2.35, on x86-64")
@pytest.mark.parametrize("dtype", FLOATS)
def test_every_c_function_has_a_vector_version_of_every_width(dtype: DType) -> None:
    assert _DEFAULT is not None
    called = {f: arity for name in ROWS for f, arity in _recorded(name).called.items()}
    for function, arity in called.items():
        if function not in _EXACT_CALLS:
            suffix = "" if dtype is DType.F64 else "f"
            assert len(_DEFAULT.of(function + suffix, dtype, arity)) == len(_DEFAULT.widths), function
