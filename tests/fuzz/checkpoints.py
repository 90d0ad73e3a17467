"""Programs whose loops are checkpointed: nothing else about them changes."""

from __future__ import annotations

import ast
import random

from .program import Program

_MARK = ast.parse("gr.checkpointed", mode="eval").body


class _Marking(ast.NodeTransformer):
    def __init__(self, choice: random.Random) -> None:
        self.choice = choice

    def visit_For(self, node: ast.For) -> ast.For:
        self.generic_visit(node)
        node.iter = self._marked(node.iter)
        return node

    def visit_While(self, node: ast.While) -> ast.While:
        self.generic_visit(node)
        node.test = self._marked(node.test)
        return node

    def _marked(self, content: ast.expr) -> ast.expr:
        if self.choice.random() < 0.2:
            return content
        slots = ast.Constant(self.choice.choice((None, 1, 2, 2, 3, 4)))
        return ast.Call(_MARK, [content, slots], [])


def checkpointed(program: Program) -> Program:
    """Return a program with most of its loops marked, in few slots."""
    tree = _Marking(random.Random(program.seed)).visit(ast.parse(program.source))
    source = ast.unparse(ast.fix_missing_locations(tree))
    return program.with_source(f"import gradir as gr\n\n{source}\n")
