"""Rewriting functions and statements: control flow goes through the runtime."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import CodeType
from typing import Any

from ..errors import UnsupportedError
from ..ir.graph import Loc
from .exits import Exits, Loop, broken_name
from .liveness import Liveness, Names, unread
from .rewrite_assignments import AssignmentRewriter
from .scopes import (
    all_parameters,
    at,
    bound_names,
    copied,
    falls_through,
    own_statements,
    parameter_names,
    returns,
)
from .source import FunctionNode
from .syntax import name_, names_tuple, runtime, thunk

_MAX_COPIES = 64  # of the statements behind `if`s that may return or go on

_STEERING = (ast.For, ast.While, ast.If, ast.Delete)


class FunctionRewriter(AssignmentRewriter):
    """Rewrites one function and the functions inside it."""

    def __init__(self, code: CodeType, node: FunctionNode) -> None:
        super().__init__(code)
        self.node = node
        self.liveness: list[Liveness] = []  # of each function around
        self.ends: list[Names] = []  # of each, what is read behind the statements that are being visited
        self.at_end = False  # the statement being visited is the last that its function runs
        self.copies = 1  # how often the current statements stand in the result

    # Functions

    def function(self, node: Any) -> Any:
        """Rewrite a def or a lambda in a scope of its own."""
        for argument in all_parameters(node.args):
            argument.annotation = None
        if isinstance(node, ast.Lambda):
            with self._scope(node, [], set(), Liveness([])):
                node.body = self.visit(node.body)
            return node
        liveness = Liveness(node.body)
        body = Exits().block(node.body)
        unsure = self._control_flow_names(body)
        start = [
            ast.Assign([ast.Name(n, ast.Store())], runtime("undefined", ast.Constant(n)))
            for n in sorted(unsure.difference(parameter_names(node.args)))
        ]
        copies, self.copies = self.copies, 1
        with self._scope(node, bound_names(body), unsure, liveness):
            node.body = [*start, *self.block(body, tail=True)] or [ast.Pass()]
        self.copies = copies
        node.decorator_list, node.returns = [], None
        return node

    @contextmanager
    def _scope(self, node: Any, bound: Sequence[str], unsure: set[str], liveness: Liveness) -> Iterator[None]:
        """The scope of a function, while it is rewritten."""
        parameters = parameter_names(node.args)
        self.scopes.append({*parameters, *bound})
        self.unbound.append(unsure)
        self.liveness.append(liveness)
        self.ends.append(liveness.always)
        self.receivers.append(next(iter(parameters), ""))
        yield
        for stack in (self.scopes, self.unbound, self.liveness, self.ends, self.receivers):
            stack.pop()

    @staticmethod
    def _control_flow_names(body: Sequence[ast.stmt]) -> set[str]:
        """The names that may have no value at some point: those assigned under control flow, or deleted."""
        steering = [n for n in own_statements(body) if isinstance(n, _STEERING)]
        if any(isinstance(node, ast.If) and returns([node]) for node in steering):
            return set(bound_names(body))  # what follows such an `if` moves into its branches
        return {name for node in steering for name in bound_names([node])}

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
        return [at(ast.Expr(manager), node) for manager in managers]

    def _statement(self, node: ast.stmt, *, at_end: bool = False) -> list[ast.stmt]:
        self.at_end = at_end
        new = self.visit(node)
        statements = new if isinstance(new, list) else [new]
        return [at(s, node) for s in statements]

    def _function_of(
        self, prefix: str, names: Sequence[str], body: list[ast.stmt], args: Sequence[str] = ()
    ) -> ast.stmt:
        """A local function around rewritten statements, that assigns `names` in this function's scope."""
        outer: list[ast.stmt] = [ast.Nonlocal(list(names))] if names else []
        parameters = ast.arguments([], [ast.arg(a) for a in args], None, [], [], None, [])
        return ast.FunctionDef(prefix, parameters, [*outer, *body] or [ast.Pass()], [], None, None)

    def _state(
        self, names: Sequence[str], dead: Sequence[str], suffix: str
    ) -> tuple[list[ast.stmt], ast.expr]:
        """Functions that read and set the variables which some control flow may change, and what has them."""
        get = self._function_of(f"__gradir_get_{suffix}", [], [ast.Return(names_tuple(names, ast.Load()))])
        state = "__gradir_state"
        assign: list[ast.stmt] = (
            [ast.Assign([names_tuple(names, ast.Store())], name_(state))] if names else []
        )
        put = self._function_of(f"__gradir_set_{suffix}", names, assign or [ast.Pass()], [state])
        texts = [ast.Tuple([ast.Constant(n) for n in some], ast.Load()) for some in (names, dead)]
        functions = name_(f"__gradir_get_{suffix}"), name_(f"__gradir_set_{suffix}")
        return [get, put], runtime("state", *functions, *texts)

    def _returning_if(self, node: ast.If, rest: list[ast.stmt]) -> list[ast.stmt]:
        then = [*node.body, *(rest if falls_through(node.body) else [])]
        otherwise = [*node.orelse, *(copied(rest) if falls_through(node.orelse) else [])]
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
        functions, state = self._state(names, unread(names, self.ends[-1]), suffix)
        functions += [
            self._function_of(f"__gradir_{side}_{suffix}", names, self.block(body, tail=True))
            for side, body in (("then", copied(then)), ("else", otherwise))
        ]
        self.copies >>= doubled
        branches = [name_(f"__gradir_then_{suffix}"), name_(f"__gradir_else_{suffix}")]
        leave = ast.Return(runtime("if_", test, *branches, state))
        return [at(s, node) for s in [*functions, leave]]

    def visit_If(self, node: ast.If) -> Any:
        tail = self.at_end
        if returns([node]):  # in a `with` or a `match` that more statements follow
            node.test = runtime("concrete", self.visit(node.test), ast.Constant("return"))
            node.body, node.orelse = self.block(node.body, tail=tail), self.block(node.orelse, tail=tail)
            return node
        names = bound_names([*node.body, *node.orelse])
        suffix = self._suffix()
        test = self.visit(node.test)
        functions, state = self._state(names, self.liveness[-1].dead(names, node), suffix)
        then = self._function_of(f"__gradir_then_{suffix}", names, self.block(node.body))
        otherwise = self._function_of(f"__gradir_else_{suffix}", names, self.block(node.orelse))
        branches = name_(f"__gradir_then_{suffix}"), name_(f"__gradir_else_{suffix}")
        return [*functions, then, otherwise, ast.Expr(runtime("if_", test, *branches, state))]

    def visit_For(self, node: ast.For) -> Any:
        names = bound_names([node.target, *node.body])
        iterable = self.visit(node.iter)
        item = at(ast.Assign([node.target], name_("__gradir_item")), node)
        return self._loop(node, "for_", iterable, names, self._statement(item))

    def visit_While(self, node: ast.While) -> Any:
        return self._loop(node, "while_", thunk(self.visit(node.test)), bound_names(node.body), [])

    def _loop(
        self, node: Loop, method: str, header: ast.expr, names: list[str], start: list[ast.stmt]
    ) -> list[ast.stmt]:
        """Make a function of a loop's body, and call the runtime with it."""
        suffix = self._suffix()
        functions, state = self._state(names, self.liveness[-1].dead(names, node), suffix)
        parameters = ["__gradir_item"] if start else []
        self.ends.append(self.liveness[-1].turn(node))
        statements = [*start, *self.block(node.body, tail=True)]
        self.ends.pop()
        body = self._function_of(f"__gradir_body_{suffix}", names, statements, parameters)
        call = runtime(method, header, name_(f"__gradir_body_{suffix}"), state)
        if broken := broken_name(node):
            return [*functions, body, ast.Assign([ast.Name(broken, ast.Store())], call)]
        return [*functions, body, ast.Expr(call)]

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
