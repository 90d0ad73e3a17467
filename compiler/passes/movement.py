"""Rules of canonicalize for operations that only move data: all of them exact."""

from __future__ import annotations

import numpy as np

from ..ir.dims import is_static
from ..ir.graph import Literal, Span, Value
from ..ir.types import ArrayType
from ..ops.factors import matching_axes
from .site import Rule, Site

REACH = 256  # how many writes a read is looked for in: each read costs that much time


def _broadcast(s: Site) -> Value | None:
    shape, axes = s.attrs["shape"], s.attrs["axes"]
    if s.x.shape == shape:
        return s.x
    if inner := s.made_by(s.x, "broadcast"):
        return s.b.broadcast(inner.operands[0], shape=shape, axes=tuple(axes[a] for a in inner.attrs["axes"]))
    return _broadcast_along_finer(s)


def _broadcast_along_finer(s: Site) -> Value | None:
    """What was repeated along some axes, joined with others, and is repeated again is joined last."""
    shape, axes, joining = s.attrs["shape"], s.attrs["axes"], s.made_by(s.x, "reshape")
    inner = s.made_by(joining.operands[0], "broadcast") if joining else None
    if inner is None or not inner.operands[0].shape or not is_static((*shape, *inner.result.shape)):
        return None
    fine = inner.result.shape
    groups = matching_axes(s.x.shape, fine)
    if 0 in shape or 1 in (*s.x.shape, *fine) or any(len(joined) > 1 for joined, _ in groups):
        return None
    pieces = {axes[joined]: parts for (joined,), parts in groups}
    sizes: list[int] = []
    place: dict[int, int] = {}  # of each finer axis
    for k, size in enumerate(shape):
        parts = pieces.get(k, ())
        place |= {part: len(sizes) + n for n, part in enumerate(parts)}
        sizes += [fine[part] for part in parts] or [size]
    spread = s.b.broadcast(
        inner.operands[0], shape=tuple(sizes), axes=tuple(place[a] for a in inner.attrs["axes"])
    )
    return s.b.reshape(spread, shape=shape)


def _reshape(s: Site) -> Value | None:
    shape = s.attrs["shape"]
    if s.x.shape == shape:
        return s.x
    if inner := s.made_by(s.x, "reshape"):
        return s.b.reshape(inner.operands[0], shape=shape)
    if (inner := s.made_by(s.x, "broadcast")) and not inner.operands[0].shape:
        return s.b.spread(inner.operands[0], s.node.result.array)
    if inner := s.made_by(s.x, "constant"):
        literal: Literal = inner.attrs["value"]
        return s.b.emit("constant", value=Literal(s.node.result.array, literal.data))[0]
    return None


def _transpose(s: Site) -> Value | None:
    axes = s.attrs["axes"]
    if axes == tuple(range(len(axes))):
        return s.x
    if inner := s.made_by(s.x, "transpose"):
        return s.b.transpose(inner.operands[0], axes=tuple(inner.attrs["axes"][a] for a in axes))
    if inner := s.made_by(s.x, "broadcast"):
        places = tuple(axes.index(a) for a in inner.attrs["axes"])
        if list(places) == sorted(places):
            return s.b.broadcast(inner.operands[0], shape=s.node.result.shape, axes=places)
    return None


def _index(s: Site) -> Value | None:
    """Read all of an array, a part of a number spread out, or what has just been written."""
    base, at = s.x, s.attrs["at"]
    if _is_everything(at, base.array):
        return base
    if (inner := s.made_by(base, "broadcast")) and not inner.operands[0].shape:
        return s.b.spread(inner.operands[0], s.node.result.array)
    for _ in range(REACH):
        written = s.made_by(base, "update")
        if written is None:
            break
        place = written.attrs["at"]
        if place == at and written.operands[2:] == s.operands[1:]:
            return written.operands[1]
        if not _is_apart(place, at):
            break
        base = written.operands[0]
    return None if base is s.x else s.b.emit("index", base, *s.operands[1:], at=at)[0]


def _is_everything(at: tuple[object, ...], base: ArrayType) -> bool:
    return at == tuple(Span(0, d, 1) for d in base.shape)


def _is_apart(place: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Tell whether two indices pick different constants on some axis."""
    return any(
        isinstance(p, int) and isinstance(q, int) and p != q for p, q in zip(place, other, strict=True)
    )


def _update(s: Site) -> Value | None:
    """Write all of an array, or what is there anyway."""
    if _is_everything(s.attrs["at"], s.x.array):
        return s.y
    read, written = s.made_by(s.y, "index"), s.made_by(s.x, "update")
    if read is not None and read.attrs["at"] == s.attrs["at"] and read.operands == (s.x, *s.operands[2:]):
        return s.x
    same = written is not None and written.attrs["at"] == s.attrs["at"]
    return s.x if same and written is not None and written.operands[1:] == s.operands[1:] else None


def _pad(s: Site) -> Value | None:
    return s.x if not any(s.attrs["low"]) and not any(s.attrs["high"]) else None


def _concatenate(s: Site) -> Value | None:
    return s.x if len(s.operands) == 1 else None


def _reduce(s: Site) -> Value | None:
    return s.x if not s.attrs["axes"] else None


def _sum(s: Site) -> Value | None:
    known = s.number(s.x)
    if known is not None and known == 0 and not np.signbit(known):
        return s.b.zeros(s.node.result.array)
    # A sum begins with 0.0, which turns -0.0 into 0.0.
    return None if s.dtype.is_float else _reduce(s)


MOVEMENT_RULES: dict[str, tuple[Rule, ...]] = {
    "broadcast": (_broadcast,),
    "reshape": (_reshape,),
    "transpose": (_transpose,),
    "index": (_index,),
    "update": (_update,),
    "pad": (_pad,),
    "concatenate": (_concatenate,),
    "sum": (_sum,),
    **dict.fromkeys(("prod", "max", "min", "any", "all"), (_reduce,)),
}
