"""What the figures were measured on: processor, memory, versions. No names of hosts or folders."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from .contestants import Contestant
from .threads import thread_count

_LIBRARIES = ("numpy", "scipy", "llvmlite")


@dataclass(frozen=True, slots=True)
class Machine:
    """The conditions of a run."""

    processor: str
    threads: int
    system: str
    memory_gib: int
    python: str
    load: float | None  # processes that wanted to run in the minute before
    versions: dict[str, str | None]  # None: not installed
    day: date


def this_machine(contestants: Sequence[Contestant]) -> Machine:
    """Describe the machine, with the versions of these contestants."""
    versions: dict[str, str | None] = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    for contestant in contestants:
        if contestant.package not in versions:
            versions[contestant.package] = contestant.version
    return Machine(
        processor=_processor(),
        threads=thread_count(),
        system=f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}".rstrip(", "),
        memory_gib=_memory_gib(),
        python=platform.python_version(),
        load=round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        versions=versions,
        day=datetime.now(UTC).date(),
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    found = {key.strip(): value.strip() for key, value in fields.items()}
    name = found.get("model name") or platform.processor() or platform.machine()
    wide = " with AVX-512" if "avx512f" in found.get("flags", "").split() else ""
    return " ".join(name.split()) + wide


def _memory_gib() -> int:
    if not hasattr(os, "sysconf"):
        return 0
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
