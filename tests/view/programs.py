"""Small joint graphs that the tests of diagrams draw."""

from __future__ import annotations

from typing import Any

import numpy as np
from gradir.ir.graph import Graph, Value
from gradir.ir.parser import parse
from gradir.ops import OPS
from gradir.passes.adjoint import Adjoint, adjoint_with_residuals
from gradir.view.values import evaluate_all, gradients_of

FORK = """graph f(%0: f64[] "x", %1: f64[] "y") {
  %2: f64[] = add %0, %1
  %3: f64[] = subtract %0, %1
  %4: f64[] = multiply %2, %3
  return %4 "value"
}
"""

LOOP = """graph sweep(%0: f64[8] "u") {
  %1: i64[] = constant 0
  %2: i64[] = constant 8
  %3: i64[] = constant 1
  %4: f64[] = constant 1.0
  %5: f64[] = for %6 in range(%1, %2, %3) carry (%7: f64[] = %4) {
    %8: f64[] = index %0[%6]
    %9: f64[] = multiply %7, %8
    %10: bool[] = less %9, %4
    %11: f64[] = if %10 {
      %12: f64[] = sin %9
      yield %12
    } else {
      yield %9
    }
    yield %11
  }
  return %5 "value"
}
"""

WHILE = """graph halve(%0: f64[] "x") {
  %1: f64[] = constant 1.0
  %2: bool[] = less %1, %0
  %3: i64[], %4: f64[] = while %2 count %5 carry (%6: f64[] = %0) {
    %7: f64[] = sqrt %6
    %8: bool[] = less %1, %7
    yield %8, %7
  }
  return %4 "value"
}
"""

LAYER = """graph layer(%0: f64[8, 4] "x", %1: f64[4, 3] "params['W']") {
  %2: f64[8, 3] = matmul %0, %1
  %3: f64[8, 3] = tanh %2
  %4: f64[] = sum %3 {axes=[0, 1]}
  return %4 "value"
}
"""


def joint(text: str, wrt: tuple[int, ...]) -> tuple[Graph, Adjoint]:
    """Return the graph of `text` and its adjoint."""
    primal = parse(text, OPS)
    return primal, adjoint_with_residuals(primal, wrt)


def numbers(adjoint: Adjoint, *args: Any) -> tuple[dict[Value, Any], dict[Value, Any]]:
    """Return every value of the joint graph, and the gradients of the primal's values."""
    values = evaluate_all(adjoint.graph, [np.asarray(a, float) for a in args])
    return values, gradients_of(values, adjoint.cotangents)
