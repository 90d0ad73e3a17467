"""Programs with branches, in loops and around them, as text."""

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
