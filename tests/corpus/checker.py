"""Judging a case: plain Python says what is right, central differences what the gradient is."""

from __future__ import annotations

import copy
import re
import traceback
from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import optree
import pytest

from tests.corpus.case import Call, Case
from tests.plain_code import plain_code

STEP = 1e-3  # in units of the argument: the error of two extrapolated steps is then about 1e-12
SMOOTH = 1e-3  # how far the two steps may differ before extrapolation, for the point to be a fair one
CLOSE, SAME = 1e-6, 1e-12  # relative, of gradients and of values
_LOOP = re.compile(r"= (?:for|while) %")


def check(case: Case) -> None:
    """Fail unless gradir does with the case what the case says."""
    if case.refused is not None:
        for call in case.calls:
            _check_refusal(case, call)
        return
    transformed = _transformed(case)
    compiled = gr.jit(case.fun)  # nothing is saved for a backward pass
    for call in case.calls:
        _check_call(case.fun, transformed, call)
        with plain_code():
            same_values(compiled(*copy.deepcopy(call)), case.fun(*copy.deepcopy(call)))
    for call in case.bad:
        _check_error(case, transformed, call)
    for call in case.calls[:1] if case.bad else ():  # an error leaves nothing behind
        _check_call(case.fun, transformed, call)
    if case.loops is not None:
        program = transformed.inspect(*case.calls[0])
        found = len(_LOOP.findall(str(program.primal)))
        assert found == case.loops, f"{found} loops, not {case.loops}"
        if case.loops:
            assert [d for d in program.decisions if "unrolled" in d.what] == []


def _transformed(case: Case) -> Any:
    """Return value and gradient by every argument with floats in it; the value alone if there are none."""
    first = (case.calls or case.bad)[0]
    argnums = [k for k, x in enumerate(first) if any(map(_is_float, _leaves(x)))]
    if not argnums or (case.calls and not _is_float(case.fun(*copy.deepcopy(first)), scalar=True)):
        return _Value(gr.jit(case.fun))
    return gr.value_and_grad(case.fun, argnums=argnums)


class _Value:
    """A function without gradient, called as if it had one."""

    def __init__(self, compiled: Any) -> None:
        self.compiled = compiled
        self.inspect = compiled.inspect

    def __call__(self, *args: Any) -> Any:
        return self.compiled(*args), None


def _check_call(fun: Callable[..., Any], transformed: Any, call: Call) -> None:
    expected = fun(*copy.deepcopy(call))
    given = copy.deepcopy(call)
    value, gradients = transformed(*given)
    same_values(value, expected)
    same_values(given, call)
    if gradients is None:
        return
    by = [k for k, x in enumerate(call) if any(map(_is_float, _leaves(x)))]
    for k, gradient in zip(by, gradients, strict=True):
        wanted = central_differences(fun, call, k)
        close_gradients(gradient, wanted, float(abs(expected)), f"argument {k}")


def _check_error(case: Case, transformed: Any, call: Call) -> None:
    assert case.error is not None
    with pytest.raises(case.error) as expected:
        case.fun(*copy.deepcopy(call))
    file = case.fun.__code__.co_filename
    with pytest.raises(case.error) as caught:
        transformed(*copy.deepcopy(call))
    error: Any = caught.value
    line = _line_of(expected.value, file)
    if isinstance(error, gr.GradirError):
        assert error.loc is not None
        assert (error.loc.file, error.loc.line) == (file, line), str(error)
        assert error.message == str(expected.value)
    else:  # Python's own error, while the function was traced
        assert _line_of(error, file) == line
        assert str(error) == str(expected.value)


def _line_of(error: BaseException, file: str) -> int | None:
    frames = traceback.extract_tb(error.__traceback__)
    return [frame.lineno for frame in frames if frame.filename == file][-1]


def _check_refusal(case: Case, call: Call) -> None:
    assert case.refused is not None
    with pytest.raises(gr.GradirError, match=case.refused) as caught:
        gr.jit(case.fun)(*copy.deepcopy(call))
    assert str(caught.value).endswith("# here"), str(caught.value)


