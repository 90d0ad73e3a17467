"""What a call costs besides its arithmetic: small gradients in the ways they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .agreement import check_agreement
from .measure import Call, interleaved, spread
from .programs.rosenbrock import in_numba, rosenbrock, with_jax
from .results import Outcome
from .suite import Effort

INSIDE_TITLE = "Rosenbrock, n = 10, called from inside of `@numba.njit`"
_TOOLS = ("gradir", "by hand, Numba", "JAX")
INSIDE = 1000  # calls from inside of one compiled function


@dataclass(frozen=True, slots=True)
class Style:
    """One way to call, and the function of arrays `xp` (NumPy or JAX's) that is called so."""

    title: str
    function: Callable[[Any], Callable[..., Any]]
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]


def _of(title: str, function: Callable[[Any], Callable[..., Any]], *arguments: Any, **keywords: Any) -> Style:
    return Style(title, function, arguments, keywords)


def _layer(xp: Any) -> Callable[..., Any]:
    def function(p: Any, x: Any) -> Any:
        return xp.sum(xp.tanh(x @ p["w"] + p["b"]) ** 2)

    return function


def _pair(xp: Any) -> Callable[..., Any]:
    return lambda p: xp.sum(p[0] * p[1] ** 2)


def _keyword(xp: Any) -> Callable[..., Any]:
    def function(x: Any, scale: Any = 1.0) -> Any:
        return xp.sum(x**2) * scale

    return function


def _captured(xp: Any) -> Callable[..., Any]:
    factor, weights = 2.0, xp.ones(10)
    return lambda x: xp.sum(weights * x**2) * factor


_X = np.linspace(-1.0, 1.5, 10)
_ROSENBROCK = _of("an array (Rosenbrock, n = 10)", lambda xp: rosenbrock if xp is np else with_jax(), _X)
STYLES = (
    _ROSENBROCK,
    _of("a float", lambda xp: lambda x: x * x * x, 1.5),
    _of("two arrays", lambda xp: lambda x, y: xp.sum(x * y), _X, _X[::-1].copy()),
    _of("a tuple of arrays", _pair, (_X, _X + 1.0)),
    _of("a dict of arrays, an array", _layer, {"w": np.ones((10, 3)), "b": np.zeros(3)}, _X),
    _of("a keyword argument", _keyword, _X, scale=2.0),
    _of("a global array and number", _captured, _X),
)


def by_style(style: Style, jax_too: bool) -> dict[str, Call]:
    """Return the call of value and gradient by each tool, compiled."""
    import gradir as gr

    gradient = gr.value_and_grad(style.function(np))
    found: dict[str, Call] = {"gradir": lambda: gradient(*style.arguments, **style.keywords)}
    if style is _ROSENBROCK:
        import numba

        by_hand = numba.njit(in_numba)
        found["by hand, Numba"] = lambda: by_hand(*style.arguments)
    if jax_too:
        import jax

        jitted = jax.jit(jax.value_and_grad(style.function(jax.numpy)))
        args, named = jax.tree.map(jax.numpy.asarray, (style.arguments, style.keywords))
        found["JAX"] = lambda: jax.block_until_ready(jitted(*args, **named))
    for call in found.values():
        for _ in range(3):
            call()
    return found


def from_numba() -> dict[str, Call]:
    """Return many calls of Rosenbrock's gradient from inside of a function that Numba compiled."""
    import gradir as gr
    import numba

    gradient, by_hand = gr.value_and_grad(rosenbrock).njit(_X), numba.njit(in_numba)

    @numba.njit
    def calls(x: Any) -> float:
        total = 0.0
        for _ in range(INSIDE):
            value, slope = gradient(x)
            total += value + slope[0]
        return total

    @numba.njit
    def calls_by_hand(x: Any) -> float:
        total = 0.0
        for _ in range(INSIDE):
            value, slopes = by_hand(x)
            total += value + slopes[0][0]
        return total

    return {"gradir": lambda: calls(_X), "by hand, Numba": lambda: calls_by_hand(_X)}


def inside(effort: Effort, _: bool) -> tuple[Outcome, ...]:
    """Measure Rosenbrock's gradient called from inside of a function that Numba compiled."""
    many = from_numba()
    check_agreement(INSIDE_TITLE, (many["gradir"](), ()), (many["by hand, Numba"](), ()))
    samples = interleaved(many, effort.rounds, effort.budget)
    each = {name: [x / INSIDE for x in found] for name, found in samples.items()}
    return (Outcome("rosenbrock-inside", INSIDE_TITLE, len(_X), each, {}),)


def minimisations(jax_too: bool) -> dict[str, Call]:
    """Return SciPy's BFGS in Rosenbrock's valley, with the gradients of each tool."""
    import gradir as gr
    import numba
    from scipy.optimize import minimize

    by_hand = numba.njit(in_numba)

    def of_hand(x: Any) -> tuple[Any, Any]:
        value, (gradient,) = by_hand(x)
        return value, gradient

    gradients: dict[str, Any] = {"gradir": gr.value_and_grad(rosenbrock), "by hand, Numba": of_hand}
    if jax_too:
        import jax

        jitted = jax.jit(jax.value_and_grad(with_jax()))
        gradients["JAX"] = lambda x: jax.tree.map(np.asarray, jitted(x))

    def of(gradient: Any) -> Call:
        return lambda: minimize(gradient, _X, jac=True, method="BFGS", options={"maxiter": 50})

    return {name: of(gradient) for name, gradient in gradients.items()}


def report(jax_too: bool, rounds: int) -> Iterator[str]:
    """Yield the lines of the section, as they are measured."""
    yield "## Calls\n"
    yield "Microseconds a call of value and gradient, from Python:\n"
    yield "| arguments | " + " | ".join(_TOOLS) + " |"
    yield "| :--- |" + " ---: |" * len(_TOOLS)
    for style in STYLES:
        yield _row(style.title, by_style(style, jax_too), rounds)
    yield _row("the first, from inside of `@numba.njit`", from_numba(), rounds, INSIDE)
    yield _row("BFGS by SciPy with the first, all of it", minimisations(jax_too), rounds)


def _row(title: str, calls: Mapping[str, Call], rounds: int, each: int = 1) -> str:
    samples = interleaved(calls, rounds)
    figures = [f"{1e6 * spread(samples[t]).median / each:.2f}" if t in samples else "" for t in _TOOLS]
    return f"| {title} | {' | '.join(figures)} |"
