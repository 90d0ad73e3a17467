"""Machine code from LLVM IR, also where LLVM's own passes go wrong."""

from __future__ import annotations

from typing import Any

import gradir as gr
import numpy as np
from gradir.runtime import host
from gradir.runtime.machine_code import optimized
from numpy.testing import assert_allclose


def joined(x: Any) -> Any:
    """LLVM 20 gathers the elements of this gradient into a module that uses values before it defines them."""
    v = np.hstack([np.sin(x), x * x])
    return np.sum(np.sin(x) * 0.76) + np.sum(v**2) * 0.1


def test_modules_that_llvm_makes_invalid_are_optimised_otherwise() -> None:
    x = np.linspace(0.1, 1.0, 12).reshape(4, 3)
    value, gradient = gr.value_and_grad(joined, cache=False)(x)
    assert_allclose(value, joined(x), rtol=1e-14)
    assert_allclose(gradient, np.cos(x) * (0.76 + 0.2 * np.sin(x)) + 0.4 * x**3, rtol=1e-13)


def test_what_is_optimised_is_valid() -> None:
    ir = "define double @f(double %x) {\n  %y = fmul double %x, 2.0\n  ret double %y\n}\n"
    module = optimized(ir, host.target_machine(3), thorough=True)
    module.verify()
    assert "fmul" in str(module) or "fadd" in str(module)
