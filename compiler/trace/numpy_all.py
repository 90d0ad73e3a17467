"""Imports every module that registers handlers; scipy.special's waits until the user has imported that."""

from . import (
    numpy_create,
    numpy_diagonals,
    numpy_einsum,
    numpy_elementwise,
    numpy_indexing,
    numpy_join,
    numpy_linalg,
    numpy_operators,
    numpy_products,
    numpy_reduce,
    numpy_select,
    numpy_shape,
    python_builtins,
    python_math,
)

__all__ = [
    "numpy_create",
    "numpy_diagonals",
    "numpy_einsum",
    "numpy_elementwise",
    "numpy_indexing",
    "numpy_join",
    "numpy_linalg",
    "numpy_operators",
    "numpy_products",
    "numpy_reduce",
    "numpy_select",
    "numpy_shape",
    "python_builtins",
    "python_math",
]
