"""Memory between calls, in LLVM IR: what a call leaves for later ones, in as many places as threads may want.

A place holds a pointer or null, and changes by one atomic instruction: so there is nothing to lock, the child
of a fork finds what its parent had, and a thread that ends leaves nothing behind. A thread looks first where
it has left memory before, which its core has in the cache.
"""

from __future__ import annotations

from .llvm_text import FunctionText, ModuleText

PLACES = 16
_KEPT = 1 << 28  # bytes of all places of a program's workspaces

# `%last` is the number of places, a power of two, less one. The address of its stack tells a thread
# from others; the factor, 2**64 over the golden ratio, spreads such addresses over the upper bits.
_SEARCH = """\
define internal {head} noinline nounwind {{
entry:
  %first = call i64 @idle.first()
  br label %look
look:
  %k = phi i64 [ 0, %entry ], [ %next, %look ]
  %sum = add i64 %first, %k
  %number = and i64 %sum, %last
  %place = getelementptr ptr, ptr %places, i64 %number
  {attempt}
  %next = add i64 %k, 1
  %more = icmp ult i64 %k, %last
  %again = and i1 %failed, %more
  br i1 %again, label %look, label %over
over:
  {end}
}}"""
_TEXTS = {
    "llvm.frameaddress": "declare ptr @llvm.frameaddress.p0(i32 immarg)",
    "idle.first": """\
define internal i64 @idle.first() nounwind {
  %here = call ptr @llvm.frameaddress.p0(i32 0)
  %address = ptrtoint ptr %here to i64
  %stack = lshr i64 %address, 19
  %spread = mul i64 %stack, -7046029254386353131
  %first = lshr i64 %spread, 56
  ret i64 %first
}""",
    "idle.take": _SEARCH.format(
        head="noalias ptr @idle.take(ptr %places, i64 %last)",
        attempt="""%found = atomicrmw xchg ptr %place, ptr null acq_rel, align 8
  %failed = icmp eq ptr %found, null""",
        end="ret ptr %found",
    ),
    "idle.leave": _SEARCH.format(
        head="ptr @idle.leave(ptr %places, i64 %last, ptr %memory)",
        attempt="""%pair = cmpxchg ptr %place, ptr null, ptr %memory acq_rel monotonic, align 8
  %left = extractvalue { ptr, i1 } %pair, 1
  %failed = xor i1 %left, true""",
        end="""%rest = select i1 %left, ptr null, ptr %memory
  ret ptr %rest""",
    ),
    "idle.release": """\
define internal void @idle.release(ptr %places, ptr %free) noinline nounwind {
entry:
  br label %look
look:
  %found = call ptr @idle.take(ptr %places, i64 LAST)
  %none = icmp eq ptr %found, null
  br i1 %none, label %over, label %some
some:
  call void %free(ptr %found)
  br label %look
over:
  ret void
}""".replace("LAST", str(PLACES - 1)),
}


def new_places(module: ModuleText, name: str) -> str:
    """A new global with places for the memory of one kind; return its name."""
    for each, text in _TEXTS.items():
        module.declare(each, text)
    return module.constant(name, f"internal global [{PLACES} x ptr] zeroinitializer, align 64")


def places_for(size: int) -> int:
    """How many places are used for workspaces of a size: one, or as many as hold little enough."""
    most = max(1, min(PLACES, _KEPT // size))
    return 1 << most.bit_length() - 1


def take(f: FunctionText, places: str, count: int) -> str:
    """Take memory that an earlier call has left; null where there is none."""
    return f.value(f"call ptr @idle.take(ptr {places}, i64 {count - 1})")


def leave(f: FunctionText, places: str, count: int, memory: str) -> str:
    """Leave memory for later calls; return null, or the memory if there is no place for it."""
    return f.value(f"call ptr @idle.leave(ptr {places}, i64 {count - 1}, ptr {memory})")


def release(module: ModuleText, f: FunctionText, prefix: str, free: str) -> None:
    """Free what lies in all places whose names begin so."""
    for places in module.constants(prefix):
        f.line(f"call void @idle.release(ptr {places}, ptr @{free})")
