"""Every example prints what it shows, and runs as a script."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py"))
SHOWN = {
    "checking_gradients": "loss 0.21119",
    "cost_of_gradients": "finite differences",
    "dead_relu": "the second unit is dead",
    "forks": "gradient: (6.0, -2.0)",
    "four_steps": "nodes in the loop: forward 3, loss 5, backward",
    "heat_inverse": "largest error: 1.",
    "logistic_regression": "0.09316828",
    "neuron": "`d w` is computed from the value `d b`: True",
    "newton": "m = 0: no step taken, dE/dm = 1; with one step more 2.5",
    "ode_fit": "0.5402   0.0272   0.7964   0.0237",
    "orbit": "velocity (0.466203",
    "pendulum_chain": "20 states: energy 1.170683,       2",
    "pullback": "the Jacobian, by three calls",
    "saved_in_loops": "sums: nothing",
    "saved_or_recomputed": "within 500,000 bytes: 4",
    "saved_values": "f64[4] 'w': kept",
    "scipy_minimize": "gradir          0.566836 s",
    "sigmoid_network": "By gradir: loss = 0.0764",
    "step_by_step": "dL/da = 15",
    "training_step": "loss        0.0025",
    "vanishing_gradients": "3.8752e-07",
}


def test_every_example_is_known() -> None:
    assert {*SHOWN, "digits", "digits_epochs"} == set(NAMES)


@pytest.mark.parametrize("name", SHOWN)
def test_it_prints_what_it_shows(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # pictures are drawn there
    example = importlib.import_module(f"examples.{name}")
    if name == "cost_of_gradients":
        monkeypatch.setattr(example, "SIZES", (10, 100))  # the larger ones take seconds
    example.main()
    assert SHOWN[name] in capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_it_has_prose_and_a_main(name: str) -> None:
    source = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert len((importlib.import_module(f"examples.{name}").__doc__ or "").split()) > 50
    assert source.endswith('if __name__ == "__main__":\n    main()\n')


def test_a_script_runs_from_any_directory(tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES / "forks.py")]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert SHOWN["forks"] in run.stdout
    assert list(tmp_path.iterdir()) == []
