"""The views of a whole program: the diagram of any of its stages, and its page for notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..ir.graph import Graph, Value
from ..lower.kernels import KernelProgram
from .code_diagram import code_diagram
from .diagram import Diagram
from .graph_diagram import graph_diagram
from .kernel_diagram import kernel_diagram
from .notebook import Stage, page
from .picture import Picture
from .values import evaluate_all, gradients_of

STAGES = ("primal", "adjoint", "optimized", "kernels", "llvm", "assembly")
GRAPHS = STAGES[:3]


class Drawn(Protocol):
    """What draws itself."""

    def draw(self) -> Picture: ...


class Staged(Protocol):
    """What is drawn: a program with all its stages and the arguments it was inspected with."""

    @property
    def primal(self) -> Graph: ...
    @property
    def adjoint(self) -> Graph: ...
    @property
    def optimized(self) -> Graph: ...
    @property
    def kernels(self) -> KernelProgram: ...
    @property
    def llvm(self) -> str: ...
    @property
    def assembly(self) -> str: ...
    @property
    def memory(self) -> Drawn: ...
    @property
    def cotangents(self) -> Mapping[Value, Value]: ...
    @property
    def arguments(self) -> Sequence[Any]: ...


def draw_program(program: Staged, stage: str, *, values: bool = False) -> Diagram:
    """Draw a stage of a program.

    Parameters
    ----------
    program
        The program.
    stage
        One of `STAGES`.
    values
        Whether to show each node's value, and its gradient where it has one, for the arguments that
        the program was inspected with; for graphs only.

    Raises
    ------
    ValueError
        If there is no such stage, or if it has no values to be shown.
    RenderError
        If the stage is too large to be drawn.
    """
    if stage not in STAGES:
        raise ValueError(f"there is no stage '{stage}': draw one of {', '.join(STAGES)}")
    if values and stage not in GRAPHS:
        raise ValueError(f"'{stage}' is drawn without values: they are shown in {', '.join(GRAPHS)}")
    title = f"{program.primal.name}: {stage}"
    match stage:
        case "kernels":
            return kernel_diagram(program.kernels, title=title)
        case "llvm":
            return code_diagram(program.llvm, title=title)
        case "assembly":
            return code_diagram(program.assembly, title=title)
    graph: Graph = getattr(program, stage)
    if not values:
        return graph_diagram(graph, title=title)
    computed = evaluate_all(program.adjoint, program.arguments)
    gradients = gradients_of(computed, program.cotangents)
    if stage == "optimized":  # its own values; the gradients are those of the primal values that it kept
        computed = evaluate_all(program.optimized, program.arguments)
    return graph_diagram(graph, values=computed, gradients=gradients, title=title)


def program_html(program: Staged) -> str:
    """Return the page of a program: each stage and its memory as picture and text, the primal unfolded."""

    def stage(name: str) -> Stage:
        return Stage(name, str(getattr(program, name)), lambda: draw_program(program, name))

    memory = program.memory
    stages = [*map(stage, STAGES), Stage("memory", str(memory), memory.draw)]
    return page(program.primal.name, stages, opened="primal")
