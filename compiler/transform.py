"""A function with gradir's machinery behind it: specialisations by argument kind, compiled on first use."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, update_wrapper
from types import MethodType
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from .arguments import Signature, TracedCall, flatten, key_of
from .cache import disk_cache
from .donation import Donated
from .entries import Entries
from .errors import GradientError, UnsupportedError
from .forks import ForkLock
from .ir.graph import Graph
from .pickling import named
from .program import Program
from .results import Differentiation
from .specialise import Specialisation, as_graph, specialise
from .trace.calls import call
from .trace.frame import Trace
from .trace.location import user_location

_MOST_KEPT = 64  # specialisations for one kind of arguments: they differ in what was captured


class CacheInfo(NamedTuple):
    """Statistics of the compiled specialisations of one function."""

    hits: int
    misses: int
    currsize: int
    specialisations: tuple[str, ...]  # the types of the arguments of each


class Transformed:
    """A compiled function; `grad`, `value_and_grad` and `jit` return it.

    Attributes
    ----------
    fun
        The function itself.
    """

    # Python finds the attribute of a slot without running any Python: a `def __call__` would take 0.3 us.
    if TYPE_CHECKING:
        __call__: Callable[..., Any]
    else:
        __slots__ = ("__call__", "__dict__", "__weakref__")

    def __init__(
        self,
        fun: Callable[..., Any],
        differentiation: Differentiation | None,
        donate: Donated = (),
        cache: bool = True,
    ) -> None:
        if not callable(fun):
            raise GradientError(f"a function is needed, not {type(fun).__name__}")
        update_wrapper(self, fun)
        self.fun = fun
        self._differentiation = differentiation
        self._donate = donate
        self._uses_disk = cache
        self._signature = Signature(fun)
        self._cache: dict[Any, list[Specialisation]] = {}
        self._entries = Entries(partial(_in_python, ref(self), self.__getstate__()))
        self._lock = ForkLock()
        self._hits = 0
        self._misses = 0
        self.__call__ = self._entries.first

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle and copy as what it is made of, or by its own name where a decorator put it there."""
        name: str = getattr(self, "__qualname__", "")
        return (
            name if named(getattr(self, "__module__", ""), name) is self else super().__reduce_ex__(protocol)
        )

    def __getstate__(self) -> tuple[Any, ...]:
        return self.fun, self._differentiation, self._donate, self._uses_disk

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Take a call that no entry takes."""
        args, kwargs = self._signature.bind(args, kwargs)
        leaves, structure = flatten(args, kwargs)
        try:
            key = (structure, *map(key_of, leaves))
        except TracedCall as inner:
            return self.__gradir_inline__(inner.args[0].run, args, kwargs)
        for found in self._cache.get(key, ()):
            if found.fits(leaves):
                self._hits += 1
                if not self._entries.is_settled(found):
                    self._enter(key, found, leaves, structure)
                return found(leaves)
        return self._specialise(key, args, kwargs, leaves, structure)(leaves)

    def _enter(self, key: Any, found: Specialisation, leaves: list[Any], structure: Any) -> None:
        """Let calls like this one, which is not the first of its kind, go without Python."""
        with self._lock:
            if any(made is found for made in self._cache.get(key, ())):
                self._entries.put_first(found, self._signature, leaves, structure)
                self.__call__ = self._entries.first

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<gradir function {getattr(self.fun, '__qualname__', self.fun)}>"

    def inspect(self, *args: Any, **kwargs: Any) -> Program:
        """Return the Program for these arguments, with every stage, compiling it if it is new."""
        args, kwargs = self._signature.bind(args, kwargs)
        leaves, structure = flatten(args, kwargs)
        found = self._made_for(args, kwargs, leaves, structure)
        return found.program.at(found.inputs(leaves))

    def _made_for(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], leaves: list[Any], structure: Any
    ) -> Specialisation:
        try:
            key = (structure, *map(key_of, leaves))
        except TracedCall:
            message = "inspect and njit need numbers, but are called inside of a traced function"
            raise UnsupportedError(message, loc=user_location()) from None
        return self._specialise(key, args, kwargs, leaves, structure)

    def graph(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Graph:
        """Return the primal graph for these arguments."""
        return as_graph(self.fun, self._signature, args, kwargs)

    def cache_info(self) -> CacheInfo:
        """Return how many calls found compiled code, how many compiled, and for which argument types."""
        entries = [s for found in self._cache.values() for s in found]
        texts = (", ".join(str(p.type) for p in s.program.primal.block.params) for s in entries)
        return CacheInfo(self._hits + self._entries.hits, self._misses, len(entries), tuple(texts))

    def cache_clear(self) -> None:
        """Forget all compiled code."""
        with self._lock:
            self._forget([made for known in self._cache.values() for made in known])
            self._cache.clear()

    def njit(self, *example_args: Any) -> Any:
        """Return a function for `@numba.njit` and `prange` code, compiled for arguments like these.

        Parameters
        ----------
        *example_args
            Arrays and numbers, and tuples of them, for their types and shapes.

        Returns
        -------
        numba.core.registry.CPUDispatcher
            It takes arguments like those, and returns what the function itself does, with tuples in place of
            lists and dicts. Flags, strings, functions and None among the arguments are part of the code, and
            left out; so are the values of globals, as everywhere in Numba, but not the elements of arrays.
            Arguments of another shape raise ValueError.

        Raises
        ------
        UnsupportedError
            If the arguments or the result have containers that Numba code cannot have.

        Examples
        --------
        >>> import gradir as gr, numba
        >>> area = gr.value_and_grad(lambda sides: sides[0] * sides[1]).njit((1.0, 1.0))
        >>> numba.njit(lambda a, b: area((a, b)))(2.0, 3.0)
        (6.0, (3.0, 2.0))
        """
        from .call_plans import call_plan
        from .runtime.njit import njit_function

        args, kwargs = self._signature.bind(example_args, {})
        leaves, structure = flatten(args, kwargs)
        made = self._made_for(args, kwargs, leaves, structure)
        plan = call_plan(made, self._signature, leaves, structure)
        if plan is None:
            raise UnsupportedError("njit takes arrays and numbers in tuples, lists and dicts, 256 in all")
        return njit_function(made.program.compiled, plan)

    def _specialise(
        self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any], leaves: list[Any], structure: Any
    ) -> Specialisation:
        with self._lock:
            for found in self._cache.get(key, ()):
                if found.fits(leaves):
                    return found
            made = specialise(
                self.fun,
                self._signature,
                self._differentiation,
                self._donate,
                args,
                kwargs,
                leaves,
                structure,
                disk_cache() if self._uses_disk else None,
            )
            known = self._cache.setdefault(key, [])
            known.append(made)
            self._misses += 1
            if len(known) > _MOST_KEPT:
                self._forget(known[:-_MOST_KEPT])
                del known[:-_MOST_KEPT]
            return made

    def _forget(self, made: list[Specialisation]) -> None:
        self._entries.forget(made)
        self.__call__ = self._entries.first

    def __gradir_inline__(self, trace: Trace, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Apply the transform inside a function that is being traced."""
        if self._differentiation is None:
            return call(trace, self.fun, args, kwargs)
        from .nested import inline_gradient

        args, kwargs = self._signature.bind(args, kwargs)
        return inline_gradient(trace, self.fun, self._signature, self._differentiation, args, kwargs)


def _in_python(
    of: ref[Transformed],
    made_of: tuple[Any, ...],
    /,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """Call a function that its entries do not keep alive, as it does them."""
    transformed = of() or Transformed(*made_of)  # anew where only its `__call__` was kept
    return transformed._call(args, kwargs)
