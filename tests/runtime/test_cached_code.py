"""Machine code from disk: the same results and errors, nothing compiled, another key for other code."""

from __future__ import annotations

import dataclasses
import os
import platform
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numpy as np
import pytest
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Loc, Origin, Span, Value, walk
from gradir.ir.printer import print_graph
from gradir.ir.types import INDEX, ArrayType, DType
from gradir.lower.target import Target, VectorFunctions
from gradir.ops import OPS
from gradir.runtime import code_key, host, machine_code
from gradir.runtime.code_key import described
from gradir.runtime.compile import compile_graph
from gradir.runtime.disk_cache import DiskCache
from gradir.runtime.machine_code import MachineCode, generate, linked


@pytest.fixture(autouse=True)
def store(disk_cache: Path) -> DiskCache:
    return DiskCache(disk_cache, 1 << 30)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The modules that LLVM makes code of."""
    found: list[str] = []

    def counted(ir: str, *options: Any, **named: Any) -> MachineCode:
        found.append(ir)
        return generate(ir, *options, **named)

    for user in ("compile", "call_machine"):
        monkeypatch.setattr(f"gradir.runtime.{user}.generate", counted)
    return found


def graph(line: int = 10, name: str = "f", size: int = 5, message: str = "no {three}") -> Graph:
    """It calls BLAS, SciPy and vector functions, has two sites and a workspace."""
    b, x, k = Builder(OPS), Value(ArrayType(DType.F64, (40, size))), Value(INDEX)
    b.loc = Loc("model.py", line, "user")
    product = b.matmul(x, b.transpose(x, axes=(1, 0)))
    b.emit("check", b.not_equal(k, b.int64(3)), exception="ZeroDivisionError", message=message)
    b.loc = Loc("model.py", line + 1, "user")
    at = b.check_index(k, size=40, axis=0)
    row = b.emit("index", product, at, at=(None, Span(0, 40)))[0]
    total = b.sum(b.multiply(b.exp(product), b.emit("digamma", b.exp(product))[0]), axes=(0, 1))
    return Graph(name, b.block([x, k], [total, row, b.sin(x)]), ("x", "k"), ("a", "b", "c"))


X = np.random.default_rng(0).normal(size=(40, 5))


def test_code_from_disk_is_the_same(store: DiskCache, runs: list[str]) -> None:
    first, second = (compile_graph(graph(), store=store) for _ in range(2))
    assert (first.from_disk, second.from_disk) == (False, True)
    assert len(runs) == 1
    for a, b in zip(first(X, 2), second(X, 2), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(second(X, 2)[1], (X @ X.T)[2])
    assert first.symbol != second.symbol


def test_a_hit_compiles_nothing(store: DiskCache, runs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    compile_graph(graph(), store=store)
    for stage in ("gradir.lower.lower.lower", "gradir.lower.llvm_program.emit"):
        monkeypatch.setattr(stage, None)
    compiled = compile_graph(graph(), store=store)
    for _ in range(3):  # the second call makes the direct entry
        compiled(X, 2)
    assert compiled.from_disk
    assert [ir for ir in runs if "gradir_f" in ir] == runs[:1]


def test_its_stages_can_still_be_read(store: DiskCache) -> None:
    first, second = (compile_graph(graph(), store=store) for _ in range(2))
    assert str(first.kernels) == str(second.kernels)
    assert first.llvm == second.llvm
    assert " @gradir_f(ptr " in second.llvm
    assert first.assembly == second.assembly


def test_errors_are_at_the_line_of_the_graph_at_hand(store: DiskCache) -> None:
    compile_graph(graph(line=10), store=store)
    moved = compile_graph(graph(line=70), store=store)
    assert moved.from_disk
    with pytest.raises(ZeroDivisionError, match=r"no \{three\}\n  at model.py:70 in user"):
        moved(X, 3)
    with pytest.raises(IndexError, match=r"index 40 is out of bounds .*\n  at model.py:71 in user"):
        moved(X, 40)


def test_other_graphs_have_other_keys(store: DiskCache) -> None:
    for other in (graph(), graph(name="g"), graph(size=6), graph(message="another")):
        assert not compile_graph(other, store=store).from_disk
    assert len(store.sizes()) == 4


def test_another_target_is_other_code(store: DiskCache) -> None:
    compile_graph(graph(), store=store)
    assert not compile_graph(graph(), store=store, target=Target()).from_disk
    assert compile_graph(graph(), store=store, target=Target()).from_disk


def test_what_is_donated_is_known_without_lowering(store: DiskCache) -> None:
    b, x = Builder(OPS), Value(ArrayType(DType.F64, (5,)))
    doubled = Graph("f", b.block([x], [b.add(x, x)]), ("x",), ("a",))
    for donated in ({}, {0: 0}):
        for from_disk in (False, True):
            compiled = compile_graph(doubled, donated, store)
            assert (compiled.from_disk, compiled.donated) == (from_disk, donated)
            given = np.arange(5.0)
            assert (compiled(given)[0] is given) == bool(donated)


def test_without_a_cache_nothing_is_kept(store: DiskCache) -> None:
    assert not compile_graph(graph()).from_disk
    assert not compile_graph(graph()).from_disk
    assert store.sizes() == []


@pytest.mark.parametrize("cut", [0, 10, 1000, -1])
def test_a_damaged_entry_is_compiled_anew(store: DiskCache, cut: int) -> None:
    expected = compile_graph(graph(), store=store)(X, 2)
    (path,) = store.folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    again = compile_graph(graph(), store=store)
    assert not again.from_disk
    np.testing.assert_array_equal(again(X, 2)[1], expected[1])
    assert path.read_bytes() == whole
    assert compile_graph(graph(), store=store).from_disk


def test_code_that_lacks_a_function_is_compiled_anew(store: DiskCache) -> None:
    """LLVM would end the process at a name that nothing has."""
    ir = "declare double @gradir_gone(double)\ndefine double @f(double %x) { ret double %x }"
    there = "define double @f(double %x) { ret double %x }"
    lacking = generate(ir)
    assert "gradir_gone" in lacking.outside
    store.write(code_key.code_key(["f"]) or "", machine_code._packed(lacking))
    assert not linked(["f"], lambda: generate(there), store).from_disk
    assert linked(["f"], lambda: generate(there), store).from_disk


@pytest.mark.parametrize(
    ("where", "name", "value"),
    [
        (llvmlite, "__version__", "0.0"),
        (llvm, "llvm_version_info", (1, 2, 3)),
        (llvm, "get_host_cpu_name", lambda: "i486"),
        (llvm, "get_host_cpu_features", lambda: llvm.FeatureMap({"sse2": True})),
        (platform, "python_version", lambda: "3.99"),
        (np, "__version__", "0.1"),
        (os, "confstr", lambda name: "glibc 1.0"),
        (code_key, "_files", lambda folder: [f"{folder}/lib.so 1 2"]),
        (code_key, "sources_digest", lambda folders: "another"),
        (host, "target", Target),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_the_key_has_all_that_code_depends_on(
    monkeypatch: pytest.MonkeyPatch, where: object, name: str, value: object
) -> None:
    def key() -> str | None:
        code_key.surroundings.cache_clear()
        return code_key.code_key(["f"])

    before = key()
    assert before == key()
    monkeypatch.setattr(where, name, value)
    assert key() not in (None, before)
    monkeypatch.undo()
    assert key() == before


def test_texts_that_join_to_the_same_have_other_keys() -> None:
    assert code_key.code_key(["ab", "c"]) != code_key.code_key(["a", "bc"])


def test_data_is_described_the_same_in_every_process() -> None:
    target = Target(VectorFunctions((("d", 4),), frozenset({"b", "a", "c"})), 256)
    text = "Target(VectorFunctions((('d', 4),), ['a', 'b', 'c']), 256, 2000, 6000)"
    assert described(target) == text
    assert described(dataclasses.replace(target, vector_bits=0)) != text


def test_the_printed_graph_says_all_that_code_is_made_of() -> None:
    """What is not printed, lines and origins, changes no code."""
    one, other = graph(line=10), graph(line=70)
    for node in walk(other.block):
        node.origin = Origin.BACKWARD
    assert print_graph(one, locations=False) == print_graph(other, locations=False)
    assert compile_graph(one).source == compile_graph(other).source
