"""Programs with `while` loops, as text."""

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
