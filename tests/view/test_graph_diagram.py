"""Diagrams show what the printed graph says: names, types, phases, forks, sums and saved values."""

from __future__ import annotations

import re
import time

import gradir as gr
import numpy as np
import pytest
from gradir.errors import GradirError, RenderError
from gradir.ir.builder import Builder
from gradir.ir.graph import Graph, Loc, Origin, Value, walk
from gradir.ir.parser import parse
from gradir.ir.printer import Printer
from gradir.ir.types import F64
from gradir.ops import OPS
from gradir.passes.adjoint import Seeds, adjoint
from gradir.view import style
from gradir.view.graph_diagram import LIMIT, graph_diagram
from gradir.view.marks import Phase, find_marks

from tests.view.drawn import read
from tests.view.programs import FORK, LAYER, LOOP, WHILE, joint, numbers


def chain(length: int) -> Graph:
    b = Builder(OPS)
    x = Value(F64)
    y = x
    for _ in range(length):
        y = b.sin(y)
    return Graph("chain", b.block([x], [y]), ("x",), ("y",))


def test_the_fork_of_the_readme_has_two_dots_and_two_sums() -> None:
    _, reverse = joint(FORK, (0, 1))
    drawn = read(graph_diagram(reverse.graph).source)
    dots = [name for name, a in drawn.attributes.items() if a.get("shape") == "circle"]
    sums = [text.splitlines()[0] for text in drawn.texts.values() if "sum at a fork" in text]
    assert len(dots) == 2
    assert sums == ["%9 = add %7, %6", "%10 = add %8, %6"]
    for label in ("%0 x", "%1 y"):
        (dot,) = drawn.readers(drawn.name(label))
        assert dot in dots
        readers = {drawn.texts[name].splitlines()[0] for name in drawn.readers(dot)}
        assert readers == {"%2 = add %0, %1", "%3 = subtract %0, %1"}


def test_forward_and_backward_stand_in_frames_of_their_own() -> None:
    _, reverse = joint(FORK, (0,))
    source = graph_diagram(reverse.graph).source
    forward, backward = source.index("forward ↓"), source.index("backward ↑")
    assert forward < source.index("<B>subtract</B>") < backward
    assert backward < source.index("<B>strong_multiply</B>")


def test_a_primal_graph_has_no_frames() -> None:
    primal, _ = joint(FORK, (0,))
    assert "subgraph cluster" not in graph_diagram(primal).source


def test_every_line_of_the_printed_graph_is_drawn_with_its_names() -> None:
    _, reverse = joint(LAYER, (1,))
    printer = Printer(reverse.graph)
    drawn = read(graph_diagram(reverse.graph).source)
    shown = {text.splitlines()[0] for text in drawn.texts.values() if text}
    for node in reverse.graph.block.nodes:
        if node.op.name != "constant":
            assert re.sub(r": \w+\[[^]]*\]", "", printer.head(node), count=1) in shown


def test_edges_carry_types() -> None:
    primal, _ = joint(LAYER, (1,))
    drawn = read(graph_diagram(primal).source)
    product = drawn.name("%2 = matmul")
    assert drawn.edge(drawn.name("%0 x"), product)["label"] == "f64[8, 4]"
    assert drawn.edge(drawn.name("%1 params['W']"), product)["label"] == "f64[4, 3]"
    assert drawn.edge(drawn.name("%4 = sum"), drawn.name("value"))["label"] == "f64[]"


def test_what_the_backward_phase_reads_is_marked_as_saved() -> None:
    _, reverse = joint(FORK, (0,))
    drawn = read(graph_diagram(reverse.graph).source)
    saved = {text.splitlines()[0] for text in drawn.texts.values() if "saved" in text.splitlines()}
    assert saved == {"%2 = add %0, %1", "%3 = subtract %0, %1"}
    assert drawn.attributes[drawn.name("%2 = add")]["peripheries"] == "2"
    assert "peripheries" not in drawn.attributes[drawn.name("%4 = multiply")]
    crossing = [a for _, _, a in drawn.edges if a.get("style") == "dashed"]
    assert [a["color"] for a in crossing] == [style.SAVED] * 2