def _leaves(x: Any) -> list[Any]:
    return optree.tree_leaves(x, none_is_leaf=True)


def _is_float(x: Any, scalar: bool = False) -> bool:
    if not isinstance(x, (float, np.ndarray, np.floating)):
        return False
    return np.asarray(x).dtype.kind == "f" and not (scalar and np.ndim(x))


def same_values(actual: Any, expected: Any) -> None:
    """Fail unless two results have the same containers, types, dtypes, shapes and numbers."""
    found, structure = optree.tree_flatten(actual, none_is_leaf=True)
    wanted, wanted_structure = optree.tree_flatten(expected, none_is_leaf=True)
    assert structure == wanted_structure
    for a, e in zip(found, wanted, strict=True):
        assert type(a) is type(e), f"{a!r} is {type(a)}, not {type(e)} ({e!r})"
        if isinstance(e, (float, np.ndarray, np.generic)):
            x, y = np.asarray(a), np.asarray(e)
            assert (x.dtype, x.shape) == (y.dtype, y.shape)
            np.testing.assert_allclose(x, y, rtol=SAME, atol=SAME * float(np.max(np.abs(y), initial=0.0)))
        else:
            assert a == e


def close_gradients(actual: Any, wanted: list[Any], size: float, what: str) -> None:
    """Compare a gradient's float leaves with numbers, relative to the largest beside them."""
    found = [x for x in _leaves(actual) if _is_float(x)]
    for k, (a, e) in enumerate(zip(found, wanted, strict=True)):
        assert type(a) is type(e), f"{what}, leaf {k}: {type(a)} instead of {type(e)}"
        x, y = np.asarray(a), np.asarray(e)
        assert (x.dtype, x.shape) == (y.dtype, y.shape), f"{what}, leaf {k}"
        scale = float(np.max(np.abs(y), initial=0.0))
        np.testing.assert_allclose(
            x, y, rtol=CLOSE, atol=1e-9 * max(scale, size), err_msg=f"{what}, leaf {k}"
        )


def extrapolated(here: float, steps: list[tuple[float, float, float]]) -> float:
    """The slope from the values above and below at two steps; fail where the two say that there is a kink."""
    wide, narrow = ((above - below) / (2 * h) for h, above, below in steps)
    size = max(1.0, abs(wide), abs(narrow))
    assert abs(wide - narrow) <= SMOOTH * size, "the case is too steep: choose other numbers"
    bends = [abs(above - 2 * here + below) / h for h, above, below in steps]
    assert bends[1] <= max(0.75 * bends[0], SMOOTH * size), "the case is at a kink: choose other numbers"
    return (4 * narrow - wide) / 3


def central_differences(fun: Callable[..., Any], call: Call, k: int) -> list[Any]:
    """The derivatives by every float in argument k: central differences, extrapolated once (Richardson)."""
    leaves, structure = optree.tree_flatten(call[k], none_is_leaf=True)

    def moved(j: int, place: tuple[int, ...], by: float) -> float:
        args = list(copy.deepcopy(call))
        changed = list(copy.deepcopy(leaves))
        x = np.array(changed[j])
        x[place] += by
        changed[j] = x if isinstance(leaves[j], np.ndarray) else type(leaves[j])(x)
        args[k] = optree.tree_unflatten(structure, changed)
        return float(fun(*args))

    here = float(fun(*copy.deepcopy(call)))

    def slope(j: int, place: tuple[int, ...]) -> float:
        h = STEP * max(1.0, abs(float(np.asarray(leaves[j])[place])))
        return extrapolated(here, [(s, moved(j, place, s), moved(j, place, -s)) for s in (h, h / 2)])

    results = []
    for j, x in enumerate(leaves):
        if _is_float(x):
            slopes = np.empty(np.shape(x))
            for place in np.ndindex(slopes.shape):
                slopes[place] = slope(j, place)
            results.append(slopes if isinstance(x, np.ndarray) else type(x)(slopes))
    return results
