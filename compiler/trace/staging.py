"""Rewriting a function so that its control flow, calls, reads and stores go through the tracer.

The tree keeps the user's line numbers. What the rewritten code calls (`__gradir__.call`, `.if_`,
`.for_` ...) is in `staged.py`; nothing here runs user code.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import CellType, CodeType, FunctionType
from typing import Any

from ..errors import UnsupportedError
from ..ir.graph import Loc
from .scopes import (
    bound_names,
    falls_through,
    leaves_loop,
    own_nodes,
    parameter_names,
    reads,
    returns,
)
from .source import FunctionNode, function_node

RUNTIME = "__gradir__"
_MAX_COPIES = 64  # of the statements behind `if`s that may return or go on
_OPERATORS = {
    ast.Add: "iadd", ast.Sub: "isub", ast.Mult: "imul", ast.Div: "itruediv", ast.FloorDiv: "ifloordiv",
    ast.Mod: "imod", ast.Pow: "ipow", ast.MatMult: "imatmul", ast.BitAnd: "iand", ast.BitOr: "ior",
    ast.BitXor: "ixor", ast.LShift: "ilshift", ast.RShift: "irshift",
}  # fmt: skip
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
    node = copy.deepcopy(function_node(code))
    _refuse(node, filename)
    module = _Stager(code, node).module(node)
    factory = _inner_codes(compile(module, filename, "exec", dont_inherit=True))[0]
    staged = _inner_codes(factory)[0]
    found, pending = set(), [staged]
    while pending:
        inner = _inner_codes(pending.pop())
        found.update(inner)
        pending.extend(inner)
    return StagedCode(staged, frozenset(found))


def _inner_codes(code: CodeType) -> list[CodeType]:
    return [c for c in code.co_consts if isinstance(c, CodeType)]


def _refuse(function: FunctionNode, filename: str) -> None:
    for node in ast.walk(function):
        what = _REFUSED.get(type(node))
        if what is not None:
            line = getattr(node, "lineno", function.lineno)
            raise UnsupportedError(
                f"{what} is not supported in a function that gradir traces; move it outside",
                loc=Loc(filename, line, getattr(function, "name", "")),
            )


def _name(identifier: str) -> ast.Name:
    return ast.Name(identifier, ast.Load())


def _runtime(method: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(_name(RUNTIME), method, ast.Load()), list(args), [])


def _thunk(body: ast.expr) -> ast.Lambda:
    empty = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    return ast.Lambda(empty, body)


def _names_tuple(names: Sequence[str], context: ast.expr_context) -> ast.Tuple:
    return ast.Tuple([ast.Name(n, context) for n in names], context)


class _Stager(ast.NodeTransformer):
    """Rewrites one function and the functions inside it."""

    def __init__(self, code: CodeType, node: FunctionNode) -> None:
        self.filename = code.co_filename
        self.node = node
        self.scopes: list[set[str]] = []  # the local names of the functions around, from the outside
        self.unbound: list[set[str]] = []  # of those, the ones that control flow may leave without a value
        self.reads: list[Any] = []
        self.count = 0
        self.receivers: list[str] = []  # the first parameter of each function around: `super()` needs it
        self.at_end = False  # the statement being visited is the last that its function runs
        self.copies = 1  # how often the current statements stand in the result
        parts = code.co_qualname.split(".")
        self.owner = parts[-2] if len(parts) > 1 and parts[-2] != "<locals>" else ""  # mangles self.__name
        self.free = list(code.co_freevars)

    def module(self, node: FunctionNode) -> ast.Module:
        """Wrap the rewritten function in a factory that makes its free variables free again."""
        function = self.function(node)
        arguments = function.args  # the function's own defaults are kept: see `stage`
        arguments.defaults = [ast.Constant(None) for _ in arguments.defaults]
        arguments.kw_defaults = [d and ast.Constant(None) for d in arguments.kw_defaults]
        name = getattr(function, "name", "")
        if name and name not in (*self.free, *parameter_names(arguments), *bound_names(function.body)):
            # The function's own name is a global, and must not become the factory's local.
            function.body.insert(0, ast.Global([name]))
        names = [*self.free, RUNTIME]
        parameters = ast.arguments([], [ast.arg(n) for n in names], None, [], [], None, [])
        inner: list[ast.stmt]
        if isinstance(function, ast.Lambda):
            inner = [ast.Return(function)]
        else:
            inner = [function, ast.Return(_name(function.name))]
        factory = ast.FunctionDef("__gradir_factory__", parameters, inner, [], None, None)
        module = ast.fix_missing_locations(ast.copy_location(ast.Module([factory], []), node))
        for attribute in ast.walk(module):
            # Python gives a method call that spans lines the line where its name ends; ours has no text.
            if isinstance(attribute, ast.Attribute) and getattr(attribute.value, "id", "") == RUNTIME:
                for part in (attribute, attribute.value):
                    part.end_lineno, part.end_col_offset = part.lineno, part.col_offset
        return module

    # Functions

    def function(self, node: Any) -> Any:
        """Rewrite a def or a lambda in a scope of its own."""
        body: list[ast.stmt] = (
            [ast.copy_location(ast.Return(node.body), node.body)]
            if isinstance(node, ast.Lambda)
            else node.body
        )
        parameters = parameter_names(node.args)
        local = bound_names(body)
        unbound = self._control_flow_names(body) - set(parameters)
        self.scopes.append({*parameters, *local})
        self.unbound.append({*self._control_flow_names(body)})
        self.reads.append(reads(body))
        self.receivers.append(next(iter(parameters), ""))
        for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
            argument.annotation = None
        for extra in (node.args.vararg, node.args.kwarg):
            if extra is not None:
                extra.annotation = None
        if isinstance(node, ast.Lambda):
            node.body = self.visit(node.body)
        else:
            start = [
                ast.Assign(
                    [ast.Name(n, ast.Store())], _runtime("undefined", ast.Constant(n)), lineno=node.lineno
                )
                for n in sorted(unbound)
            ]
            copies, self.copies = self.copies, 1
            node.body = [*start, *self.block(node.body, tail=True)] or [ast.Pass()]
            self.copies = copies
            node.decorator_list, node.returns = [], None
        self.scopes.pop()
        self.unbound.pop()
        self.reads.pop()
        self.receivers.pop()
        return node

    @staticmethod
    def _control_flow_names(body: Sequence[ast.stmt]) -> set[str]:
        """The names that may have no value at some point: those assigned under control flow."""
        if any(isinstance(node, ast.If) and returns([node]) for node in own_nodes(body)):
            return set(bound_names(body))  # what follows such an `if` moves into its branches
        names: set[str] = set()
        for node in own_nodes(body):
            if isinstance(node, (ast.For, ast.While, ast.If)):
                names.update(bound_names([node]))
        return names

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        decorators = [self.visit(d) for d in node.decorator_list]
        defaults = [self.visit(d) for d in node.args.defaults]
        kw_defaults = [d and self.visit(d) for d in node.args.kw_defaults]
        function = self.function(node)
        function.args.defaults, function.args.kw_defaults = defaults, kw_defaults
        function.decorator_list = decorators
        return function

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        defaults = [self.visit(d) for d in node.args.defaults]
        kw_defaults = [d and self.visit(d) for d in node.args.kw_defaults]
        function = self.function(node)
        function.args.defaults, function.args.kw_defaults = defaults, kw_defaults
        return function

    def _comprehension(self, node: Any) -> Any:
        targets = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        first = _runtime("elements", self.visit(node.generators[0].iter))  # outside of the comprehension's scope
        self.scopes.append(targets)
        self.unbound.append(set())
        for generator in node.generators[1:]:
            generator.iter = _runtime("elements", self.visit(generator.iter))
        for generator in node.generators:
            generator.ifs = [self.visit(test) for test in generator.ifs]
        for part in ("elt", "key", "value"):
            if hasattr(node, part):
                setattr(node, part, self.visit(getattr(node, part)))
        node.generators[0].iter = first
        self.scopes.pop()
        self.unbound.pop()
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    # Statements

    def block(self, statements: Sequence[ast.stmt], *, tail: bool = False) -> list[ast.stmt]:
        """Rewrite a list of statements; `tail` says that the function ends where they end.

        There, what follows an `if` that may return moves into its branches. Elsewhere (in a loop, say)
        more of the function would have to follow, so such an `if` stays Python's.
        """
        result: list[ast.stmt] = []
        for k, statement in enumerate(statements):
            if tail and isinstance(statement, ast.If) and returns([statement]) and self._rejoins(statement):
                result += self._returning_if(statement, list(statements[k + 1 :]))
                return result
            result += self._statement(statement, at_end=tail and k == len(statements) - 1)
        return result

    @staticmethod
    def _rejoins(statement: ast.If) -> bool:
        """Tell whether the only ways out of an `if` are its end and returns outside of loops."""
        leaving = (ast.Break, ast.Continue)
        nodes = list(own_nodes([statement]))
        loops = [n for n in nodes if isinstance(n, (ast.For, ast.While))]
        return not any(isinstance(n, leaving) for n in nodes) and not any(
            returns(loop.body) for loop in loops
        )

    def _statement(self, node: ast.stmt, *, at_end: bool = False) -> list[ast.stmt]:
        self.at_end = at_end
        new = self.visit(node)
        statements = new if isinstance(new, list) else [new]
        for s in statements:
            ast.copy_location(s, node)
            ast.fix_missing_locations(s)
        return statements

    def _function_of(
        self, prefix: str, names: Sequence[str], body: list[ast.stmt], args: Sequence[str] = ()
    ) -> ast.stmt:
        """A local function around rewritten statements, that assigns `names` in this function's scope."""
        outer: list[ast.stmt] = [ast.Nonlocal(list(names))] if names else []
        parameters = ast.arguments([], [ast.arg(a) for a in args], None, [], [], None, [])
        return ast.FunctionDef(prefix, parameters, [*outer, *body] or [ast.Pass()], [], None, None)

    def _state(self, names: Sequence[str], suffix: str) -> tuple[list[ast.stmt], list[ast.expr]]:
        """Functions that read and set the variables which some control flow may change."""
        get = self._function_of(f"__gradir_get_{suffix}", [], [ast.Return(_names_tuple(names, ast.Load()))])
        state = "__gradir_state"
        assign: list[ast.stmt] = (
            [ast.Assign([_names_tuple(names, ast.Store())], _name(state))] if names else []
        )
        put = self._function_of(f"__gradir_set_{suffix}", names, assign or [ast.Pass()], [state])
        constants = ast.Tuple([ast.Constant(n) for n in names], ast.Load())
        return [get, put], [_name(f"__gradir_get_{suffix}"), _name(f"__gradir_set_{suffix}"), constants]

    def _suffix(self) -> str:
        self.count += 1
        return str(self.count)

    def _returning_if(self, node: ast.If, rest: list[ast.stmt]) -> list[ast.stmt]:
        then = [*node.body, *(rest if falls_through(node.body) else [])]
        otherwise = [*node.orelse, *(copy.deepcopy(rest) if falls_through(node.orelse) else [])]
        doubled = bool(rest) and falls_through(node.body) and falls_through(node.orelse)
        self.copies <<= doubled
        if self.copies > _MAX_COPIES:
            raise UnsupportedError(
                "too many `if`s that may return or go on, one after the other: assign the result to a variable"
                " and return it at the end",
                loc=Loc(self.filename, node.lineno, getattr(self.node, "name", "")),
            )
        names = bound_names([*then, *otherwise])
        suffix = self._suffix()
        test = self.visit(node.test)
        state, arguments = self._state(names, suffix)
        functions = [
            self._function_of(f"__gradir_{side}_{suffix}", names, self.block(body, tail=True))
            for side, body in (("then", copy.deepcopy(then)), ("else", otherwise))
        ]
        self.copies >>= doubled
        branches = [_name(f"__gradir_then_{suffix}"), _name(f"__gradir_else_{suffix}")]
        leave = ast.Return(_runtime("if_return", test, *branches, *arguments))
        return [self._placed(s, node) for s in [*state, *functions, leave]]

    @staticmethod
    def _placed(statement: ast.stmt, at: ast.stmt) -> ast.stmt:
        return ast.fix_missing_locations(ast.copy_location(statement, at))

    def visit_If(self, node: ast.If) -> Any:
        leaving, tail = leaves_loop([*node.body, *node.orelse]), self.at_end
        if leaving is not None:  # stays a Python `if`: it takes part in an unrolled loop
            what = type(leaving).__name__.lower()
            node.test = _runtime("concrete", self.visit(node.test), ast.Constant(what))
            node.body, node.orelse = self.block(node.body, tail=tail), self.block(node.orelse, tail=tail)
            return node
        names = bound_names([*node.body, *node.orelse])
        suffix = self._suffix()
        test = self.visit(node.test)
        state, arguments = self._state(names, suffix)
        then = self._function_of(f"__gradir_then_{suffix}", names, self.block(node.body))
        otherwise = self._function_of(f"__gradir_else_{suffix}", names, self.block(node.orelse))
        call = _runtime(
            "if_", test, _name(f"__gradir_then_{suffix}"), _name(f"__gradir_else_{suffix}"), *arguments
        )
        return [*state, then, otherwise, ast.Expr(call)]

    def visit_For(self, node: ast.For) -> Any:
        if leaves_loop(node.body) is not None:
            node.iter = _runtime("unrolled", self.visit(node.iter))
            node.body, node.orelse = self.block(node.body), self.block(node.orelse)
            node.body = [*self._item_target(node), *node.body]
            return node
        names = bound_names([node.target, *node.body])
        live = [self.reads[-1][n] > reads([node])[n] for n in names]
        suffix = self._suffix()
        iterable = self.visit(node.iter)
        state, arguments = self._state(names, suffix)
        item = ast.copy_location(ast.Assign([node.target], _name("__gradir_item")), node)
        body = self._function_of(
            f"__gradir_body_{suffix}",
            names,
            [*self._statement(item), *self.block(node.body)],
            ["__gradir_item"],
        )
        is_live = ast.Tuple([ast.Constant(x) for x in live], ast.Load())
        call = _runtime("for_", iterable, _name(f"__gradir_body_{suffix}"), *arguments, is_live)
        return [*state, body, ast.Expr(call), *self.block(node.orelse)]

    def _item_target(self, node: ast.For) -> list[ast.stmt]:
        """In a loop that stays Python's: store to targets other than names through the tracer."""
        plain = (ast.Name, ast.Tuple, ast.List, ast.Starred, ast.expr_context)
        if all(isinstance(n, plain) for n in ast.walk(node.target)):
            return []
        target, node.target = node.target, ast.Name("__gradir_item", ast.Store())
        return self._statement(ast.copy_location(ast.Assign([target], _name("__gradir_item")), node))

    def visit_While(self, node: ast.While) -> Any:
        node.test = _runtime("concrete", self.visit(node.test), ast.Constant("while"))
        node.body, node.orelse = self.block(node.body), self.block(node.orelse)
        return node

    def visit_With(self, node: ast.With) -> Any:
        tail = self.at_end
        for item in node.items:
            item.context_expr = _runtime("context", self.visit(item.context_expr))
        node.body = self.block(node.body, tail=tail)
        return node

    def visit_Match(self, node: ast.Match) -> Any:
        tail = self.at_end
        node.subject = _runtime("concrete_subject", self.visit(node.subject))
        for case in node.cases:
            case.guard = case.guard and _runtime("concrete", self.visit(case.guard), ast.Constant("match"))
            case.body = self.block(case.body, tail=tail)
        return node

    def visit_Assert(self, node: ast.Assert) -> Any:
        message = _thunk(self.visit(node.msg)) if node.msg is not None else ast.Constant(None)
        return ast.Expr(_runtime("assert_", self.visit(node.test), message))

    def visit_Raise(self, node: ast.Raise) -> Any:
        if node.exc is not None:
            node.exc = _runtime("raising", self.visit(node.exc))
            node.cause = node.cause and self.visit(node.cause)
        return node

    def visit_Assign(self, node: ast.Assign) -> Any:
        value = self.visit(node.value)
        after: list[ast.stmt] = []
        targets = [self._plain_target(t, after) for t in node.targets]
        return [ast.Assign(targets, value), *after]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is None:
            return ast.Pass()
        return self.visit_Assign(ast.copy_location(ast.Assign([node.target], node.value), node))

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
            after.append(ast.Assign([target], _name(name)))
        else:
            after.append(self._store(target, _name(name)))
        return ast.Name(name, ast.Store())

    def _store(self, target: Any, value: ast.expr) -> ast.stmt:
        container = self.visit(target.value)
        if isinstance(target, ast.Subscript):
            return ast.Expr(_runtime("set_item", container, self._index(target.slice), value))
        return ast.Expr(_runtime("set_attr", container, ast.Constant(self._mangled(target.attr)), value))

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        operator = ast.Constant(_OPERATORS[type(node.op)])
        value = self.visit(node.value)
        target = node.target
        if isinstance(target, ast.Name):
            read = self.visit(ast.copy_location(_name(target.id), target))
            return ast.Assign([target], _runtime("inplace", operator, read, value))
        # As in Python, the old value is read before the operand is computed, which may change it.
        suffix = self._suffix()
        owner, key, old = (f"__gradir_{part}_{suffix}" for part in ("owner", "key", "old"))
        is_item = isinstance(target, ast.Subscript)
        index = self._index(target.slice) if is_item else ast.Constant(self._mangled(target.attr))
        read, write = ("item", "set_item") if is_item else ("attr", "set_attr")
        return [
            ast.Assign([ast.Name(owner, ast.Store())], self.visit(target.value)),
            ast.Assign([ast.Name(key, ast.Store())], index),
            ast.Assign([ast.Name(old, ast.Store())], _runtime(read, _name(owner), _name(key))),
            ast.Expr(
                _runtime(
                    write, _name(owner), _name(key), _runtime("inplace", operator, _name(old), value)
                )
            ),
        ]

    def visit_Delete(self, node: ast.Delete) -> Any:
        if all(isinstance(t, ast.Name) for t in node.targets):
            return [
                ast.Assign([ast.Name(t.id, ast.Store())], _runtime("undefined", ast.Constant(t.id)))
                for t in node.targets
                if isinstance(t, ast.Name)
            ]
        raise UnsupportedError(
            "deleting items or attributes is not supported in a function that gradir traces",
            loc=Loc(self.filename, node.lineno),
        )

    # Expressions

    def visit_Name(self, node: ast.Name) -> Any:
        if not isinstance(node.ctx, ast.Load) or node.id == "super" or node.id.startswith("__gradir"):
            return node
        for local, unbound in zip(reversed(self.scopes), reversed(self.unbound), strict=True):
            if node.id in local:
                if node.id not in unbound:
                    return node
                return ast.copy_location(_runtime("local", node), node)
        return ast.copy_location(_runtime("outer", ast.Constant(node.id), node), node)

    def visit_Call(self, node: ast.Call) -> Any:
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            if not node.args and self.receivers[-1]:  # Python finds these only in the method's own code
                node.args = [_name("__class__"), _name(self.receivers[-1])]
            return node
        args = [self.visit(a) for a in node.args]
        keywords = [ast.keyword(k.arg, self.visit(k.value)) for k in node.keywords]
        return ast.copy_location(
            ast.Call(
                ast.Attribute(_name(RUNTIME), "call", ast.Load()), [self.visit(node.func), *args], keywords
            ),
            node,
        )

    def _mangled(self, attribute: str) -> str:
        private = attribute.startswith("__") and not attribute.endswith("__") and self.owner
        return f"_{self.owner.lstrip('_')}{attribute}" if private else attribute

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        new = _runtime("attr", self.visit(node.value), ast.Constant(self._mangled(node.attr)))
        return ast.copy_location(new, node)

    def _index(self, index: ast.expr) -> ast.expr:
        """An index expression, with slices as objects."""
        if isinstance(index, ast.Slice):
            parts = [
                self.visit(p) if p is not None else ast.Constant(None)
                for p in (index.lower, index.upper, index.step)
            ]
            return _runtime("slice", *parts)
        if isinstance(index, ast.Tuple):
            return ast.Tuple([self._index(e) for e in index.elts], ast.Load())
        return self.visit(index)  # type: ignore[no-any-return]

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        return ast.copy_location(_runtime("item", self.visit(node.value), self._index(node.slice)), node)

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        method = "and_" if isinstance(node.op, ast.And) else "or_"
        first, *rest = [self.visit(v) for v in node.values]
        return ast.copy_location(_runtime(method, first, *map(_thunk, rest)), node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not):
            return ast.copy_location(_runtime("not_", self.visit(node.operand)), node)
        return self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        parts = self.visit(node.test), _thunk(self.visit(node.body)), _thunk(self.visit(node.orelse))
        return ast.copy_location(_runtime("ifexp", *parts), node)

    def visit_Compare(self, node: ast.Compare) -> Any:
        if len(node.ops) == 1:
            return self.generic_visit(node)
        first, *others = [self.visit(v) for v in [node.left, *node.comparators]]
        links = [
            ast.Tuple([ast.Constant(type(op).__name__), _thunk(other)], ast.Load())
            for op, other in zip(node.ops, others, strict=True)
        ]
        return ast.copy_location(_runtime("chain", first, *links), node)
