"""What a call of a function looks like from Python: its arguments, what it reads besides, its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..ir.types import ArrayType, DType
from ..reads import Read

REQUIRED = object()  # instead of the default of a parameter


@dataclass(frozen=True, slots=True)
class ArrayLeaf:
    """An array of this type in C order, or not in C order."""

    type: ArrayType
    ordered: bool


@dataclass(frozen=True, slots=True)
class NumberLeaf:
    """A number of Python's or NumPy's type."""

    dtype: DType
    python: bool
    fixed: int | None = None  # the only value that it may have


@dataclass(frozen=True, slots=True)
class ObjectLeaf:
    """This very object."""

    object: Any


@dataclass(frozen=True, slots=True)
class OutputLeaf:
    """In results: an output of the compiled code."""

    number: int


@dataclass(frozen=True, slots=True)
class ArgumentLeaf:
    """In results: a leaf of the arguments as it was given."""

    number: int


@dataclass(frozen=True, slots=True)
class Items:
    """A tuple, a named tuple or a list."""

    type: type
    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A dict with these keys in this order."""

    keys: tuple[Any, ...]
    items: tuple[Tree, ...]


Tree = ArrayLeaf | NumberLeaf | ObjectLeaf | OutputLeaf | ArgumentLeaf | Items | Mapping


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; without a name it cannot be given by keyword."""

    tree: Tree
    name: str | None
    default: Any = REQUIRED


@dataclass(frozen=True, slots=True)
class SameObject:
    """What is read must be this object, or `otherwise` must say that it will do."""

    read: Read
    expected: Any
    otherwise: Callable[[], bool] | None


@dataclass(frozen=True, slots=True)
class SameKeys:
    """What is read must be a list or tuple of this length, or a dict with these keys in this order."""

    read: Read
    type: type
    keys: int | tuple[Any, ...]


Check = SameObject | SameKeys | Callable[[], bool]


class Form(Enum):
    """As what an output comes back."""

    ARRAY = "array"
    NUMPY_NUMBER = "NumPy number"
    PYTHON_NUMBER = "Python number"


@dataclass(frozen=True, slots=True)
class CallPlan:
    """All that a compiled entry must know.

    Attributes
    ----------
    parameters
        First those that may be given by position.
    positional
        How many these are.
    checks
        What must hold of the world around.
    captured
        Arrays from outside, which follow the arguments as inputs.
    forms
        One for each output.
    result
        The result's containers, with OutputLeaf, ArgumentLeaf and ObjectLeaf.
    """

    parameters: tuple[Parameter, ...]
    positional: int
    checks: tuple[Check, ...]
    captured: tuple[tuple[Read, ArrayLeaf], ...]
    forms: tuple[Form, ...]
    result: Tree
