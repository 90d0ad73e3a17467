"""What the generator knows while it writes a program: a source of choices, and the variables in reach."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

Shape = tuple[int, ...]
SIZES = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable (or an element of a container) as the generator sees it."""

    shape: Shape
    kind: str  # NumPy's: "f", "i" or "b"
    own: bool = False  # an array that the program made, and may write to
    low: int = 0  # of a number that is a loop index: the values that it takes
    high: int = -1

    @property
    def is_index(self) -> bool:
        return self.high >= self.low


@dataclass(frozen=True, slots=True)
class Helper:
    """A function of the user's: of numbers, and where it is elementwise of arrays, too."""

    arity: int
    elementwise: bool


@dataclass
class Scope:
    """The variables in reach, and a seeded source of choices."""

    choice: random.Random
    names: dict[str, Variable] = field(default_factory=dict)
    helpers: dict[str, Helper] = field(default_factory=dict)
    writers: list[str] = field(default_factory=list)  # functions that write to their first argument, an array
    counter: int = 0
    looping: bool = False  # in a loop of this function, which `break` and `continue` may end
    early: str = ""  # how this function returns a number early; "" if it does not

    def fresh(self, prefix: str) -> str:
        self.counter += 1
        return f"{prefix}{self.counter}"

    def chance(self, probability: float) -> bool:
        return self.choice.random() < probability

    def pick(self, options: Sequence[Any]) -> Any:
        return self.choice.choice(options)

    def find(self, test: Callable[[Variable], bool]) -> list[str]:
        return [name for name, variable in self.names.items() if test(variable)]

    def arrays(self, shape: Shape | None = None, kind: str = "f", own: bool = False) -> list[str]:
        """The names of arrays, of one shape or any but numbers'."""
        return self.find(
            lambda v: (
                v.kind == kind
                and (v.shape == shape if shape is not None else bool(v.shape))
                and (v.own or not own)
            )
        )

    def numbers(self, kind: str) -> list[str]:
        return self.find(lambda v: v.kind == kind and v.shape == () and not v.is_index)

    def indices(self) -> list[str]:
        """The names of loop indices."""
        return self.find(lambda v: v.is_index)

    def inside(self) -> Scope:
        """The scope of a nested block: what it binds is unknown outside."""
        return replace(self, names=dict(self.names))

    def shape(self) -> Shape:
        """A random shape, more often one that a variable has."""
        known = [self.names[name].shape for name in self.arrays()]
        if known and self.chance(0.7):
            return self.pick(known)  # type: ignore[no-any-return]
        return tuple(self.pick(SIZES) for _ in range(self.pick((1, 1, 2, 2, 3))))

    def literal(self) -> str:
        """A float that no comparison is likely to meet exactly."""
        return repr(round(self.choice.uniform(-1.6, 1.6), 3))


def variable_of(value: Any, own: bool) -> Variable | None:
    """Describe a value of a running program; None for what the generator has no use for."""
    if isinstance(value, (bool, int, float, np.ndarray, np.generic)):
        array = np.asarray(value)
        kind = {"u": "i"}.get(array.dtype.kind, array.dtype.kind)
        if kind in "fib":
            return Variable(array.shape, kind, own and isinstance(value, np.ndarray))
    return None
