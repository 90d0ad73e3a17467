"""Which variables of a function something may still read, behind each `if` and each loop of it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from .exits import RESULT, RETURNED
from .scopes import Scope, all_nodes, bound_names

Names = frozenset[str]
Place = tuple[type[ast.stmt], int, int]
NONE: Names = frozenset()
# The most of a long function: no set is made for each.
_PLAIN = (ast.Assign, ast.AugAssign, ast.Expr)


@dataclass(frozen=True, slots=True)
class Live:
    """What may be read behind a statement, and, of a loop, at the end of a turn, however it is left."""

    after: Names
    turn: Names = NONE


@dataclass(frozen=True, slots=True)
class _Ways:
    """What is live where `break` and `continue` lead."""

    broken: Names = NONE
    turn: Names = NONE


class Liveness:
    """What is live behind the `if`s and loops of a function, not those of functions inside it.

    What such functions read (and generators, which run later) is live everywhere. Statements are known by
    their places, so that copies of them are, too; what staging adds is not.
    """

    def __init__(self, body: Sequence[ast.stmt]) -> None:
        steered = [k for k, s in enumerate(body) if not isinstance(s, (*_PLAIN, ast.Return))]
        self.always = _read_later(body) if steered else NONE
        finder = _Finder(self.always)
        finder.block(body[steered[0] :] if steered else [], NONE, _Ways())  # nobody asks for what is before
        self._found = finder.found

    def dead(self, names: Sequence[str], node: ast.stmt) -> tuple[str, ...]:
        """Return which of some variables nothing reads behind a statement."""
        live = self._found.get(_place(node))
        return () if live is None else unread(names, live.after)

    def turn(self, loop: ast.stmt) -> Names:
        """What is live at the end of a turn of a loop, however it is left."""
        return self._found[_place(loop)].turn


def unread(names: Sequence[str], live: Names) -> tuple[str, ...]:
    """Return which of some variables are not live; what a loop returns is asked for behind it."""
    return tuple(n for n in names if n not in live and n not in (RESULT, RETURNED))


def _place(node: ast.stmt) -> Place:
    return type(node), node.lineno, node.col_offset


class _Finder:
    """Goes through statements from the last to the first, with the names that are live behind each."""

    def __init__(self, always: Names) -> None:
        self.always = always
        self.found: dict[Place, Live] = {}

    def block(self, statements: Sequence[ast.stmt], after: Names, ways: _Ways) -> Names:
        """Return what is live before some statements."""
        live = set(after)
        for statement in reversed(statements):
            if isinstance(statement, _PLAIN):
                live.difference_update(bound_names([statement]))
                live |= _read(statement)
            else:
                live = set(self._before(statement, frozenset(live), ways))
        return frozenset(live)

    def _before(self, node: ast.stmt, after: Names, ways: _Ways) -> Names:
        match node:
            case ast.If():
                self._note(node, after)
                either = self.block(node.body, after, ways) | self.block(node.orelse, after, ways)
                return _read(node.test) | either
            case ast.For() | ast.While():
                return self._loop(node, after, ways)
            case ast.With():
                inside = self.block(node.body, after, ways)
                return (inside - _bound(*node.items)) | _read(*node.items)
            case ast.Match():
                return self._match(node, after, ways)
            case ast.Return() | ast.Raise():
                return _read(node)
            case ast.Break():
                return ways.broken
            case ast.Continue():
                return ways.turn
            case ast.AnnAssign(value=None):
                return after
            case _:
                return (after - _bound(node)) | _read(node)

    def _loop(self, node: ast.For | ast.While, after: Names, ways: _Ways) -> Names:
        behind = self.block(node.orelse, after, ways)
        head = behind if isinstance(node, ast.For) else behind | _read(node.test)
        bound = _bound(node.target) if isinstance(node, ast.For) else NONE
        while True:
            before = self.block(node.body, head, _Ways(after, head)) - bound
            if before <= head:
                break
            head |= before
        self._note(node, behind | after, head | after)
        return head | (_read(node.iter, node.target) if isinstance(node, ast.For) else NONE)

    def _match(self, node: ast.Match, after: Names, ways: _Ways) -> Names:
        live = after
        for case in node.cases:
            guard = _read(case.guard) if case.guard is not None else NONE
            live |= (guard | self.block(case.body, after, ways)) - _bound(case.pattern)
            live |= _read(case.pattern)
        return live | _read(node.subject)

    def _note(self, node: ast.stmt, after: Names, turn: Names = NONE) -> None:
        self.found[_place(node)] = Live(after | self.always, turn | self.always)


def _bound(*nodes: ast.AST) -> Names:
    return frozenset(bound_names(nodes))


def _read(*nodes: ast.AST) -> Names:
    """The names that some code reads; deleting one reads it, as Python asks whether it is there."""
    names: set[str] = set()
    for node in nodes:
        for n in all_nodes([node]):
            if isinstance(n, ast.Name):
                if not isinstance(n.ctx, ast.Store):
                    names.add(n.id)
            elif isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name):
                names.add(n.target.id)
    return frozenset(names)


def _read_later(body: Sequence[ast.stmt]) -> Names:
    later = (n for n in all_nodes(body) if isinstance(n, (*Scope, ast.GeneratorExp)))
    return frozenset().union(*map(_read, later))
