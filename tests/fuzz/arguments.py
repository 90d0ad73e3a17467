"""The arguments of a generated program: arrays in odd layouts, numbers, index arrays, containers."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np

from .scope import Shape, Variable

LAYOUTS = ("plain", "plain", "plain", "fortran", "strided", "reversed", "readonly")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One array or number: the type that it has in every set of arguments."""

    dtype: str  # of NumPy, or "float" and "int" for Python's numbers
    shape: Shape = ()
    layout: str = "plain"
    size: int = 0  # of an int: the largest value

    @property
    def variable(self) -> Variable:
        return Variable(self.shape, "f" if "float" in self.dtype else "i" if "int" in self.dtype else "b")


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter, and what it holds: a leaf, or a container of some."""

    name: str
    leaves: tuple[tuple[str, Leaf], ...]  # how each is reached from the name: "", "[0]", "['w']"
    default: str = ""

    @property
    def parameter(self) -> str:
        return self.name + (f"={self.default}" if self.default else "")

    @property
    def is_float(self) -> bool:
        return all(leaf.variable.kind == "f" for _, leaf in self.leaves)

    def names(self) -> dict[str, Variable]:
        return {self.name + path: leaf.variable for path, leaf in self.leaves}


def describe(choice: random.Random) -> list[Argument]:
    """Choose the parameters of a program; the first one can be differentiated by."""
    dtype = "float32" if choice.random() < 0.12 else "float64"
    arguments = [Argument("x", (("", _array(choice, dtype)),))]
    if choice.random() < 0.7:
        arguments.append(Argument("y", (("", _array(choice, dtype)),)))
    if choice.random() < 0.6:
        arguments.append(Argument("s", (("", Leaf("float")),)))
    if choice.random() < 0.25:
        arguments.append(_container(choice, dtype))
    if choice.random() < 0.1:
        arguments.append(Argument("z", (("", Leaf(choice.choice(("float64", "float32")))),)))
    if choice.random() < 0.5:
        arguments.append(Argument("n", (("", Leaf("int", size=4)),)))
    if choice.random() < 0.35:
        shape = (choice.choice((2, 3, 4)),)
        arguments.append(
            Argument("idx", (("", Leaf(choice.choice(("int64", "int64", "int32")), shape, size=4)),))
        )
    if choice.random() < 0.1:
        arguments.append(Argument("flags", (("", Leaf("bool", (choice.choice((2, 3, 4)),))),)))
    return arguments


def _array(choice: random.Random, dtype: str) -> Leaf:
    rank = choice.choice((0, 1, 1, 1, 2, 2, 2, 3))
    if rank == 0:
        return Leaf("float")
    shape = tuple(choice.choice((1, 2, 3, 3, 4, 4)) for _ in range(rank))
    return Leaf(dtype, shape, choice.choice(LAYOUTS))


def _container(choice: random.Random, dtype: str) -> Argument:
    first, second = _array(choice, dtype), _array(choice, dtype)
    paths = choice.choice((("['w']", "['b']"), ("[0]", "[1]"), ("['p'][0]", "['p'][1]")))
    return Argument("p", tuple(zip(paths, (first, second), strict=True)))


def make_arguments(described: list[Argument], seed: int, k: int, *, wild: bool = False) -> tuple[Any, ...]:
    """The k-th set of arguments of a seed; a wild one has ints out of bounds, and zeros among its floats."""
    rng = np.random.default_rng((seed, k))
    value = _wild_value if wild else _value
    return tuple(_assembled(a, [value(rng, leaf) for _, leaf in a.leaves]) for a in described)


def _assembled(a: Argument, parts: list[Any]) -> Any:
    match a.leaves[0][0]:
        case "":
            return parts[0]
        case "['w']":
            return {"w": parts[0], "b": parts[1]}
        case "[0]":
            return (parts[0], parts[1])
        case _:
            return {"p": [parts[0], parts[1]]}


def _value(rng: np.random.Generator, leaf: Leaf) -> Any:
    if leaf.dtype == "float":
        return float(rng.normal())
    if leaf.dtype == "int":
        return int(rng.integers(1, leaf.size))
    if leaf.dtype == "bool":
        return rng.random(leaf.shape) < 0.5
    if "int" in leaf.dtype:
        return rng.integers(-2, leaf.size, leaf.shape).astype(leaf.dtype)
    numbers = rng.normal(size=leaf.shape).astype(leaf.dtype)
    return laid_out(numbers, leaf.layout) if leaf.shape else numbers[()]


def _wild_value(rng: np.random.Generator, leaf: Leaf) -> Any:
    if leaf.dtype == "int":
        return int(rng.choice([-3, 0, 2, 7]))
    if "int" in leaf.dtype:
        return rng.integers(-6, 6, leaf.shape).astype(leaf.dtype)
    if leaf.dtype == "float" and rng.random() < 0.4:
        return float(rng.choice([0.0, 1.0, -3.0]))
    return _value(rng, leaf)


def laid_out(x: np.ndarray, layout: str) -> np.ndarray:
    """The same array with another order in memory."""
    if layout == "fortran":
        return np.asfortranarray(x)
    if layout == "strided":
        wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
        wide[..., ::2] = x
        return wide[..., ::2]
    if layout == "reversed":
        return x[::-1].copy()[::-1]
    if layout == "readonly":
        x.flags.writeable = False
    return x


def values(args: Any) -> list[Any]:
    """The leaves of some arguments."""
    if isinstance(args, dict):
        return [v for x in args.values() for v in values(x)]
    if isinstance(args, (list, tuple)):
        return [v for x in args for v in values(x)]
    return [args]
