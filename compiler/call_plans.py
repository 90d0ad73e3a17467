"""From a specialisation to the plan of an entry for calls of its kind."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from inspect import Parameter as Declared
from types import BuiltinFunctionType, FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np
import optree

from .arguments import Signature
from .ir.types import DType
from .reads import Read
from .runtime.call_plan import (
    REQUIRED,
    ArgumentLeaf,
    ArrayLeaf,
    CallPlan,
    Check,
    Form,
    Items,
    Mapping,
    NumberLeaf,
    ObjectLeaf,
    OutputLeaf,
    Parameter,
    SameKeys,
    SameObject,
    Tree,
)
from .trace.capture import Guard, same_keys, same_layout, same_object, same_value
from .trace.exact import exact_key
from .trace.function import Dynamic, classify

if TYPE_CHECKING:
    from .specialise import Specialisation
    from .trace.leaves import Kind

_MOST_PARTS = 256  # an entry of more takes longer to compile than it can win back
_CONTAINERS = (tuple, list, dict)
_CONTAINER_KINDS = (optree.PyTreeKind.TUPLE, optree.PyTreeKind.LIST, optree.PyTreeKind.DICT)
_PYTHON_NUMBERS = (DType.F64, DType.I64, DType.BOOL)
_UNCHANGING = (
    *(str, bytes, bool, complex, range, type(None), type(Ellipsis)),
    *(np.generic, np.ufunc, Enum, type, FunctionType, BuiltinFunctionType),
)


class _NoPlanError(Exception):
    """Some part of the call is left to Python."""


def call_plan(
    made: Specialisation, signature: Signature, leaves: Sequence[Any], structure: Any
) -> CallPlan | None:
    """Return how an entry takes calls like the one with these arguments; None where only Python can."""
    traced = made.traced
    parts = len(leaves) + len(traced.guards) + len(traced.captured) + len(made.rebuild.kinds)
    if parts > _MOST_PARTS:
        return None
    try:
        positional, named = _arguments(leaves, traced.fixed, structure)
        return CallPlan(
            _parameters(signature, positional, named),
            len(positional),
            (*_checks_of_values(leaves), *_checks(made)),
            tuple((_read(c.getter), ArrayLeaf(c.type, c.ordered)) for c in traced.captured),
            tuple(map(_form, made.rebuild.kinds)),
            _result(made, len(leaves)),
        )
    except _NoPlanError:
        return None


def _arguments(
    leaves: Sequence[Any], fixed: dict[int, int], structure: Any
) -> tuple[list[Tree], dict[str, Tree]]:
    """The trees of the positional arguments and of those by keyword."""
    rest = iter([_leaf(x, fixed.get(k)) for k, x in enumerate(leaves)])
    args, kwargs = structure.children()
    positional = [_tree(s, rest) for s in args.children()]
    return positional, {k: _tree(s, rest) for k, s in zip(kwargs.entries(), kwargs.children(), strict=True)}


def _leaf(x: Any, fixed: int | None) -> Tree:
    kind = classify(x)
    if not isinstance(kind, Dynamic):
        return ObjectLeaf(x)
    dtype = kind.kind.type.dtype
    if type(x) is np.ndarray and x.dtype is dtype.numpy:
        return ArrayLeaf(kind.kind.type, kind.ordered)
    if type(x) is dtype.numpy.type:
        return NumberLeaf(dtype, python=False)
    if type(x) in (float, int):
        return NumberLeaf(dtype, True, fixed)
    raise _NoPlanError


def _tree(structure: Any, leaves: Iterator[Tree]) -> Tree:
    if structure.is_leaf():
        return next(leaves)
    if not _is_container(structure):
        raise _NoPlanError
    items = tuple([_tree(s, leaves) for s in structure.children()])
    if structure.type is dict:
        return Mapping(tuple(structure.entries()), items)
    return Items(structure.type, items)


def _parameters(
    signature: Signature, positional: Sequence[Tree], named: dict[str, Tree]
) -> tuple[Parameter, ...]:
    declared = signature.signature.parameters if signature.signature is not None else {}
    if not declared or any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in declared.values()):
        if named:
            raise _NoPlanError
        return tuple(Parameter(tree, None) for tree in positional)
    found = [_parameter(signature, declared[n], t) for n, t in zip(signature.names, positional, strict=False)]
    return (*found, *(_parameter(signature, declared[n], t) for n, t in named.items()))


def _parameter(signature: Signature, declared: Declared, tree: Tree) -> Parameter:
    name = None if declared.kind is Declared.POSITIONAL_ONLY else sys.intern(declared.name)
    has_default = signature.fills_defaults and declared.default is not Declared.empty
    return Parameter(tree, name, declared.default if has_default else REQUIRED)


def _checks_of_values(leaves: Sequence[Any]) -> Iterator[Check]:
    """Static leaves are the very objects; of those that count as values, the value must be the same, too."""
    for x in leaves:
        if not isinstance(classify(x), Dynamic) and not isinstance(x, _UNCHANGING):
            key = exact_key(x)
            if key is not None:
                yield _is_still(x, key)


def _is_still(x: Any, key: Any) -> Callable[[], bool]:
    return lambda: bool(exact_key(x) == key)


def _checks(made: Specialisation) -> Iterator[Check]:
    passed = {id(c.getter) for c in made.traced.captured}
    for guard in made.traced.guards:
        if guard.holds is not same_layout or id(guard.getter) not in passed:  # those are looked at anyway
            yield _check(guard)


def _check(guard: Guard) -> Check:
    if not isinstance(guard.getter, Read):
        return guard.check
    if guard.holds is same_object:
        return SameObject(guard.getter, guard.expected, None)
    if guard.holds is same_value:
        return SameObject(guard.getter, guard.expected, guard.check)
    if guard.holds is same_keys and guard.expected[0] in _CONTAINERS:
        kind, keys = guard.expected
        return SameKeys(guard.getter, kind, keys)
    return guard.check


def _read(getter: Any) -> Read:
    if not isinstance(getter, Read):
        raise _NoPlanError
    return getter


def _form(kind: Kind) -> Form:
    if kind.array:
        return Form.ARRAY
    if not kind.weak:
        return Form.NUMPY_NUMBER
    if kind.type.dtype not in _PYTHON_NUMBERS:
        raise _NoPlanError
    return Form.PYTHON_NUMBER


def _result(made: Specialisation, leaves: int) -> Tree:
    """Put marks for outputs and argument leaves through what makes the result."""
    if not all(map(_is_plain, made.rebuild.structures)):
        raise _NoPlanError
    outputs = [OutputLeaf(k) for k in range(len(made.rebuild.kinds))]
    return _marked(made.rebuild.contain(outputs, [ArgumentLeaf(k) for k in range(leaves)]))


def _is_plain(structure: Any) -> bool:
    return structure.is_leaf() or (_is_container(structure) and all(map(_is_plain, structure.children())))


def _is_container(structure: Any) -> bool:
    if structure.kind is optree.PyTreeKind.NAMEDTUPLE:
        # A class that derives from one may want other things than marks.
        return bool(structure.type.__mro__[1:] == (tuple, object))
    return structure.kind in _CONTAINER_KINDS


def _marked(x: Any) -> Tree:
    if type(x) is dict:
        return Mapping(tuple(x), tuple(map(_marked, x.values())))
    if isinstance(x, (tuple, list)):
        return Items(type(x), tuple(map(_marked, x)))
    return x if isinstance(x, (OutputLeaf, ArgumentLeaf)) else ObjectLeaf(x)
