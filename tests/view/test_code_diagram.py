"""Control flow of LLVM IR and assembly, read from their text."""

from __future__ import annotations

import pytest
from gradir.errors import RenderError
from gradir.view.code_diagram import code_diagram
from gradir.view.diagram import can_render

from tests.view.drawn import read

LLVM = """; ModuleID = 'f'
target triple = "x86_64"
@data = constant [2 x double] zeroinitializer

define i32 @f(ptr %x) {
entry:
  %n = load i64, ptr %x, align 8
  %empty = icmp eq i64 %n, 0
  br i1 %empty, label %done, label %loop, !prof !0

loop:                                             ; preds = %loop, %entry
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %done

done:
  ret i32 0
}

declare double @exp(double)
"""

ASSEMBLY = """\t.text
\t.globl\tf
\t.type\tf,@function
f:
\t.cfi_startproc
\tmovq\t(%rdi), %rax
\ttestq\t%rax, %rax
\tje\t.LBB0_2
.LBB0_1:
\tdecq\t%rax
\tjne\t.LBB0_1
.LBB0_2:
\txorl\t%eax, %eax
\tretq
.Lfunc_end0:
\t.size\tf, .Lfunc_end0-f
\t.section\t.rodata
data:
\t.quad\t1
"""


def jumps(text: str) -> tuple[list[str], set[tuple[str, str]]]:
    drawn = read(code_diagram(text).source)
    first = {name: label.splitlines()[0] for name, label in drawn.texts.items()}
    return list(first.values()), {(first[tail], first[head]) for tail, head, _ in drawn.edges}


def test_llvm() -> None:
    blocks, edges = jumps(LLVM)
    assert blocks == ["entry", "loop", "done"]
    assert edges == {("entry", "done"), ("entry", "loop"), ("loop", "loop"), ("loop", "done")}


def test_assembly_falls_through_where_no_jump_ends_a_block() -> None:
    blocks, edges = jumps(ASSEMBLY)
    assert blocks == ["f", ".LBB0_1", ".LBB0_2"]
    assert edges == {
        ("f", ".LBB0_2"),
        ("f", ".LBB0_1"),
        (".LBB0_1", ".LBB0_1"),
        (".LBB0_1", ".LBB0_2"),
    }


def test_long_blocks_show_their_ends() -> None:
    code = "define void @f() {\nentry:\n" + "".join(f"  %v{k} = add i64 1, {k}\n" for k in range(40)) + "}\n"
    (text,) = read(code_diagram(code).source).texts.values()
    assert "… 28 more …" in text
    assert "%v0 =" in text
    assert "%v39 =" in text


def test_functions_do_not_share_labels() -> None:
    drawn = read(code_diagram(LLVM + LLVM.replace("@f", "@g")).source)
    assert len(drawn.texts) == 6
    source = code_diagram(LLVM + ASSEMBLY).source
    assert source.count("subgraph cluster") == source.count("label=<f>") == 2
    assert all(tail.split("_")[0] == head.split("_")[0] for tail, head, _ in drawn.edges)


def test_too_much_code_is_refused() -> None:
    with pytest.raises(RenderError, match=r"the code has 3 basic blocks.*more than 2 cannot be read"):
        code_diagram(LLVM, limit=2)


@pytest.mark.skipif(not can_render(), reason="Graphviz's 'dot' program is not installed")
@pytest.mark.parametrize("code", [LLVM, ASSEMBLY, ""])
def test_dot_draws_it(code: str) -> None:
    assert "<svg" in code_diagram(code).svg()
