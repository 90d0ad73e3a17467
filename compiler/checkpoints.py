"""`checkpoint` and `name`: what of a function the backward pass computes again, and what it saves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial, update_wrapper
from types import MethodType
from typing import Any

import optree

from .arguments import Signature, flatten, labels_of
from .errors import GradientError, TraceError
from .ir.graph import Node, Value
from .ir.symbols import scoped
from .ir.types import ArrayType
from .passes.policies import Policy, SaveOnly, Verdict, policy_of
from .pickling import named
from .results import containers
from .specialise import graph_name
from .trace.frame import Buffer, Trace
from .trace.inner import Inner, trace_inner
from .trace.leaves import Leaf, leaf
from .trace.location import user_location
from .trace.tracer import Array, Scalar, Tracer


def checkpoint(
    fun: Callable[..., Any] | None = None, /, *, policy: str | Callable[[Node], Any] = "nothing"
) -> Any:
    """Return `fun` so that the backward pass computes its insides again instead of saving them.

    Use it as `checkpoint(f)`, as a bare decorator, or as `@checkpoint(policy=...)`. It changes what a
    gradient holds in memory, never a value.

    Parameters
    ----------
    fun
        A function of arrays and numbers, in any containers, which it only reads.
    policy
        What is saved nevertheless: "everything", "nothing", "dots" or "recompute_cheap", or a function from a
        node of `fun` to "save" or, as for all else, "recompute". See `grad`; `save_only` makes one that goes
        by `name`. It goes by what `fun` computes outside of its loops and branches. Predicates and indices
        are saved in any case, those of its loops for each turn, and never computed again.

    Returns
    -------
    Checkpointed
        A function with the signature and the results of `fun`.

    Raises
    ------
    GradientError
        If the policy is none.
    TraceError
        At the call in traced code, if `fun` writes to an array from outside of it.

    References
    ----------
    A. Griewank and A. Walther, Evaluating Derivatives, SIAM, 2008, chapter 12.

    Examples
    --------
    >>> import numpy as np, gradir as gr
    >>> block = gr.checkpoint(lambda x: np.sin(np.exp(x)))
    >>> gr.grad(lambda x: block(block(x)))(0.0) == gr.grad(lambda x: block.fun(block.fun(x)))(0.0)
    True
    """
    if fun is None:
        return lambda f: checkpoint(f, policy=policy)
    return Checkpointed(fun, policy)


def name(x: Any, name: str) -> Any:
    """Return `x` (a number, an array, or containers of them) with a name that checkpoint policies go by.

    An array stays the same array. On an argument, which is saved in any case, a name has no effect.

    Parameters
    ----------
    x
        What to name.
    name
        Its name; several values may have the same.

    Returns
    -------
    `x` itself outside of traced code.

    Raises
    ------
    TypeError
        If the name is no text.
    TraceError
        If an array is a view of another one.

    Examples
    --------
    >>> import numpy as np, gradir as gr
    >>> @gr.checkpoint(policy=gr.save_only("hidden"))
    ... def layer(x):
    ...     return np.sin(gr.name(np.exp(x), "hidden"))
    >>> gr.grad(layer)(0.0) == np.cos(1.0)
    True
    """
    _check_names("gr.name", name)
    return optree.tree_map(partial(_named, name=name), x, none_is_leaf=True)


def _check_names(what: str, *names: Any) -> None:
    for each in names:
        if not isinstance(each, str):
            raise TypeError(f"{what}: a name is a text, not {each!r}")


def _named(x: Any, name: str) -> Any:
    if not isinstance(x, Tracer):
        return x
    if isinstance(x, Array) and x.lenses:
        raise TraceError(
            "this array is a view, which has no name of its own: name a copy of it, or what it is a view of",
            loc=user_location(),
        )
    if isinstance(x, Array) and (x.buffer.readonly or x.buffer.may_alias):
        return x  # arguments are there anyway; what may be two arrays has no one name
    value = x.run.emit("name", x.value, name=name)
    if isinstance(x, Array):
        x.run.write(x.buffer, value)  # it stays the same array, for all who hold it
        return x
    assert isinstance(x, Scalar)
    return Scalar(x.run, value, weak=x.weak)


def save_only(*names: str) -> SaveOnly:
    """Return the checkpoint policy that saves the values with these names, and recomputes all others.

    Parameters
    ----------
    *names
        What `name` was given.

    Returns
    -------
    SaveOnly
        A function of a node, for `checkpoint=` and `policy=`.

    Raises
    ------
    TypeError
        If a name is no text.

    Examples
    --------
    >>> import gradir as gr
    >>> gr.save_only("h1", "h2").names == {"h1", "h2"}
    True
    """
    _check_names("gr.save_only", *names)
    return SaveOnly(frozenset(names))


class Checkpointed:
    """A function whose insides are computed again in the backward pass; `checkpoint` returns it.

    Attributes
    ----------
    fun
        The function itself.
    """

    def __init__(self, fun: Callable[..., Any], policy: str | Callable[[Node], Any]) -> None:
        if not callable(fun):
            raise GradientError(f"a function is needed, not {type(fun).__name__}")
        if policy_of(policy).is_for_loops:
            raise GradientError(f"the policy '{policy}' is one of whole gradients: give it to gr.grad")
        update_wrapper(self, fun)
        self.fun = fun
        self._policy = policy
        self._signature = Signature(fun)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.fun(*args, **kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle as what it is made of, or by its own name where a decorator put it there."""
        name: str = getattr(self, "__qualname__", "")
        return (
            name if named(getattr(self, "__module__", ""), name) is self else super().__reduce_ex__(protocol)
        )

    def __getstate__(self) -> tuple[Any, ...]:
        return self.fun, self._policy

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"<checkpointed function {getattr(self.fun, '__qualname__', self.fun)}>"

    def __gradir_inline__(self, trace: Trace, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Trace the function as a graph of its own, and make that the region of a `checkpoint`."""
        from .passes.inline import inline

        args, kwargs = self._signature.bind(args, kwargs)
        objects, structure = flatten(args, kwargs)
        held = [x if x.value is not None else Leaf(x.object) for x in (leaf(trace, o) for o in objects)]
        labels = labels_of(self._signature, args, kwargs)
        inner = trace_inner(trace, self.fun, held, structure, labels, graph_name(self.fun))
        operands = [x.place(trace.b, x.kind) for x in held if x.kind is not None]
        region = trace.b.nested()
        own = inline(region, inner.graph, (*operands, *inner.outer))
        kept = _kept(region.nodes, policy_of(self._policy))
        block = region.block((), (*own, *kept))
        made = trace.emit_all("checkpoint", regions=(block,), kept=len(kept)) if own or region.nodes else ()
        return containers(inner.structure)(_returned(trace, self.fun, inner, held, iter(made)))


def _returned(
    trace: Trace, fun: Callable[..., Any], inner: Inner, held: Sequence[Leaf], results: Iterator[Value]
) -> list[Any]:
    """Return what a region returns: arrays of its own, and those that it was given and only passes on."""
    given = dict(zip(inner.graph.block.params, (x.object for x in held if x.kind is not None), strict=False))
    found: list[Any] = []
    own: dict[Buffer, tuple[Any, bool]] = {}
    for x in inner.leaves:
        made = x.object if x.kind is None else x.kind.tracer(trace, next(results))
        buffer, is_view = x.buffer, bool(x.lenses)
        if buffer is not None:
            passed = given.get(buffer.value, None if buffer.frame.closed else x.object)
            before, was_view = own.get(buffer, (passed, False))
            if before is not None and (is_view or was_view):
                raise TraceError(
                    f"'{graph_name(fun)}' returns an array that shares memory with an argument or another"
                    " result, which a checkpointed function cannot: return a copy of it",
                    loc=user_location(),
                )
            made = made if before is None else before
            own[buffer] = made, is_view
        found.append(made)
    return found


def _kept(nodes: Sequence[Node], policy: Policy) -> list[Value]:
    """Return the values of a region that are saved: those of the policy, and all that decide."""
    from .passes.recompute import decides, is_movement

    verdicts = policy.verdicts(nodes)
    made = [n for n in nodes if len(n.results) == 1 and not n.regions and not is_movement(n)]
    saved = [n.result for n in made if verdicts[n.result] is Verdict.SAVE or decides(n)]
    return [v for v in saved if isinstance(v.type, ArrayType) and not scoped(v.type)]
