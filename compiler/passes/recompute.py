"""What the backward pass may compute again instead of saving, and what either costs.

Integer work, movement of data and reads cost next to nothing, and are always done again where what they read
is there. Float arithmetic is where that costs less than saving (`partition`). Predicates and integers that
come of floats never are: run again they have to come out the same to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from ..ir import dims
from ..ir.graph import Graph, Node, Value, walk
from ..ir.loops import body_of, form
from ..ir.operation import Effect, Elementwise, PerElement, Reduction, Special
from ..ir.symbols import BIND
from ..ir.types import ArrayType, DType
from ..ops.cost import element_cost
from .structure import Region, Structure

Values = tuple[Value, ...]

CREATION = {"constant", "iota", "extent"}
MOVEMENT = {"broadcast", "reshape", "transpose", "name"}  # save what it is made of
READS = {"index", "gather"}
_SAVING = 4.0  # writing 8 bytes and reading them, in additions of numbers that are at hand
_MOVING = 0.1  # what is as good as free


@dataclass(frozen=True, slots=True)
class Recipes:
    """What can be recomputed in the reverse of a region, given what is saved there.

    Attributes
    ----------
    free
        The values in regions that need nothing saved inside any loop.
    """

    structure: Structure
    free: set[Value] = field(default_factory=set)

    @staticmethod
    def of(graph: Graph, structure: Structure) -> Recipes:
        recipes = Recipes(structure)
        for region in structure.regions.values():
            if region.is_loop_body:
                recipes.free.add(region.block.params[0])
        for node in walk(graph.block):
            home = structure.home.get(node.results[0]) if node.results else None
            if home is not None and is_cheap(node) and recipes.is_at_hand(node, home, ()):
                recipes.free.update(node.results)
        return recipes

    def is_at_hand(self, node: Node, region: Region, saved: Collection[Value]) -> bool:
        """Tell whether the reverse of `region` has the operands of `node` if it has `saved`."""
        return all(v in saved or self.is_free(v, region) for v in self.structure.reads(node))

    def is_free(self, value: Value, reader: Region) -> bool:
        home = self.structure.home.get(value)
        return home is None or value in self.free or (home is not reader and _is_counter(value))


def is_movement(node: Node) -> bool:
    """Tell whether a node is run again whatever it takes: its operands are no larger than its result.

    A size is bound again, so that types can mention it.
    """
    return node.op.name in CREATION or node.op.name in MOVEMENT or node.op.name == BIND


def is_cheap(node: Node) -> bool:
    """Tell whether running a node again costs no more than saving its result, and gives the same bits."""
    if node.op.name == "check_index":
        return True
    exact_conversion = node.op.name == "convert" and node.result.dtype.is_float
    return is_movement(node) or node.op.name in READS or exact_conversion or _is_integer_arithmetic(node)


def decides(node: Node) -> bool:
    """Tell whether a node makes a predicate or an index of floats: run again, it could come out other."""
    floats = any(isinstance(v.type, ArrayType) and v.dtype.is_float for v in node.operands)
    return floats and all(isinstance(v.type, ArrayType) and not v.dtype.is_float for v in node.results)


def is_decision(node: Node) -> bool:
    """Tell whether a node computes something that decides, rather than handing it on."""
    return not node.regions and decides(node) and not is_movement(node)


def may_run_again(loop: Node) -> bool:
    """Tell whether a loop's body takes the same branches, turns and indices when it is run again."""
    return not decided(loop)


def decided(loop: Node) -> Values:
    """Return what a loop's body makes of floats and takes as branches, numbers of turns, indices and masks.

    How many turns the loop itself takes is not asked again. Of a `while` in it whose turns decide on nothing
    but the next turn and choices between values, it is how many there were.
    """
    return _decided(loop, {}).all


def is_counted(node: Node, strictly: bool = True) -> bool:
    """Tell whether a node is a `while` that floats end, and whose turns decide nothing else.

    Unless `strictly`, they may choose between values, element by element.
    """
    if node.op.name != "while":
        return False
    found = _decided(node, {})
    return found.only_ends and not (strictly and found.choices)


