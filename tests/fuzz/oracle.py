"""Judging one program: plain NumPy says what is right, finite differences what the gradient is."""

from __future__ import annotations

import ast
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import gradir as gr
import numpy as np
import optree

from .differences import Gap, compare_gradients
from .program import Program, copy_arguments, load
from .transforms import transforms_differ

_LARGE = 1e6
READ_BACK = 8  # two programs of so many have the text of their graph read back
_SHOWN = 16  # lines of the traceback of a crash
_JOINS = re.compile(r"\b(if|for|while|and|or|max|min)\b")  # where numbers of two kinds may meet
_OF_FLOATS = ("float ", "0.0 cannot")  # division by zero, which gives infinity where a number is NumPy's
DOUBLE, SINGLE = 1e-8, 3e-3  # how far results may be off, in units of the largest number beside them


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a program: "match", "refused" (at a line of it), or what is wrong with gradir."""

    kind: str
    detail: str = ""
    checked: int = 0  # directional derivatives that were compared

    @property
    def is_failure(self) -> bool:
        return self.kind not in ("match", "refused")

    @property
    def reason(self) -> str:
        """The first line of a refusal, without names and numbers."""
        first = self.detail.splitlines()[0] if self.detail else ""
        return re.sub(r"'[^']*'|\d+|\([\d, ]*\)", "_", first)


@contextmanager
def quiet() -> Iterator[None]:
    """NumPy's floating point warnings are no part of the comparison."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def judge(program: Program, folder: Path, *, compiled: bool = True) -> Verdict:
    """Run a program in every way there is."""
    module = load(program.source, folder)
    with quiet():
        try:
            return _judge(program, module.f, compiled)
        except gr.GradirError as error:
            return _refusal(error, str(module.__file__), program.source)
        except Exception as error:
            return _crash(error, program, module)


def _crash(error: Exception, program: Program, module: ModuleType) -> Verdict:
    """An error that plain Python does not raise; it is the program's where tracing follows both branches."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == module.__file__]
    if lines and lines[-1] not in lines_run(program, module):
        return Verdict("refused", "an error in a branch that is not taken")
    return Verdict("crash", "\n".join(traceback.format_exc().splitlines()[-_SHOWN:]))


def lines_run(program: Program, module: ModuleType) -> set[int]:
    """The lines of a program that plain Python runs."""
    found: set[int] = set()

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != module.__file__:
            return None
        found.add(frame.f_lineno)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        for k in range(len(program.arguments)):
            module.f(*program.fresh(k))
    finally:
        sys.settrace(before)
    return found


def _refusal(error: gr.GradirError, file: str, source: str) -> Verdict:
    line = error.loc.line if error.loc is not None and error.loc.file == file else 0
    if isinstance(error, gr.VerifyError) or line not in statement_lines(source):
        text = "".join(traceback.format_exception(error))
        return Verdict("refused without a line", "\n".join(text.splitlines()[-_SHOWN:]))
    return Verdict("refused", str(error))


def statement_lines(source: str) -> set[int]:
    """The lines that hold a statement of one of the program's functions, or the header of one."""
    found: set[int] = set()
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, (ast.FunctionDef, ast.Lambda)):
            nodes = (node for node in ast.walk(function) if isinstance(node, (ast.stmt, ast.expr)))
            found.update(node.lineno for node in nodes)
    return found


def _judge(program: Program, f: Callable[..., Any], compiled: bool) -> Verdict:
    g = gr.value_and_grad(f, argnums=program.argnums, has_aux=program.has_aux)
    checked = 0
    single = "float32" in program.source or any(
        np.asarray(x).dtype == np.float32 for x in optree.tree_leaves(program.arguments)
    )
    joined = bool(_JOINS.search(program.source))
    for k in range(len(program.arguments)):
        expected = f(*program.fresh(k))
        given = program.fresh(k)
        value, gradients = g(*given)
        problem = (
            differs(value, expected, single, joined=joined)
            or differs(given, program.fresh(k), False, "the arguments after the call")
            or _shares(given, (value, gradients))
            or (_paths_differ(g, given, single, program.seed) if compiled and k == 0 else "")
        )
        if problem:
            return Verdict("wrong", f"with arguments {k}: {problem}")
        gap = compare_gradients(program, k, gradients, single)
        if isinstance(gap, Gap):
            return Verdict("wrong gradient", f"with arguments {k}: {gap}")
        problem = transforms_differ(program, f, gradients) if k == 0 else ""
        if problem:
            return Verdict("wrong gradient", problem)
        checked += gap
    for wild in program.wild:
        problem = _wild_differs(wild, f, g, single)
        if problem:
            return Verdict("wrong", f"with the wild arguments {wild}: {problem}")
    return Verdict("match", checked=checked)


def _wild_differs(wild: Any, f: Callable[..., Any], g: Any, single: bool) -> str:
    """Compare a call that may fail: it has to raise the same error at the same line."""
    try:
        expected = f(*copy_arguments(wild))
    except Exception as error:
        return _error_differs(g, wild, error, f.__code__.co_filename)
    value, _ = g(*copy_arguments(wild))
    leaves = [np.asarray(x) for x in optree.tree_leaves(expected)]
    if not all(np.all(np.abs(x) < _LARGE) for x in leaves):
        return ""  # infinity less infinity depends on the order of a sum
    return differs(value, expected, single, joined=True)


