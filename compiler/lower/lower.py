"""From a graph to its kernel program: what is inlined, which loops are fused, where arrays lie."""

from __future__ import annotations

from collections.abc import Mapping

from ..ir.graph import Graph
from ..ops import OPS
from ..passes.checkpoints import open_checkpoints, without_names
from .bands import merge_rows
from .buffers import plan_buffers
from .demand import choose
from .finer_axes import walk_finer_axes
from .index_checks import flag_bad_indices
from .inlays import inline_updates
from .kernels import KernelProgram
from .last_turns import set_last_turns_apart
from .lifetimes import find_lifetimes
from .long_rows import lengthen_rows
from .parallel import split_large
from .part_reads import read_parts
from .schedule import schedule
from .sites import sites_of
from .stack_sizes import reserve_stacks
from .storing import store_shared
from .symbolic_parts import write_parts
from .thin_products import open_thin_products
from .tilings import join_tilings
from .windows import open_windows

_REWRITES = (
    open_checkpoints,
    without_names,
    set_last_turns_apart,
    write_parts,
    flag_bad_indices,
    lengthen_rows,
    open_thin_products,
    join_tilings,
    read_parts,
    inline_updates,
    walk_finer_axes,
    open_windows,
    reserve_stacks,
)


def lower(graph: Graph, donated: Mapping[int, int] | None = None) -> KernelProgram:
    """Lower a verified graph.

    Parameters
    ----------
    graph
        The graph; it is not changed.
    donated
        Inputs whose memory outputs of the same type may take: the number of the output by that of the input.
        Those for which it is done are in the result's `donated`.

    Returns
    -------
    KernelProgram
        Statements over planned buffers. The last site is that of a failed allocation.
    """
    given = graph
    for rewrite in _REWRITES:
        graph = rewrite(graph, OPS)
    inlining = choose(graph)
    body = store_shared(schedule(graph, inlining), inlining, lambda: schedule(graph, inlining))
    body = split_large(merge_rows(graph, body, inlining), inlining)
    plan = plan_buffers(graph, body, inlining, find_lifetimes(graph, body, inlining), donated or {})
    sites, site_of = sites_of(graph)
    assert sites == sites_of(given)[0], "stored code counts the sites of the graph as it was given"
    return KernelProgram(
        graph=graph,
        body=plan.body,
        places=plan.places,
        scratch=plan.scratch,
        producers=inlining.producers,
        buffers=plan.buffers,
        outputs=plan.outputs,
        arena=plan.arena,
        sites=sites,
        site_of=site_of,
        lives=plan.lives,
        donated=plan.donated,
    )
