"""Compiled code computes what evaluation does: on samples, on special values, and in gradients."""

from __future__ import annotations

import platform

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Value
from gradir.ir.types import DType
from gradir.ops import OPS

from .agreement import assert_agree
from .execute import evaluate, graph_of, run_compiled
from .samples import ROWS
from .special_values import grid

_CASES = [(name, dtype) for name, row in ROWS.items() for dtype in row.dtypes]
_GRIDS = [(name, dtype) for name, dtype in _CASES if ROWS[name].grid]


@pytest.mark.parametrize(("name", "dtype"), _CASES)
def test_compiled_agrees_with_evaluation(name: str, dtype: DType) -> None:
    """All samples of a row in one graph, so that it is compiled once."""
    row, rng = ROWS[name], np.random.default_rng(2)
    drawn = [sample.draw(rng, dtype) for sample in row.samples]
    counts = [len(operands) for operands in drawn]

    def build(b: Builder, *params: Value) -> list[Value]:
        rest = iter(params)
        parts = [[next(rest) for _ in range(n)] for n in counts]
        return [b.emit(name, *p, **s.attrs)[0] for p, s in zip(parts, row.samples, strict=True)]

    operands = [x for group in drawn for x in group]
    found = run_compiled(graph_of(build, *operands), *operands)
    for result, group, sample in zip(found, drawn, row.samples, strict=True):
        assert_agree(result, evaluate(OPS[name], group, sample.attrs), ulp=row.ulp, any_zero=row.any_zero)


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="what does not fit depends on the processor"
)
@pytest.mark.parametrize("target", [d for d in DType if d.is_integer])
@pytest.mark.parametrize("source", [DType.F64, DType.F32])
def test_conversions_of_what_does_not_fit(source: DType, target: DType) -> None:
    x = np.array([np.nan, np.inf, -np.inf, 1e10, -1e10, 1e19, -1e19, 1e30, 300.7, -300.7, -1.0], source.numpy)
    graph = graph_of(lambda b, p: b.emit("convert", p, dtype=target), x)
    assert_agree(run_compiled(graph, x)[0], evaluate(OPS["convert"], (x,), {"dtype": target}))


@pytest.mark.parametrize(("name", "dtype"), _GRIDS)
def test_compiled_on_special_values(name: str, dtype: DType) -> None:
    row = ROWS[name]
    operands = grid(row, dtype)
    attrs = row.samples[0].attrs
    graph = graph_of(lambda b, *params: b.emit(name, *params, **attrs), *operands)
    (found,) = run_compiled(graph, *operands)
    assert_agree(found, evaluate(OPS[name], operands, attrs), ulp=row.ulp, any_zero=row.any_zero)
