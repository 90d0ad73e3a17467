"""Containers taken apart and put together again: optree's pytrees, but dicts keep the order of their keys.

That order is part of what a program computes (`for key in d`), so it is part of the structure: two dicts
with the same keys in another order differ in it.
"""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from typing import Any

import optree

_NAMESPACE = "gradir"
_order = ExitStack()
_order.enter_context(optree.dict_insertion_ordered(True, namespace=_NAMESPACE))
atexit.register(_order.close)

rebuild = optree.tree_unflatten


def flatten(tree: Any) -> tuple[list[Any], Any]:
    """Return the leaves, None among them, and the structure."""
    return optree.tree_flatten(tree, none_is_leaf=True, namespace=_NAMESPACE)


def structure_of(tree: Any) -> Any:
    return optree.tree_structure(tree, none_is_leaf=True, namespace=_NAMESPACE)


def is_leaf(x: Any) -> bool:
    return optree.tree_is_leaf(x, none_is_leaf=True, namespace=_NAMESPACE)


def labels_of(tree: Any, name: str) -> list[str]:
    """Return each leaf in the words of Python: `name['W'][0]`, or the name itself."""
    paths = optree.tree_accessors(tree, none_is_leaf=True, namespace=_NAMESPACE)
    return [path.codify(name) if len(path) else name for path in paths]


def leaves_like(structure: Any, tree: Any) -> list[Any] | None:
    """Return the leaves in the order of `structure`, whatever that of the dicts; None if it does not fit."""
    leaves, found = flatten(tree)
    if found == structure:
        return leaves
    try:
        parts: list[Any] = structure.flatten_up_to(tree)
    except (TypeError, ValueError):
        return None
    return parts if all(map(is_leaf, parts)) else None


def shown(structure: Any) -> str:
    """Return a structure as text, with a star for each leaf."""
    text = str(structure).removeprefix("PyTreeSpec(").removesuffix(")")
    return text.removesuffix(f", namespace='{_NAMESPACE}'").removesuffix(", NoneIsLeaf")
