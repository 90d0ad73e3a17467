"""The machine code: vector instructions where they are due, exact text, nothing lost in big graphs."""

from __future__ import annotations

import re
import time
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Value
from gradir.ir.types import DType
from gradir.lower.llvm_program import emit
from gradir.lower.lower import lower
from gradir.lower.target import Target, VectorFunctions
from gradir.runtime import host, machine_code
from gradir.runtime.compile import compile_graph

from .build import array, build

needs_libmvec = pytest.mark.skipif(
    host.target().vector_functions is None, reason="the C library has no vector math functions"
)


@needs_libmvec
@pytest.mark.parametrize("dtype", [DType.F64, DType.F32])
def test_math_functions_are_called_on_vectors(dtype: DType) -> None:
    graph = build(lambda b, x: b.sin(b.exp(x)), array(1000, dtype=dtype))
    assembly = compile_graph(graph).assembly
    for name in ("sin", "exp"):
        assert next(iter(_variants(name, dtype))) in assembly


def _variants(name: str, dtype: DType) -> dict[str, int]:
    there = host.target().vector_functions
    assert there is not None
    return there.of(name if dtype is DType.F64 else name + "f", dtype, 1)


@needs_libmvec
@pytest.mark.parametrize("dtype", [DType.F64, DType.F32])
def test_a_row_of_any_register_is_one_call(dtype: DType) -> None:
    for variant, lanes in _variants("exp", dtype).items():
        code = compile_graph(build(lambda b, x: b.exp(x), array(lanes, dtype=dtype))).llvm
        assert code.count(f"> @{variant}(") == 2, "its declaration and one call"
        assert "float @expf(" not in code
        assert "double @exp(" not in code


def test_vectors_on_the_stack_lie_in_one_cache_line() -> None:
    graph = build(lambda b, x: b.sum(b.matmul(b.exp(x), x), axes=(0, 1)), array(6, 6))
    text = emit(lower(graph), "f", Target(vector_bits=512))
    aligned = (
        r'define internal i64 @f.body\(.*\) noinline nounwind alignstack\(64\) "prefer-vector-width"="512"'
    )
    assert re.search(aligned, text)
    assert re.findall(r"alloca double, i64 36, (align \d+)", text) == ["align 64"] * 2
    assert "alignstack" not in emit(lower(graph), "f", Target())


@pytest.mark.skipif(host.target().vector_bits != 512, reason="vectors are shorter")
def test_functions_that_store_vectors_align_their_stack() -> None:
    code = compile_graph(build(lambda b, x: b.sum(b.logaddexp(x, b.sin(x)), axes=(0,)), array(1000)))
    assert re.search(r"movap[sd]\s+%zmm\d+, \d*\(%rsp\)", code.assembly), "the sum is stored around calls"
    assert not re.search(r"movup[sd]\s+%zmm\d+, \d*\(%rsp\)", code.assembly)


@pytest.mark.skipif(host.target().vector_bits != 512, reason="products have no masks")
def test_a_strong_product_is_one_product_under_a_mask() -> None:
    graph = build(lambda b, ct, d: b.strong_multiply(ct, d), array(1024), array(1024))
    assembly = compile_graph(graph).assembly
    products = re.findall(r"vmulpd\s.*%zmm\d+(.*)", assembly)
    assert products
    assert all(re.fullmatch(r" \{%k\d\} \{z\}", mask) for mask in products), products
    assert not re.search(r"vmov[au]pd\s+%zmm\d+, %zmm\d+", assembly), "zeros are put in afterwards"


def test_a_function_without_a_vector_version_is_called_on_numbers() -> None:
    graph = build(lambda b, x: b.sin(b.exp(x)), array(1000))
    exp_only = VectorFunctions((("e", 8), ("b", 2)), frozenset({"_ZGVbN2v_exp"}))
    text = emit(lower(graph), "f", Target(exp_only))
    assert set(re.findall(r"_ZGV\w+", text)) == {"_ZGVbN2v_exp"}
    assert "call double @sin(" in text


@needs_libmvec
def test_loops_over_mixed_dtypes_call_vectors_of_both() -> None:
    graph = build(
        lambda b, x, y: b.multiply(b.convert(b.exp(x), dtype=DType.F64), b.sin(y)),
        array(1000, dtype=DType.F32),
        array(1000),
    )
    code = compile_graph(graph).llvm
    for name, dtype in (("exp", DType.F32), ("sin", DType.F64)):
        called = set(re.findall(rf"call <[^\n]*@(\w*_{name}f?|llvm\.{name}\.\w+)\(", code))
        assert called
        assert called <= set(_variants(name, dtype)), "a vector that is taken apart, or another's"


