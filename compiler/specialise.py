"""The pipeline from a function and one kind of arguments to compiled code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .arguments import Signature, check_positions, differentiated, flatten, labels_of, parameters
from .collector import collector_rests
from .donation import Donated, donated_leaves, donated_outputs
from .ir.graph import Graph, Loc
from .ops import OPS
from .program import Program
from .results import Differentiation, Rebuild, check_scalar, gradient_rebuild, plain_rebuild
from .saving import FASTEST, Saving
from .timings import Clock
from .trace.frame import Decision
from .trace.function import Dynamic, Traced, trace_function

if TYPE_CHECKING:
    from .gradients import Differentiated
    from .runtime.disk_cache import DiskCache


@dataclass(frozen=True, slots=True)
class Specialisation:
    """The compiled code for one kind of arguments."""

    program: Program
    traced: Traced
    dynamic: tuple[int, ...]  # which argument leaves are passed
    rebuild: Rebuild

    def fits(self, leaves: Sequence[Any]) -> bool:
        """Tell whether what tracing relied on besides the key still holds."""
        traced = self.traced
        if traced.fixed and any(leaves[k] != v for k, v in traced.fixed.items()):
            return False
        return not traced.guards or all(g.check() for g in traced.guards)

    def inputs(self, leaves: Sequence[Any]) -> list[Any]:
        found = [leaves[k] for k in self.dynamic]
        if self.traced.captured:
            found += [c.getter() for c in self.traced.captured]
        return found

    def __call__(self, leaves: Sequence[Any]) -> Any:
        return self.rebuild(self.program.compiled.call_flat(self.inputs(leaves)), leaves)


def graph_name(fun: Callable[..., Any]) -> str:
    """Return the function's name as an identifier."""
    name = getattr(fun, "__name__", type(fun).__name__)
    return name if name.isidentifier() else "function"


@collector_rests()
def specialise(
    fun: Callable[..., Any],
    signature: Signature,
    differentiation: Differentiation | None,
    donate: Donated,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    leaves: list[Any],
    structure: Any,
    store: DiskCache | None = None,
) -> Specialisation:
    """Trace, differentiate, optimise and compile, or take the code from `store`."""
    labels = labels_of(signature, args, kwargs)
    kinds = parameters(leaves, labels)
    by: list[int] = []
    positions: tuple[int, ...] = ()
    if differentiation is not None:
        positions = check_positions(differentiation.argnums, len(args), graph_name(fun))
        by = differentiated(args, positions, labels, kinds)
    given = donated_leaves(donate, signature, args, kinds, graph_name(fun))
    clock = Clock()
    with clock.stage("trace"):
        traced = trace_function(OPS, fun, kinds, leaves, structure, labels, graph_name(fun))
    dynamic = tuple(k for k, p in enumerate(kinds) if isinstance(p, Dynamic))
    input_of = {k: n for n, k in enumerate(dynamic)}
    own = [v.array for v in traced.graph.block.results]
    if differentiation is None:
        donated = donated_outputs(given, traced.graph, own, input_of, {})
        program = compile_program(traced, None, donated, store, clock)
        return Specialisation(program, traced, dynamic, plain_rebuild(traced))
    check_scalar(traced.structure, traced.results, differentiation.has_aux, graph_name(fun))
    wrt = [input_of[k] for k in by]
    gradient_of = {k: len(own) + n for n, k in enumerate(by)}
    outputs = [*own, *(traced.graph.block.params[k].array for k in wrt)]
    donated = donated_outputs(given, traced.graph, outputs, input_of, gradient_of)
    program = compile_program(traced, wrt, donated, store, clock, differentiation.saving)
    rebuild = gradient_rebuild(traced, differentiation, args, positions, by, kinds)
    return Specialisation(program, traced, dynamic, rebuild)


def compile_program(
    traced: Traced,
    wrt: Sequence[int] | None,
    donated: Mapping[int, int] | None = None,
    store: DiskCache | None = None,
    clock: Clock | None = None,
    saving: Saving = FASTEST,
) -> Program:
    """Run the pipeline behind a traced function; `wrt` None compiles it as it is.

    `donated` has the outputs that may take the memory of inputs, by the number of the input.
    """
    from .gradients import differentiate
    from .passes.adjoint import Adjoint
    from .passes.checkpoints import open_checkpoints, without_names
    from .passes.pipeline import optimize
    from .passes.slots import work_of_turns
    from .passes.whole_arrays import whole_arrays
    from .passes.work import Work
    from .planned import planned
    from .runtime.compile import compile_graph

    clock = clock or Clock()
    primal = traced.graph
    with clock.stage("adjoint"):
        prepared = whole_arrays(primal)
    if wrt is None:
        opened = without_names(open_checkpoints(prepared))
        result, optimized = Adjoint(opened, (), {}), optimize(opened, stage=clock.stage)
        decisions, turns = traced.decisions, Work(0.0, 0.0)
    else:
        made = differentiate(
            prepared, wrt, saving, clock=clock, peak=lambda joint: planned(joint, donated, store).peak
        )
        result, optimized = made.adjoint, made.optimized
        decisions, turns = (*traced.decisions, *chosen(prepared, made, saving)), work_of_turns(made.primal)
    compiled = compile_graph(optimized, donated, store, clock=clock)
    return Program(
        primal,
        result.graph,
        optimized,
        result.residuals,
        result.cotangents,
        decisions,
        turns,
        compiled,
        timings=clock.read(),
    )


def chosen(primal: Graph, made: Differentiated, saving: Saving, loc: Loc | None = None) -> list[Decision]:
    """Tell how loops are checkpointed, and what a budget has chosen for the gradient of a line."""
    from .passes.decisions import with_regions_cut
    from .passes.outer_marks import with_outer_marks
    from .passes.slots import checkpointed_loops

    around = with_outer_marks(with_regions_cut(primal))
    why = dict.fromkeys((line for line, _ in checkpointed_loops(around)), "for gr.checkpointed inside of it")
    why.update((line, "gr.checkpointed") for line, _ in checkpointed_loops(primal))
    choice = "memory_budget" if saving.budget is not None else f"checkpoint={made.policy.name!r}"
    found = [Decision(line, what, why.get(line, choice)) for line, what in checkpointed_loops(made.primal)]
    if saving.budget is not None:
        found.append(Decision(loc, f"checkpoint policy: {made.policy.name}", "memory_budget"))
    return found


def as_graph(
    fun: Callable[..., Any], signature: Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Graph:
    """Return the primal graph of a function for these arguments."""
    args, kwargs = signature.bind(args, kwargs)
    leaves, structure = flatten(args, kwargs)
    labels = labels_of(signature, args, kwargs)
    kinds = parameters(leaves, labels)
    return trace_function(OPS, fun, kinds, leaves, structure, labels, graph_name(fun)).graph
