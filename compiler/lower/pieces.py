"""The pieces of a long program: about how long they are, and where one function can end and another begin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ..ir.graph import Node
from .kernels import Band, Branch, Loop, Nest, Scalars, Single, Statement

_LOOPLESS = ("update", "accumulate", "check", "check_index")


def lines_of(body: Sequence[Statement]) -> int:
    """About how many lines some statements take."""
    total = 0
    for statement in body:
        match statement:
            case Scalars(nodes):
                total += 3 * len(nodes)
            case Nest(_, roots):
                total += 20 + 3 * len(roots)
            case Band(nests=nests):
                total += 40 + lines_of(nests)
            case Single():
                total += 8
            case Loop():
                total += 40 + lines_of(statement.body)
            case Branch():
                total += 10 + lines_of(statement.then) + lines_of(statement.orelse)
    return total


def pieces(body: Sequence[Statement], most: int) -> Iterator[tuple[Statement | Node, bool]]:
    """Statements, and nodes of scalars, between which a function can end; whether each is in a long row
    without a loop."""
    for loopless, run in groupby(body, _is_loopless):
        statements = list(run)
        straight = loopless and lines_of(statements) > most
        for statement in statements:
            if isinstance(statement, Scalars):
                yield from ((node, straight) for node in statement.nodes)
            else:
                yield statement, straight


def _is_loopless(statement: Statement) -> bool:
    return isinstance(statement, Scalars) or (
        isinstance(statement, Single) and statement.node.op.name in _LOOPLESS
    )
