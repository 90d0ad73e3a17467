"""Every operation has a row in the spec table, and every record is complete."""

from __future__ import annotations

import subprocess
import sys

from gradir.ops import OPS, control

from .samples import ROWS

_CONTROL = {"bind", *(op.name for op in control.OPS)}  # they have no evaluation of their own


def test_every_operation_has_a_row() -> None:
    assert set(ROWS) == set(OPS) - _CONTROL


def test_names_are_the_keys() -> None:
    assert all(op.name == name for name, op in OPS.items())


def test_attributes_of_the_samples_are_those_of_the_records() -> None:
    for name, row in ROWS.items():
        for sample in row.samples:
            assert set(sample.attrs) == set(OPS[name].attrs), name


def test_importing_the_operations_does_not_import_scipy() -> None:
    program = "import sys, gradir.ops; assert 'scipy' not in sys.modules, 'scipy was imported'"
    subprocess.run([sys.executable, "-c", program], check=True)
