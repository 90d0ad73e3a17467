"""One form for what means the same: rules by operation, constants folded, trivial control flow removed."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.builder import Builder
from ..ir.graph import Graph, Node, Value
from ..ir.operation import OpTable
from ..ops import OPS
from .algebra import ALGEBRA, FLOAT_ARITHMETIC, TELLING
from .control_rules import check, check_index, simplify_if, simplify_loop
from .folding import fold, may_fold
from .movement import MOVEMENT_RULES
from .rewrite import Rewriter, rewrite
from .site import Rule, Site

RULES: dict[str, tuple[Rule, ...]] = {**ALGEBRA, **MOVEMENT_RULES, "check_index": (check_index,)}


def canonicalize(graph: Graph, ops: OpTable = OPS) -> Graph:
    """Return `graph` simplified by `RULES`, by constant folding and by what is known of control flow.

    One walk from the first node to the last; what a rule builds is simplified in turn.
    """
    assert ALGEBRA.keys().isdisjoint(MOVEMENT_RULES)
    return rewrite(graph, _visit, ops)


def _visit(walk: Rewriter, b: Builder, node: Node, operands: tuple[Value, ...]) -> Sequence[Value] | None:
    name = node.op.name
    if node.regions or name == "check":
        match name:
            case "if":
                return simplify_if(walk, b, node, operands)
            case "for" | "while":
                return simplify_loop(walk, b, node, operands)
            case "check":
                return check(walk, operands)
    if name in FLOAT_ARITHMETIC and _tells_nothing(walk, operands):
        return None
    rules = RULES.get(name, ())
    if may_fold(node, operands, walk.definition):
        rules = (fold, *rules)
    if not rules:
        return None
    site = Site(b, node, operands, walk.definition)
    for rule in rules:
        built = len(b.nodes)
        value = rule(site)
        if value is not None:
            return _simplified(walk, b, built, value)
        assert len(b.nodes) == built, f"a rule for {node.op.name} built nodes and gave no value"
    return None


def _tells_nothing(walk: Rewriter, operands: tuple[Value, ...]) -> bool:
    """Tell whether no rule of `FLOAT_ARITHMETIC` applies to these operands: so it is for most nodes."""
    definition = walk.definition
    for v in operands:
        node = definition.get(v)
        if node is not None and node.op.name in TELLING:
            return False
    return operands[0].dtype.is_float


def _simplified(walk: Rewriter, b: Builder, built: int, value: Value) -> Sequence[Value]:
    """Simplify in turn what a rule built for `value`: the nodes from place `built` on."""
    nodes = b.nodes[built:]
    del b.nodes[built:]
    walk.nodes(b, nodes)
    return walk.values((value,))