def test_values_pushed_on_a_stack_are_marked_as_saved() -> None:
    _, reverse = joint(LOOP, (0,))
    drawn = read(graph_diagram(reverse.graph).source)
    pushed = [node.operands[1] for node in walk(reverse.graph.block) if node.op.name == "push"]
    names = Printer(reverse.graph).names
    assert pushed
    for value in pushed:
        assert "saved" in drawn.texts[drawn.name(f"{names[value]} ")].splitlines()


def test_loops_and_branches_are_frames_with_carried_values() -> None:
    primal, _ = joint(LOOP, (0,))
    source = graph_diagram(primal).source
    drawn = read(source)
    assert source.count("subgraph cluster") == 4  # for, if, then, else
    assert drawn.edge(drawn.name("%4 = 1"), drawn.name("%7 carried"))["label"] == "f64[]"
    back = drawn.edge(drawn.name("%5 after the loop"), drawn.name("%7 carried"))
    assert (back["label"], back["style"]) == ("next", "dashed")
    assert drawn.edge(drawn.name("%6 in range(%1, %2, %3)"), drawn.name("%8 = index %0[%6]"))
    assert drawn.name("if %10")
    assert drawn.name("nothing")


def test_a_while_is_a_frame_with_its_condition_and_turns() -> None:
    primal, reverse = joint(WHILE, (0,))
    source = graph_diagram(primal).source
    drawn = read(source)
    assert source.count("subgraph cluster") == 1
    assert drawn.edge(drawn.name("%2 = less %1, %0"), drawn.name("%5 while %2"))["label"] == "bool[]"
    back = drawn.edge(drawn.name("%3 turns"), drawn.name("%5 while %2"))
    assert (back["label"], back["style"]) == ("again", "dashed")
    assert drawn.edge(drawn.name("%4 after the loop"), drawn.name("%6 carried"))["label"] == "next"
    assert drawn.edge(drawn.name("%8 = less %1, %7"), drawn.name("%3 turns"))
    assert "while" in graph_diagram(reverse.graph).source


def test_values_and_gradients_of_the_fork() -> None:
    primal, reverse = joint(FORK, (0, 1))
    values, gradients = numbers(reverse, 3.0, 1.0)
    for graph in (primal, reverse.graph):
        drawn = read(graph_diagram(graph, values=values, gradients=gradients).source)
        assert drawn.texts[drawn.name("%0 x")].splitlines()[-2:] == ["value 3", "gradient 6"]
        assert drawn.texts[drawn.name("%1 y")].splitlines()[-2:] == ["value 1", "gradient -2"]
        assert drawn.texts[drawn.name("%4 = multiply")].splitlines()[-2:] == ["value 8", "gradient 1"]


def test_large_arrays_are_shown_by_mean_and_norm() -> None:
    primal, reverse = joint(LAYER, (1,))
    values, gradients = numbers(reverse, np.full((8, 4), 0.5), np.zeros((4, 3)))
    drawn = read(graph_diagram(primal, values=values, gradients=gradients).source)
    weights = drawn.texts[drawn.name("%1 params['W']")].splitlines()
    assert weights[1:] == ["value mean 0, norm 0", "gradient mean 4, norm 13.86"]


def test_values_inside_loops_are_said_to_be_the_last() -> None:
    primal, reverse = joint(LOOP, (0,))
    values, gradients = numbers(reverse, np.full(8, 2.0))
    primal_drawn = read(graph_diagram(primal, values=values, gradients=gradients).source)
    assert "value 256" in primal_drawn.texts[primal_drawn.name("%5 after the loop")]
    drawn = read(graph_diagram(reverse.graph, values=values, gradients=gradients).source)
    assert any("last value 256" in text for text in drawn.texts.values())
    assert any("value stack of 8" in text for text in drawn.texts.values())


def test_source_lines_are_shown_without_their_folder() -> None:
    b = Builder(OPS, Loc("/far/away/model.py", 12))
    x = Value(F64)
    graph = Graph("f", b.block([x], [b.sin(x)]), ("x",), ("y",))
    source = graph_diagram(graph).source
    assert "model.py:12" in source
    assert "far" not in source


