"""Control flow as function calls, with the names and the order of arguments that JAX has.

Each is the plain Python that it reads as: called in traced code it is staged like a user's function, and
makes the same `for`, `while` and `if` operations as the statements; elsewhere it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .trace import explicit
from .trace.calls import staged
from .trace.explicit import inlined, stageable
from .trace.frame import Trace
from .trace.scanning import Rows, Stacks, probe

T = TypeVar("T")


@stageable
def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, T], T], init_val: T) -> T:
    """Run `val = body_fun(i, val)` for `i` in `range(lower, upper)`, and return the last `val`.

    Parameters
    ----------
    lower, upper
        The bounds of the range; they may be traced.
    body_fun
        Takes the index and the value, and returns the next value.
    init_val
        Numbers and arrays, in any containers. Each turn keeps their structure, shapes and dtypes.

    Returns
    -------
    The value after the last turn; `init_val` where there is none.

    Raises
    ------
    TraceError
        If a turn changes the structure of the value, or the shape or dtype of a part of it.

    Examples
    --------
    >>> import gradir as gr
    >>> gr.grad(lambda x: gr.fori_loop(0, 3, lambda i, y: y * x, 1.0))(2.0)
    12.0
    """
    val = init_val
    for i in range(lower, upper):
        new = body_fun(i, val)
        explicit.check_carry("gr.fori_loop", "init_val", val, new)
        val = new
    return val


@stageable
def while_loop(cond_fun: Callable[[T], Any], body_fun: Callable[[T], T], init_val: T) -> T:
    """Run `val = body_fun(val)` as long as `cond_fun(val)` holds, and return the last `val`.

    Parameters
    ----------
    cond_fun
        Takes the value, and tells whether to go on.
    body_fun
        Takes the value, and returns the next one.
    init_val
        Numbers and arrays, in any containers. Each turn keeps their structure, shapes and dtypes.

    Returns
    -------
    The first value that `cond_fun` rejects.

    Raises
    ------
    TraceError
        If a turn changes the structure of the value, or the shape or dtype of a part of it.

    Examples
    --------
    >>> import gradir as gr
    >>> gr.grad(lambda x: gr.while_loop(lambda y: y < 10.0, lambda y: y * x, x))(2.0)
    32.0
    """
    val = init_val
    while cond_fun(val):
        new = body_fun(val)
        explicit.check_carry("gr.while_loop", "init_val", val, new)
        val = new
    return val


@stageable
def cond(pred: Any, true_fun: Callable[..., T], false_fun: Callable[..., T], *operands: Any) -> T:
    """Return `true_fun(*operands)` where `pred` holds, else `false_fun(*operands)`; only that one runs.

    Parameters
    ----------
    pred
        A condition.
    true_fun, false_fun
        Where `pred` is traced, both return the same structure, shapes and dtypes.
    *operands
        What the functions take.

    Examples
    --------
    >>> import gradir as gr
    >>> gr.grad(lambda x: gr.cond(x > 0.0, lambda y: y * y, lambda y: -y, x))(3.0)
    6.0
    """
    if pred:
        return true_fun(*operands)
    return false_fun(*operands)


def _switch_in(trace: Trace, index: Any, branches: Any, *operands: Any) -> Any:
    return staged(trace, _switch)(switch, index, branches, operands)


@inlined(_switch_in)
def switch(index: Any, branches: Sequence[Callable[..., T]], *operands: Any) -> T:
    """Return `branches[index](*operands)`; only that one runs. An index outside of them takes the nearest.

    Parameters
    ----------
    index
        An int, which may be traced.
    branches
        At least one function; where `index` is traced, all return the same structure, shapes and dtypes.
    *operands
        What the functions take.

    Examples
    --------
    >>> import gradir as gr
    >>> gr.grad(lambda x, k: gr.switch(k, [lambda y: y, lambda y: y * y, lambda y: y**3], x))(2.0, 2)
    12.0
    """
    result: T = _switch(switch, index, branches, operands)
    return result


def _switch(
    switch: Callable[..., T], index: Any, branches: Sequence[Callable[..., T]], operands: tuple[Any, ...]
) -> T:
    if len(branches) == 0:
        raise ValueError("gr.switch needs at least one branch")
    if len(branches) == 1:
        return branches[0](*operands)
    half = len(branches) // 2
    if index < half:
        return switch(index, branches[:half], *operands)
    return switch(index - half, branches[half:], *operands)


def _scan_in(
    trace: Trace | None, f: Any, init: Any, xs: Any = None, length: Any = None, reverse: Any = False
) -> Any:
    rows = Rows(trace, xs, length)
    stacks = Stacks(trace, rows.length)
    if not rows.length:
        probe(trace, f, init, rows, stacks)
    turns = range(rows.length - 1, -1, -1) if reverse else range(rows.length)
    loop = _scan if trace is None else staged(trace, _scan)
    carry = loop(f, init, turns, rows.row, stacks.store)
    return carry, stacks.result()


@inlined(_scan_in)
def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
) -> tuple[Any, Any]:
    """Run `carry, y = f(carry, x)` for the rows `x` of `xs`; return the last carry and the stacked `y`.

    Parameters
    ----------
    f
        Takes the carry and a row, and returns the next carry and an output.
    init
        The first carry: numbers and arrays, in any containers. Each turn keeps their structure, shapes
        and dtypes.
    xs
        Arrays in any containers, all with the same size n of their first axis; None (with `length`) for a
        loop without inputs.
    length
        The number of turns, known while tracing; it may be left out where there are `xs`.
    reverse
        Begin with the last row. The outputs are stacked in the order of the rows.

    Returns
    -------
    carry
        What the last turn returned.
    ys
        Arrays in the containers of `y`, with a first axis of size n.

    Raises
    ------
    TraceError
        If a turn changes the structure of the carry, or the shape or dtype of a part of it.
    ShapeError
        If the sizes of the first axes differ.

    Examples
    --------
    >>> import numpy as np
    >>> import gradir as gr
    >>> def add(total, x):
    ...     return total + x, total * x
    >>> gr.scan(add, 0.0, np.array([1.0, 2.0, 3.0]))
    (np.float64(6.0), array([0., 2., 9.]))
    """
    carry, ys = _scan_in(None, f, init, xs, length, reverse)
    return carry, ys


def _scan(f: Any, init: Any, turns: range, row: Callable[[Any], Any], store: Callable[..., Any]) -> Any:
    carry = init
    for k in turns:
        carry = store(k, carry, f(carry, row(k)))
    return carry
