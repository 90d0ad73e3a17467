"""The diagram of any stage of a program, and its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from gradir.ir.graph import Graph, Value
from gradir.lower.kernels import KernelProgram
from gradir.lower.lower import lower
from gradir.view.picture import Picture
from gradir.view.stages import GRAPHS, STAGES, draw_program, program_html

from tests.view.drawn import read
from tests.view.programs import FORK, joint


class Drawn:
    def draw(self) -> Picture:
        return Picture("<svg>live</svg>")


@dataclass
class Stages:
    primal: Graph
    adjoint: Graph
    optimized: Graph
    kernels: KernelProgram
    llvm: str
    assembly: str
    cotangents: Mapping[Value, Value]
    arguments: tuple[Any, ...]
    memory: Drawn = field(default_factory=Drawn)


@pytest.fixture
def program() -> Stages:
    primal, reverse = joint(FORK, (0, 1))
    kernels = lower(reverse.graph)
    code = "define i32 @f() {\nentry:\n  ret i32 0\n}\n"
    arguments = (np.float64(3.0), np.float64(1.0))
    joint_graph = reverse.graph
    return Stages(primal, joint_graph, joint_graph, kernels, code, code, reverse.cotangents, arguments)


def test_every_stage_is_drawn_under_its_name(program: Stages) -> None:
    for stage in STAGES:
        assert f"f: {stage}" in draw_program(program, stage).source


@pytest.mark.parametrize("stage", GRAPHS)
def test_values_are_those_of_the_inspected_arguments(program: Stages, stage: str) -> None:
    drawn = read(draw_program(program, stage, values=True).source)
    assert "value 3" in drawn.texts[drawn.name("%0 x")]
    assert "gradient 6" in drawn.texts[drawn.name("%0 x")]


def test_an_unknown_stage_is_named_with_those_there_are(program: Stages) -> None:
    with pytest.raises(ValueError, match="there is no stage 'tape': draw one of primal, adjoint"):
        draw_program(program, "tape")


@pytest.mark.parametrize("stage", ["kernels", "llvm", "assembly"])
def test_values_are_refused_where_there_are_none(program: Stages, stage: str) -> None:
    with pytest.raises(ValueError, match=f"'{stage}' is drawn without values"):
        draw_program(program, stage, values=True)


def test_the_page_has_every_stage(program: Stages) -> None:
    text = program_html(program)
    assert text.count("<details") == len(STAGES) + 1
    assert "<svg>live</svg>" in text
    assert "graph f(%0: f64[] &quot;x&quot;" in text
