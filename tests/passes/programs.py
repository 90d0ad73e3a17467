"""Graphs with loops and branches, as text, each with arguments to differentiate at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from gradir.ir.graph import Graph, Loc, walk
from gradir.ir.parser import parse
from gradir.ops import OPS


@dataclass(frozen=True)
class Program:
    name: str
    text: str
    args: tuple[Any, ...]

    @property
    def graph(self) -> Graph:
        return graph_of(self.text)

    @property
    def wrt(self) -> tuple[int, ...]:
        """The inputs that are floats."""
        return tuple(k for k, a in enumerate(self.args) if np.asarray(a).dtype.kind == "f")


def graph_of(text: str) -> Graph:
    """Parse a graph with one node a line; comments such as `# heat.py:3` become locations."""
    graph = parse(text, OPS)
    lines = [line for line in text.splitlines() if " = " in line and not line.startswith("graph")]
    for node, line in zip(walk(graph.block), lines, strict=True):
        file, _, number = line.partition("# ")[2].partition(":")
        node.loc = Loc(file, int(number)) if number else None
    return graph


def vector(*numbers: float) -> Any:
    return np.array(numbers)


def integers(*numbers: int) -> Any:
    return np.array(numbers, np.int64)


GAUSS_SEIDEL = """
graph gauss_seidel(%u: f64[5] "u", %a: f64[] "a") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %3: i64[] = constant 3
  %4: i64[] = constant 4
  %swept: f64[5] = for %s in range(%0, %3, %1) carry (%u0: f64[5] = %u) {  # heat.py:2
    %row: f64[5] = for %i in range(%1, %4, %1) carry (%u1: f64[5] = %u0) {  # heat.py:3
      %left: i64[] = subtract %i, %1  # heat.py:4
      %right: i64[] = add %i, %1  # heat.py:4
      %x: f64[] = index %u1[%left]  # heat.py:4
      %y: f64[] = index %u1[%right]  # heat.py:4
      %xy: f64[] = add %x, %y  # heat.py:4
      %v: f64[] = multiply %xy, %a  # heat.py:4
      %w: f64[] = sin %v  # heat.py:4
      %p: bool[] = less %w, %y  # heat.py:5
      %z: f64[] = if %p {  # heat.py:5
        %t: f64[] = multiply %w, %w  # heat.py:6
        yield %t
      } else {
        yield %y
      }
      %u2: f64[5] = update %u1[%i], %z  # heat.py:7
      yield %u2
    }
    yield %row
  }
  %o: f64[] = sum %swept {axes=[0]}  # heat.py:8
  return %o "total"
}
"""

CHECKED = """
graph checked(%u: f64[4] "u", %k: i64[] "k") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %3: i64[] = constant 3
  %r: f64[4] = for %i in range(%0, %3, %1) carry (%u0: f64[4] = %u) {
    %j: i64[] = subtract %i, %k
    %jc: i64[] = check_index %j {size=4, axis=0}
    %ic: i64[] = check_index %i {size=4, axis=0}
    %x: f64[] = index %u0[%jc]
    %y: f64[] = index %u0[%ic]
    %e: f64[] = exp %y
    %z: f64[] = multiply %x, %e
    %u1: f64[4] = update %u0[%jc], %z
    yield %u1
  }
  %s: f64[4] = sin %r
  %o: f64[] = sum %s {axes=[0]}
  return %o "total"
}
"""

# s[i] = s[i-1] * x[i], all of s used: in place, reading what the iteration before wrote.
PREFIX = """
graph prefix(%x: f64[5] "x") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %5: i64[] = constant 5
  %zero: f64[] = constant 0.0
  %empty: f64[5] = broadcast %zero {shape=[5], axes=[]}
  %first: f64[] = index %x[0]
  %s: f64[5] = update %empty[0], %first
  %r: f64[5] = for %i in range(%1, %5, %1) carry (%s0: f64[5] = %s) {
    %before: i64[] = subtract %i, %1
    %p: f64[] = index %s0[%before]
    %xi: f64[] = index %x[%i]
    %n: f64[] = multiply %p, %xi
    %s1: f64[5] = update %s0[%i], %n
    yield %s1
  }
  %q: f64[5] = square %r
  %o: f64[] = sum %q {axes=[0]}
  return %o "total"
}
"""

SWAP = """
graph swap(%a: f64[] "a", %b: f64[] "b", %n: i64[] "n") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %p: f64[], %q: f64[] = for %i in range(%0, %n, %1) carry (%x: f64[] = %a, %y: f64[] = %b) {
    %s: f64[] = sin %y
    %z: f64[] = multiply %x, %s
    yield %y, %z
  }
  %c: f64[] = multiply %p, %q
  %o: f64[] = add %c, %p
  return %o "o"
}
"""

PURE_SWAP = """
graph pure_swap(%a: f64[] "a", %b: f64[] "b", %n: i64[] "n") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %p: f64[], %q: f64[] = for %i in range(%0, %n, %1) carry (%x: f64[] = %a, %y: f64[] = %b) {
    yield %y, %x
  }
  %o: f64[] = divide %p, %q
  return %o "o"
}
"""

# The inner bounds depend on the outer index; the inner loop runs upwards in strides from a moving start.
TRIANGULAR = """
graph triangular(%A: f64[4, 4] "A", %x: f64[4] "x") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %4: i64[] = constant 4
  %r: f64[4] = for %i in range(%0, %4, %1) carry (%y: f64[4] = %x) {
    %b: f64[] = index %y[%i]
    %t: f64[] = for %j in range(%0, %i, %1) carry (%acc: f64[] = %b) {
      %a: f64[] = index %A[%i, %j]
      %yj: f64[] = index %y[%j]
      %m: f64[] = multiply %a, %yj
      %c: f64[] = tanh %acc
      %n: f64[] = subtract %c, %m
      yield %n
    }
    %d: f64[] = index %A[%i, %i]
    %q: f64[] = divide %t, %d
    %y1: f64[4] = update %y[%i], %q
    yield %y1
  }
  %s: f64[4] = square %r
  %o: f64[] = sum %s {axes=[0]}
  return %o "o"
}
"""

NEGATIVE_STEP = """
graph negative_step(%x: f64[7] "x", %lo: i64[] "lo", %hi: i64[] "hi", %step: i64[] "step") {
  %start: f64[] = constant 0.5
  %r: f64[] = for %i in range(%lo, %hi, %step) carry (%h: f64[] = %start) {
    %xi: f64[] = index %x[%i]
    %m: f64[] = multiply %h, %xi
    %f: f64[] = convert %i {dtype=f64}
    %n: f64[] = add %m, %f
    %t: f64[] = tanh %n
    yield %t
  }
  return %r "o"
}
"""

# Newton's method: a carried scalar used nonlinearly, and a value from outside read in each iteration.
NEWTON = """
graph newton(%c: f64[] "c") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %3: i64[] = constant 3
  %half: f64[] = constant 0.5
  %r: f64[] = for %i in range(%0, %3, %1) carry (%x: f64[] = %c) {
    %q: f64[] = divide %c, %x
    %s: f64[] = add %x, %q
    %n: f64[] = multiply %half, %s
    yield %n
  }
  return %r "root"
}
"""

# An update in one branch only, and a value of the loop body read in the branch.
ONE_BRANCH = """
graph one_branch(%x: f64[5] "x", %w: f64[] "w") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %5: i64[] = constant 5
  %r: f64[5], %total: f64[] = for %i in range(%0, %5, %1) carry (%x0: f64[5] = %x, %t: f64[] = %w) {
    %xi: f64[] = index %x0[%i]
    %e: f64[] = exp %xi
    %p: bool[] = less %xi, %t
    %x2: f64[5], %t2: f64[] = if %p {
      %m: f64[] = multiply %e, %w
      %x1: f64[5] = update %x0[%i], %m
      yield %x1, %t
    } else {
      %t1: f64[] = multiply %t, %e
      yield %x0, %t1
    }
    yield %x2, %t2
  }
  %s: f64[] = sum %r {axes=[0]}
  %o: f64[] = multiply %s, %total
  return %o "o"
}
"""

BRANCH = """
graph branch(%x: f64[3] "x", %y: f64[] "y") {
  %a: f64[] = index %x[0]
  %p: bool[] = less %a, %y
  %r: f64[3], %q: f64[] = if %p {
    %e: f64[3] = exp %x
    %b: f64[] = index %x[1]
    %c: f64[] = multiply %b, %y
    %less: bool[] = less %b, %y
    %n: f64[] = if %less {
      %s: f64[] = sin %c
      %s2: f64[] = multiply %s, %s
      yield %s2
    } else {
      yield %b
    }
    yield %e, %n
  } else {
    yield %x, %y
  }
  %m: f64[3] = square %r
  %t: f64[] = sum %m {axes=[0]}
  %o: f64[] = multiply %t, %q
  return %o "o"
}
"""

# A loop inside a branch of the outermost block, and branches and loops in it.
LOOP_IN_BRANCH = """
graph loop_in_branch(%x: f64[3] "x", %y: f64[] "y") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %3: i64[] = constant 3
  %a: f64[] = index %x[0]
  %p: bool[] = less %a, %y
  %r: f64[] = if %p {
    %k: f64[] = exp %y
    %l: f64[] = for %i in range(%0, %3, %1) carry (%h: f64[] = %y) {
      %xi: f64[] = index %x[%i]
      %g: bool[] = less %xi, %h
      %h1: f64[] = if %g {
        %m: f64[] = for %j in range(%0, %i, %1) carry (%u: f64[] = %h) {
          %v: f64[] = multiply %u, %k
          %w: f64[] = sin %v
          yield %w
        }
        yield %m
      } else {
        %z: f64[] = multiply %h, %xi
        yield %z
      }
      yield %h1
    }
    yield %l
  } else {
    yield %a
  }
  return %r "o"
}
"""

# Indices from an array that the loop itself changes: they must be saved.
CHANGING_INDICES = """
graph changing_indices(%x: f64[4] "x", %perm: i64[4] "perm") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %4: i64[] = constant 4
  %r: f64[4], %p: i64[4] = for %i in range(%0, %4, %1) carry (%y: f64[4] = %x, %idx: i64[4] = %perm) {
    %k: i64[] = index %idx[%i]
    %l: i64[] = add %k, %1
    %m: i64[] = remainder %l, %4
    %a: f64[] = index %y[%k]
    %b: f64[] = index %y[%m]
    %c: f64[] = multiply %a, %b
    %y1: f64[4] = update %y[%k], %c
    %k2: i64[] = index %idx[%m]
    %idx1: i64[4] = update %idx[%i], %k2
    yield %y1, %idx1
  }
  %s: f64[4] = sin %r
  %o: f64[] = sum %s {axes=[0]}
  return %o "o"
}
"""

# Gathered and scattered rows, with whole arrays used nonlinearly in the loop.
ROWS = """
graph rows(%A: f64[3, 2] "A", %idx: i64[4] "idx") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %2: i64[] = constant 2
  %r: f64[3, 2] = for %i in range(%0, %2, %1) carry (%B: f64[3, 2] = %A) {
    %g: f64[4, 2] = gather %B, %idx {axes=[0]}
    %e: f64[4, 2] = sin %g
    %C: f64[3, 2] = scatter_add %B, %e, %idx {axes=[0]}
    %f: f64[4, 2] = multiply %e, %g
    %D: f64[3, 2] = scatter %C, %f, %idx {axes=[0]}
    %E: f64[3, 2] = add %C, %D
    yield %E
  }
  %q: f64[3, 2] = square %r
  %o: f64[] = sum %q {axes=[0, 1]}
  return %o "o"
}
"""

# A float that decides a trip count and an index: the values are saved, the derivative stops there.
DATA_DEPENDENT = """
graph data_dependent(%x: f64[4] "x") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %4: i64[] = constant 4
  %start: f64[] = constant 1.0
  %r: f64[] = for %i in range(%0, %4, %1) carry (%h: f64[] = %start) {
    %xi: f64[] = index %x[%i]
    %n: i64[] = convert %xi {dtype=i64}
    %inner: f64[] = for %j in range(%0, %n, %1) carry (%g: f64[] = %h) {
      %xn: f64[] = index %x[%j]
      %m: f64[] = multiply %g, %xn
      %s: f64[] = sin %m
      yield %s
    }
    %o: f64[] = multiply %inner, %xi
    yield %o
  }
  return %r "o"
}
"""

# Arrays carried and used whole; a broadcast in the loop is recomputed from its scalar.
WHOLE_ARRAYS = """
graph whole_arrays(%x: f64[3] "x", %W: f64[3, 3] "W") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %3: i64[] = constant 3
  %r: f64[3] = for %i in range(%0, %3, %1) carry (%h: f64[3] = %x) {
    %c: f64[3, 1] = reshape %h {shape=[3, 1]}
    %m: f64[3, 1] = matmul %W, %c
    %f: f64[3] = reshape %m {shape=[3]}
    %t: f64[3] = tanh %f
    %n: f64[] = sum %t {axes=[0]}
    %e: f64[] = exp %n
    %b: f64[3] = broadcast %e {shape=[3], axes=[]}
    %h1: f64[3] = multiply %t, %b
    yield %h1
  }
  %q: f64[3] = square %r
  %o: f64[] = sum %q {axes=[0]}
  return %o "o"
}
"""

# A carry that only the last iteration sets, one that nothing varied enters, and one that is dead.
ODD_CARRIES = """
graph odd_carries(%x: f64[3] "x", %n: i64[] "n") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %one: f64[] = constant 1.0
  %k: f64[] = index %x[2]
  %last: f64[], %count: f64[], %dead: f64[], %kept: f64[] = for %i in range(%0, %n, %1) carry (%a: f64[] = %k, %b: f64[] = %one, %c: f64[] = %k, %d: f64[] = %k) {
    %xi: f64[] = index %x[%i]
    %e: f64[] = exp %xi
    %a1: f64[] = multiply %e, %b
    %b1: f64[] = add %b, %one
    %c1: f64[] = multiply %c, %xi
    yield %a1, %b1, %c1, %d
  }
  %m: f64[] = multiply %last, %count
  %o: f64[] = multiply %m, %kept
  return %o "o"
}
"""  # noqa: E501

# A loop that the data ends, nothing else; the number of its turns counts, too.
WHILE = """
graph turns(%x: f64[] "x", %top: f64[] "top") {
  %enter: bool[] = less %x, %top
  %n: i64[], %r: f64[] = while %enter count %k carry (%p: f64[] = %x) {
    %s: f64[] = square %p
    %a: f64[] = add %s, %p
    %f: f64[] = convert %k {dtype=f64}
    %b: f64[] = multiply %top, %f
    %q: f64[] = add %a, %b
    %again: bool[] = less %q, %top
    yield %again, %q
  }
  %m: f64[] = convert %n {dtype=f64}
  %e: f64[] = exp %m
  %o: f64[] = multiply %r, %e
  return %o "o"
}
"""

# For each element a `while`, with a branch in it and writes to an array that both loops carry.
WHILE_IN_FOR = """
graph while_in_for(%x: f64[3] "x", %top: f64[] "top") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %3: i64[] = constant 3
  %half: f64[] = constant 0.5
  %scale: f64[3] = constant [1.5, 1.25, 1.125]
  %r: f64[], %y: f64[3] = for %i in range(%0, %3, %1) carry (%t: f64[] = %half, %v: f64[3] = %x) {
    %xi: f64[] = index %v[%i]
    %enter: bool[] = less %xi, %top
    %n: i64[], %w: f64[], %z: f64[3] = while %enter count %k carry (%p: f64[] = %xi, %u: f64[3] = %v) {
      %s: f64[] = square %p
      %a: f64[] = add %s, %p
      %small: bool[] = less %a, %half
      %h: f64[] = if %small {
        %b: f64[] = sin %a
        %c: f64[] = add %b, %p
        yield %c
      } else {
        %d: f64[] = exp %p
        yield %d
      }
      %u1: f64[3] = update %u[%i], %h
      %u2: f64[3] = sin %u1
      %u3: f64[3] = multiply %u2, %scale
      %again: bool[] = less %h, %top
      yield %again, %h, %u3
    }
    %t1: f64[] = add %t, %w
    yield %t1, %z
  }
  %sum: f64[] = sum %y {axes=[0]}
  %o: f64[] = multiply %sum, %r
  return %o "o"
}
"""

# A loop whose length is the number of the turn, and a `while` in a branch that may not run.
FOR_IN_WHILE = """
graph for_in_while(%x: f64[] "x", %top: f64[] "top") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %p: bool[] = less %x, %top
  %r: f64[] = if %p {
    %n: i64[], %w: f64[], %first: f64[] = while %p count %k carry (%q: f64[] = %x, %g: f64[] = %x) {
      %hi: i64[] = add %k, %1
      %l: f64[] = for %i in range(%0, %hi, %1) carry (%a: f64[] = %q) {
        %s: f64[] = sin %a
        %t: f64[] = multiply %s, %g
        %u: f64[] = add %t, %a
        yield %u
      }
      %again: bool[] = less %l, %top
      yield %again, %l, %q
    }
    %m: f64[] = multiply %w, %first
    yield %m
  } else {
    yield %x
  }
  return %r "o"
}
"""

# A `while` in a `while` that takes its array as it stands, and indices that only the inner one knows.
WHILE_IN_WHILE = """
graph while_in_while(%x: f64[5] "x", %i: i64[] "i") {
  %0: i64[] = constant 0
  %1: i64[] = constant 1
  %5: i64[] = constant 5
  %one: f64[] = constant 1.0
  %enter: bool[] = less %i, %5
  %n: i64[], %r: f64[5], %j: i64[], %t: f64[] = while %enter count %k carry (%y: f64[5] = %x, %a: i64[] = %i, %s: f64[] = %one) {
    %first: f64[] = index %y[%a]
    %go: bool[] = less %first, %s
    %m: i64[], %b: i64[], %z: f64[5], %u: f64[] = while %go count %l carry (%c: i64[] = %a, %v: f64[5] = %y, %w: f64[] = %s) {
      %vc: f64[] = index %v[%c]
      %f: f64[] = multiply %vc, %w
      %e: f64[] = exp %f
      %v1: f64[5] = update %v[%c], %e
      %c1: i64[] = add %c, %1
      %c2: i64[] = remainder %c1, %5
      %w1: f64[] = sin %e
      %other: f64[] = index %v1[%c2]
      %big: bool[] = less %other, %w1
      %few: bool[] = less %l, %5
      %again: bool[] = logical_and %big, %few
      yield %again, %c2, %v1, %w1
    }
    %d: i64[] = add %a, %1
    %o: bool[] = less %d, %5
    yield %o, %z, %d, %u
  }
  %q: f64[5] = square %r
  %sum: f64[] = sum %q {axes=[0]}
  %out: f64[] = multiply %sum, %t
  return %out "o"
}
"""  # noqa: E501

PROGRAMS = (
    Program("gauss_seidel", GAUSS_SEIDEL, (vector(0.3, 0.1, 0.5, 0.2, 0.9), 0.7)),
    Program("checked", CHECKED, (vector(0.3, 0.1, 0.5, 0.2), 2)),
    Program("prefix", PREFIX, (vector(0.3, 1.1, 0.5, -0.7, 0.9),)),
    Program("prefix_zero", PREFIX, (vector(0.3, 0.0, 0.5, 0.0, 0.9),)),
    Program("swap", SWAP, (0.4, 1.3, 5)),
    Program("swap_zero_trips", SWAP, (0.4, 1.3, 0)),
    Program("swap_negative_trips", SWAP, (0.4, 1.3, -3)),
    Program("pure_swap", PURE_SWAP, (0.4, 1.3, 3)),
    Program("triangular", TRIANGULAR, (np.arange(1.0, 17.0).reshape(4, 4) / 7, vector(0.3, -0.1, 0.5, 0.2))),
    Program("step_-2", NEGATIVE_STEP, (np.linspace(-0.5, 0.6, 7), 6, 0, -2)),
    Program("step_-1", NEGATIVE_STEP, (np.linspace(-0.5, 0.6, 7), 5, -1, -1)),
    Program("step_3", NEGATIVE_STEP, (np.linspace(-0.5, 0.6, 7), 0, 7, 3)),
    Program("step_wrong_way", NEGATIVE_STEP, (np.linspace(-0.5, 0.6, 7), 0, 7, -1)),
    Program("newton", NEWTON, (2.0,)),
    Program("one_branch", ONE_BRANCH, (vector(0.3, 1.1, 0.5, -0.7, 0.9), 0.6)),
    Program("branch_taken", BRANCH, (vector(0.3, 0.4, 0.5), 0.6)),
    Program("branch_inner_else", BRANCH, (vector(0.3, 1.4, 0.5), 0.6)),
    Program("branch_not_taken", BRANCH, (vector(0.7, 0.4, 0.5), 0.6)),
    Program("loop_in_branch", LOOP_IN_BRANCH, (vector(0.3, 0.9, 0.2), 0.6)),
    Program("loop_in_branch_not_taken", LOOP_IN_BRANCH, (vector(0.9, 0.9, 0.2), 0.6)),
    Program("changing_indices", CHANGING_INDICES, (vector(0.3, 1.1, 0.5, -0.7), integers(1, 3, 0, 2))),
    Program("rows", ROWS, (np.linspace(-0.5, 0.6, 6).reshape(3, 2), integers(2, 0, 2, 1))),
    Program("data_dependent", DATA_DEPENDENT, (vector(1.3, 2.6, 0.5, 3.4),)),
    Program("whole_arrays", WHOLE_ARRAYS, (vector(0.3, -0.1, 0.5), np.linspace(-0.5, 0.6, 9).reshape(3, 3))),
    Program("odd_carries", ODD_CARRIES, (vector(0.3, 1.1, 0.5), 3)),
    Program("odd_carries_zero_trips", ODD_CARRIES, (vector(0.3, 1.1, 0.5), 0)),
    Program("while", WHILE, (0.03, 2.0)),
    Program("while_one_turn", WHILE, (1.6, 2.0)),
    Program("while_no_turn", WHILE, (2.3, 2.0)),
    Program("while_in_for", WHILE_IN_FOR, (vector(0.1, 0.2, 1.3), 1.5)),
    Program("while_in_for_no_turn", WHILE_IN_FOR, (vector(4.1, 4.2, 5.3), 1.5)),
    Program("for_in_while", FOR_IN_WHILE, (0.3, 0.8)),
    Program("for_in_while_in_a_branch_not_taken", FOR_IN_WHILE, (0.9, 0.8)),
    Program("while_in_while", WHILE_IN_WHILE, (vector(0.3, 0.6, 0.5, 1.7, 0.2), 1)),
)
