"""Calling compiled graphs from inside `@numba.njit` code; Numba is imported only here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numba
import numpy as np
from numba.core import types
from numba.core.errors import TypingError
from numba.extending import overload

from ..errors import located
from ..ir.dims import static
from ..ir.types import ArrayType
from ..lower.kernels import Site
from ..lower.lower import INTERRUPT
from .compile import Compiled
from .interrupts import interruption


def njit_function(compiled: Compiled) -> Any:
    """Return a function for `@numba.njit` code that runs a compiled graph.

    Parameters
    ----------
    compiled
        The graph's code; the function keeps it alive.

    Returns
    -------
    numba.core.registry.CPUDispatcher
        It takes one array or number for each input and returns the outputs as a tuple, or the only
        one alone; outputs of rank 0 are numbers. Another shape raises ValueError; a run that ends at
        a check raises the check's built-in exception; another dtype is a typing error.
    """
    names = [f"x{k}" for k in range(len(compiled.input_types))]
    scope: dict[str, Any] = {"np": np, "numba": numba, "entry": _external(compiled)}
    scope["end_interrupted"] = _end_interrupted
    for name, type, label in zip(names, compiled.input_types, compiled.graph.inputs, strict=True):
        scope[f"native_{name}"] = _native(type, label)
    source = "\n    ".join(_lines(compiled, names))
    exec(compile(source, f"<njit {compiled.graph.name}>", "exec"), scope)
    function: Any = numba.njit(scope["run"])
    function.compiled = compiled
    return function


def _external(compiled: Compiled) -> Any:
    return types.ExternalFunction(compiled.symbol, types.int64(types.uintp))


def _lines(compiled: Compiled, names: list[str]) -> list[str]:
    """The Python source of the function: a table of addresses, one call, the errors, the results."""
    count = len(names) + len(compiled.output_types)
    lines = [f"def run({', '.join(names)}):"]
    lines += [f"a_{name} = native_{name}({name})" for name in names]
    lines.append(f"table = np.zeros({count + 1}, np.uint64)")
    results = []
    donors = {output: names[k] for k, output in compiled.kernels.donated.items()}
    for k, type in enumerate(compiled.output_types):
        shape = static(type.shape)
        new = f"np.empty({shape or (1,)}, np.{_numpy_name(type)})"
        lines.append(f"y{k} = a_{donors[k]}.copy()" if k in donors else f"y{k} = {new}")
        results.append(f"y{k}" if shape else f"y{k}[0]")
    arrays = [f"a_{name}" for name in names] + [f"y{k}" for k in range(len(compiled.output_types))]
    lines += [f"table[{k}] = {array}.ctypes.data" for k, array in enumerate(arrays)]
    lines += ["status = entry(table.ctypes.data)", "if status != 0:"]
    # Naming the arrays after the call keeps Numba from freeing them during it.
    lines += [f"    table[{k}] = {array}.size" for k, array in enumerate(arrays)]
    lines.append(f"    index = np.int64(table[{count}])")
    for k, site in enumerate(compiled.kernels.sites):
        lines.append(f"    if status == {k + 1}:")
        if site.exception == INTERRUPT:  # Numba's own `raise` takes no exception that is no Exception
            lines += ["        with numba.objmode():", "            end_interrupted(index)"]
        else:
            lines.append(f"        raise {_raised(site)}")
    lines.append(f"return {results[0] if len(results) == 1 else '(' + ', '.join(results) + ',)'}")
    return lines


def _end_interrupted(recorded: int) -> NoReturn:
    raise interruption(recorded)


def _raised(site: Site) -> str:
    text = located(site.message, site.loc)
    if not site.shows_index:
        return f"{site.exception}({text!r})"
    before, after = text.split("{index}", 1)
    return f"{site.exception}({before!r} + str(index) + {after!r})"


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


def _numpy_name(type: ArrayType) -> str:
    name = type.dtype.numpy.name
    return "bool_" if name == "bool" else name
