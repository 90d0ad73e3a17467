"""A compiled function with every stage it went through, each of which prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .ir.graph import Graph, Value
from .timings import Timings

if TYPE_CHECKING:
    from .lower.kernels import KernelProgram
    from .memory import Memory
    from .passes.residuals import Residual
    from .passes.work import Work
    from .runtime.compile import Compiled
    from .trace.frame import Decision
    from .view.diagram import Diagram


@dataclass(frozen=True)
class Program:
    """Every stage of one specialisation, from the traced graph to machine code.

    Attributes
    ----------
    primal
        The graph of the function as it was traced.
    adjoint
        The joint graph of values and gradients; the primal itself under `jit`.
    optimized
        The joint graph after the passes.
    residuals
        The primal values that the backward part reads, and why.
    decisions
        What tracing decided about loops, with lines and reasons.
    turns
        The work of turns of checkpointed loops that the joint graph has as one run for many of them.
    compiled
        The compiled function.
    timings
        How long each stage took; prints as a table.
    arguments
        The values of the graph's inputs that this program was inspected with.

    Examples
    --------
    >>> import gradir as gr
    >>> p = gr.grad(lambda x: x * x).inspect(3.0)
    >>> print(p.primal)  # doctest: +SKIP
    """

    primal: Graph
    adjoint: Graph
    optimized: Graph
    residuals: tuple[Residual, ...]
    cotangents: dict[Value, Value]
    decisions: tuple[Decision, ...]
    turns: Work
    compiled: Compiled
    timings: Timings
    arguments: tuple[Any, ...] = ()

    @property
    def kernels(self) -> KernelProgram:
        """The loop nests over buffers."""
        return self.compiled.kernels

    @property
    def memory(self) -> Memory:
        """What is saved for the backward pass and where the arrays lie; prints as tables."""
        from .memory import Memory

        return Memory(self)

    @property
    def llvm(self) -> str:
        """The optimised LLVM IR."""
        return self.compiled.llvm

    @property
    def assembly(self) -> str:
        """The machine code of this host, as text."""
        return self.compiled.assembly

    def diagram(self, stage: str = "adjoint", *, values: bool = False) -> Diagram:
        """Draw a stage: 'primal', 'adjoint', 'optimized', 'kernels', 'llvm' or 'assembly'.

        Parameters
        ----------
        stage
            Which one.
        values
            Show each node's value, and the gradient of the primal's, for the arguments that the program
            was inspected with; for graphs only.

        Returns
        -------
        Diagram
            Its `source` is the DOT text; `render` needs the program `dot`.

        Raises
        ------
        ValueError
            For another stage, or one that has no values.
        RenderError
            If the stage is too large to be drawn.
        """
        from .view.stages import draw_program

        return draw_program(self, stage, values=values)

    def at(self, arguments: Sequence[Any]) -> Program:
        """Return the same program, inspected with other arguments."""
        return replace(self, arguments=tuple(arguments))

    def _repr_html_(self) -> str:
        from .view.stages import program_html

        return program_html(self)
