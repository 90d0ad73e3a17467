"""The Python source of a function for `@numba.njit` code: a table of addresses, one call, errors, results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import UnsupportedError, located
from ..ir.dims import static
from ..ir.types import ArrayType
from ..lower.sites import INTERRUPT, Site
from .call_plan import (
    ArgumentLeaf,
    ArrayLeaf,
    CallPlan,
    Items,
    Mapping,
    NumberLeaf,
    ObjectLeaf,
    OutputLeaf,
    Tree,
)
from .compile import Compiled

_CONSTANTS = (bool, int, float, str, type(None))


class NjitSource:
    """The source, and what it names.

    Attributes
    ----------
    natives
        The type and the label of each input that is an argument.
    objects
        Objects by the names that the source has for them.
    kept
        Arrays from outside whose addresses are in the source.
    """

    def __init__(self, compiled: Compiled, plan: CallPlan) -> None:
        self.compiled = compiled
        self.plan = plan
        self.natives: list[tuple[ArrayType, str]] = []
        self.objects: dict[str, Any] = {}
        self.kept: list[np.ndarray] = []
        self._parameters: list[str] = []
        self._inputs: list[str] = []  # expressions of the inputs that are arguments
        self._fixed: list[tuple[str, int, str]] = []  # expressions that must have a value
        self._leaves: list[tuple[str, Any]] = []  # of the arguments: the expression, or the object
        for k, parameter in enumerate(plan.parameters):
            name = f"x{k}"
            if not isinstance(parameter.tree, ObjectLeaf):
                self._parameters.append(name)
            self._argument(parameter.tree, name)
        self._addresses = [self._captured(read()) for read, _ in plan.captured]

    def _argument(self, tree: Tree, name: str) -> None:
        match tree:
            case Items(_, items) | Mapping(_, items):
                for k, item in enumerate(items):
                    self._argument(item, f"{name}[{k}]")
                return
            case ObjectLeaf(x):
                self._leaves.append(("", x))
                return
            case NumberLeaf(_, _, int(fixed)):
                self._fixed.append((name, fixed, self.compiled.graph.inputs[len(self._inputs)]))
        k = len(self._inputs)
        self._leaves.append((f"a{k}" if isinstance(tree, ArrayLeaf) else name, None))
        self.natives.append((self.compiled.input_types[k], self.compiled.graph.inputs[k]))
        self._inputs.append(name)

    def _captured(self, array: np.ndarray) -> int:
        if not (array.flags.c_contiguous and array.flags.aligned):
            raise UnsupportedError(
                "the function reads an array from outside that is not contiguous: pass it as an argument"
            )
        self.kept.append(array)
        return array.ctypes.data

    def lines(self) -> list[str]:
        """Return the lines of a function `run`, but for their indentation."""
        arrays = [*(f"a{k}" for k in range(len(self._inputs)))]
        outputs = [f"y{k}" for k in range(len(self.compiled.output_types))]
        inside = len(arrays) + len(self._addresses)
        places = dict(zip(arrays, range(len(arrays)), strict=True))
        places |= {name: inside + k for k, name in enumerate(outputs)}
        count = inside + len(outputs)
        return [
            f"def run({', '.join(self._parameters)}):",
            *self._checks(),
            *(f"a{k} = native{k}({x})" for k, x in enumerate(self._inputs)),
            *self._outputs(),
            f"table = np.zeros({count + 1}, np.uint64)",
            *(f"table[{k}] = {name}.ctypes.data" for name, k in places.items()),
            *(f"table[{k}] = {address}" for k, address in enumerate(self._addresses, len(arrays))),
            "status = entry(table.ctypes.data)",
            "if status != 0:",
            # Naming the arrays after the call keeps Numba from freeing them during it.
            *(f"    table[{k}] = {name}.size" for name, k in places.items()),
            f"    index = np.int64(table[{count}])",
            *self._errors(),
            f"return {self._result(self.plan.result)}",
        ]

    def _checks(self) -> Iterator[str]:
        for name, value, label in self._fixed:
            yield f"if {name} != {value}:"
            yield f"    raise ValueError({f'{label} is not {value}, which this code was compiled for'!r})"

    def _outputs(self) -> Iterator[str]:
        donors = {output: k for k, output in self.compiled.donated.items()}
        for k, type in enumerate(self.compiled.output_types):
            new = f"np.empty({static(type.shape) or (1,)}, np.{_numpy_name(type)})"
            yield f"y{k} = a{donors[k]}.copy()" if k in donors else f"y{k} = {new}"

    def _errors(self) -> Iterator[str]:
        for k, site in enumerate(self.compiled.sites):
            yield f"    if status == {k + 1}:"
            if site.exception == INTERRUPT:  # Numba's own `raise` takes no exception that is no Exception
                yield "        with numba.objmode():"
                yield "            end_interrupted(index)"
            else:
                yield f"        raise {_raised(site)}"

    def _result(self, tree: Tree) -> str:
        match tree:
            case OutputLeaf(k):
                return f"y{k}" if self.compiled.output_types[k].shape else f"y{k}[0]"
            case ArgumentLeaf(k):
                expression, x = self._leaves[k]
                return expression or self._object(x)
            case ObjectLeaf(x):
                return self._object(x)
            case Items(type, items):
                inside = "".join(f"{self._result(item)}, " for item in items)
                return f"({inside})" if type in (tuple, list) else f"{self._named(type)}({inside})"
            case Mapping(_, items):
                return f"({''.join(f'{self._result(item)}, ' for item in items)})"
        raise TypeError(f"a leaf of arguments among results: {tree}")

    def _object(self, x: Any) -> str:
        if not isinstance(x, _CONSTANTS):
            raise UnsupportedError(f"the result holds {x!r}, which Numba code cannot return")
        return self._named(x)

    def _named(self, x: Any) -> str:
        name = f"object{len(self.objects)}"
        self.objects[name] = x
        return name


def _raised(site: Site) -> str:
    text = located(site.message, site.loc)
    if not site.shows_index:
        return f"{site.exception}({text!r})"
    before, after = text.split("{index}", 1)
    return f"{site.exception}({before!r} + str(index) + {after!r})"


def _numpy_name(type: ArrayType) -> str:
    name = type.dtype.numpy.name
    return "bool_" if name == "bool" else name
