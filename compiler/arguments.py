"""A call's arguments as flat leaves with labels, and the key of the compiled code that fits them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .errors import GradientError, TraceError
from .trace import pytrees
from .trace.capture import PLAIN_ARRAYS
from .trace.exact import Same, exact_key
from .trace.function import Dynamic, Parameter, Static, classify
from .trace.tracer import Tracer


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

    @cached_property
    def fills_defaults(self) -> bool:
        """Whether defaults are passed as arguments: most of those of NumPy's own functions are mere marks."""
        return type(self.function).__module__ != "numpy"

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
        if self.fills_defaults:
            bound.apply_defaults()
        return bound.args, bound.kwargs

    def name(self, position: int) -> str:
        return self.names[position] if position < len(self.names) else f"argument {position}"


def flatten(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], Any]:
    """Return the leaves of the arguments, None among them, and their structure."""
    return pytrees.flatten((args, kwargs))


class TracedCall(Exception):
    """The call is made by a function that is being traced; `args[0]` is one of its tracers."""


def key_of(x: Any) -> Any:
    """Return what of an argument leaf the compiled code depends on; a tracer raises TracedCall."""
    kind = type(x)
    if kind is np.ndarray:
        return (x.dtype, x.shape, x.flags.c_contiguous)
    if kind is float or (kind is int and -(2**63) <= x < 2**63):
        return kind
    if isinstance(x, np.ndarray):
        return (kind, x.dtype, x.shape, x.flags.c_contiguous)
    if isinstance(x, np.generic):
        return (kind,)
    if isinstance(x, Tracer):
        raise TracedCall(x)
    return exact_key(x) or Same(x)


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
        labels += pytrees.labels_of(x, signature.name(k))
    for name, x in kwargs.items():
        labels += pytrees.labels_of(x, name)
    return labels


def check_positions(
    argnums: Sequence[int], count: int, name: str, option: str = "argnums"
) -> tuple[int, ...]:
    """Return `argnums` counted from 0; one out of range raises GradientError, which names the option."""
    for k in argnums:
        if not -count <= k < count:
            raise GradientError(f"{option}={k}, but '{name}' was called with {count} positional argument(s)")
    return tuple(k % count for k in argnums)


def differentiated(
    args: tuple[Any, ...], positions: Sequence[int], labels: Sequence[str], kinds: Sequence[Parameter]
) -> list[int]:
    """Return the indices of the leaves to differentiate by; one that is no float raises GradientError.

    Strings, None and the like inside a container are passed over.
    """
    starts = [0]
    for x in args:
        starts.append(starts[-1] + pytrees.structure_of(x).num_leaves)
    found: list[int] = []
    for position in positions:
        alone = pytrees.is_leaf(args[position])
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
