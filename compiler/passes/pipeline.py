"""The passes that every graph goes through before it is lowered, in order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from ..ir.graph import Graph
from .canonicalize import canonicalize
from .cse import cse
from .dce import dce
from .licm import licm
from .ranges import ranges
from .sum_order import sum_order

Pass = Callable[[Graph], Graph]

OPTIMIZE: tuple[Pass, ...] = (canonicalize, ranges, cse, sum_order, licm, dce)
ROUNDS = 8  # a bound for safety: graphs settle in two or three


def optimize(
    graph: Graph,
    *,
    after: Callable[[Pass, Graph], None] | None = None,
    stage: Callable[[str], AbstractContextManager[None]] | None = None,
) -> Graph:
    """Return `graph` after the passes of `OPTIMIZE`, repeated until they change nothing.

    Parameters
    ----------
    graph
        Any graph.
    after
        Called with each pass that changed the graph and its result: to verify or to print it.
    stage
        Called with each pass's name before it runs: what it returns is entered, and left after it.
    """
    unchanged = 0
    for run in OPTIMIZE * ROUNDS:
        with stage(run.__name__) if stage is not None else nullcontext():
            new = run(graph)
        unchanged = unchanged + 1 if new is graph else int(run is dce)  # which leaves nothing for itself
        if unchanged == len(OPTIMIZE):
            break
        if new is not graph and after is not None:
            after(run, new)
        graph = new
    return graph