def test_drawing_twice_gives_the_same_text() -> None:
    _, reverse = joint(LOOP, (0,))
    _, again = joint(LOOP, (0,))
    assert graph_diagram(reverse.graph).source == graph_diagram(again.graph).source


@pytest.mark.parametrize("label", ["<b>&\"'", "a\nb", "\x00\x1b", "\ud800", "\\N {x|y}", "%0"])
def test_labels_with_any_characters_are_escaped(label: str) -> None:
    x = Value(F64)
    graph = Graph(label, Builder(OPS).block([x], [x]), (label,), (label,))
    diagram = graph_diagram(graph)
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in label)
    assert set(read(diagram.source).texts.values()) == {f"%0 {shown}", shown}
    diagram.source.encode("utf-8")


def test_a_large_graph_is_refused_with_a_way_out() -> None:
    with pytest.raises(
        RenderError, match=r"1,001 nodes.*more than 1,000 cannot be read.*larger limit"
    ) as caught:
        graph_diagram(chain(LIMIT + 1))
    assert isinstance(caught.value, GradirError)
    start = time.perf_counter()
    assert graph_diagram(chain(20_000), limit=20_000).source.count("<B>sin</B>") == 20_000
    assert time.perf_counter() - start < 30


def test_a_seed_belongs_to_the_backward_phase() -> None:
    graph = adjoint(parse(FORK, OPS), (0,), seeds=Seeds.INPUTS)
    phases = [find_marks(graph).phase[p] for p in graph.block.params]
    assert phases == [Phase.FORWARD, Phase.FORWARD, Phase.BACKWARD]


def test_what_is_computed_again_has_a_border_of_its_own_and_a_legend() -> None:
    _, reverse = joint(LOOP, (0,))
    again = [node for node in walk(reverse.graph.block) if node.origin is Origin.RECOMPUTED]
    marks, names = find_marks(reverse.graph), Printer(reverse.graph).names
    source = graph_diagram(reverse.graph).source
    drawn = read(source)
    assert again
    assert {r for node in again for r in node.results} - marks.constants == marks.recomputed
    for value in marks.recomputed:
        node = drawn.name(f"{names[value]} ")
        assert "recomputed" in drawn.texts[node].splitlines()
        assert "dashed" in drawn.attributes[node]["style"]
    assert {"saved for the backward phase", "computed again there"} <= set(drawn.texts.values())
    assert "recomputed" in str(reverse.graph)


def swing(x):
    for _ in gr.checkpointed(range(9), slots=3):
        x = np.sin(x)
    return x


def test_checkpointed_loops_say_how() -> None:
    primal = graph_diagram(gr.trace(swing)(0.5)).source
    assert re.search(r"<for checkpointed 3 +test_graph_diagram.py:\d+>", primal)
    program = gr.grad(swing).inspect(0.5)
    assert "<while saves 3 " in program.diagram().source
    assert any(" saves 3 " in line and line.endswith("saved") for line in str(program.adjoint).splitlines())


def test_the_printed_graph_marks_what_is_drawn_as_saved() -> None:
    for text in (FORK, LAYER, LOOP, WHILE):
        _, reverse = joint(text, (0,))
        printer, saved = Printer(reverse.graph), find_marks(reverse.graph).saved
        for line, node in printer.lines():
            if node is not None:
                assert line.endswith("saved") == (not saved.isdisjoint(node.results)), line


def test_the_printed_graph_marks_what_is_drawn_as_recomputed() -> None:
    graph = gr.grad(swing).inspect(0.5).adjoint
    again, printer = find_marks(graph).recomputed, Printer(graph)
    assert again
    for line, node in printer.lines():
        if node is not None and not node.regions:
            assert line.endswith("recomputed") == (not again.isdisjoint(node.results)), line


def test_a_legend_names_only_what_is_there() -> None:
    primal, reverse = joint(FORK, (0,))
    assert "computed again there" not in graph_diagram(reverse.graph).source
    assert "saved for the backward phase" in graph_diagram(reverse.graph).source
    assert "legend" not in graph_diagram(primal).source
