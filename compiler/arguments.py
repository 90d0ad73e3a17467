"""A call's arguments as flat leaves with labels, and the key of the compiled code that fits them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
import optree

from .errors import GradientError, TraceError
from .trace.capture import PLAIN_ARRAYS
from .trace.function import Dynamic, Parameter, Static, classify
from .trace.tracer import Tracer

_FLATTEN = optree.tree_flatten
_VALUES = (str, bytes, bool, complex, type(None), range, slice, type(Ellipsis), frozenset)


@dataclass(frozen=True)
class Signature:
    """How the parameters of a function are called, and which are missing in a call."""

    function: Callable[..., Any]

    @cached_property
    def signature(self) -> inspect.Signature | None:
        try:
            return inspect.signature(self.function)
        except (TypeError, ValueError):
            return None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the positional parameters."""
        parameters = self.signature.parameters.values() if self.signature is not None else ()
        return tuple(p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))

    @cached_property
    def is_plain(self) -> bool:
        """Whether a call with all positional arguments needs no binding."""
        parameters = self.signature.parameters.values() if self.signature is not None else ()
        return all(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)

    def takes_all(self, args: tuple[Any, ...]) -> bool:
        """Tell whether these positional arguments are all that the function can be called with."""
        return self.is_plain and len(args) == len(self.names)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments with defaults filled in, positional where they can be; raises TypeError."""
        if not kwargs and self.takes_all(args):
            return args, kwargs
        if self.signature is None:
            return args, kwargs
        bound = self.signature.bind(*args, **kwargs)
        if type(self.function).__module__ != "numpy":  # most defaults of NumPy's own functions are mere marks
            bound.apply_defaults()
        return bound.args, bound.kwargs

    def name(self, position: int) -> str:
        return self.names[position] if position < len(self.names) else f"argument {position}"


def flatten(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], Any]:
    """Return the leaves of the arguments, None among them, and their structure."""
    tree: Any = (args, kwargs)
    leaves, structure = _FLATTEN(tree, none_is_leaf=True)
    return leaves, structure


class Same:
    """The key of an object that cannot be hashed: it is equal to itself only, and kept alive."""

    __slots__ = ("object",)

    def __init__(self, x: Any) -> None:
        self.object = x

    def __hash__(self) -> int:
        return id(self.object)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.object is self.object


class TracedCall(Exception):
    """The call is made by a function that is being traced; `args[0]` is one of its tracers."""


def key_of(x: Any) -> Any:
    """Return what of an argument leaf the compiled code depends on; a tracer raises TracedCall."""
    kind = type(x)
    if kind is np.ndarray:
        return (x.dtype, x.shape, x.flags.c_contiguous)
    if kind is float or kind is int:
        return kind
    if isinstance(x, np.ndarray):
        return (kind, x.dtype, x.shape, x.flags.c_contiguous)
    if isinstance(x, np.generic):
        return (kind,)
    if isinstance(x, Tracer):
        raise TracedCall(x)
    if kind in _VALUES or isinstance(x, Enum) or _is_frozen(kind):
        try:
            hash(x)
        except TypeError:
            return Same(x)
        return (kind, x)
    return Same(x)


def _is_frozen(kind: type) -> bool:
    """Tell whether objects of a class are values: those of frozen dataclasses."""
    parameters = getattr(kind, "__dataclass_params__", None)
    return parameters is not None and bool(parameters.frozen) and bool(parameters.eq)


def flat_key(args: tuple[Any, ...]) -> Any:
    """Return the key of arguments that are their own leaves, arrays and numbers; None if one is not.

    It spares the usual call the walk over its arguments, which takes longer than a small function.
    """
    keys: list[Any] = []
    for x in args:
        kind = type(x)
        if kind is np.ndarray:
            keys.append((x.dtype, x.shape, x.flags.c_contiguous))
        elif kind is float or kind is int:
            keys.append(kind)
        else:
            return None
    return tuple(keys)


def parameters(leaves: Sequence[Any], labels: Sequence[str]) -> list[Parameter]:
    """Return how each leaf is passed; arrays that gradir does not take raise an error that names them."""
    return [_parameter(x, label) for x, label in zip(leaves, labels, strict=True)]


def _parameter(x: Any, label: str) -> Parameter:
    if isinstance(x, np.ndarray) and type(x) not in PLAIN_ARRAYS:
        raise TraceError(f"argument '{label}' is a {type(x).__name__}; pass a plain numpy.ndarray")
    if isinstance(x, int) and not isinstance(x, (bool, np.generic)) and not -(2**63) <= x < 2**63:
        raise TraceError(f"argument '{label}' is {x}, which does not fit in a 64-bit integer")
    try:
        return classify(x)
    except KeyError:
        dtype = getattr(x, "dtype", None)
        is_real = dtype is not None and dtype.kind == "f"
        advice = f" (convert it: `{label}.astype(np.float64)`)" if is_real else ""
        raise TraceError(
            f"argument '{label}' has dtype {dtype}; gradir takes bool, integers, float32 and float64{advice}"
        ) from None


def labels_of(signature: Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    """Return each leaf in the user's words: `params['W1']`."""
    labels: list[str] = []
    for k, x in enumerate(args):
        labels += _labels(x, signature.name(k))
    for name in sorted(kwargs):  # the order in which optree flattens a dict
        labels += _labels(kwargs[name], name)
    return labels


def _labels(x: Any, name: str) -> list[str]:
    return [path.codify(name) if len(path) else name for path in optree.tree_accessors(x, none_is_leaf=True)]


def check_positions(argnums: Sequence[int], count: int, name: str) -> tuple[int, ...]:
    """Return `argnums` counted from 0; one out of range raises ValueError."""
    for k in argnums:
        if not -count <= k < count:
            raise GradientError(f"argnums={k}, but '{name}' was called with {count} positional argument(s)")
    return tuple(k % count for k in argnums)


def differentiated(
    args: tuple[Any, ...], positions: Sequence[int], labels: Sequence[str], kinds: Sequence[Parameter]
) -> list[int]:
    """Return the indices of the leaves to differentiate by; one that is no float raises GradientError.

    Strings, None and the like inside a container are passed over.
    """
    starts = [0]
    for x in args:
        starts.append(starts[-1] + optree.tree_structure(x, none_is_leaf=True).num_leaves)
    found: list[int] = []
    for position in positions:
        alone = optree.tree_is_leaf(args[position], none_is_leaf=True)
        for k in range(starts[position], starts[position + 1]):
            kind = kinds[k]
            if isinstance(kind, Dynamic) and kind.kind.type.dtype.is_float:
                found.append(k)
            elif isinstance(kind, Dynamic) or isinstance(kind.value, (bool, complex)) or alone:
                raise GradientError(_not_float(labels[k], kind))
    return found


def _not_float(label: str, kind: Parameter) -> str:
    what = type(kind.value).__name__ if isinstance(kind, Static) else kind.kind.type.dtype.numpy.name
    if isinstance(kind, Dynamic) and kind.kind.array:
        advice = f"pass floats (`{label}.astype(float)`)"
    else:
        advice = "pass a float (1.0 instead of 1)" if what.startswith("int") else "pass a float"
    return (
        f"cannot differentiate with respect to '{label}', which is {what}: {advice}"
        ", or choose other arguments with argnums"
    )
