"""The order of a block's nodes: what writes into an array comes as late as its results allow.

So what reads the array before comes first, and the write can be done in place.
"""

from __future__ import annotations

from ..ir.graph import Block, Node, Value
from .inlining import WRITERS, Inlining, captures, is_array, is_map

_FAR = 200  # nodes: a read further from its reader is not looked for


def in_order(block: Block, inlining: Inlining) -> list[Node]:
    """Return the live nodes, every one after those that make its operands."""
    live = [node for node in block.nodes if node in inlining.live]
    late = {r: n for n in live if _is_late(n, inlining) for r in n.results}
    if not late:
        return live
    order = _Order(late)
    for node in live:
        if not (node.results and node.results[0] in late):
            order.place(node)
    order.read_first()
    for node in live:
        order.place(node)
    return list(order.placed)


def _is_late(node: Node, inlining: Inlining) -> bool:
    if node.op.name in WRITERS:
        return True
    return is_map(node) and is_array(node.result) and not inlining.is_root(node.result)


class _Order:
    """The nodes placed so far; `late` are those that wait until they are asked for, by their results."""

    def __init__(self, late: dict[Value, Node]) -> None:
        self.late = late
        self.placed: dict[Node, None] = {}
        self.readers: dict[Value, list[Node]] = {}  # writers that read an array which another one overwrites

    def missing(self, node: Node) -> list[Node]:
        """The late nodes, not placed yet, that a node reads."""
        needed = [*node.operands, *(v for region in node.regions for v in captures(region))]
        return [self.late[v] for v in needed if v in self.late and self.late[v] not in self.placed]

    def place(self, node: Node) -> None:
        """Place a node, after all that it needs and, of writers, after who reads what it overwrites."""
        pending, asked = [node], set[Node]()
        while pending:
            current = pending[-1]
            missing = self.missing(current) if current not in self.placed else []
            if not missing and current not in asked and current.op.name in WRITERS:
                asked.add(current)
                missing = [u for u in self.readers.get(current.operands[0], ()) if self._first(u, current)]
                missing = [u for u in missing if u not in pending]
            if missing:
                pending.extend(reversed(missing))
                continue
            pending.pop()
            self.placed.setdefault(current)

    def _first(self, reader: Node, writer: Node) -> bool:
        """Tell whether a reader can come before the writer of what it reads."""
        return reader is not writer and reader not in self.placed and writer not in self._waiting(reader)

    def read_first(self) -> None:
        """Find who reads what another one overwrites, of the writers that are left."""
        left = [n for n in dict.fromkeys(self.late.values()) if n not in self.placed]
        writers = [n for n in left if n.op.name in WRITERS]
        written = {w.operands[0] for w in writers}
        for writer in writers:
            for value in self._reads(writer) & written:
                self.readers.setdefault(value, []).append(writer)

    def _reads(self, writer: Node) -> set[Value]:
        """The arrays that a writer reads besides the one it overwrites: what is inlined is computed there."""
        found: set[Value] = set()
        pending = list(writer.operands[1:])
        while pending and len(found) < _FAR:
            value = pending.pop()
            if value not in found:
                found.add(value)
                node = self.late.get(value)
                if node is not None and node.op.name not in WRITERS:
                    pending.extend(node.operands)
        return found

    def _waiting(self, node: Node) -> set[Node]:
        """The late nodes that one needs, as far as they are not placed; at most so many."""
        found: set[Node] = set()
        pending = self.missing(node)
        while pending and len(found) < _FAR:
            current = pending.pop()
            if current not in found:
                found.add(current)
                pending.extend(self.missing(current))
        return found
