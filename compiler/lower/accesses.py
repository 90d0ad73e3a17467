"""What a kernel reads, and where: the walk over elements on a machine that emits nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..ir.dims import Shape, Symbol
from ..ir.graph import Node, Value
from ..ir.types import DType
from ..ops.cost import element_cost
from .affine import Index, Variable, linear, row_major, turns, variable
from .domains import Here, is_inside, local_index, pinned
from .elements import Place, Walk
from .kernels import Access, Root
from .llvm_machine import LlvmMachine, Scalar
from .llvm_text import FunctionText, ModuleText


@dataclass(frozen=True, slots=True)
class Read:
    """One load: the array, the position in it, and whether that is the nest's own index."""

    value: Value
    position: Index
    here: bool


class Recorder:
    """A Source that writes down what it is asked for."""

    def __init__(self, here: Index | None) -> None:
        self.here = here
        self.reads: list[Read] = []
        self.scalars: list[Value] = []
        self.forms: list[Index] = []  # whose values are needed in registers
        self.breaks: dict[Variable, set[int]] = {}  # values from which a comparison comes out differently
        self.applied: list[Node] = []
        self.symbols: set[Symbol] = set()
        self._scalar_names: dict[Value, Scalar] = {}
        self._count = 0

    @property
    def cost(self) -> int:
        """Roughly the instructions that the elements take, loads left out."""
        return sum(map(element_cost, self.applied))

    def opaque(self, dtype: DType) -> Scalar:
        self._count += 1
        return Scalar(dtype, f"?{self._count}")

    def load(self, value: Value, position: Index) -> Scalar:
        self.reads.append(Read(value, position, self.here is not None and position == self.here))
        return self.opaque(value.dtype)

    def scalar(self, value: Value) -> Scalar:
        if value not in self._scalar_names:
            self.scalars.append(value)
            self._scalar_names[value] = Scalar(value.dtype, f"?scalar{len(self.scalars)}")
        return self._scalar_names[value]

    def result(self, found: Any) -> None:
        """Take down what an element came out as."""
        if isinstance(found, Index):
            self.forms.append(found)

    def apply(self, node: Node, operands: Sequence[Any]) -> Scalar:
        self.applied.append(node)
        self.forms.extend(x for x in operands if isinstance(x, Index))
        return self.opaque(node.result.dtype)


class _DryMachine(LlvmMachine):
    """A machine whose output is thrown away; a form that would be computed is recorded."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(ModuleText(), FunctionText(""))
        self.recorder = recorder

    def symbol(self, symbol: Symbol) -> Scalar:
        self.recorder.symbols.add(symbol)
        return Scalar(DType.I64, f"?{symbol.name}")

    def force(self, x: Any) -> Scalar:
        if isinstance(x, Scalar):
            return x
        if x.terms:
            self.recorder.forms.append(x)
        return Scalar(DType.I64, str(x.offset) if not x.terms else self.recorder.opaque(DType.I64).text)

    def compare(self, relation: str, x: Any, y: Any) -> Any:
        if isinstance(x, Index) or isinstance(y, Index):
            difference = self.form(x).plus(self.form(y), -1)
            if len(difference.terms) == 1 and isinstance(difference.terms[0][0], Variable):
                variable = difference.terms[0][0]
                self.recorder.breaks.setdefault(variable, set()).update(turns(relation, difference))
        return super().compare(relation, x, y)


def nest_index(space: Shape, prefix: str = "i") -> tuple[Index, ...]:
    """The forms that are the loop variables of a nest over `space`."""
    return tuple(variable(f"{prefix}{k}", size) for k, size in enumerate(space))


def record(
    producers: Mapping[Value, Node],
    kept: Callable[[Value], bool],
    elements: Sequence[Value],
    space: Shape,
) -> Recorder:
    """Walk the elements of values at the index of a nest over `space`."""
    here = nest_index(space)
    recorder = Recorder(linear(here, row_major(space)))
    walk = Walk(producers, kept, recorder, _DryMachine(recorder))
    for value in elements:
        recorder.result(walk.element(value, here))
    return recorder


def record_roots(
    producers: Mapping[Value, Node],
    kept: Callable[[Value], bool],
    roots: Sequence[Root],
    space: Shape,
    here: Here | None = None,
) -> Recorder:
    """Walk what the roots of a nest compute, at its index or at another one; what it stores is not loaded."""
    here = nest_index(space) if here is None else here
    recorder = Recorder(linear(here, row_major(space)))
    machine = _DryMachine(recorder)
    walk = Walk(producers, kept, recorder, machine, computed_at(roots, here))
    for root in roots:
        is_inside(machine, root.domain, here)
        recorder.result(walk.element(root.element, local_index(root.domain, pinned(root.domain, here))))
    return recorder


def computed_at(roots: Sequence[Root], here: Here) -> dict[Value, list[Place]]:
    """The values that a nest stores, each with its index at an index of the nest."""
    places = [here, *(pinned(r.domain, here) for r in roots if r.domain is not None)]
    stored = [r for r in roots if r.access is Access.STORE]
    return {r.element: [local_index(r.domain, place) for place in places] for r in stored}


@dataclass(frozen=True, slots=True)
class View:
    """An array that is part of another in memory: `position` of the element at the index of `shape`."""

    base: Value
    offset: Index  # its atoms are scalars named after the values of `scalars`
    strides: tuple[int, ...]
    scalars: tuple[Value, ...]


def view_of(producers: Mapping[Value, Node], kept: Callable[[Value], bool], value: Value) -> View | None:
    """See an inlined value as a strided part of an array in memory, if it is one."""
    here = nest_index(value.shape)
    recorder = Recorder(None)
    walk = Walk(producers, kept, recorder, _DryMachine(recorder))
    found = walk.element(value, here)
    if len(recorder.reads) != 1 or recorder.forms or found.text != "?1":
        return None
    read = recorder.reads[0]
    terms = dict(read.position.terms)
    strides = tuple(terms.pop(i.terms[0][0], 0) if i.terms else 0 for i in here)
    names = {Scalar(v.dtype, f"?scalar{k + 1}"): v for k, v in enumerate(recorder.scalars)}
    if any(atom not in names for atom in terms):
        return None
    offset = Index(tuple((names[a], c) for a, c in terms.items()), read.position.offset)
    return View(read.value, offset, strides, tuple(recorder.scalars))