def test_without_vector_functions_the_code_is_scalar() -> None:
    graph = build(lambda b, x: b.exp(x), array(1000))
    assert "_ZGV" not in emit(lower(graph), "f")


@pytest.mark.parametrize("op", ["add", "multiply", "maximum"])
def test_elementwise_loops_are_vectorised(op: str) -> None:
    graph = build(
        lambda b, x, y: b.matmul(b.emit(op, x, y)[0], b.emit(op, y, x)[0]), array(60, 60), array(60, 60)
    )
    assert " x double>" in compile_graph(graph).llvm


@pytest.mark.parametrize("op", ["sum", "prod", "max", "min"])
def test_reductions_are_vectorised(op: str) -> None:
    graph = build(lambda b, x: b.emit(op, x, axes=(1,))[0], array(60, 6000))
    assert " x double>" in compile_graph(graph).llvm


@pytest.mark.parametrize("first", [True, False])
def test_a_loss_and_its_slope_take_one_exponential(first: bool) -> None:
    def softplus(x: float) -> Any:
        return np.logaddexp(0.0, x) if first else np.logaddexp(x, 0.0)

    program = gr.value_and_grad(softplus).inspect(1.0)
    assert len(re.findall(r"call double @exp\(", program.llvm)) == 1
    assert gr.grad(softplus)(0.7) == pytest.approx(1 / (1 + np.exp(-0.7)), rel=1e-14)


def test_three_thousand_scalar_operations_compile_in_a_second() -> None:
    def make(b: Builder, x: Value, y: Value) -> Value:
        v, w = x, y
        for k in range(1000):
            v = b.add(v, w)
            w = b.multiply(v, y)
            v = b.sin(w) if k % 4 == 0 else b.subtract(w, x)
        return v

    graph = build(make, array(), array())
    start = time.process_time()
    compiled = compile_graph(graph)
    assert time.process_time() - start < 3.0
    assert np.isfinite(compiled(0.3, 0.4)[0])


def test_an_address_is_computed_once_in_a_block() -> None:
    def make(b: Builder, x: Value) -> list[Value]:
        y = b.exp(x)
        return [y, b.add(x, y), b.sum(y, axes=(1,))]

    text = emit(lower(build(make, array(50, 60))), "f")
    for block in re.split(r"\n\w+:", text):
        made = re.findall(r"= ((?:mul|add) i64 .*)", block)
        assert len(made) == len(set(made)), block


def test_values_are_numbered_in_the_order_of_the_text() -> None:
    text = emit(lower(build(lambda b, x: b.sum(b.sin(x), axes=(0,)), array(50))), "f")
    for function in text.split("\ndefine")[1:]:
        numbers = [int(n) for n in re.findall(r"^  %(\d+) = ", function, re.MULTILINE)]
        assert numbers == sorted(set(numbers))
    assert re.search(r"^  %\d+ = ", text, re.MULTILINE)


def test_only_control_flow_is_optimised_thoroughly(monkeypatch: pytest.MonkeyPatch) -> None:
    levels: list[int] = []
    make = machine_code.llvm.create_pipeline_tuning_options

    def noted(speed_level: int) -> Any:
        levels.append(speed_level)
        return make(speed_level=speed_level)

    monkeypatch.setattr(machine_code.llvm, "create_pipeline_tuning_options", noted)
    x = np.linspace(0.0, 1.0, 3)

    def looped(x: Any) -> Any:
        for k in range(3):
            x = x * x[k]
        return x

    for function, level in ((np.sin, 2), (looped, 3)):
        program = gr.jit(function, cache=False).inspect(x)
        assert program.compiled(x)[0] == pytest.approx(function(x))
        assert program.llvm
        assert set(levels) == {level}
        levels.clear()


def test_text_is_deterministic() -> None:
    graph = build(
        lambda b, x: [b.sum(b.sin(x), axes=(0,)), b.cumsum(x, axis=1, reverse=False)], array(50, 60)
    )
    assert emit(lower(graph), "f", host.target()) == emit(lower(graph), "f", host.target())
