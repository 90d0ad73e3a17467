"""Which names a piece of code binds, reads and leaves by: what staging has to know of Python's scoping."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

N = TypeVar("N", bound=ast.AST)
Scope = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
Comprehension = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_CLOSED = (ast.Name, *Scope)
_TARGETS = (ast.Name, ast.Tuple, ast.List, ast.Starred)
# Fields that hold no nodes but kinds (contexts and operators), names and numbers.
_NO_NODES = frozenset("id attr arg asname rest ctx op ops kind type_comment level module conversion".split())


@cache
def _node_fields(kind: type[ast.AST]) -> tuple[str, ...]:
    """Return the fields in which nodes of a kind may have others."""
    return () if kind is ast.Constant else tuple(name for name in kind._fields if name not in _NO_NODES)


def children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes right below one, without those that are only a kind: contexts and operators."""
    found: list[ast.AST] = []
    kind: Any = type(node)
    for name in _node_fields(kind):
        child = getattr(node, name, None)
        if isinstance(child, ast.AST):
            found.append(child)
        elif isinstance(child, list):
            for part in child:
                if isinstance(part, ast.AST):
                    found.append(part)
    return found


def copied(tree: Any) -> Any:
    """Return a copy of a syntax tree, or of a list of them; what has no nodes below is shared."""
    kind: Any = type(tree)
    if kind is list:
        return [copied(part) for part in tree]
    fields = _node_fields(kind) if isinstance(tree, ast.AST) else ()
    if not fields:
        return tree
    new = kind.__new__(kind)
    attributes = vars(new)
    attributes.update(vars(tree))
    for name in fields:
        part = attributes.get(name)
        if part is not None:
            attributes[name] = copied(part)
    return new


def all_nodes(statements: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of some code."""
    pending = list(reversed(statements))
    while pending:
        node = pending.pop()
        yield node
        pending += reversed(children(node))


def at(new: N, place: ast.AST) -> N:
    """Give a node the place that another has in the user's file; none if that is not the user's, either."""
    given, known = vars(new), vars(place)
    if "lineno" in known:
        given["lineno"], given["col_offset"] = known["lineno"], known["col_offset"]
        given["end_lineno"], given["end_col_offset"] = known["end_lineno"], known["end_col_offset"]
    return new


def placed(module: ast.Module, unseen: str) -> ast.Module:
    """Give the parts of code that have no place in the user's file that of what is around them.

    Python gives a method call that spans lines the line where its name ends. Methods of the name `unseen` are
    no text of the user's: they end where they begin.
    """
    top = ast.Pass(lineno=1, col_offset=0, end_lineno=1, end_col_offset=0)
    pending: list[tuple[ast.AST, ast.AST]] = [(module, top)]
    while pending:
        node, around = pending.pop()
        if "lineno" in node._attributes:
            if not hasattr(node, "lineno"):
                at(node, around)
            around = node
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == unseen:
            node.end_lineno, node.end_col_offset = node.lineno, node.col_offset
        for child in children(node):
            pending.append((child, around))
    return module


def own_statements(statements: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield some statements and those inside of them, without those of nested functions, and targets.

    Only what can bind names, or hold such statements, is gone through: expressions bind none, as `:=` is
    refused.
    """
    pending = list(reversed(statements))
    while pending:
        node = pending.pop()
        if isinstance(node, ast.expr) and not _is_target(node):
            continue
        yield node
        if isinstance(node, ast.Assign):
            pending += reversed(node.targets)
        elif not isinstance(node, _CLOSED):
            pending += reversed(children(node))


def _is_target(node: ast.expr) -> bool:
    return isinstance(node, _TARGETS) and not isinstance(getattr(node, "ctx", None), ast.Load)


def bound_names(statements: Sequence[ast.AST]) -> list[str]:
    """Return the names that some code assigns, in order of first appearance."""
    names: dict[str, None] = {}
    for node in own_statements(statements):
        if isinstance(node, ast.Name):
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
