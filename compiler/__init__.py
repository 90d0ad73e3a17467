"""gradir: gradients of plain NumPy code, compiled, with every stage readable."""

from . import cache
from .api import grad, jit, stop_gradient, value_and_grad, vjp
from .checkpoints import checkpoint, name, save_only
from .control import cond, fori_loop, scan, switch, while_loop
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
from .graphs import interpret, parse, trace
from .ir.graph import Graph
from .loop_marks import checkpointed, unroll
from .program import Program
from .runtime.threads import get_num_threads, set_num_threads
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
    "cache",
    "check_grads",
    "checkpoint",
    "checkpointed",
    "cond",
    "fori_loop",
    "get_num_threads",
    "grad",
    "interpret",
    "jit",
    "name",
    "parse",
    "save_only",
    "scan",
    "set_num_threads",
    "stop_gradient",
    "switch",
    "trace",
    "unroll",
    "value_and_grad",
    "vjp",
    "while_loop",
]
