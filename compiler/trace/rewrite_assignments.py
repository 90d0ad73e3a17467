"""Rewriting assignments: stores to items and attributes go through the runtime."""

from __future__ import annotations

import ast
from types import CodeType
from typing import Any

from ..errors import UnsupportedError
from ..ir.graph import Loc
from .rewrite_expressions import ExpressionRewriter
from .scopes import at
from .syntax import name_, runtime


class AssignmentRewriter(ExpressionRewriter):
    """Rewrites the statements of one function that bind names, or store."""

    def __init__(self, code: CodeType) -> None:
        super().__init__(code)
        self.filename = code.co_filename
        self.count = 0

    def _suffix(self) -> str:
        self.count += 1
        return str(self.count)

    def visit_Assign(self, node: ast.Assign) -> Any:
        value = self.visit(node.value)
        after: list[ast.stmt] = []
        targets = [self._plain_target(t, after) for t in node.targets]
        return [ast.Assign(targets, value), *after]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is None:
            return ast.Pass()
        return self.visit_Assign(at(ast.Assign([node.target], node.value), node))

    def _plain_target(self, target: ast.expr, after: list[ast.stmt]) -> ast.expr:
        """Replace subscripts and attributes in a target by names, that are stored to afterwards.

        So are the names behind them: Python stores from left to right, after it computed the value.
        """
        if isinstance(target, (ast.Tuple, ast.List)):
            return ast.Tuple([self._plain_target(t, after) for t in target.elts], ast.Store())
        if isinstance(target, ast.Starred):
            return ast.Starred(self._plain_target(target.value, after), ast.Store())
        if isinstance(target, ast.Name) and not after:
            return target
        name = f"__gradir_part_{self._suffix()}"
        if isinstance(target, ast.Name):
            after.append(ast.Assign([target], name_(name)))
        else:
            after.append(self._store(target, name_(name)))
        return ast.Name(name, ast.Store())

    def _store(self, target: Any, value: ast.expr) -> ast.stmt:
        container = self.visit(target.value)
        if isinstance(target, ast.Subscript):
            return ast.Expr(runtime("set_item", container, self._index(target.slice), value))
        return ast.Expr(runtime("set_attr", container, ast.Constant(self._mangled(target.attr)), value))

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        operator = ast.Constant(type(node.op).__name__)
        value = self.visit(node.value)
        target = node.target
        if isinstance(target, ast.Name):
            read = self.visit(at(name_(target.id), target))
            return ast.Assign([target], runtime("inplace", operator, read, value))
        # As in Python, the old value is read before the operand is computed, which may change it.
        suffix = self._suffix()
        owner, key, old = (f"__gradir_{part}_{suffix}" for part in ("owner", "key", "old"))
        if isinstance(target, ast.Subscript):
            index, read, write = self._index(target.slice), "item", "set_item"
        else:
            index, read, write = ast.Constant(self._mangled(target.attr)), "attr", "set_attr"
        return [
            ast.Assign([ast.Name(owner, ast.Store())], self.visit(target.value)),
            ast.Assign([ast.Name(key, ast.Store())], index),
            ast.Assign([ast.Name(old, ast.Store())], runtime(read, name_(owner), name_(key))),
            ast.Expr(
                runtime(write, name_(owner), name_(key), runtime("inplace", operator, name_(old), value))
            ),
        ]

    def visit_Delete(self, node: ast.Delete) -> Any:
        if all(isinstance(t, ast.Name) for t in node.targets):
            names = [t.id for t in node.targets if isinstance(t, ast.Name)]
            read = [ast.Expr(self.visit(at(name_(n), node))) for n in names]
            parts = [(ast.Name(n, ast.Store()), runtime("undefined", ast.Constant(n))) for n in names]
            deleted = [ast.Assign([target], value) for target, value in parts]
            return [s for pair in zip(read, deleted, strict=True) for s in pair]
        raise UnsupportedError(
            "deleting items or attributes is not supported in a function that gradir traces",
            loc=Loc(self.filename, node.lineno),
        )
