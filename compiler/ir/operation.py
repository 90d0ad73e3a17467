"""The record of an operation: everything the compiler knows about it, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import GradirError
from .types import DType, Type

if TYPE_CHECKING:
    from .builder import Builder
    from .graph import Node, Value

Attrs = Mapping[str, Any]


class TypeRuleError(GradirError, ValueError):
    """Operands that an operation does not take."""


class Effect(Enum):
    """What a node does besides its results. Effects keep their order and are never removed."""

    NONE = "none"
    CHECK = "check"  # may end the run with an error


class NotDifferentiable(Enum):
    """The derivative of an operation that passes no gradient (integer or piecewise constant)."""

    ZERO = "zero"


NOT_DIFFERENTIABLE = NotDifferentiable.ZERO

Partial = Callable[..., "Value"]


@dataclass(frozen=True, slots=True)
class Partials:
    """Local derivatives of an elementwise operation, one for each operand.

    `of[k](b, out, *operands)` builds d out / d operand k; None where it is 0 everywhere.
    The adjoint multiplies it by the cotangent: with `strong_multiply` (0 where the
    cotangent is 0) unless `finite`, which says that no partial is ever infinite or NaN,
    not even where an operand is.
    """

    of: tuple[Partial | None, ...]
    finite: bool = False


@dataclass(frozen=True, slots=True)
class VjpContext:
    """What a rule of reverse mode sees of one node of the primal."""

    b: Builder
    node: Node
    cotangents: tuple[Value | None, ...]  # one for each result, None where it is zero
    needed: tuple[bool, ...]  # one for each operand

    @property
    def ct(self) -> Value:
        """The cotangent of the only result."""
        (ct,) = self.cotangents
        assert ct is not None
        return ct


@dataclass(frozen=True, slots=True)
class Vjp:
    """A rule that builds the operands' cotangents, None for those not needed or zero.

    `into`, where given, adds the cotangent of operand 0 to an existing one in place
    (`into(context, accumulated) -> Value`), so that reading one element of an array in
    a loop costs one element in the backward loop; the rule need not give that one then.
    `linear` names the operands that the result is linear in (no primal value is needed
    to transpose it but those of the other operands).
    """

    rule: Callable[[VjpContext], Sequence[Value | None]]
    into: Callable[[VjpContext, Value], Value] | None = None


class Structured(Enum):
    """The derivative is the adjoint pass's own: operations with regions."""

    REGION = "region"


Derivative = Partials | Vjp | NotDifferentiable | Structured


class Scalar(Protocol):
    """A scalar in the code under construction."""

    @property
    def dtype(self) -> DType: ...


class Machine(Protocol):
    """Emits scalar code; a lowering target implements it. Operands of one call share a dtype."""

    def constant(self, dtype: DType, value: Any) -> Any: ...
    def add(self, x: Any, y: Any) -> Any: ...
    def subtract(self, x: Any, y: Any) -> Any: ...
    def multiply(self, x: Any, y: Any) -> Any: ...
    def divide(self, x: Any, y: Any) -> Any: ...  # floats only
    def quotient(self, x: Any, y: Any) -> Any: ...  # integers, toward zero; y is never 0, never overflows
    def modulo(self, x: Any, y: Any) -> Any: ...  # C's fmod for floats, % for integers
    def negate(self, x: Any) -> Any: ...
    def bitand(self, x: Any, y: Any) -> Any: ...  # integers and bools
    def bitor(self, x: Any, y: Any) -> Any: ...
    def bitxor(self, x: Any, y: Any) -> Any: ...
    def shift_left(self, x: Any, y: Any) -> Any: ...  # 0 <= y < bits
    def shift_right(self, x: Any, y: Any) -> Any: ...
    def compare(self, relation: str, x: Any, y: Any) -> Any: ...  # == != < <= > >=, ordered but !=
    def select(self, condition: Any, x: Any, y: Any) -> Any: ...
    def convert(self, x: Any, dtype: DType) -> Any: ...  # as ndarray.astype
    def intrinsic(self, name: str, *args: Any) -> Any: ...  # fabs floor ceil rint trunc sqrt copysign, and
    # maximum minimum, which give NaN if either operand is, and either zero of two
    def call(self, name: str, *args: Any) -> Any: ...  # a C math function: exp, log, pow ...
    def special(self, name: str, *args: Any) -> Any: ...  # a scipy.special function: psi, zeta ...


class ElementMachine(Machine, Protocol):
    """A Machine that can also ask for one element of an operand of the node being lowered."""

    def element(self, operand: int, index: Sequence[Any]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Elementwise:
    """`emit(machine, *scalars) -> scalar`: the same scalar code for every element.

    `attrs`-dependent operations take them as a keyword: `emit(machine, *scalars, attrs=...)`
    when `with_attrs` is set.
    """

    emit: Callable[..., Any]
    with_attrs: bool = False


@dataclass(frozen=True, slots=True)
class PerElement:
    """`emit(element_machine, node, index) -> scalar`: one element of the result, from elements of
    the operands. It can be computed where it is used, so moving data around needs no copy."""

    emit: Callable[[ElementMachine, Any, Sequence[Any]], Any]


@dataclass(frozen=True, slots=True)
class Reduction:
    """A reduction over `attrs["axes"]`: `combine(machine, accumulated, element)` from `identity(dtype)`."""

    identity: Callable[[DType], Any]
    combine: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class ArgReduction:
    """The first index along `attrs["axis"]` whose element wins: `better(machine, candidate, best)`."""

    better: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Scan:
    """Along `attrs["axis"]` (from the end where `attrs["reverse"]`): `first(machine, *elements)`, then
    `step(machine, previous, *elements)`."""

    first: Callable[..., Any]
    step: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Special:
    """Lowered by the code generator's own rule for this operation (products, updates, regions)."""


Lowering = Elementwise | PerElement | Reduction | ArgReduction | Scan | Special


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The largest error of a function's code, in units in the last place of the true result.

    It holds for scalar and for vector code, down to the smallest subnormal number; `where` says on
    which arguments, or of which number the unit is, if it is not all and the result.
    """

    f64: float
    f32: float
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Op:
    """One operation. Every field is required, so a missing rule fails at import."""

    name: str
    attrs: tuple[str, ...]  # names, in the order they print
    infer: Callable[[Sequence[Type], Attrs], tuple[Type, ...]]  # raises TypeRuleError
    evaluate: Callable[..., Any] | None  # evaluate(*arrays, **attrs) in NumPy; None: the interpreter's own
    derivative: Derivative
    lowering: Lowering
    effect: Effect = Effect.NONE
    optional: tuple[str, ...] = ()  # attributes that a node may be without
    accuracy: Accuracy | None = None  # None: exact, rounded once, or no function of numbers

    def __repr__(self) -> str:
        return f"<op {self.name}>"


OpTable = Mapping[str, Op]
