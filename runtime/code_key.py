"""What machine code depends on besides what it is made of: the key by which it is found on disk."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numpy as np

from .. import ir, lower, ops, passes
from ..sources import changed, sources_digest
from . import host

_PACKAGES = (ir, lower, ops, passes)


def code_key(what: Sequence[str]) -> str | None:
    """Return the key of the code that these texts determine on this machine, by this version of gradir.

    None if gradir's sources are not there, or no longer those that this process runs.
    """
    around = surroundings()
    if around is None or changed(_folders()):
        return None
    found = hashlib.sha256()
    for text in (*around, *what):
        encoded = text.encode()
        found.update(b"%d " % len(encoded) + encoded)
    return found.hexdigest()


@cache
def surroundings() -> tuple[str, ...] | None:
    """Return what all code depends on: gradir, LLVM, the processor, the libraries that it calls."""
    sources = sources_digest(_folders())
    if sources is None:
        return None
    return (
        sources,
        f"llvmlite {llvmlite.__version__}, LLVM {llvm.llvm_version_info}",
        f"Python {platform.python_version()}, NumPy {np.__version__}",
        f"{llvm.get_process_triple()} {llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}",
        described(host.target()),
        *_libraries(),
    )


def described(x: Any) -> str:
    """Return a text that is the same for equal data in every process."""
    if is_dataclass(x):
        return f"{type(x).__name__}({', '.join(described(getattr(x, f.name)) for f in fields(x))})"
    if isinstance(x, (frozenset, set)):
        return repr(sorted(x))
    return repr(x)


def _folders() -> list[str]:
    runtime = os.path.dirname(os.path.abspath(__file__))
    return [*(package.__path__[0] for package in _PACKAGES), runtime]


def _libraries() -> Iterator[str]:
    """The C library with its mathematics, and SciPy's files with BLAS and special functions."""
    try:
        yield os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):
        yield platform.platform()
    scipy = importlib.util.find_spec("scipy")
    for folder in (scipy.submodule_search_locations or ()) if scipy else ():
        for place in (folder, f"{folder}/linalg", f"{folder}/special", f"{folder}.libs"):
            yield from _files(place)


def _files(folder: str) -> Iterator[str]:
    """The libraries in a folder, by what tells one version from another without reading them."""
    if os.path.isdir(folder):
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name.startswith(("cython_", "lib", "version.py")):
                    found = entry.stat()
                    yield f"{entry.path} {found.st_size} {found.st_mtime_ns}"
