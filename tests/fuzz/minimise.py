"""Making a failing program small: statements go, expressions give way to their parts, while it fails."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator

Fails = Callable[[str], bool]


def minimise(source: str, fails: Fails, budget: int = 400) -> str:
    """Return a smaller source for which `fails` holds; `budget` bounds how often it is asked."""
    tree = ast.parse(source)
    tried = 0
    shrunk = True
    while shrunk:
        shrunk = False
        for candidate in _candidates(tree):
            tried += 1
            if tried > budget:
                return ast.unparse(tree)
            if fails(_text(candidate)):
                tree, shrunk = candidate, True
                break
    return _text(tree)


def _text(tree: ast.Module) -> str:
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _candidates(tree: ast.Module) -> Iterator[ast.Module]:
    """Yield smaller programs: without a statement, with a block in place of its owner, simpler ones."""
    for path, body in _bodies(tree):
        for k in reversed(range(len(body))):
            yield _with(tree, path, k, [])
            inner = [s for name in ("body", "orelse") for s in getattr(body[k], name, [])]
            if inner and not isinstance(body[k], ast.FunctionDef):
                yield _with(tree, path, k, inner)
    yield from _simpler(tree)


Path = tuple[tuple[str, int], ...]


def _bodies(tree: ast.AST, path: Path = ()) -> Iterator[tuple[Path, list[ast.stmt]]]:
    for name in ("body", "orelse"):
        body = getattr(tree, name, None)
        if isinstance(body, list) and body:
            yield (*path, (name, -1)), body
            for k, statement in enumerate(body):
                yield from _bodies(statement, (*path, (name, k)))


def _with(tree: ast.Module, path: Path, k: int, new: list[ast.stmt]) -> ast.Module:
    result = copy.deepcopy(tree)
    node: ast.AST = result
    for name, at in path[:-1]:
        node = getattr(node, name)[at]
    body = getattr(node, path[-1][0])
    body[k : k + 1] = copy.deepcopy(new)
    if not body and path[-1][0] == "body":
        body.append(ast.Pass())
    return result


def _simpler(tree: ast.Module) -> Iterator[ast.Module]:
    count = sum(isinstance(node, ast.expr) for node in ast.walk(tree))
    for k in range(count):
        node = [n for n in ast.walk(tree) if isinstance(n, ast.expr)][k]
        if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            continue
        parts = [n for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr)]
        for j in range(len(parts)):
            result = copy.deepcopy(tree)
            own = [n for n in ast.walk(result) if isinstance(n, ast.expr)][k]
            part = [n for n in ast.iter_child_nodes(own) if isinstance(n, ast.expr)][j]
            yield _Replace(own, part).visit(result)


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else super().visit(node)
