"""Rewriting a function so that its control flow, calls, reads and stores go through the tracer.

The tree keeps the user's line numbers. What the rewritten code calls (`__gradir__.call`, `.if_`,
`.for_` ...) is in `staged.py`; nothing here runs user code.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache
from types import CellType, CodeType, FunctionType
from typing import Any

from ..errors import UnsupportedError
from ..ir.graph import Loc
from .rewrite_statements import FunctionRewriter
from .scopes import bound_names, children, copied, parameter_names, placed
from .source import FunctionNode, function_node
from .syntax import RUNTIME, name_

_REFUSED: dict[type[ast.AST], str] = {
    ast.Try: "try/except",
    ast.TryStar: "try/except",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
    ast.Await: "await",
    ast.AsyncFor: "async",
    ast.AsyncWith: "async",
    ast.AsyncFunctionDef: "async",
    ast.Global: "a write to a global",
    ast.Nonlocal: "nonlocal",
    ast.NamedExpr: "an assignment inside an expression (:=)",
    ast.ClassDef: "a class definition",
}


@dataclass(frozen=True, slots=True)
class StagedCode:
    """The rewritten code of a function: `code` takes the runtime as an extra free variable."""

    code: CodeType
    inner: frozenset[CodeType]  # the code of functions defined inside, staged with it


def stage(function: FunctionType, runtime: Any) -> FunctionType:
    """Return `function` rewritten, bound to `runtime`, with its own globals, cells and defaults kept live."""
    staged = staged_code(function.__code__, function.__code__.co_filename)
    runtime.trace.staged |= staged.inner
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    cells[RUNTIME] = CellType(runtime)
    closure = tuple(cells[name] for name in staged.code.co_freevars)
    result = FunctionType(
        staged.code, function.__globals__, function.__name__, function.__defaults__, closure
    )
    result.__kwdefaults__ = function.__kwdefaults__
    return result


@lru_cache(maxsize=4096)
def staged_code(code: CodeType, filename: str) -> StagedCode:
    """Rewrite the function with this code; what cannot be staged raises UnsupportedError at its line.

    Code of two files may be equal, so the file's name is part of the cache's key.
    """
    node = copied(function_node(code))
    _refuse(node, filename)
    module = _factory(FunctionRewriter(code, node).function(node), code.co_freevars)
    factory = _inner_codes(compile(module, filename, "exec", dont_inherit=True))[0]
    staged = _inner_codes(factory)[0]
    found, pending = set(), [staged]
    while pending:
        inner = _inner_codes(pending.pop())
        found.update(inner)
        pending.extend(inner)
    return StagedCode(staged, frozenset(found))


def _factory(function: FunctionNode, free: tuple[str, ...]) -> ast.Module:
    """Wrap the rewritten function in a factory that makes its free variables free again."""
    arguments = function.args  # the function's own defaults are kept: see `stage`
    arguments.defaults = [ast.Constant(None) for _ in arguments.defaults]
    arguments.kw_defaults = [d and ast.Constant(None) for d in arguments.kw_defaults]
    names = [*free, RUNTIME]
    parameters = ast.arguments([], [ast.arg(n) for n in names], None, [], [], None, [])
    inner: list[ast.stmt]
    if isinstance(function, ast.Lambda):
        inner = [ast.Return(function)]
    else:
        inner = [function, ast.Return(name_(function.name))]
        if function.name not in (*free, *parameter_names(arguments), *bound_names(function.body)):
            # The function's own name is a global, and must not become the factory's local.
            function.body.insert(0, ast.Global([function.name]))
    factory = ast.FunctionDef("__gradir_factory__", parameters, inner, [], None, None)
    return placed(ast.Module([factory], []), RUNTIME)


def _inner_codes(code: CodeType) -> list[CodeType]:
    return [c for c in code.co_consts if isinstance(c, CodeType)]


def _refuse(function: FunctionNode, filename: str) -> None:
    nodes: list[Any] = [function]
    for node in nodes:  # which get more meanwhile
        nodes += children(node)
    refused = [node for node in nodes if type(node) in _REFUSED]
    if refused:
        first = min(refused, key=lambda node: (node.lineno, node.col_offset))
        raise UnsupportedError(
            f"{_REFUSED[type(first)]} is not supported in a function that gradir traces; move it outside",
            loc=Loc(filename, first.lineno, getattr(function, "name", "")),
        )
