"""Which names a piece of code binds, reads and leaves by: what staging has to know of Python's scoping."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

Scope = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_PLACE = ("lineno", "col_offset", "end_lineno", "end_col_offset")
Comprehension = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes right below one, without those that are only a kind: contexts and operators."""
    found: list[ast.AST] = []
    for name in node._fields:
        child = getattr(node, name, None)
        if isinstance(child, list):
            found += [c for c in child if isinstance(c, ast.AST)]
        elif isinstance(child, ast.AST) and child._fields:
            found.append(child)
    return found


def copied(tree: Any) -> Any:
    """Return a copy of a syntax tree, or of a list of them; contexts and operators are shared."""
    if isinstance(tree, list):
        return [copied(part) for part in tree]
    if not isinstance(tree, ast.AST) or not (tree._fields or tree._attributes):
        return tree
    new = type(tree).__new__(type(tree))
    for name, part in vars(tree).items():
        setattr(new, name, copied(part) if isinstance(part, (ast.AST, list)) else part)
    return new


def all_nodes(statements: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of some code."""
    pending = list(reversed(statements))
    while pending:
        node = pending.pop()
        yield node
        pending += reversed(children(node))


def placed(statement: ast.stmt) -> ast.stmt:
    """Give the parts of a statement that have no place in the user's file that of what is around them."""
    pending: list[tuple[ast.AST, list[int]]] = [(statement, [1, 0, 1, 0])]
    while pending:
        node, around = pending.pop()
        if "lineno" in node._attributes:
            around = [_attribute(node, name, x) for name, x in zip(_PLACE, around, strict=True)]
        pending += [(child, around) for child in children(node)]
    return statement


def _attribute(node: ast.AST, name: str, otherwise: int) -> int:
    """An attribute of a node, which is given it where it has none."""
    found: int | None = getattr(node, name, None)
    if found is None:
        setattr(node, name, otherwise)
        return otherwise
    return found


def own_nodes(statements: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of some code without those inside of nested functions and comprehensions."""
    pending = list(reversed(statements))
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (*Scope, *Comprehension)):
            pending += reversed(children(node))


def bound_names(statements: Sequence[ast.AST]) -> list[str]:
    """Return the names that some code assigns, in order of first appearance."""
    names: dict[str, None] = {}
    for node in own_nodes(statements):
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            names[node.id] = None
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names[node.name] = None
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = None
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            names[node.name] = None
        elif isinstance(node, ast.MatchMapping) and node.rest:
            names[node.rest] = None
    return list(names)


def all_parameters(arguments: ast.arguments) -> list[ast.arg]:
    """Return all parameters, `*args` and `**kwargs` last."""
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return every + [a for a in (arguments.vararg, arguments.kwarg) if a is not None]


def parameter_names(arguments: ast.arguments) -> list[str]:
    """Return the names of all parameters."""
    return [a.arg for a in all_parameters(arguments)]


def leaves_loop(statements: Sequence[ast.AST]) -> ast.stmt | None:
    """Return a break or continue of the loop around some code (not of loops inside it), or a return."""
    pending: list[tuple[ast.AST, bool]] = [(s, False) for s in reversed(statements)]
    while pending:
        node, in_loop = pending.pop()
        if isinstance(node, ast.Return) or (isinstance(node, (ast.Break, ast.Continue)) and not in_loop):
            return node
        if isinstance(node, Scope):
            continue
        inside = node.body if isinstance(node, (ast.For, ast.While)) else []  # an `else` is not in the loop
        pending.extend((child, in_loop or child in inside) for child in reversed(children(node)))
    return None


def returns(statements: Sequence[ast.AST]) -> bool:
    """Tell whether some code contains a return that ends it; those in loops end the loop's body."""
    pending: list[ast.AST] = list(statements)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Return):
            return True
        if not isinstance(node, (*Scope, *Comprehension, ast.For, ast.While)):
            pending += children(node)
    return False


def falls_through(statements: Sequence[ast.stmt]) -> bool:
    """Tell whether control may reach the end of some code."""
    if not statements:
        return True
    last = statements[-1]
    if isinstance(last, (ast.Return, ast.Raise, ast.Break, ast.Continue)):
        return False
    if isinstance(last, ast.If):
        return falls_through(last.body) or falls_through(last.orelse)
    return True
