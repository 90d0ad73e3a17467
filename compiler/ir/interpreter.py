"""Running a graph in NumPy: the reference that all compiled code is held to."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import ShapeError, located
from .dims import Affine, Symbol, evaluate, static
from .graph import Block, Graph, Node, Span, Value, walk
from .printer import Printer
from .symbols import bound_by, is_symbolic
from .types import ArrayType, Type


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """A stack at run time: its top and the stack below; an empty one has no `below`."""

    below: Stack | None = None
    top: Any = None

    def push(self, value: Any) -> Stack:
        return Stack(self, value)

    def pop(self) -> tuple[Stack, Any]:
        if self.below is None:
            raise IndexError("pop from an empty stack")
        return self.below, self.top

    def all(self) -> list[Any]:
        """Return the elements from the bottom up."""
        found, stack = [], self
        while stack.below is not None:
            found.append(stack.top)
            stack = stack.below
        return found[::-1]


def interpret(graph: Graph, *args: Any) -> tuple[Any, ...]:
    """Run a graph in NumPy.

    Parameters
    ----------
    graph
        Any graph that `verify` accepts.
    *args
        One array for each input, of its dtype and shape; Python numbers are converted.

    Returns
    -------
    tuple
        An array for each output, never one of the arguments' memory.

    Raises
    ------
    TypeError
        If there are too few arguments, or too many.
    ShapeError
        If an argument's shape or dtype is not that of the input.
    IndexError, or what a `check` names
        If a check fails; the message ends with the line of the user's code. Every error that
        is raised while running has a note that shows the node.

    Examples
    --------
    >>> from gradir.ir.parser import parse
    >>> from gradir.ops import OPS
    >>> graph = parse('graph f(%0: f64[] "x") {\\n %1: f64[] = square %0\\n return %1 "y"\\n}', OPS)
    >>> interpret(graph, 3.0)
    (array(9.),)
    """
    results = Interpreter(graph).run(args)
    return tuple(r if isinstance(r, Stack) else np.array(r) for r in results)


class Interpreter:
    """One walk over a graph; override `node` to watch or to replace what a node computes.

    Values are freed after their last use: `values` holds only what is still needed.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.values: dict[Value, Any] = {}
        self.symbols: dict[Symbol, int] = {}  # what each is bound to now
        self._symbolic = is_symbolic(graph)
        self._lifetimes: dict[Block, _Lifetimes] = {}

    def run(self, args: Sequence[Any]) -> tuple[Any, ...]:
        """Run the whole graph; its results may share memory with the arguments."""
        params = self.graph.block.params
        if len(args) != len(params):
            raise TypeError(f"{self.graph.name} takes {len(params)} arguments, not {len(args)}")
        inputs = zip(args, params, self.graph.inputs, strict=True)
        arrays = [_argument(a, p.type, label) for a, p, label in inputs]
        self.values.clear()
        with np.errstate(all="ignore"):
            return self.block(self.graph.block, arrays)

    def block(self, block: Block, args: Sequence[Any]) -> tuple[Any, ...]:
        """Run a block with values for its parameters; return its results."""
        values = self.values
        if block not in self._lifetimes:
            self._lifetimes[block] = _lifetimes(block)
        lifetimes = self._lifetimes[block]
        values.update(zip(block.params, args, strict=True))
        for node, dead in zip(block.nodes, lifetimes.dead, strict=True):
            operands = [values[v] for v in node.operands]
            try:
                results = self.node(node, operands)
            except Exception as error:
                self._explain(error, node)
                raise
            values.update(zip(node.results, results, strict=True))
            del operands
            for value in dead:
                del values[value]
        results = tuple([values[v] for v in block.results])
        for value in lifetimes.kept:
            del values[value]
        return results

    def node(self, node: Node, operands: Sequence[Any]) -> Sequence[Any]:
        """Compute the results of one node from the values of its operands."""
        if node.op.evaluate is not None:
            return self.evaluate(node, operands)
        match node.op.name:
            case "for":
                return self.loop(node, operands)
            case "while":
                return self.repeat(node, operands)
            case "if":
                return self.block(node.regions[0 if operands[0] else 1], ())
            case "checkpoint":
                return self.block(node.regions[0], ())
            case "stack_new":
                return (Stack(),)
            case "push":
                return (operands[0].push(operands[1]),)
            case "pop":
                stack: Stack = operands[0]
                return stack.pop()
            case "peek":
                return (operands[0].all()[operands[1]],)
            case "check":
                return _check(node, operands[0])
            case "check_index":
                size = evaluate(node.attrs["size"], self.symbols)
                return (_check_index(node, operands[0], size),)
            case "bind":
                symbol = bound_by(node)
                self.symbols[symbol] = min(max(int(operands[0]), 0), symbol.bound)
                return (np.array(self.symbols[symbol], np.int64),)
        raise NotImplementedError(f"{node.op.name} has no evaluation")

    def evaluate(self, node: Node, operands: Sequence[Any]) -> tuple[Any, ...]:
        """Compute a node by its record; a result of another type than inferred is the record's defect."""
        assert node.op.evaluate is not None
        attrs, type = node.attrs, node.result.array
        shape = type.shape
        if self._symbolic:
            attrs = {k: self._known(v) for k, v in attrs.items()}
            shape = self._known(shape)
        result = np.asarray(node.op.evaluate(*operands, **attrs))
        if result.dtype != type.dtype.numpy or result.shape != shape:
            found = f"{result.dtype}{list(result.shape)}"
            raise AssertionError(f"{node.op.name} evaluates to {found}, not {type}")
        return (result,)

    def _known(self, attr: Any) -> Any:
        """An attribute with the values of its symbols."""
        match attr:
            case Affine():
                return evaluate(attr, self.symbols)
            case Span():
                return replace(attr, size=self._known(attr.size))
            case tuple():
                return tuple(map(self._known, attr))
        return attr

    def loop(self, node: Node, operands: Sequence[Any]) -> tuple[Any, ...]:
        """Run a `for`."""
        lo, hi, step, *inits = operands
        carried = tuple(inits)
        for i in range(int(lo), int(hi), int(step)):
            carried = self.block(node.regions[0], (np.array(i, np.int64), *carried))
        return carried

    def repeat(self, node: Node, operands: Sequence[Any]) -> tuple[Any, ...]:
        """Run a `while`; count its turns."""
        go, *inits = operands
        carried, count = tuple(inits), 0
        while go:
            go, *following = self.block(node.regions[0], (np.array(count, np.int64), *carried))
            carried, count = tuple(following), count + 1
        return (np.array(count, np.int64), *carried)

    def _explain(self, error: Exception, node: Node) -> None:
        if not getattr(error, "__notes__", None):  # else the note shows a node in a region of this one
            error.add_note(f"while interpreting\n{Printer(self.graph).marked(node)}")


