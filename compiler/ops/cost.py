"""What an element of an operation costs to compute, counted by emitting it on a machine that only counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..ir.graph import Node
from ..ir.operation import Elementwise, Op
from ..ir.types import DType


@dataclass(frozen=True, slots=True)
class _Counted:
    dtype: DType


_PRICES = {
    "divide": 4,
    "quotient": 10,
    "modulo": 10,
    "intrinsic": 2,
    "call": 20,
    "special": 100,
    "constant": 0,
}


class _Counter:
    """A Machine whose every operation adds its price."""

    def __init__(self) -> None:
        self.total = 0

    def __getattr__(self, name: str) -> Any:
        def operation(*args: Any) -> _Counted:
            self.total += _PRICES.get(name, 1)
            return _Counted(_result_dtype(name, args))

        return operation


def _result_dtype(name: str, args: tuple[Any, ...]) -> DType:
    if name == "compare":
        return DType.BOOL
    if name in ("convert", "select"):
        given = args[1]
        return given if isinstance(given, DType) else given.dtype
    if name == "constant":
        return args[0]  # type: ignore[no-any-return]
    if name == "special":
        return DType.F64
    return next(a.dtype for a in args if isinstance(a, _Counted))


@lru_cache(maxsize=4096)
def _price(op: Op, dtypes: tuple[DType, ...], attrs: tuple[tuple[str, Any], ...]) -> int:
    counter = _Counter()
    assert isinstance(op.lowering, Elementwise)
    given = {"attrs": dict(attrs)} if op.lowering.with_attrs else {}
    op.lowering.emit(counter, *map(_Counted, dtypes), **given)
    return counter.total


def element_cost(node: Node) -> int:
    """Roughly the arithmetic instructions for one element, its operands given; moving data costs 1."""
    if not isinstance(node.op.lowering, Elementwise):
        return 1
    attrs = tuple(sorted(node.attrs.items())) if node.op.lowering.with_attrs else ()
    return _price(node.op, tuple(o.dtype for o in node.operands), attrs)
