"""Predicates in bits, and arrays whose sizes only the run knows: they come back as they were."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Value
from gradir.ir.interpreter import interpret
from gradir.ir.parser import parse
from gradir.ir.types import BOOL, ArrayType, DType
from gradir.ir.verifier import verify
from gradir.ops import OPS
from gradir.passes.packed import element_of, packed, unpacked

SHAPES = [(), (1,), (7,), (8,), (9,), (16,), (23,), (64,), (65,), (3, 5), (2, 4, 8), (1, 1000), (0,), (3, 0)]


def there_and_back(type: ArrayType) -> Graph:
    b, value = Builder(OPS), Value(type)
    bits = packed(b, value)
    assert bits.type == element_of(type)
    return Graph.of("there and back", b.block((value,), (unpacked(b, bits, type), bits)))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [DType.BOOL, DType.I64])
def test_there_and_back(shape: tuple[int, ...], dtype: DType) -> None:
    graph = there_and_back(ArrayType(dtype, shape))
    verify(graph)
    for seed in range(3):
        given: Any = np.random.default_rng(seed).integers(0, 2, size=shape).astype(dtype.numpy)
        found, _ = interpret(graph, given)
        np.testing.assert_array_equal(found, given)
        assert found.dtype == given.dtype


@pytest.mark.parametrize(
    ("shape", "bits"), [((), 1), ((7,), 7), ((8,), 1), ((9,), 2), ((64,), 8), ((3, 5), 2), ((10, 100), 125)]
)
def test_predicates_take_a_bit_each_from_eight_on(shape: tuple[int, ...], bits: int) -> None:
    assert element_of(BOOL.with_shape(shape)).most_bytes == bits


def test_each_predicate_is_a_bit_of_its_own() -> None:
    graph = there_and_back(BOOL.with_shape((21,)))
    seen = {interpret(graph, np.arange(21) == k)[1].tobytes() for k in range(21)}
    assert len(seen) == 21
    assert all(sum(byte.bit_count() for byte in bits) == 1 for bits in seen)


PART = """graph f[n1 <= 9](%x: {dtype}[9, 3] "x", %k: i64[] "k") {
  %n: i64[] = bind %k {symbol=n1}
  %p: {dtype}[n1, 3] = index %x[0:+n1, 0:+3]
  return %n "n"
}"""


@pytest.mark.parametrize(("dtype", "stored"), [(DType.BOOL, "u8[4]"), (DType.I32, "i32[9, 3]")])
def test_sizes_that_the_run_knows_are_stored_as_the_largest(dtype: DType, stored: str) -> None:
    given = parse(PART.replace("{dtype}", str(dtype.value)), OPS)
    part = given.block.nodes[-1].result
    b = Builder(OPS)
    b.nodes.extend(given.block.nodes)
    assert str(element_of(part.array)) == stored
    found = unpacked(b, packed(b, part), part.array)
    assert found.type == part.type
    whole = b.emit("update", b.zeros(given.block.params[0].array), found, at=part_of(given))[0]
    graph = Graph(given.name, b.block(given.block.params, (whole,)), given.inputs, ("whole",))
    verify(graph)
    x = np.random.default_rng(1).integers(0, 2, size=(9, 3)).astype(dtype.numpy)
    for n in (0, 1, 5, 9):
        (made,) = interpret(graph, x, n)
        np.testing.assert_array_equal(made, np.where(np.arange(9)[:, None] < n, x, 0))


def part_of(graph: Graph) -> Any:
    return graph.block.nodes[-1].attrs["at"]
