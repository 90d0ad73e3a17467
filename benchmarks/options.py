"""The command line's options. Nothing is imported here that has a thread pool."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .threads import DEFAULT


@dataclass(frozen=True, slots=True)
class Options:
    """What to run, and where the results go."""

    quick: bool
    only: list[str]
    threads: int
    json: Path | None
    page: Path | None
    read: list[Path]
    loops: bool
    calls: bool
    compile: bool
    memory: bool

    @property
    def whole(self) -> bool:
        """Whether this is the run that the page in docs shows."""
        part = self.quick or self.only or self.loops or self.calls or self.compile or self.read
        return not part and self.threads == DEFAULT


def parse(arguments: Sequence[str]) -> Options:
    """Return the options; an unknown one, or `--help`, ends the process."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time gradir's gradients beside its peers', and hold them to the targets. A run without"
        " --quick, --only and --threads renews docs/benchmarks.md and its plots.",
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="fewer rounds and contestants; two minutes")
    add("--only", metavar="NAME", action="append", default=[], help="this measurement; may be repeated")
    add("--threads", metavar="N", type=int, default=DEFAULT, help="of each contestant (default: %(default)s)")
    add("--json", metavar="PATH", type=Path, help="write all samples here, too")
    add("--page", metavar="FOLDER", type=Path, help="write the page and its plots here")
    what = "measure nothing: take what --json wrote; may be repeated, for the parts of a run"
    add("--read", metavar="PATH", type=Path, action="append", default=[], help=what)
    add("--loops", action="store_true", help="instead, peak memory and compile time of loops")
    add("--calls", action="store_true", help="instead, what calls and imports cost")
    add("--memory", action="store_true", help="instead, memory and time of gradients by what is saved")
    add("--compile", action="store_true", help="instead, seconds to the first gradient of long programs")
    return Options(**vars(parser.parse_args(arguments)))
