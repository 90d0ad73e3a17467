"""Diagrams of kernel programs: a node for each statement with the printed text, edges for what is read."""

from __future__ import annotations

import pytest
from gradir.errors import RenderError
from gradir.lower.kernels import KernelProgram
from gradir.lower.lower import lower
from gradir.view.diagram import can_render
from gradir.view.kernel_diagram import SHOWN, kernel_diagram

from tests.view.drawn import read
from tests.view.programs import FORK, LAYER, LOOP, WHILE, joint


def program(text: str) -> KernelProgram:
    return lower(joint(text, (0,))[1].graph)


@pytest.mark.parametrize("text", [FORK, LAYER, LOOP, WHILE])
def test_every_statement_is_drawn_with_its_printed_text(text: str) -> None:
    kernels = program(text)
    shown = {
        line.replace("\xa0", " ").strip()
        for label in read(kernel_diagram(kernels).source).texts.values()
        for line in label.splitlines()
    }
    statements = [line.strip() for line in str(kernels).splitlines()[:-1] if line.startswith("  ")]
    missing = [line for line in statements if line not in shown and line[0] in "%sbo" and " = " in line]
    words = (" for ", " while ", " = if ")
    assert [line for line in missing if not any(word in line for word in words)] == []


def test_edges_lead_from_the_writer_of_a_buffer_to_its_readers() -> None:
    drawn = read(kernel_diagram(program(LAYER)).source)
    product = next(name for name, text in drawn.texts.items() if "= matmul in0, in1" in text)
    nest = next(name for name, text in drawn.texts.items() if text.startswith("nest [8, 3]"))
    assert drawn.edge(drawn.name("in0 x"), product)["label"] == "in0: f64[8, 4]"
    assert drawn.edge(product, nest)["label"].endswith(": f64[8, 3]")
    assert nest in {tail for tail, head, _ in drawn.edges if head == drawn.name("value")}


def test_loops_and_branches_are_frames() -> None:
    source = kernel_diagram(program(LOOP)).source
    drawn = read(source)
    assert source.count("label=for") == 2
    assert source.count("label=if") == 2
    assert [a["label"] for _, _, a in drawn.edges].count("next") == 2


def test_a_while_is_a_frame() -> None:
    source = kernel_diagram(program(WHILE)).source
    assert source.count("label=while") == source.count("label=for") == 1
    drawn = read(source)
    head = next(name for name, text in drawn.texts.items() if text.startswith("%2 count %9"))
    tail = next(name for name, text in drawn.texts.items() if text.startswith("yield %14, %13"))
    assert drawn.edge(tail, head)["label"] == "next"


def test_long_statements_are_cut() -> None:
    lines = "".join(f"  %{k}: f64[] = sin %{k - 1}\n" for k in range(1, 30))
    kernels = program(f'graph f(%0: f64[] "x") {{\n{lines}  return %29 "y"\n}}\n')
    texts = read(kernel_diagram(kernels).source).texts.values()
    assert any("more lines" in text and len(text.splitlines()) == SHOWN + 1 for text in texts)


def test_the_text_is_deterministic_and_limited() -> None:
    assert kernel_diagram(program(LOOP)).source == kernel_diagram(program(LOOP)).source
    with pytest.raises(RenderError, match=r"the kernel program has \d+ statements.*more than 1 cannot"):
        kernel_diagram(program(LOOP), limit=1)


@pytest.mark.skipif(not can_render(), reason="Graphviz's 'dot' program is not installed")
@pytest.mark.parametrize("text", [FORK, LAYER, LOOP, WHILE])
def test_dot_draws_it(text: str) -> None:
    assert "<svg" in kernel_diagram(program(text)).svg()
