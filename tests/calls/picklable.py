"""What processes pass to one another: functions and methods, transformed in every way."""

from __future__ import annotations

from typing import Any

import gradir as gr
import numpy as np


def loss(x: Any, scale: float = 2.0) -> Any:
    return np.sum(np.sin(x) ** 2) * scale


gradient = gr.grad(loss)
several = gr.value_and_grad(loss, argnums=(0, 1), cache=False)
compiled = gr.jit(loss)
twice = gr.jit(gr.grad(loss))


@gr.grad
def decorated(x: Any) -> Any:
    """Return a sum of sines."""
    return np.sum(np.sin(x))


@gr.value_and_grad(argnums=1)
def decorated_with_options(a: Any, x: Any) -> Any:
    return a * np.sum(x * x)


@gr.jit
@gr.grad
def decorated_twice(x: Any) -> Any:
    return np.sum(x**3)


class Model:
    """It holds its own transformed method."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.step = gr.value_and_grad(self.loss)

    def loss(self, x: Any) -> Any:
        return np.sum(x * x) * self.scale

    @gr.grad(argnums=1)
    def gradient(self, x: Any) -> Any:
        return np.sum(x * x) * self.scale

    class Inner:
        """A name of several parts."""

        @staticmethod
        @gr.grad
        def cubed(x: Any) -> Any:
            return np.sum(x**3)