@dataclass(frozen=True, slots=True)
class _Decided:
    """What becomes of the predicates and integers that a loop's body makes of floats.

    Attributes
    ----------
    steering
        Those that anything but a choice between values comes of.
    choices
        The rest of those that choose between values, element by element.
    ends
        Whether any says if there is another turn.
    """

    steering: Values
    choices: Values
    ends: bool

    @property
    def all(self) -> Values:
        return self.steering + self.choices

    @property
    def only_ends(self) -> bool:
        return self.ends and not self.steering


def _decided(loop: Node, known: dict[Node, _Decided]) -> _Decided:
    """Follow what a loop decides; `known` has that of loops inside, which recursion looks at once each."""
    if loop in known:
        return known[loop]
    body = body_of(loop)
    whiles = [node for node in walk(body) if node.op.name == "while"]
    counts = {node.results[0] for node in whiles if _decided(node, known).only_ends}
    sources: dict[Value, frozenset[Value]] = {}  # of what could come out other: what it is made of
    found, chosen_by = set(counts), set[Value]()

    def made_of(values: Iterable[Value]) -> frozenset[Value]:
        return frozenset().union(*(sources[v] for v in values if v in sources))

    for node in walk(body):
        read = made_of(node.operands)
        if node.op.name == "where" and node.result.dtype.is_float:
            read = made_of(node.operands[1:])
            chosen_by |= made_of(node.operands[:1])
        if not (is_movement(node) or _is_logic(node)):
            found |= read
            read = frozenset()
        for v in node.results:
            own = read | {v} if is_decision(node) or v in counts else read
            if own:
                sources[v] = own
    for node in walk(body):
        first = 1 if counts.intersection(node.results) else 0  # whether there is another turn comes first
        for region in node.regions:
            found |= made_of(region.results[first:])
    at = form(loop).yields
    found |= made_of(body.results[at:])
    ends_itself = not sources.keys().isdisjoint(body.results[:at])
    steering = tuple(v for v in sources if v in found)
    choices = tuple(v for v in sources if v in chosen_by - found)
    known[loop] = _Decided(steering, choices, ends_itself)
    return known[loop]


def _is_logic(node: Node) -> bool:
    """Tell whether a node makes one array of predicates of others, element by element."""
    is_elementwise = isinstance(node.op.lowering, Elementwise)
    return is_elementwise and all(v.dtype is DType.BOOL for v in (*node.operands, node.result))


def _is_integer_arithmetic(node: Node) -> bool:
    values = (*node.operands, *node.results)
    exact = all(isinstance(v.type, ArrayType) and not v.dtype.is_float for v in values)
    return exact and isinstance(node.op.lowering, Elementwise)


def _is_counter(value: Value) -> bool:
    """Tell whether `value` is an integer or bool of one element: saved once by an outer loop if need be."""
    return isinstance(value.type, ArrayType) and not value.type.shape and not value.type.dtype.is_float


# Costs, in additions of one element.


def saving_cost(value: Value) -> float:
    """Return what saving a value for the backward pass costs."""
    if not isinstance(value.type, ArrayType):
        return math.inf
    return _SAVING * value.array.most_bytes / 8


def running_cost(node: Node) -> float:
    """Return what running a node again costs; infinite where it must not be."""
    if is_cheap(node):
        return _MOVING
    if node.op.effect is not Effect.NONE or node.regions or len(node.results) != 1:
        return math.inf
    values = (*node.operands, node.result)
    if not all(isinstance(v.type, ArrayType) for v in values) or not node.result.dtype.is_float:
        return math.inf
    match node.op.lowering:
        case Elementwise():
            return element_cost(node) * dims.room(node.result.shape)
        case PerElement():
            return 1.0 * dims.room(node.result.shape)
        case Reduction():
            return 1.0 * dims.room(node.operands[0].shape)
        case Special() if node.op.name == "matmul":
            return 1.0 * dims.room(node.result.shape) * dims.capacity(node.operands[0].shape[-1])
    return math.inf
