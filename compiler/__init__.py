"""gradir: gradients of plain NumPy code, compiled, with every stage readable."""

from .api import grad, interpret, jit, parse, stop_gradient, trace, value_and_grad, vjp
from .errors import (
    CheckError,
    ConcretizationError,
    EscapedTracerError,
    GradientError,
    GradirError,
    NoSourceError,
    ParseError,
    RecursionTraceError,
    RenderError,
    ShapeError,
    StaleSourceError,
    TraceError,
    UnboundError,
    UnsupportedError,
    VerifyError,
)
from .ir.graph import Graph
from .program import Program
from .testing import check_grads

__all__ = [
    "CheckError",
    "ConcretizationError",
    "EscapedTracerError",
    "GradientError",
    "GradirError",
    "Graph",
    "NoSourceError",
    "ParseError",
    "Program",
    "RecursionTraceError",
    "RenderError",
    "ShapeError",
    "StaleSourceError",
    "TraceError",
    "UnboundError",
    "UnsupportedError",
    "VerifyError",
    "check_grads",
    "grad",
    "interpret",
    "jit",
    "parse",
    "stop_gradient",
    "trace",
    "value_and_grad",
    "vjp",
]
