"""The machine that code is generated for, as far as the LLVM IR depends on it."""

from __future__ import annotations

from dataclasses import dataclass

from ..ir.types import DType


@dataclass(frozen=True, slots=True)
class VectorFunctions:
    """The vector variants of C math functions that the target has, named as libmvec names them.

    `widths` are the letter that stands for an instruction set in a variant's name and its number of
    doubles, the widest set first: short rows, remainders and loops over mixed dtypes take a narrower one.
    """

    widths: tuple[tuple[str, int], ...]
    symbols: frozenset[str]

    def of(self, function: str, dtype: DType, arity: int) -> dict[str, int]:
        """The variants of a function for `dtype`, and their lanes."""
        per_double = 8 // dtype.numpy.itemsize
        named = {
            f"_ZGV{letter}N{lanes * per_double}{'v' * arity}_{function}": lanes * per_double
            for letter, lanes in self.widths
        }
        return {name: lanes for name, lanes in named.items() if name in self.symbols}


@dataclass(frozen=True, slots=True)
class Target:
    """What code generation must know of the machine."""

    vector_functions: VectorFunctions | None = None
    vector_bits: int = 0  # the width that LLVM should prefer; 0 leaves it to LLVM
    most_lines: int = 2000  # of a function: LLVM takes more than linear time
    most_optimised: int = (
        6000  # lines without a loop in a row; of more, each is run too seldom to be worth it
    )
