"""From the plan of a call to the words of its program."""

from __future__ import annotations

import ctypes
import math
import struct
from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingOf
from functools import partial
from typing import Any, assert_never

import numpy as np

from ..ir.dims import static
from ..ir.types import ArrayType, DType
from ..reads import AttributeRead, CellRead, GlobalRead, ItemRead, ObjectRead, Read
from .call_plan import (
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
    SameKeys,
    SameObject,
    Tree,
)
from .call_steps import CELLS, HEADER, HITS, PARAMETERS, POSITIONAL, REGISTERS, TABLE, Step
from .python_objects import ALIGNED, C_CONTIGUOUS, WRITEABLE
from .result_memory import LARGE, MEMORY

_IN_C_ORDER = C_CONTIGUOUS | ALIGNED
_OWN = _IN_C_ORDER | WRITEABLE
_PYTHON_TYPES = {DType.F64: float, DType.I64: int}
_NUMBERS = {DType.F64: Step.FLOAT, DType.I64: Step.LONG, DType.BOOL: Step.BOOL}
_OF_A_FAILURE = 3  # registers that a run that fails fills besides
Fail = Callable[[int, int], Any]


class CallProgram:
    """A program under construction.

    Attributes
    ----------
    hits
        Counts the calls that the program took.
    kept
        The objects that it names.
    donated
        The outputs that take the memory of inputs, by the number of the input.
    """

    def __init__(
        self, positional: int, parameters: Sequence[tuple[str | None, Any]], donated: MappingOf[int, int]
    ) -> None:
        self.donated = donated
        self.hits = ctypes.c_int64()
        self.kept: list[Any] = [self.hits]
        self._header = [0] * HEADER
        self._header[HITS] = ctypes.addressof(self.hits)
        self._header[POSITIONAL] = positional
        self._header[PARAMETERS] = len(parameters)
        self._words: list[int] = []
        for name, default in parameters:
            self._words += [
                0 if name is None else self.object(name),
                0 if default is REQUIRED else self.object(default),
            ]
        self._registers = len(parameters)
        self._table = 0
        self._cells = 0
        self._read: dict[int, int] = {}  # the registers of what is read, by the id of the Read
        self._leaves: list[int] = []  # the registers of the leaves of the arguments
        self._arrays: dict[int, tuple[int, int]] = {}  # register and bytes by the number of the input

    def words(self) -> bytes:
        """Return the program."""
        self._header[REGISTERS] = self._registers + _OF_A_FAILURE
        self._header[TABLE] = self._table + 1
        self._header[CELLS] = self._cells
        return struct.pack(f"{len(self._header) + len(self._words)}q", *self._header, *self._words)

    def object(self, x: Any) -> int:
        self.kept.append(x)
        return id(x)

    def step(self, step: Step, *operands: int, registers: int = 1) -> int:
        """Add a step that fills some registers; return the first of them."""
        self._words += [step, *operands]
        self._registers += registers
        return self._registers - registers

    # -- arguments

    def match(self, register: int, tree: Tree) -> None:
        """Require what a register holds to be like `tree`."""
        match tree:
            case Items(kind, items):
                first = self.step(Step.ITEMS, register, self.object(kind), len(items), registers=len(items))
                self._match_all(first, items)
                return
            case Mapping(keys, items):
                names = map(self.object, keys)
                first = self.step(Step.KEYS, register, len(keys), *names, registers=len(keys))
                self._match_all(first, items)
                return
            case ArrayLeaf():
                self.array(register, tree)
            case NumberLeaf():
                self._number(register, tree)
            case ObjectLeaf(x):
                self.step(Step.SAME, register, self.object(x), 0)
            case OutputLeaf() | ArgumentLeaf():
                raise TypeError(f"a leaf of results among arguments: {tree}")
            case _:
                assert_never(tree)
        self._leaves.append(register)

    def _match_all(self, first: int, items: Sequence[Tree]) -> None:
        for k, item in enumerate(items, first):
            self.match(k, item)

    def array(self, register: int, leaf: ArrayLeaf) -> None:
        """Pass an array."""
        shape, dtype = static(leaf.type.shape), self.object(leaf.type.dtype.numpy)
        flags = (_IN_C_ORDER, _IN_C_ORDER) if leaf.ordered else (C_CONTIGUOUS, 0)  # which, and what they are
        if self._table in self.donated:
            flags = _OWN, _OWN
        self._arrays[self._table] = register, math.prod(shape) * leaf.type.dtype.numpy.itemsize
        self.step(Step.ARRAY, register, dtype, *flags, len(shape), *shape)
        self._table += 1

    def _number(self, register: int, leaf: NumberLeaf) -> None:
        python = _PYTHON_TYPES[leaf.dtype] if leaf.python else None
        if python is int:
            self.step(Step.INT, register, leaf.fixed is not None, leaf.fixed or 0, registers=0)
            self._cells += 1
        else:
            self.step(Step.NUMBER, register, self.object(python or leaf.dtype.numpy.type), registers=0)
        self._table += 1

    def any_number(self, register: int, dtype: DType) -> None:
        """Pass a number of Python's or NumPy's, or an array of rank 0."""
        python = _PYTHON_TYPES.get(dtype)
        kinds = self.object(dtype.numpy.type), self.object(dtype.numpy), self.object(python) if python else 0
        self.step(Step.ANY_NUMBER, register, *kinds, registers=0)
        self._cells += 1
        self._table += 1

    # -- the world around

    def check(self, check: Check) -> None:
        match check:
            case SameObject(read, expected, otherwise):
                ask = 0 if otherwise is None else self.object(otherwise)
                self.step(Step.SAME, self.read(read), self.object(expected), ask)
            case SameKeys(read, kind, int(count)):
                self.step(Step.LENGTH, self.read(read), self.object(kind), count, registers=0)
            case SameKeys(read, _, tuple(keys)):
                names = [self.object(k) for k in keys]
                self.step(Step.KEYS, self.read(read), len(names), *names, registers=len(names))
            case _:
                assert callable(check)
                self.step(Step.ASK, self.object(check))

    def read(self, read: Read) -> int:
        """The register of what is read, once in a call."""
        if id(read) not in self._read:
            self.kept.append(read)
            self._read[id(read)] = self._reading(read)
        return self._read[id(read)]

    def _reading(self, read: Read) -> int:
        match read:
            case ObjectRead(value):
                return self.step(Step.OBJECT, self.object(value))
            case GlobalRead(namespace, name):
                return self.step(Step.GLOBAL, *map(self.object, (namespace, read.builtins, name)))
            case CellRead(cell):
                return self.step(Step.CELL, self.object(cell))
            case AttributeRead(owner, name):
                return self.step(Step.ATTRIBUTE, self.object(owner), self.object(name))
            case ItemRead(container, key):
                assert isinstance(container, Read)
                return self.step(Step.ITEM, self.read(container), self.object(key))
            case _:
                assert_never(read)

    # -- results

    def run(self, address: int, types: Sequence[ArrayType], forms: Sequence[Form], fail: Fail) -> list[int]:
        """Run the code at `address`; return the registers of its outputs."""
        self._require_apart()
        given = {output: k for k, output in self.donated.items()}
        found = []
        for k, (type, form) in enumerate(zip(types, forms, strict=True)):
            if k in given:
                self.step(Step.SAME_WORD, given[k], registers=0)
                found.append(self._arrays[given[k]][0])
            elif form is Form.ARRAY:
                found.append(self._new_array(static(type.shape), type.dtype.numpy))
            else:
                self.step(Step.NEW_NUMBER, registers=0)
                self._cells += 1
                found.append(-1)
        first, self._table = self._table, self._table + len(found)
        self.step(Step.RUN, address, self.object(fail), registers=0)
        for k, (type, form) in enumerate(zip(types, forms, strict=True)):
            if form is Form.NUMPY_NUMBER:
                found[k] = self.step(Step.NUMPY_NUMBER, first + k, self.object(type.dtype.numpy))
            elif form is Form.PYTHON_NUMBER:
                found[k] = self.step(_NUMBERS[type.dtype], first + k)
        return found

    def _new_array(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
        if math.prod(shape) * dtype.itemsize < LARGE:
            return self.step(Step.NEW_ARRAY, self.object(dtype), len(shape), *shape)
        return self.step(Step.LARGE_ARRAY, self.object(partial(MEMORY.empty, shape, dtype)))

    def _require_apart(self) -> None:
        """Require the arrays that are overwritten to share no memory with others."""
        for k in self.donated:
            for other, (_, bytes_) in self._arrays.items():
                if other != k and (other > k or other not in self.donated):
                    self.step(Step.APART, k, self._arrays[k][1], other, bytes_, registers=0)

    def result(self, tree: Tree, outputs: Sequence[int]) -> int:
        """Build a result; return its register."""
        match tree:
            case OutputLeaf(k):
                return outputs[k]
            case ArgumentLeaf(k):
                return self._leaves[k]
            case ObjectLeaf(x):
                return self.step(Step.OBJECT, self.object(x))
            case Items(type, items):
                parts = [self.result(item, outputs) for item in items]
                found = self.step(Step.LIST if type is list else Step.TUPLE, len(parts), *parts)
                named = type not in (list, tuple)
                return self.step(Step.OBJECT_OF, self.object(type), found) if named else found
            case Mapping(keys, items):
                parts = [self.result(item, outputs) for item in items]
                pairs = [w for key, x in zip(keys, parts, strict=True) for w in (self.object(key), x)]
                return self.step(Step.DICT, len(parts), *pairs)
            case _:
                raise TypeError(f"a leaf of arguments among results: {tree}")

    def finish(self, register: int) -> None:
        self.step(Step.RETURN, register, registers=0)


def program_of(
    plan: CallPlan, address: int, types: Sequence[ArrayType], fail: Fail, donated: MappingOf[int, int]
) -> CallProgram:
    """Return the program for calls like the plan's."""
    program = CallProgram(plan.positional, [(p.name, p.default) for p in plan.parameters], donated)
    for k, parameter in enumerate(plan.parameters):
        program.match(k, parameter.tree)
    for check in plan.checks:
        program.check(check)
    for read, leaf in plan.captured:
        program.array(program.read(read), leaf)
    outputs = program.run(address, types, plan.forms, fail)
    program.finish(program.result(plan.result, outputs))
    return program


def array_program(
    address: int,
    inputs: Sequence[ArrayType],
    outputs: Sequence[ArrayType],
    fail: Fail,
    donated: MappingOf[int, int],
) -> CallProgram:
    """Return the program that takes an array or number for each input, and returns a tuple of arrays."""
    program = CallProgram(len(inputs), [(None, REQUIRED)] * len(inputs), donated)
    for k, type in enumerate(inputs):
        if type.shape:
            program.array(k, ArrayLeaf(type, ordered=True))
        else:
            program.any_number(k, type.dtype)
    found = program.run(address, outputs, [Form.ARRAY] * len(outputs), fail)
    program.finish(program.step(Step.TUPLE, len(found), *found))
    return program