def _error_differs(g: Any, args: Any, error: Exception, file: str) -> str:
    if isinstance(error, ZeroDivisionError) and str(error).startswith(_OF_FLOATS):
        return (
            ""  # a number that is Python's or NumPy's, as a branch or the turn of a loop has it, is NumPy's
        )
    line = _line_in(file, error)
    wanted = f"Python raises {error!r} at line {line}"
    try:
        value, _ = g(*copy_arguments(args))
    except gr.GradirError as found:
        if _is_refusal(found):
            raise
        at = found.loc.line if found.loc is not None else 0
        of_axis = isinstance(error, np.exceptions.AxisError) and isinstance(found, gr.ShapeError)
        # CPython's STORE_FAST__LOAD_FAST has the line of the store, where the load may be on a line behind it
        late = isinstance(error, UnboundLocalError) and line is not None and at > line
        same = (isinstance(found, type(error)) or of_axis) and (at == line or late)
        # what is known while tracing is refused there, also in a branch that is not taken
        early = isinstance(found, IndexError) and not type(found).__name__.startswith("Run")
        early = early or (isinstance(found, gr.UnboundError) and line is not None and at > line)
        return "" if same or early else f"{wanted}; gradir raises {type(found).__name__}: {found}"
    except type(error) as found:  # Python's own, while it traces
        at = _line_in(file, found)
        return "" if at == line else f"{wanted}; while tracing it is raised at line {at}"
    return f"{wanted}; gradir gives {value!r}"


def _is_refusal(error: gr.GradirError) -> bool:
    """Tell whether an error says what gradir cannot do, and not what Python would raise, too."""
    if type(error).__name__.startswith("Run"):
        return "is not supported" in error.message
    refused = isinstance(error, (gr.TraceError, gr.UnsupportedError))
    return refused and not error.message.startswith("cannot access")


def _line_in(file: str, error: Exception) -> int | None:
    """The innermost line of a file that an error passed through."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == file), None)


def differs(
    actual: Any, expected: Any, single: bool, what: str = "the result", *, joined: bool = False
) -> str:
    """Say how two results differ, in containers, types, dtypes, shapes or numbers; nothing if they do not.

    With `joined`, a NumPy number may stand where Python gives a number of its own, and float64 where that
    decides between it and float32: this may depend on a branch, and a compiled function has one type.
    """
    found, structure = optree.tree_flatten(actual, none_is_leaf=True)
    wanted, wanted_structure = optree.tree_flatten(expected, none_is_leaf=True)
    if structure != wanted_structure:
        return f"{what} has the structure {structure}, not {wanted_structure}"
    for k, (a, e) in enumerate(zip(found, wanted, strict=True)):
        problem = _leaf_differs(a, e, single, joined)
        if problem:
            return f"{what}, leaf {k}: {problem}"
    return ""


def _leaf_differs(actual: Any, expected: Any, single: bool, joined: bool) -> str:
    if joined and isinstance(actual, np.generic) and isinstance(expected, (bool, int, float)):
        expected = actual.dtype.type(expected)
    if joined and single and getattr(expected, "dtype", None) == np.float32:
        expected = np.float64(expected) if isinstance(actual, np.float64) else expected
    if type(actual) is not type(expected):
        return f"{actual!r} is {type(actual).__name__}, not {type(expected).__name__} ({expected!r})"
    a, e = np.asarray(actual), np.asarray(expected)
    if a.dtype != e.dtype or a.shape != e.shape:
        return f"{a.dtype}{a.shape}, not {e.dtype}{e.shape}"
    if a.dtype.kind == "f":
        finite = np.abs(e[np.isfinite(e)])
        size = max(1.0, float(finite.max(initial=0.0)))
        tolerance = (SINGLE if single or a.dtype == np.float32 else DOUBLE) * size
        fine = np.allclose(a, e, rtol=0.0, atol=tolerance, equal_nan=True)
    else:
        fine = np.array_equal(a, e)
    return "" if fine else f"{actual!r}, not {expected!r}"


def _shares(given: Any, results: Any) -> str:
    """Say which result shares memory with an argument or another result."""
    results_ = [x for x in optree.tree_leaves(results) if isinstance(x, np.ndarray)]
    inputs = [x for x in optree.tree_leaves(given) if isinstance(x, np.ndarray)]
    for k, x in enumerate(results_):
        if any(np.may_share_memory(x, y) for y in [*inputs, *results_[:k]]):
            return f"result {k} shares memory with an argument or another result"
    return ""


def _paths_differ(g: Any, given: Sequence[Any], single: bool, seed: int) -> str:
    """Compare the compiled code with the interpreter, on the adjoint or the optimized graph, by turns."""
    p = g.inspect(*given)
    found = tuple(np.asarray(x) for x in p.compiled(*p.arguments))
    name, graph = ("adjoint", p.adjoint) if seed % 2 else ("optimized", p.optimized)
    if seed % READ_BACK < 2 and gr.parse(str(graph)) != graph:
        return f"the {name} graph is not what its text says"
    wanted = tuple(np.asarray(x) for x in gr.interpret(graph, *p.arguments))
    return differs(found, wanted, single, f"the compiled result beside the interpreted {name} graph")
