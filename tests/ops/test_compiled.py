"""Compiled code computes what evaluation does: on samples, on special values, and in gradients.

All uses of one operation go into one graph, so that each operation is compiled once.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Value
from gradir.ir.interpreter import interpret
from gradir.ir.types import DType
from gradir.ops import OPS
from gradir.passes.adjoint import adjoint

from .agreement import assert_agree
from .execute import evaluate, graph_of, run_compiled
from .samples import ROWS, Operands
from .special_values import grid


@dataclass(frozen=True, slots=True)
class Use:
    """One application of an operation."""

    operands: Operands
    attrs: Mapping[str, Any]


def _uses(name: str, dtypes: Sequence[DType], *, special: bool) -> list[Use]:
    row, rng = ROWS[name], np.random.default_rng(2)
    uses = [Use(s.draw(rng, d), s.attrs) for d in dtypes for s in row.samples]
    if special and row.grid:
        uses += [Use(grid(row, d), row.samples[0].attrs) for d in dtypes]
    return uses


def _graph(name: str, uses: Sequence[Use], *, summed: bool = False) -> Graph:
    """A graph of all uses, on operands of their own; `summed` into one number."""

    def build(b: Builder, *params: Value) -> list[Value]:
        rest = iter(params)
        results = [b.emit(name, *(next(rest) for _ in u.operands), **u.attrs)[0] for u in uses]
        if not summed:
            return results
        total = b.literal(np.float64(0.0))
        for r in results:
            total = b.add(total, b.sum(b.square(r), axes=tuple(range(len(r.shape)))))
        return [total]

    return graph_of(build, *(x for u in uses for x in u.operands))


def _operands(uses: Sequence[Use]) -> list[np.ndarray]:
    return [x for u in uses for x in u.operands]


@pytest.mark.parametrize("name", ROWS)
def test_compiled_agrees_with_evaluation(name: str) -> None:
    row = ROWS[name]
    uses = _uses(name, row.dtypes, special=True)
    found = run_compiled(_graph(name, uses), *_operands(uses))
    for result, use in zip(found, uses, strict=True):
        expected = evaluate(OPS[name], use.operands, use.attrs)
        assert_agree(result, expected, ulp=row.ulp, any_zero=row.any_zero)


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.smooth])
def test_compiled_gradients_agree_with_interpreted(name: str) -> None:
    uses = [
        u for u in _uses(name, [DType.F64], special=False) if u.attrs.get("dtype", DType.F64) is DType.F64
    ]
    operands = _operands(uses)
    joint = adjoint(
        _graph(name, uses, summed=True), [k for k, x in enumerate(operands) if x.dtype == np.float64]
    )
    for found, expected in zip(run_compiled(joint, *operands), interpret(joint, *operands), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


_NATIVE = platform.machine() in ("x86_64", "AMD64")


@pytest.mark.skipif(not _NATIVE, reason="what does not fit is converted as the processor likes")
@pytest.mark.parametrize("source", [DType.F64, DType.F32])
def test_conversions_of_what_does_not_fit(source: DType) -> None:
    """To u32 as well NumPy's result depends on the instructions it finds."""
    values = [np.nan, np.inf, -np.inf, 1e10, -1e10, 1e19, -1e19, 1e30, 300.7, -300.7, -1.0]
    targets = [d for d in DType if d.is_integer and d is not DType.U32]
    uses = [Use((np.array(values, source.numpy),), {"dtype": d}) for d in targets]
    found = run_compiled(_graph("convert", uses), *_operands(uses))
    for result, use in zip(found, uses, strict=True):
        assert_agree(result, evaluate(OPS["convert"], use.operands, use.attrs))
