"""The public transformations: argument handling only; the work is in `transform` and below.

What not every program needs is imported where it is used: `import gradir` is to take no time worth noticing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

import optree

from .cache import disk_cache
from .donation import Donated, donated_arguments
from .errors import GradientError
from .ir.graph import Node
from .results import Differentiation
from .saving import Saving
from .trace.tracer import Array, Scalar, Tracer, maybe_same, new_array
from .transform import Transformed

if TYPE_CHECKING:
    from .pullback import Pullback

Argnums = int | Sequence[int]
Donate = int | str | Sequence[int | str]
Checkpoint = str | Callable[[Node], Any] | None


def _differentiation(argnums: Argnums, has_aux: bool, with_value: bool, saving: Saving) -> Differentiation:
    several = isinstance(argnums, (tuple, list))
    try:
        positions = tuple(operator.index(k) for k in (argnums if several else (argnums,)))  # type: ignore[union-attr, arg-type]
    except TypeError:
        raise GradientError(f"argnums is an int or several ints, not {argnums!r}") from None
    return Differentiation(positions, not several, has_aux, with_value, saving)


def _of(
    fun: Callable[..., Any] | None, differentiation: Differentiation | None, donate: Donated, cache: bool
) -> Any:
    """The function transformed, or without it the decorator that does that."""
    if fun is not None:
        return Transformed(fun, differentiation, donate, cache)
    return lambda f: Transformed(f, differentiation, donate, cache)


@overload
def grad(
    fun: Callable[..., Any],
    /,
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    donate: Donate = (),
    checkpoint: Checkpoint = None,
    memory_budget: int | str | None = None,
    cache: bool = True,
) -> Transformed: ...
@overload
def grad(
    fun: None = None,
    /,
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    donate: Donate = (),
    checkpoint: Checkpoint = None,
    memory_budget: int | str | None = None,
    cache: bool = True,
) -> Callable[[Callable[..., Any]], Transformed]: ...
def grad(
    fun: Callable[..., Any] | None = None,
    /,
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    donate: Donate = (),
    checkpoint: Checkpoint = None,
    memory_budget: int | str | None = None,
    cache: bool = True,
) -> Any:
    """Return a compiled function that computes the gradient of `fun`.

    Use it as `grad(f)`, as a bare decorator, or as `@grad(argnums=...)`.

    Parameters
    ----------
    fun
        A function of arrays and numbers (in any containers) that returns a real scalar.
    argnums
        Which positional arguments to differentiate by: one, or several.
    has_aux
        `fun` returns a pair `(value, aux)`; the result is then `(gradient, aux)`.
    donate
        Arguments, by position or name, that the caller has no more use for: results may take the memory of
        their arrays, a gradient that of what it is by. See `jit`.
    checkpoint
        What is saved for the backward pass, and what it computes again: "everything" saves all, "nothing"
        only what cannot be computed again, "dots" the results of matrix products, "recompute_cheap" all but
        the results of elementwise operations and of data movement, "sqrt" what passes from one of about the
        square root of all steps to the next, also in loops. Or a function from a node of the graph to "save",
        "recompute" or None, for whichever costs less: that is "cheapest", the default.
    memory_budget
        The most bytes that a call may take, its inputs and constants apart: a number, or a text like "64MB".
        Of the plans that stay within it, the one with the least work is taken.
    cache
        Take machine code from the disk cache where it is there, and keep it there.

    Returns
    -------
    Transformed
        A function with the signature of `fun`. The gradient has the containers, shapes and dtypes of the
        argument; with several `argnums` it is a tuple of gradients. It has `.fun`, `.inspect(*args)`,
        `.cache_info()` and `.njit(*example_args)`.

    Raises
    ------
    GradientError
        At the call, if an argument is no float or the result no real scalar, or if no plan stays within the
        memory budget; the message has the least that one takes.
    TraceError
        At the call, if the function cannot be traced; the message has the line.

    Examples
    --------
    >>> import gradir as gr
    >>> gr.grad(lambda x, y: x * x * y)(3.0, 2.0)
    12.0
    """
    saving = Saving.of(checkpoint, memory_budget)
    d = _differentiation(argnums, has_aux, with_value=False, saving=saving)
    given = donated_arguments(donate)
    return _of(fun, d, given, cache)


@overload
def value_and_grad(
    fun: Callable[..., Any],
    /,
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    donate: Donate = (),
    checkpoint: Checkpoint = None,
    memory_budget: int | str | None = None,
    cache: bool = True,
) -> Transformed: ...
@overload
def value_and_grad(
    fun: None = None,
    /,
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    donate: Donate = (),
    checkpoint: Checkpoint = None,
    memory_budget: int | str | None = None,
    cache: bool = True,
) -> Callable[[Callable[..., Any]], Transformed]: ...
def value_and_grad(
    fun: Callable[..., Any] | None = None,
    /,
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    donate: Donate = (),
    checkpoint: Checkpoint = None,
    memory_budget: int | str | None = None,
    cache: bool = True,
) -> Any:
    """Return a compiled function that computes `fun` and its gradient, as `(value, gradient)`.

    Parameters and errors are those of `grad`; with `has_aux` the result is `((value, aux), gradient)`.

    Examples
    --------
    >>> import gradir as gr
    >>> gr.value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """
    saving = Saving.of(checkpoint, memory_budget)
    d = _differentiation(argnums, has_aux, with_value=True, saving=saving)
    given = donated_arguments(donate)
    return _of(fun, d, given, cache)


@overload
def jit(fun: Callable[..., Any], /, *, donate: Donate = (), cache: bool = True) -> Transformed: ...
@overload
def jit(
    fun: None = None, /, *, donate: Donate = (), cache: bool = True
) -> Callable[[Callable[..., Any]], Transformed]: ...
def jit(fun: Callable[..., Any] | None = None, /, *, donate: Donate = (), cache: bool = True) -> Any:
    """Return `fun` compiled, without differentiating it.

    Use it as `jit(f)`, as a bare decorator, or as `@jit(donate=...)`.

    Parameters
    ----------
    fun
        A function of arrays and numbers, in any containers.
    donate
        Arguments, by position or name, that the caller has no more use for: results of the same shape and
        dtype take the memory of their arrays. Such a result is the array that was passed, overwritten, also
        if the call ends in an error. An array that cannot be overwritten (read-only, not contiguous, sharing
        memory with another argument) is left as it is, and the result is new.
    cache
        Take machine code from the disk cache where it is there, and keep it there.

    Returns
    -------
    Transformed
        A function with the signature and the results of `fun`.

    Raises
    ------
    GradientError
        At the call, if `donate` names an argument that there is not.

    Examples
    --------
    >>> import gradir as gr
    >>> gr.jit(lambda x, y: (x + y, x * y))(3.0, 2.0)
    (5.0, 6.0)

    A step that updates its parameters in place:

    >>> import numpy as np
    >>> step = gr.jit(lambda w, g: w - 0.5 * g, donate="w")
    >>> w = np.array([1.0, 2.0])
    >>> step(w, np.ones(2)) is w, w
    (True, array([0.5, 1.5]))
    """
    given = donated_arguments(donate)
    return _of(fun, None, given, cache)


def vjp(
    fun: Callable[..., Any],
    *args: Any,
    checkpoint: Checkpoint = None,
    memory_budget: int | str | None = None,
    cache: bool = True,
) -> tuple[Any, Pullback]:
    """Return the value of `fun(*args)` and its pullback, compiled.

    Parameters
    ----------
    fun
        A function of floats, that may return any number of results of any shape.
    *args
        Its arguments.
    checkpoint
        What the pullback holds, and what it computes again. See `grad`.
    memory_budget
        The most bytes that the forward run and a call of the pullback may take together, with the value and
        what the pullback holds; arguments, cotangents and constants apart. See `grad`.
    cache
        Take machine code from the disk cache where it is there, and keep it there.

    Returns
    -------
    value
        The function's result.
    pullback
        From cotangents, in the containers of `value`, to a tuple of gradients, one an argument. Its `nbytes`
        are those that it holds.

    Raises
    ------
    GradientError
        If an argument is no float, or if no plan stays within the memory budget.

    Examples
    --------
    >>> import gradir as gr
    >>> value, pullback = gr.vjp(lambda x, y: (x * y, x + y), 3.0, 2.0)
    >>> value
    (6.0, 5.0)
    >>> pullback((1.0, 10.0))
    (12.0, 13.0)
    """
    from .pullback import PULLBACKS

    return PULLBACKS.of(fun, Saving.of(checkpoint, memory_budget))(args, disk_cache() if cache else None)


def stop_gradient(x: Any) -> Any:
    """Return `x` (a number, an array, or containers of them) as something that gradients do not pass through.

    Examples
    --------
    >>> import gradir as gr
    >>> gr.grad(lambda x: x * gr.stop_gradient(x))(3.0)
    3.0
    """
    return optree.tree_map(_stopped, x, none_is_leaf=True)


def _stopped(x: Any) -> Any:
    if not isinstance(x, Tracer) or not x.value.dtype.is_float:
        return x
    value = x.run.emit("stop_gradient", x.value)
    if isinstance(x, Array):
        return maybe_same(new_array(x.run, value, readonly=x.buffer.readonly), x)
    assert isinstance(x, Scalar)
    return Scalar(x.run, value, weak=x.weak)
