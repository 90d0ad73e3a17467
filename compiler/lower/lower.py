"""From a graph to its kernel program: what is inlined, which loops are fused, where arrays lie."""

from __future__ import annotations

from collections.abc import Mapping

from ..ir.graph import Graph, Node, walk
from ..ops import OPS
from .buffers import plan_buffers
from .inlining import choose
from .kernels import KernelProgram, Site
from .lifetimes import find_lifetimes
from .parallel import split_large
from .schedule import schedule
from .storing import store_shared
from .symbolic_parts import write_parts
from .windows import open_windows

OUT_OF_MEMORY = Site("MemoryError", "there is no memory left for a stack of saved values", None)

INTERRUPT = "KeyboardInterrupt"  # or what else the handler of a signal raises


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
    graph = open_windows(write_parts(graph, OPS), OPS)
    inlining = choose(graph)
    body = split_large(store_shared(schedule(graph, inlining), inlining), inlining)
    plan = plan_buffers(graph, body, inlining, find_lifetimes(graph, body, inlining), donated or {})
    sites, site_of = _sites(graph)
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


def _sites(graph: Graph) -> tuple[tuple[Site, ...], dict[Node, int]]:
    sites: list[Site] = []
    numbers: dict[Node, int] = {}
    for node in walk(graph.block):
        match node.op.name:
            case "check":
                sites.append(Site(node.attrs["exception"], node.attrs["message"], node.loc))
            case "while":
                sites.append(Site(INTERRUPT, "", node.loc))
            case "check_index":
                size, axis = node.attrs["size"], node.attrs["axis"]
                text = f"index {{index}} is out of bounds for axis {axis}"
                text += f" with size {size}" if isinstance(size, int) else ""
                sites.append(Site("IndexError", text, node.loc, shows_index=True))
            case _:
                continue
        numbers[node] = len(sites)
    return (*sites, OUT_OF_MEMORY), numbers
