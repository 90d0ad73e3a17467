"""The places in a graph where a run can end, in the order of the numbers that stand for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..ir.graph import Graph, Loc, Node, walk


@dataclass(frozen=True, slots=True)
class Site:
    """A place in the program that can end the run, and the exception it raises there.

    Where `shows_index`, the message has a place `{index}` for a number that the run records.
    """

    exception: str
    message: str
    loc: Loc | None
    shows_index: bool = False


OUT_OF_MEMORY = Site("MemoryError", "there is no memory left for a stack of saved values", None)

INTERRUPT = "KeyboardInterrupt"  # or what else the handler of a signal raises


def sites_of(graph: Graph) -> tuple[tuple[Site, ...], Mapping[Node, int]]:
    """Return the sites of a graph, and the number of each node that has one.

    A status k that is not 0 means the k-th site; the last one is that of a failed allocation. Rewriting a
    graph to lower it adds and removes none, so code that was stored runs with the sites, and lines, of the
    graph at hand.
    """
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
