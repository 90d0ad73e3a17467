"""Results that nobody measured, for tests of what is made of them."""

from __future__ import annotations

from datetime import date

from benchmarks.machine import Machine
from benchmarks.results import NUMBA_PRIMAL, PRIMAL, Outcome, Results

MACHINE = Machine(
    processor="Abacus 3000",
    threads=2,
    system="Linux x86_64, glibc 2.36",
    memory_gib=24,
    python="3.11.7",
    load=0.5,
    versions={"numpy": "2.4.6", "gradir": "0.1.0", "jax": None},
    day=date(2025, 1, 2),
)


def about(seconds: float) -> list[float]:
    """Return samples with this median."""
    return [0.9 * seconds, seconds, 1.25 * seconds]


SEIDEL = Outcome(
    "seidel-2d",
    "Seidel",
    200,
    {
        PRIMAL: about(1e-2),
        NUMBA_PRIMAL: about(0.8e-2),
        "gradir": about(2e-2),
        "by hand": about(1.5),
        "PyTorch": about(5e-2),
    },
    {"gradir": [0.25, 0.24, 0.3], "by hand": [0.0], "PyTorch": [1.5]},
    notes=("JAX is left out: a loop of two unrolls",),
)
ROSENBROCK = Outcome(
    "rosenbrock-10", "One", 10, {PRIMAL: about(1e-6), "gradir": about(1.5e-6)}, {"gradir": [0.1]}
)
IMPORT = Outcome("import", "An import", 1, {}, {"gradir": about(0.4), "NumPy": about(0.1)})
GROWTH = tuple(
    Outcome("chain", "Chain", n, {PRIMAL: [1e-8 * n], "gradir": [2e-8 * n]}, {}) for n in (10, 1_000)
)
RESULTS = Results(MACHINE, (SEIDEL, ROSENBROCK), (IMPORT,), GROWTH, absent=("JAX",))
