"""Calling compiled graphs from inside `@numba.njit` code; Numba is imported only here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numba
import numpy as np
from numba.core import types
from numba.core.errors import TypingError
from numba.extending import overload

from ..ir.dims import static
from ..ir.types import ArrayType
from .call_plan import ArrayLeaf, CallPlan, Form, Items, NumberLeaf, OutputLeaf, Parameter
from .compile import Compiled
from .interrupts import interruption
from .njit_source import NjitSource


def njit_function(compiled: Compiled, plan: CallPlan | None = None) -> Any:
    """Return a function for `@numba.njit` code that runs a compiled graph.

    Parameters
    ----------
    compiled
        The graph's code; the function keeps it alive.
    plan
        The containers of the arguments and of the result; without it one argument for each input, and
        a tuple of the outputs, or the only one alone.

    Returns
    -------
    numba.core.registry.CPUDispatcher
        It takes the arguments of the plan but those that are part of the code; lists and dicts as tuples of
        their items. Outputs of rank 0 are numbers. Another shape, or another value of a number that is
        part of the code, raises ValueError; a run that ends at a check raises the check's built-in
        exception; another dtype is a typing error.

    Raises
    ------
    UnsupportedError
        If Numba code cannot give the result.
    """
    source = NjitSource(compiled, _flat(compiled) if plan is None else plan)
    lines = source.lines()
    scope: dict[str, Any] = {"np": np, "numba": numba, "entry": _external(compiled), **source.objects}
    scope["end_interrupted"] = _end_interrupted
    for k, (type, label) in enumerate(source.natives):
        scope[f"native{k}"] = _native(type, label)
    exec(compile("\n    ".join(lines), f"<njit {compiled.graph.name}>", "exec"), scope)
    function: Any = numba.njit(scope["run"])
    function.compiled = compiled
    function.kept = source.kept
    return function


def _external(compiled: Compiled) -> Any:
    return types.ExternalFunction(compiled.symbol, types.int64(types.uintp))


def _flat(compiled: Compiled) -> CallPlan:
    """The plan of a function of arrays and numbers."""
    leaves = [ArrayLeaf(t, True) if t.shape else NumberLeaf(t.dtype, False) for t in compiled.input_types]
    forms = [Form.ARRAY if t.shape else Form.NUMPY_NUMBER for t in compiled.output_types]
    outputs = tuple(map(OutputLeaf, range(len(forms))))
    return CallPlan(
        tuple(Parameter(leaf, None) for leaf in leaves),
        len(leaves),
        (),
        (),
        tuple(forms),
        outputs[0] if len(outputs) == 1 else Items(tuple, outputs),
    )


def _end_interrupted(recorded: int) -> NoReturn:
    raise interruption(recorded)


def _native(type: ArrayType, label: str) -> Callable[[Any], Any]:
    """A function that turns one argument into a contiguous array of the right type, or refuses it."""
    shape, dtype = static(type.shape), type.dtype.numpy
    element = numba.from_dtype(dtype)
    message = f"{label} has another shape than {list(shape)}, which this code was compiled for"

    def native(x: Any) -> Any:
        raise NotImplementedError("for compiled code only")

    def of_array(x: Any) -> Any:
        if x.shape != shape:
            raise ValueError(message)
        return np.ascontiguousarray(x)

    def of_scalar_array(x: Any) -> Any:
        found = np.empty(1, dtype)
        found[0] = x[()]
        return found

    def of_number(x: Any) -> Any:
        found = np.empty(1, dtype)
        found[0] = x
        return found

    @overload(native, inline="never")
    def _choose(x: Any) -> Any:
        if isinstance(x, types.Array) and x.dtype == element and x.ndim == len(shape):
            return of_array if shape else of_scalar_array
        if not shape and isinstance(x, types.Number | types.Boolean) and _fits(x, element):
            return of_number
        raise TypingError(f"{label} is {x}; this code was compiled for {type}")

    return native


def _fits(given: Any, element: Any) -> bool:
    """Tell whether a number converts to the element type: one of the same or a lower kind does."""
    rank = {types.Boolean: 0, types.Integer: 1, types.Float: 2}
    kinds = [next((r for t, r in rank.items() if isinstance(x, t)), 3) for x in (given, element)]
    return kinds[0] <= kinds[1] < 3
