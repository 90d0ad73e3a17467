"""Finding the syntax tree of a function, and making sure that it is the code that would run."""

from __future__ import annotations
import __future__

import ast
import linecache
from collections.abc import Iterator
from functools import lru_cache, reduce
from operator import or_
from types import CodeType

from ..errors import NoSourceError, StaleSourceError
from ..ir.graph import Loc
from .scopes import children

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_FUTURE = reduce(or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names))


def function_node(code: CodeType) -> FunctionNode:
    """Return the syntax tree of the function with this code.

    `inspect.getsource` gives the file as it is now; so the unmodified tree is compiled, too, and must hold
    the very same code. Raises NoSourceError where there is no source (an interactive session, C code,
    `exec`) and StaleSourceError where the file has changed since.
    """
    loc = Loc(code.co_filename, code.co_firstlineno, code.co_name)
    linecache.checkcache(code.co_filename)
    text = "".join(linecache.getlines(code.co_filename))
    if not text:
        raise NoSourceError(f"there is no source for '{code.co_name}'", loc=loc)
    tree = _parse(text)
    if tree is not None and any(code in _nested_codes(module) for module in _compiled(text, tree, code)):
        return _enclosing_function(tree, code)
    raise StaleSourceError(
        f"the source of '{code.co_name}' no longer matches the function (the file has changed since it was"
        " imported, or a tool rewrote it): reload the module",
        loc=loc,
    )


@lru_cache(maxsize=64)
def _parse(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def _compiled(text: str, tree: ast.Module, code: CodeType) -> Iterator[CodeType]:
    """Yield the code of the whole text, then that of each statement around `code` by itself.

    Notebooks compile a statement at a time, and that gives other code: CPython calls `np.sum` in another way
    where it sees that `np` is imported.
    """
    flags = code.co_flags & _FUTURE
    yield from _module(text, code.co_filename, flags)
    for statement in tree.body:
        decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
        first = min([statement.lineno, *(node.lineno for node in decorators)])
        if first <= code.co_firstlineno <= (statement.end_lineno or first):
            yield compile(ast.Module([statement], []), code.co_filename, "exec", flags, dont_inherit=True)


@lru_cache(maxsize=64)
def _module(text: str, filename: str, flags: int) -> tuple[CodeType, ...]:
    try:
        return (compile(text, filename, "exec", flags, dont_inherit=True),)
    except (SyntaxError, ValueError):
        return ()  # a notebook's cell may hold an `await` of its own


def _nested_codes(code: CodeType) -> Iterator[CodeType]:
    pending = [code]
    while pending:
        for constant in pending.pop().co_consts:
            if isinstance(constant, CodeType):
                yield constant
                pending.append(constant)


def _enclosing_function(tree: ast.Module, code: CodeType) -> FunctionNode:
    """Return the smallest function of that name around every position of the code."""
    positions = {(line, column) for line, _, column, _ in code.co_positions() if line and column is not None}
    # The first instructions of a function (RESUME, cells) have the line of its `def` and no real column.
    inside = positions - {(code.co_firstlineno, 0)} or positions
    first, last = min(inside), max(inside)
    best: FunctionNode | None = None
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.stmt) and not _may_hold(node, first[0], last[0]):
            continue
        pending += children(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if getattr(node, "name", "<lambda>") != code.co_name:
            continue
        start = (node.lineno, node.col_offset)
        end = (node.end_lineno or 0, node.end_col_offset or 0)
        if start <= first and last <= end and (best is None or start >= (best.lineno, best.col_offset)):
            best = node
    assert best is not None, f"{code} has no function"
    return best


def _may_hold(statement: ast.stmt, first: int, last: int) -> bool:
    """Tell whether a function that has these lines may stand in a statement; its decorators have others."""
    around = statement.lineno <= first and last <= (statement.end_lineno or last)
    return around or bool(getattr(statement, "decorator_list", ()))
