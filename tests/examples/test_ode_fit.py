"""The parameters of an ODE, fitted to data through a Runge-Kutta loop."""

from __future__ import annotations

from pathlib import Path

import gradir as gr
import numpy as np
from numpy.testing import assert_allclose

from examples import ode_fit


def test_the_gradient_through_the_steps() -> None:
    gr.check_grads(ode_fit.loss, (ode_fit.GUESS,), order=1)


def test_the_loop_over_time_stays_a_loop() -> None:
    program = ode_fit.gradient.inspect(ode_fit.GUESS)
    assert str(program.primal).count(" = for ") == 2
    assert program.decisions == ()


def test_the_fit() -> None:
    log_p = ode_fit.fit(ode_fit.GUESS, 2_000)
    assert_allclose(ode_fit.loss(log_p), 0.048063, atol=5e-7)
    assert_allclose(ode_fit.gradient(log_p), np.zeros(6), atol=1e-4)
    assert_allclose(np.exp(log_p[:4]), [0.540, 0.0272, 0.796, 0.0237], rtol=2e-3)
    assert_allclose(np.exp(log_p[:4]), [0.55, 0.028, 0.80, 0.024], rtol=0.05)  # the published fit


def test_data_and_fit_are_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "fit.png"
    assert ode_fit.draw(np.exp(ode_fit.GUESS), str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")
