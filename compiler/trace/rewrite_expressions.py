"""Rewriting expressions: names, calls, attributes, items, operators and conditions go through the runtime."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any

from .scopes import at
from .syntax import RUNTIME, name_, runtime, thunk


class _Inlined(set[str]):
    """The names of a comprehension that Python runs as a part of the function around it."""


class ExpressionRewriter(ast.NodeTransformer):
    """Rewrites the expressions of one function; what a lambda is is left to `function`."""

    function: Callable[[Any], Any]

    def __init__(self, code: CodeType) -> None:
        self.scopes: list[set[str]] = []  # the local names of the functions around, from the outside
        self.unbound: list[set[str]] = []  # of those, the ones that control flow may leave without a value
        self.receivers: list[str] = []  # the first parameter of each function around: `super()` needs it
        self.only_shown = False  # the text of values is for people: in print, messages of errors
        parts = code.co_qualname.split(".")
        self.owner = parts[-2] if len(parts) > 1 and parts[-2] != "<locals>" else ""  # mangles self.__name

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        defaults = [self.visit(d) for d in node.args.defaults]
        kw_defaults = [d and self.visit(d) for d in node.args.kw_defaults]
        function = self.function(node)
        function.args.defaults, function.args.kw_defaults = defaults, kw_defaults
        return function

    def _comprehension(self, node: Any) -> Any:
        targets = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        # The first iterable belongs to the scope outside.
        first = self.visit(node.generators[0].iter)
        inlined = sys.version_info >= (3, 12) and not isinstance(node, ast.GeneratorExp)
        self.scopes.append(_Inlined(targets) if inlined else targets)
        self.unbound.append(set())
        for generator in node.generators[1:]:
            generator.iter = runtime("elements", self.visit(generator.iter))
        for generator in node.generators:
            generator.ifs = [runtime("picks", self.visit(test)) for test in generator.ifs]
        for part in ("elt", "key", "value"):
            if hasattr(node, part):
                setattr(node, part, self.visit(getattr(node, part)))
        self.scopes.pop()
        self.unbound.pop()
        if isinstance(node, ast.GeneratorExp):
            return self._generator(node, first)
        node.generators[0].iter = runtime("elements", first)
        return at(runtime("made", node), node)

    @staticmethod
    def _generator(node: ast.GeneratorExp, source: ast.expr) -> ast.expr:
        """A generator as a function of what it runs over: a loop may run it for one item only."""
        generator, *others = node.generators
        one_each = not others and not generator.ifs
        generator.iter = name_("__gradir_source")
        parameters = ast.arguments([], [ast.arg("__gradir_source")], None, [], [], None, [])
        return runtime("generator", ast.Lambda(parameters, node), source, ast.Constant(one_each))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_List(self, node: ast.List) -> Any:
        self.generic_visit(node)
        return at(runtime("made", node), node) if isinstance(node.ctx, ast.Load) else node

    def _display(self, node: ast.Dict | ast.Set) -> Any:
        self.generic_visit(node)
        return at(runtime("made", node), node)

    visit_Dict = visit_Set = _display

    def visit_Name(self, node: ast.Name) -> Any:
        if not isinstance(node.ctx, ast.Load) or node.id == "super" or node.id.startswith("__gradir"):
            return node
        free = False  # it is a variable of a function around
        for local, unbound in zip(reversed(self.scopes), reversed(self.unbound), strict=True):
            if node.id in local:
                if node.id not in unbound:
                    return node
                return at(runtime("free" if free else "local", node), node)
            free = free or not isinstance(local, _Inlined)
        return at(runtime("outer", ast.Constant(node.id), node), node)

    def visit_Call(self, node: ast.Call) -> Any:
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            if not node.args and self.receivers[-1]:  # Python finds these only in the method's own code
                node.args = [name_("__class__"), name_(self.receivers[-1])]
            return node
        is_print = isinstance(node.func, ast.Name) and node.func.id == "print"
        args = [self.shown(a) if is_print else self.visit(a) for a in node.args]
        keywords = [ast.keyword(k.arg, self.visit(k.value)) for k in node.keywords]
        return at(
            ast.Call(
                ast.Attribute(name_(RUNTIME), "call", ast.Load()), [self.visit(node.func), *args], keywords
            ),
            node,
        )

    def _mangled(self, attribute: str) -> str:
        private = attribute.startswith("__") and not attribute.endswith("__") and self.owner
        return f"_{self.owner.lstrip('_')}{attribute}" if private else attribute

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        new = runtime("attr", self.visit(node.value), ast.Constant(self._mangled(node.attr)))
        return at(new, node)

    def _index(self, index: ast.expr) -> ast.expr:
        """An index expression, with slices as objects."""
        if isinstance(index, ast.Slice):
            parts = [
                self.visit(p) if p is not None else ast.Constant(None)
                for p in (index.lower, index.upper, index.step)
            ]
            return runtime("slice", *parts)
        if isinstance(index, ast.Tuple):
            return ast.Tuple([self._index(e) for e in index.elts], ast.Load())
        return self.visit(index)  # type: ignore[no-any-return]

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        return at(runtime("item", self.visit(node.value), self._index(node.slice)), node)

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        method = "and_" if isinstance(node.op, ast.And) else "or_"
        first, *rest = [self.visit(v) for v in node.values]
        return at(runtime(method, first, *map(thunk, rest)), node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        operand = self.visit(node.operand)
        if isinstance(node.op, ast.Not):
            return at(runtime("not_", operand), node)
        name = ast.Constant(type(node.op).__name__)
        return at(runtime("unary", name, operand), node)

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        parts = ast.Constant(type(node.op).__name__), self.visit(node.left), self.visit(node.right)
        return at(runtime("binary", *parts), node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> Any:
        node.value = self.visit(node.value)
        if self.only_shown:
            node.value = runtime("shown", node.value)
        elif node.conversion != -1:
            node.value, node.conversion = runtime("text", ast.Constant(chr(node.conversion)), node.value), -1
        node.format_spec = node.format_spec and self.visit(node.format_spec)
        return node

    def shown(self, node: ast.expr) -> ast.expr:
        """Rewrite an expression whose text is only shown to people, at tracing."""
        before, self.only_shown = self.only_shown, True
        try:
            return self.visit(node)  # type: ignore[no-any-return]
        finally:
            self.only_shown = before

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        parts = self.visit(node.test), thunk(self.visit(node.body)), thunk(self.visit(node.orelse))
        return at(runtime("if_", *parts), node)

    def visit_Compare(self, node: ast.Compare) -> Any:
        if len(node.ops) == 1:
            parts = self.visit(node.left), self.visit(node.comparators[0])
            return at(runtime("compare", ast.Constant(type(node.ops[0]).__name__), *parts), node)
        first, *others = [self.visit(v) for v in [node.left, *node.comparators]]
        links = [
            ast.Tuple([ast.Constant(type(op).__name__), thunk(other)], ast.Load())
            for op, other in zip(node.ops, others, strict=True)
        ]
        return at(runtime("chain", first, *links), node)
