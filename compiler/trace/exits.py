"""Taking `break`, `continue` and `return` out of loops, so that each loop's body is left at its end only.

The body of a loop becomes a function (see `rewrite_statements`). In it, `continue` and the end are
`return False`, `break` is `return True`; a return of the user's function keeps its result, raises a flag
and breaks, and the flag is asked behind the loop. An `else` of a loop becomes an `if` behind it; in its
place an assignment is left, of the variable that this `if` asks.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from .scopes import at, falls_through, leaves_loop, own_statements
from .syntax import name_, runtime

RESULT, RETURNED = "__gradir_result", "__gradir_returned"
Loop = ast.For | ast.While


def broken_name(loop: Loop) -> str:
    """The variable that tells, behind a loop, whether a break ended it; "" where nobody asks."""
    match loop.orelse:
        case [ast.Assign([ast.Name(name)])]:
            return name
    return ""


class Exits:
    """Rewrites the loops of one function; functions inside it are left for their own turn."""

    def __init__(self) -> None:
        self.count = 0

    def block(self, statements: Sequence[ast.stmt], *, in_loop: bool = False) -> list[ast.stmt]:
        """Return `statements` with the ways out of the loops in them, and of the one around, rewritten."""
        return [new for s in statements for new in self._statement(s, in_loop)]

    def _statement(self, node: ast.stmt, in_loop: bool) -> list[ast.stmt]:
        match node:
            case ast.Return() if in_loop:
                keep = [_assign(RESULT, node.value or ast.Constant(None)), _assign(RETURNED, _bool(True))]
                return _at(node, [*keep, ast.Return(_bool(True))])
            case ast.Break():
                return _at(node, [ast.Return(_bool(True))])
            case ast.Continue():
                return _at(node, [ast.Return(_bool(False))])
            case ast.For() | ast.While():
                return self._loop(node, in_loop)
            case ast.If():
                node.body = self.block(node.body, in_loop=in_loop)
                node.orelse = self.block(node.orelse, in_loop=in_loop)
            case ast.With():
                node.body = self.block(node.body, in_loop=in_loop)
            case ast.Match():
                for case in node.cases:
                    case.body = self.block(case.body, in_loop=in_loop)
        return [node]

    def _loop(self, node: Loop, in_loop: bool) -> list[ast.stmt]:
        leaving = leaves_loop(node.body) is not None
        returning = any(isinstance(inner, ast.Return) for inner in own_statements(node.body))
        broken = _breaks(node.body)
        endless = _is_true(node) and not broken  # left by a return or an error only
        orelse, node.orelse = self.block(node.orelse, in_loop=in_loop), []
        ends = leaving and falls_through(node.body)
        node.body = self.block(node.body, in_loop=True)
        if ends:
            node.body += _at(node.body[-1], [ast.Return(_bool(False))])
        before: list[ast.stmt] = []
        after: list[ast.stmt] = orelse
        if returning and not in_loop:
            before = [_assign(RETURNED, _bool(False)), _assign(RESULT, runtime("never"))]
        if orelse and broken:
            self.count += 1
            node.orelse = [_assign(f"__gradir_broken_{self.count}", _bool(False))]
            after = [ast.If(ast.UnaryOp(ast.Not(), name_(broken_name(node))), orelse, [])]
        if returning:
            leave: ast.stmt = ast.Return(_bool(True) if in_loop else name_(RESULT))
            after = [leave if endless else ast.If(name_(RETURNED), [leave], []), *after]
        return [*_at(node, before), node, *_at(node, after)]


def _breaks(body: Sequence[ast.stmt]) -> bool:
    """Tell whether a break of the loop around some code stands in it."""
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Break):
            return True
        if not isinstance(node, (ast.For, ast.While, ast.FunctionDef, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(node))
        elif isinstance(node, (ast.For, ast.While)):
            pending.extend(node.orelse)
    return False


def _is_true(loop: Loop) -> bool:
    return isinstance(loop, ast.While) and isinstance(loop.test, ast.Constant) and bool(loop.test.value)


def _assign(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def _bool(value: bool) -> ast.expr:
    return ast.Constant(value)


def _at(place: ast.AST, statements: list[ast.stmt]) -> list[ast.stmt]:
    return [s if hasattr(s, "lineno") else at(s, place) for s in statements]
