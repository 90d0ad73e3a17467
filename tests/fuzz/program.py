"""A generated program: its source, its arguments, and how it is loaded from a real file."""

from __future__ import annotations

import copy
import importlib.util
import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

PRELUDE = "import math\n\nimport numpy as np\nfrom scipy import special\n\n"
_COUNT = itertools.count()


@dataclass(frozen=True)
class Program:
    """Source that defines `f`, several sets of arguments for it, and what is differentiated."""

    seed: int
    source: str
    arguments: tuple[tuple[Any, ...], ...]  # sets with the same structure, dtypes and shapes
    wild: tuple[tuple[Any, ...], ...]  # sets for which plain Python may raise an error
    argnums: tuple[int, ...]
    has_aux: bool

    def with_source(self, source: str) -> Program:
        return replace(self, source=source)

    def fresh(self, k: int) -> tuple[Any, ...]:
        """A set of arguments that may be written to, with the memory layouts of the original."""
        return copy_arguments(self.arguments[k])


def copy_arguments(args: Any) -> Any:
    """Copy containers and arrays; the arrays keep their memory layout, which copy.deepcopy does not."""
    import numpy as np

    if isinstance(args, np.ndarray):
        return copy_array(args)
    if isinstance(args, dict):
        return {k: copy_arguments(v) for k, v in args.items()}
    if isinstance(args, (list, tuple)):
        return type(args)(copy_arguments(v) for v in args)
    return copy.copy(args)


def copy_array(x: Any) -> Any:
    """An equal array with the same strides and flags, in memory of its own."""
    import numpy as np

    base = np.empty(x.nbytes * 4 + 64, np.uint8)
    low = sum(min(0, (d - 1) * s) for d, s in zip(x.shape, x.strides, strict=True) if d)
    span = sum(abs((d - 1) * s) for d, s in zip(x.shape, x.strides, strict=True) if d) + x.itemsize
    if span > base.size:
        base = np.empty(span, np.uint8)
    new = np.ndarray(x.shape, x.dtype, base, offset=-low, strides=x.strides)
    new[...] = x
    new.flags.writeable = x.flags.writeable
    return new


def load(source: str, folder: Path) -> ModuleType:
    """Import source from a new file in `folder`, so that its lines are found."""
    name = f"program_{next(_COUNT)}"
    path = folder / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[name]
    return module


def function_of(source: str) -> Callable[..., Any]:
    """Define `f` of the source without a file: for plain runs."""
    namespace: dict[str, Any] = {"__name__": "plain"}
    exec(compile(source, "<plain>", "exec"), namespace)
    return namespace["f"]  # type: ignore[no-any-return]
