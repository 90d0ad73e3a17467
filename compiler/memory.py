"""The memory of a program: what it saves, where its arrays lie, and what a call really takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .ir.graph import Node, Value
from .lower.inlining import is_array
from .lower.kernels import KernelProgram
from .lower.live_memory import LiveMemory, live_memory
from .lower.memory_plan import MemoryPlan, PlannedBuffer, PlannedStack, memory_plan
from .passes.residual_table import ResidualTable, residual_table
from .passes.residuals import Carrier, Residual, as_optimized, without_names
from .passes.work import work_of

if TYPE_CHECKING:
    from .program import Program
    from .view.picture import Picture


@dataclass(frozen=True, slots=True)
class MeasuredMemory:
    """What one call took, counted where memory is allocated; prints as a table.

    Attributes
    ----------
    allocated
        Bytes of the workspace and of stacks, when they were most.
    allocations
        How often the call allocated.
    results
        Bytes of results; those that take the memory of arguments count nothing.
    machine_stack
        Bytes of small arrays. Nothing allocates them: this is what the plan says.
    planned
        The plan's peak; None where the plan does not know it.
    """

    function: str
    allocated: int
    allocations: int
    results: int
    machine_stack: int
    planned: int | None

    @property
    def peak(self) -> int:
        """All of this together."""
        return self.allocated + self.results + self.machine_stack

    def __str__(self) -> str:
        times = "1 allocation" if self.allocations == 1 else f"{self.allocations} allocations"
        planned = "unknown" if self.planned is None else f"{self.planned:,}"
        return (
            f"memory that a call of {self.function} took\n"
            f"  workspace and stacks {self.allocated:>13,} bytes, in {times}\n"
            f"  machine stack        {self.machine_stack:>13,} bytes\n"
            f"  results              {self.results:>13,} bytes\n"
            f"  peak                 {self.peak:>13,} bytes, planned {planned}\n"
        )


class Memory:
    """What a program saves for its backward pass, and where its arrays lie; prints as two tables.

    It has all attributes of its `plan`.

    Examples
    --------
    >>> import gradir as gr, numpy as np
    >>> memory = gr.value_and_grad(lambda x: np.sum(np.sin(x))).inspect(np.ones(1000)).memory
    >>> memory.peak, memory.measure().peak
    (8008, 8008)
    """

    def __init__(self, program: Program) -> None:
        self._program = program

    @cached_property
    def plan(self) -> MemoryPlan:
        """The buffers and stacks with their places."""
        return memory_plan(self._program.kernels, self._program.compiled.target)

    @cached_property
    def residuals(self) -> ResidualTable:
        """The values that the backward pass reads: what each takes, and whether it is saved.

        Where kernels compute a value only where it is read, what that is made of has a row, too.
        """
        program, kernels = self._program, self._program.kernels
        unnamed = without_names(program.residuals, program.adjoint)
        residuals = as_optimized(unnamed, program.optimized)
        known = {r.value for r in residuals}
        kept = [r.value for r in residuals if r.carrier is Carrier.KEPT and is_array(r.value)]
        fused = {v for v in kept if v in kernels.producers and v not in kernels.places}
        made_of = _stored_sources(kernels, fused)
        more = [
            Residual(v, Carrier.KEPT, kernels.producers[v].loc, tuple(readers))
            for v, readers in made_of.items()
            if v not in known
        ]
        work = work_of(program.optimized) + program.turns
        return residual_table(program.adjoint, (*residuals, *more), work, fused)

    def live(self, turns: int = 100) -> LiveMemory:
        """Return the bytes in use over the program's time; see `draw`."""
        return live_memory(self._program.kernels, turns)

    def draw(self, after: Memory | None = None, *, turns: int = 100) -> Picture:
        """Draw the memory in use over the program's time.

        Parameters
        ----------
        after
            The memory of another program, which is drawn below to the same scale.
        turns
            What to take for the number of turns of loops that only the run knows.

        Returns
        -------
        Picture
            An SVG: notebooks show it, `save` writes it.
        """
        from .view.memory_picture import MemoryPanel, memory_picture

        words = ("",) if after is None else (": before", ": after")
        drawn = (self,) if after is None else (self, after)
        panels = [
            MemoryPanel(m.function + w, m.live(turns), m.peak) for w, m in zip(words, drawn, strict=True)
        ]
        return memory_picture(panels)

    def measure(self) -> MeasuredMemory:
        """Run the program once with the arguments that it was inspected with, and count what it allocates.

        What counts is a copy of the machine code: calls themselves pay nothing for it. The copy has no
        memory of earlier calls; later calls of the program take theirs over and allocate less.

        Raises
        ------
        GradirError
            As the call itself does.
        """
        from .runtime.memory_count import count_memory

        count = count_memory(self._program.compiled, self._program.arguments)
        plan = self.plan
        return MeasuredMemory(
            plan.function, count.allocated, count.allocations, count.results, plan.machine_stack, plan.peak
        )

    @property
    def function(self) -> str:
        return self.plan.function

    @property
    def buffers(self) -> tuple[PlannedBuffer, ...]:
        return self.plan.buffers

    @property
    def stacks(self) -> tuple[PlannedStack, ...]:
        return self.plan.stacks

    @property
    def workspace(self) -> int:
        return self.plan.workspace

    @property
    def lower_bound(self) -> int:
        return self.plan.lower_bound

    @property
    def machine_stack(self) -> int:
        return self.plan.machine_stack

    @property
    def results(self) -> int:
        return self.plan.results

    @property
    def constants(self) -> int:
        return self.plan.constants

    @property
    def peak(self) -> int | None:
        return self.plan.peak

    def __str__(self) -> str:
        if not self._program.residuals:
            return str(self.plan)
        return f"{self.residuals}\n{self.plan}"


def _stored_sources(kernels: KernelProgram, fused: Iterable[Value]) -> dict[Value, dict[Node, None]]:
    """The computed arrays in memory that values without memory are made of, each with those that read it."""
    found: dict[Value, dict[Node, None]] = {}
    pending, seen = list(fused), set(fused)
    while pending:
        node = kernels.producers[pending.pop()]
        for v in node.operands:
            maker = kernels.producers.get(v)
            if maker is None or maker.op.name == "constant" or not v.shape:
                continue
            if v in kernels.places:
                found.setdefault(v, {})[node] = None
            elif v not in seen:
                seen.add(v)
                pending.append(v)
    return found