@dataclass(frozen=True, slots=True)
class _Lifetimes:
    dead: tuple[tuple[Value, ...], ...]  # for each node, the block's own values that it is the last to use
    kept: tuple[Value, ...]  # those that live to the end of the block


def _lifetimes(block: Block) -> _Lifetimes:
    last: dict[Value, int] = {}
    own = set(block.params)
    for k, node in enumerate(block.nodes):
        own.update(node.results)
        last.update(dict.fromkeys((*node.results, *node.operands, *_captured(node)), k))
    kept = own.intersection((*block.results, *[p for p in block.params if p not in last]))
    dead: list[list[Value]] = [[] for _ in block.nodes]
    for value, k in last.items():
        if value in own and value not in kept:
            dead[k].append(value)
    return _Lifetimes(tuple(map(tuple, dead)), tuple(kept))


def _captured(node: Node) -> set[Value]:
    """Everything that the regions of a node read, from inside or outside."""
    read: set[Value] = set()
    for region in node.regions:
        read.update(region.results)
        for inner in walk(region):
            read.update(inner.operands)
            for nested in inner.regions:
                read.update(nested.results)
    return read


def _argument(arg: Any, type: Type, label: str) -> Any:
    if not isinstance(type, ArrayType):
        if not isinstance(arg, Stack):
            raise ShapeError(f"argument '{label}' is a stack, not {arg!r}")
        return arg
    dtype = type.dtype.numpy
    is_number = isinstance(arg, bool | int | float) and not isinstance(arg, np.generic)
    if is_number and np.can_cast(np.min_scalar_type(arg), dtype, "same_kind"):
        arg = np.array(arg, dtype)
    array = np.asarray(arg)
    if array.dtype != dtype or array.shape != static(type.shape):
        raise ShapeError(f"argument '{label}' is {type}, not {array.dtype}{list(array.shape)}")
    return array


def _check(node: Node, condition: Any) -> tuple[()]:
    if not condition:
        raise getattr(builtins, node.attrs["exception"])(located(node.attrs["message"], node.loc))
    return ()


def _check_index(node: Node, index: Any, size: int) -> Any:
    axis = node.attrs["axis"]
    outside = index[(index < -size) | (index >= size)]
    if outside.size:
        message = f"index {outside.ravel()[0]} is out of bounds for axis {axis} with size {size}"
        raise IndexError(located(message, node.loc))
    return np.where(index < 0, index + size, index)
