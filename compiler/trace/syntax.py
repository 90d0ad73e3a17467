"""Small pieces of syntax trees that staging puts into the user's code."""

from __future__ import annotations

import ast
from collections.abc import Sequence

RUNTIME = "__gradir__"  # the name of the runtime object in rewritten code


def name_(identifier: str) -> ast.Name:
    """Read a name."""
    return ast.Name(identifier, ast.Load())


def runtime(method: str, *args: ast.expr) -> ast.Call:
    """Call a method of the runtime."""
    return ast.Call(ast.Attribute(name_(RUNTIME), method, ast.Load()), list(args), [])


def thunk(body: ast.expr) -> ast.Lambda:
    """Put off an expression."""
    empty = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    return ast.Lambda(empty, body)


def names_tuple(names: Sequence[str], context: ast.expr_context) -> ast.Tuple:
    return ast.Tuple([ast.Name(n, context) for n in names], context)
