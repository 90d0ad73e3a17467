"""Rewriting functions and statements: control flow and stores go through the runtime."""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from types import CodeType
from typing import Any

from ..errors import UnsupportedError
from ..ir.graph import Loc
from .exits import Exits, Loop, broken_name
from .rewrite_expressions import ExpressionRewriter
from .scopes import bound_names, falls_through, own_nodes, parameter_names, reads, returns
from .source import FunctionNode
from .syntax import name_, names_tuple, runtime, thunk

_MAX_COPIES = 64  # of the statements behind `if`s that may return or go on


class FunctionRewriter(ExpressionRewriter):
    """Rewrites one function and the functions inside it."""

    def __init__(self, code: CodeType, node: FunctionNode) -> None:
        super().__init__(code)
        self.filename = code.co_filename
        self.node = node
        self.reads: list[Any] = []
        self.count = 0
        self.at_end = False  # the statement being visited is the last that its function runs
        self.copies = 1  # how often the current statements stand in the result

    # Functions

    def function(self, node: Any) -> Any:
        """Rewrite a def or a lambda in a scope of its own."""
        body: list[ast.stmt] = (
            [ast.copy_location(ast.Return(node.body), node.body)]
            if isinstance(node, ast.Lambda)
            else Exits().block(node.body)
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
                    [ast.Name(n, ast.Store())], runtime("undefined", ast.Constant(n)), lineno=node.lineno
                )
                for n in sorted(unbound)
            ]
            copies, self.copies = self.copies, 1
            node.body = [*start, *self.block(body, tail=True)] or [ast.Pass()]
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

    # Statements

    def block(self, statements: Sequence[ast.stmt], *, tail: bool = False) -> list[ast.stmt]:
        """Rewrite a list of statements; `tail` says that the function ends where they end.

        There, what follows an `if` that may return moves into its branches. Elsewhere (in a `with`, say)
        more of the function would have to follow, so such an `if` stays Python's.
        """
        result: list[ast.stmt] = []
        for k, statement in enumerate(statements):
            if tail and isinstance(statement, ast.If) and returns([statement]):
                result += self._returning_if(statement, list(statements[k + 1 :]))
                return result
            if tail and isinstance(statement, ast.With) and returns([statement]):
                result += self._left_with(statement)
                return result + self.block([*statement.body, *statements[k + 1 :]], tail=True)
            result += self._statement(statement, at_end=tail and k == len(statements) - 1)
        return result

    def _left_with(self, node: ast.With) -> list[ast.stmt]:
        """A `with` that may be left by a return: its body is put behind it, as compiled code never warns."""
        managers = [runtime("context", self.visit(item.context_expr)) for item in node.items]
        return [self._placed(ast.Expr(manager), node) for manager in managers]

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
        get = self._function_of(f"__gradir_get_{suffix}", [], [ast.Return(names_tuple(names, ast.Load()))])
        state = "__gradir_state"
        assign: list[ast.stmt] = (
            [ast.Assign([names_tuple(names, ast.Store())], name_(state))] if names else []
        )
        put = self._function_of(f"__gradir_set_{suffix}", names, assign or [ast.Pass()], [state])
        constants = ast.Tuple([ast.Constant(n) for n in names], ast.Load())
        return [get, put], [name_(f"__gradir_get_{suffix}"), name_(f"__gradir_set_{suffix}"), constants]

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
                "too many `if`s that may return or go on, one after the other: assign the result to a"
                " variable and return it at the end",
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
        branches = [name_(f"__gradir_then_{suffix}"), name_(f"__gradir_else_{suffix}")]
        leave = ast.Return(runtime("if_", test, *branches, *arguments))
        return [self._placed(s, node) for s in [*state, *functions, leave]]

    @staticmethod
    def _placed(statement: ast.stmt, at: ast.stmt) -> ast.stmt:
        return ast.fix_missing_locations(ast.copy_location(statement, at))

    def visit_If(self, node: ast.If) -> Any:
        tail = self.at_end
        if returns([node]):  # in a `with` or a `match` that more statements follow
            node.test = runtime("concrete", self.visit(node.test), ast.Constant("return"))
            node.body, node.orelse = self.block(node.body, tail=tail), self.block(node.orelse, tail=tail)
            return node
        names = bound_names([*node.body, *node.orelse])
        suffix = self._suffix()
        test = self.visit(node.test)
        state, arguments = self._state(names, suffix)
        then = self._function_of(f"__gradir_then_{suffix}", names, self.block(node.body))
        otherwise = self._function_of(f"__gradir_else_{suffix}", names, self.block(node.orelse))
        call = runtime(
            "if_", test, name_(f"__gradir_then_{suffix}"), name_(f"__gradir_else_{suffix}"), *arguments
        )
        return [*state, then, otherwise, ast.Expr(call)]

    def visit_For(self, node: ast.For) -> Any:
        names = bound_names([node.target, *node.body])
        live = self._live(node, names)
        iterable = self.visit(node.iter)
        item = ast.copy_location(ast.Assign([node.target], name_("__gradir_item")), node)
        return self._loop(node, "for_", iterable, names, live, self._statement(item))

    def visit_While(self, node: ast.While) -> Any:
        names = bound_names(node.body)
        live = self._live(node, names)
        return self._loop(node, "while_", thunk(self.visit(node.test)), names, live, [])

    def _live(self, node: Loop, names: list[str]) -> ast.expr:
        """Tell of each name whether it is read outside of the loop."""
        return ast.Tuple([ast.Constant(self.reads[-1][n] > reads([node])[n]) for n in names], ast.Load())

    def _loop(
        self,
        node: Loop,
        method: str,
        header: ast.expr,
        names: list[str],
        live: ast.expr,
        start: list[ast.stmt],
    ) -> list[ast.stmt]:
        """Make a function of a loop's body, and call the runtime with it."""
        suffix = self._suffix()
        state, arguments = self._state(names, suffix)
        parameters = ["__gradir_item"] if start else []
        statements = [*start, *self.block(node.body, tail=True)]
        body = self._function_of(f"__gradir_body_{suffix}", names, statements, parameters)
        call = runtime(method, header, name_(f"__gradir_body_{suffix}"), *arguments, live)
        if broken := broken_name(node):
            return [*state, body, ast.Assign([ast.Name(broken, ast.Store())], call)]
        return [*state, body, ast.Expr(call)]

    def visit_With(self, node: ast.With) -> Any:
        tail = self.at_end
        for item in node.items:
            item.context_expr = runtime("context", self.visit(item.context_expr))
        node.body = self.block(node.body, tail=tail)
        return node

    def visit_Match(self, node: ast.Match) -> Any:
        tail = self.at_end
        node.subject = runtime("concrete_subject", self.visit(node.subject))
        for case in node.cases:
            case.guard = case.guard and runtime("concrete", self.visit(case.guard), ast.Constant("match"))
            case.body = self.block(case.body, tail=tail)
        return node

    def visit_Assert(self, node: ast.Assert) -> Any:
        message = thunk(self.shown(node.msg)) if node.msg is not None else ast.Constant(None)
        return ast.Expr(runtime("assert_", self.visit(node.test), message))

    def visit_Raise(self, node: ast.Raise) -> Any:
        if node.exc is not None:
            node.exc = runtime("raising", self.shown(node.exc))
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
            read = self.visit(ast.copy_location(name_(target.id), target))
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
            return [
                ast.Assign([ast.Name(t.id, ast.Store())], runtime("undefined", ast.Constant(t.id)))
                for t in node.targets
                if isinstance(t, ast.Name)
            ]
        raise UnsupportedError(
            "deleting items or attributes is not supported in a function that gradir traces",
            loc=Loc(self.filename, node.lineno),
        )
