"""Programs with `for` loops, as text."""

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
