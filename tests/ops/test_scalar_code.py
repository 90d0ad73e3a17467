"""Evaluation has the type that the type rule gives, and scalar code computes what evaluation does."""

from __future__ import annotations

import numpy as np
import pytest
from gradir.ir.types import DType
from gradir.ops import OPS

from .agreement import assert_agree
from .execute import evaluate, run_scalar_code, type_of
from .samples import ROWS
from .special_values import grid

_CASES = [(name, dtype) for name, row in ROWS.items() for dtype in row.dtypes]
_GRIDS = [(name, dtype) for name, dtype in _CASES if ROWS[name].grid]


@pytest.mark.parametrize(("name", "dtype"), _CASES)
def test_evaluation_has_the_inferred_type(name: str, dtype: DType) -> None:
    rng = np.random.default_rng(0)
    for sample in ROWS[name].samples:
        operands = sample.draw(rng, dtype)
        result = evaluate(OPS[name], operands, sample.attrs)
        assert (type_of(result),) == OPS[name].infer([type_of(x) for x in operands], sample.attrs)


@pytest.mark.parametrize(("name", "dtype"), _CASES)
def test_evaluation_leaves_its_operands_alone(name: str, dtype: DType) -> None:
    for sample in ROWS[name].samples:
        operands = sample.draw(np.random.default_rng(1), dtype)
        for x in operands:
            x.setflags(write=False)
        evaluate(OPS[name], operands, sample.attrs)


@pytest.mark.parametrize(("name", "dtype"), _CASES)
def test_scalar_code_computes_what_evaluation_does(name: str, dtype: DType) -> None:
    row, rng = ROWS[name], np.random.default_rng(2)
    for sample in row.samples:
        operands = sample.draw(rng, dtype)
        found = run_scalar_code(OPS[name], operands, sample.attrs)
        if found is not None:
            assert_agree(
                found, evaluate(OPS[name], operands, sample.attrs), ulp=row.ulp, any_zero=row.any_zero
            )


@pytest.mark.parametrize(("name", "dtype"), _GRIDS)
def test_scalar_code_on_special_values(name: str, dtype: DType) -> None:
    row = ROWS[name]
    operands = grid(row, dtype)
    (sample,) = row.samples
    found = run_scalar_code(OPS[name], operands, sample.attrs)
    assert found is not None
    assert_agree(found, evaluate(OPS[name], operands, sample.attrs), ulp=row.ulp, any_zero=row.any_zero)
