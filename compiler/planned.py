"""What a call of a graph takes, by the plan of its memory: found by lowering it, and kept on disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .ir.graph import Graph
from .ir.printer import print_graph

if TYPE_CHECKING:
    from .lower.memory_plan import PlannedBytes
    from .runtime.disk_cache import DiskCache


def planned(
    graph: Graph, donated: Mapping[int, int] | None = None, store: DiskCache | None = None
) -> PlannedBytes:
    """Return what a call of a graph is planned to take.

    Parameters
    ----------
    graph
        A verified graph.
    donated
        Outputs that may take the memory of inputs, by the number of the input.
    store
        Where plans are kept between processes; None keeps them nowhere.
    """
    from .runtime.code_key import code_key, described

    text = "" if store is None else print_graph(graph, locations=False)
    key = None if store is None else code_key(("planned", text, described(dict(donated or {}))))
    if store is None or key is None:
        return _planned(graph, donated)
    content = store.read(key)
    if content is not None:
        return _parsed(content)
    plan = _planned(graph, donated)
    store.write(key, _written(plan))
    return plan


def _planned(graph: Graph, donated: Mapping[int, int] | None) -> PlannedBytes:
    from .lower.lower import lower
    from .lower.memory_plan import planned_bytes
    from .runtime import host

    return planned_bytes(lower(graph, donated), host.target())


def _written(plan: PlannedBytes) -> bytes:
    stacks = "unknown" if plan.stacks is None else plan.stacks
    return f"{plan.workspace} {plan.machine_stack} {plan.results} {stacks}".encode()


def _parsed(content: bytes) -> PlannedBytes:
    from .lower.memory_plan import PlannedBytes

    workspace, machine_stack, results, stacks = content.decode().split()
    saved = None if stacks == "unknown" else int(stacks)
    return PlannedBytes(int(workspace), int(machine_stack), int(results), saved)
