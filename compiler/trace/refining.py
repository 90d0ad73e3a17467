"""What an attempt to trace a loop's body shows about the variables and the memory that the loop carries."""

from __future__ import annotations

from .blocks import Outcome
from .carries import Carry, Key, Plan, Unsettled
from .frame import Buffer
from .leaves import Leaf, Tree, alike, join, keeps, same
from .missing import Refused
from .tracer import Tracer


def refine(plan: Plan, outcome: Outcome) -> bool:
    """Extend the plan by what an attempt showed; tell whether there was anything new.

    Variables come first: until all that are rebound are carried, writes go to the wrong buffers.
    """
    changed = False
    for carry, after in zip(plan.carries, () if outcome.raised else outcome.variables, strict=False):
        changed |= _refine_fresh(carry, after) if carry.fresh else _refine_carry(carry, after)
    if changed:
        plan.buffers.clear()
        return True
    new = [buffer for buffer in outcome.writes if buffer not in plan.buffers]
    plan.buffers += new
    return (not outcome.raised and _refine_aliases(plan, outcome)) or bool(new)


def _refine_fresh(carry: Carry, after: Tree) -> bool:
    """A variable without a value before the loop; what is an array of the scopes around is not carried."""
    carry.after = after
    if carry.given is not None and carry.given.asked:
        assert carry.entry.missing is not None
        carry.entry.missing.asked = True
        if not after.is_absent:
            return _enter(carry, after)
    kinds = [None if x.is_outer else x.kind for x in after.leaves]
    known = carry.live and all(x.kind is not None for x in after.leaves)
    if known and not all(map(_outlasts_a_turn, after.leaves)):
        if carry.sure:
            raise Unsettled(f"the variable '{carry.name}' has another size in each turn")
        known = False
    carry.kinds = kinds if known or carry.entry.is_never else []
    if len(carry.aliases) != len(carry.kinds):
        carry.aliases = [set() for _ in carry.kinds]
    return False


def _enter(carry: Carry, after: Tree) -> bool:
    """Carry a variable into the turns: in the first one it has no value, in others it may have."""
    if after.refused is not None:
        raise Unsettled(after.refused.reason)
    if not all(map(_outlasts_a_turn, after.leaves)):
        raise Unsettled(f"the variable '{carry.name}' has another size in each turn")
    _, entry = alike(after, carry.entry)
    _flag(carry, entry)
    return True


def _flag(carry: Carry, entry: Tree) -> None:
    """Carry whether a variable has a value, and what stands for one as the loop begins."""
    kinds = carry.kinds if not carry.fresh else [x.kind if x.filler else None for x in entry.leaves[:-1]]
    carry.entry, carry.given = entry, None
    carry.kinds = [*kinds, entry.leaves[-1].kind]
    carry.aliases = [*carry.aliases, *(set() for _ in carry.kinds)][: len(carry.kinds)]


def _outlasts_a_turn(x: Leaf) -> bool:
    """Tell whether the size of an array is known outside of the loop."""
    if x.kind is None or not isinstance(x.object, Tracer):
        return True
    return x.object.run.sizes.in_scope(*x.kind.type.shape)


def _refine_carry(carry: Carry, after: Tree) -> bool:
    carry.after = after
    entry, after = alike(carry.entry, after)
    if entry is not carry.entry:
        _flag(carry, entry)
        return True
    if after.structure != carry.entry.structure:
        raise Unsettled(_why_other_structure(carry), hopeless=carry.slot)
    changed = False
    for k, (before, now) in enumerate(zip(carry.entry.leaves, after.leaves, strict=True)):
        if carry.kinds[k] is None and same(before, now):
            continue
        kind = join(carry.kinds[k] or before.kind, now.kind)
        if kind is None or not keeps(before, kind) or not keeps(now, kind):
            raise Unsettled(_why_unsettled(carry.name, before, now))
        changed |= kind != carry.kinds[k]
        carry.kinds[k] = kind
    return changed


def _why_other_structure(carry: Carry) -> str:
    if carry.slot:
        return "a list or dict gets or loses items in the loop: make an array before it, and fill that"
    return f"the variable '{carry.name}' changes its structure in the loop"


def _why_unsettled(name: str, before: Leaf, now: Leaf) -> str:
    if isinstance(now.object, Refused):
        return now.object.reason
    if before.kind is not None and now.kind is not None:
        return (
            f"the variable '{name}' is {before.kind.type} before the loop and {now.kind.type} after one turn"
        )
    return f"the variable '{name}' changes in the loop and is no number or array"


def _refine_aliases(plan: Plan, outcome: Outcome) -> bool:
    """Record which carried arrays may be the same memory as each other, or as buffers outside."""
    before: dict[Key, Buffer] = {}
    after: dict[Key, Buffer] = {}
    for i, (carry, now) in enumerate(zip(plan.carries, outcome.variables, strict=True)):
        for k, kind in enumerate(carry.kinds):
            if kind is None or not kind.array:
                continue
            entry = () if carry.fresh else carry.entry.leaves
            for leaves, found in ((entry, before), (carry.matched(now).leaves, after)):
                buffer = leaves[k].buffer if leaves else None
                if buffer is not None:
                    found[i, k] = buffer
    changed = False
    for i, k in before.keys() | after.keys():
        near = {x for x in (before.get((i, k)), after.get((i, k))) if x is not None}
        near |= {other for x in near for other in x.may_alias}
        near = {x for x in near if not x.frame.closed}
        changed |= not near <= plan.carries[i].aliases[k]
        plan.carries[i].aliases[k] |= near
    pairs = _sharing(before) | _sharing(after)
    changed |= not pairs <= plan.joined
    plan.joined |= pairs
    return changed


def _sharing(buffers: dict[Key, Buffer]) -> set[frozenset[Key]]:
    """Return the pairs of leaves whose buffers are, or may be, the same memory."""
    items = list(buffers.items())
    return {
        frozenset((a, b))
        for n, (a, x) in enumerate(items)
        for b, y in items[n + 1 :]
        if x is y or x in y.may_alias
    }
