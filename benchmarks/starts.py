"""What is done once a process: imports, and a first gradient whose machine code an earlier process compiled.

Each figure is of a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from .paths import ROOT
from .results import Outcome
from .suite import Effort

IMPORT_TITLE = "`import gradir`"
WARM_TITLE = "MLP, first gradient in a new process, import included, disk cache warm"
IMPORTS = ("gradir", "numpy", "numba", "jax")
_IMPORT = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
_FOLDERS = {"gradir": "GRADIR_CACHE_DIR", "jax": "JAX_COMPILATION_CACHE_DIR"}
_CACHED = {
    "GRADIR_CACHE": "1",
    "JAX_ENABLE_X64": "1",
    "JAX_PLATFORMS": "cpu",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
_TITLES = {"gradir": "gradir", "jax": "JAX", "numpy": "NumPy", "numba": "Numba"}


def imports(effort: Effort, jax_too: bool) -> tuple[Outcome, ...]:
    """Measure the import of gradir and of others, in turns."""
    modules = [name for name in IMPORTS if jax_too or name != "jax"]
    taken: dict[str, list[float]] = {_TITLES[name]: [] for name in modules}
    for _ in range(effort.starts):
        for name in modules:
            taken[_TITLES[name]].append(_printed([sys.executable, "-c", _IMPORT.format(name)], {}))
    return (Outcome("import", IMPORT_TITLE, 1, {}, taken),)


def warm_starts(effort: Effort, jax_too: bool) -> tuple[Outcome, ...]:
    """Measure the first gradient of new processes, in turns, after one that filled the caches on disk."""
    tools = ["gradir", "jax"] if jax_too else ["gradir"]
    taken: dict[str, list[float]] = {_TITLES[tool]: [] for tool in tools}
    with tempfile.TemporaryDirectory() as folder:
        settings = {tool: {_FOLDERS[tool]: f"{folder}/{tool}", **_CACHED} for tool in tools}
        for tool in tools:
            _printed(_command(tool), settings[tool])
        for _ in range(effort.starts):
            for tool in tools:
                taken[_TITLES[tool]].append(_printed(_command(tool), settings[tool]))
    return (Outcome("warm-start", WARM_TITLE, 64, {}, taken),)


def _command(tool: str) -> list[str]:
    program = f"from benchmarks.first_gradient import by_{tool}; print(by_{tool}())"
    return [sys.executable, "-c", program]


def _printed(command: Sequence[str], settings: dict[str, str]) -> float:
    run = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, check=True
    )
    return float(run.stdout)
