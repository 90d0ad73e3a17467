"""What a function sees besides its arguments: closures, defaults, methods, compiled functions, statics."""

from __future__ import annotations

import numba
import numpy as np

from tests.corpus.case import Case, right

X = np.linspace(0.5, 2.0, 5)
WEIGHTS = np.array([1.0, -0.5, 2.0, 0.25, 3.0])
SCALE = 1.75


def captures_a_traced_value(x):
    y = x * x

    def inner(t):
        return t * y + x

    return inner(3.0) * inner(x)


def captured_variable_changes(x):
    factor = x

    def scaled(t):
        return t * factor

    first = scaled(x)
    factor = x * x  # a closure sees the variable, not the value
    return first + scaled(2.0)


def captured_array_written(x):
    a = x.copy()

    def bump(i):
        a[i] = a[i] * a[i - 1]
        return a[i]

    total = 0.0
    for i in range(5):
        total = total + bump(i)
    return total * np.sum(a)


def closures_made_in_a_loop(x):
    functions = []
    for k in (1, 2, 3):
        functions.append(lambda t: t * k + x)  # noqa: B023  # all see the last k
    for k in (4, 5):
        functions.append(lambda t, k=k: t * k * x)
    return sum(f(x) for f in functions)


def function_returning_a_function(x):
    def power(n):
        def raised(t):
            r = 1.0
            for _ in range(n):
                r = r * t
            return r * x

        return raised

    return power(3)(x) + power(2)(2.0)


def twice_with_other_statics(x):
    return norm(x, "l2") * norm(x, "l1") + norm(x, kind="max") + norm(x[1:], "l2")


def norm(x, kind="l2"):
    if kind == "l2":
        return np.sqrt(np.sum(x * x))
    return np.sum(np.abs(x)) if kind == "l1" else np.max(x)


def twice_with_other_shapes(x):
    return total_of(x) * total_of(x[:2]) + total_of(np.outer(x, x))


def total_of(x):
    s = 0.0
    for i in range(x.shape[0]):
        s = s + np.sum(x[i] ** 2)
    return s


def static_argument(x, kind, times):
    for _ in range(times):
        x = x * x if kind == "square" else x * 0.5 + 1.0
    return x


def mutable_default(x):
    return remembering(x) + remembering(x * x, [x]) * remembering(2.0 * x, [1.0, x])


def remembering(x, before=[2.0]):  # noqa: B006
    return x * before[0] + len(before)


def default_array(x, w=WEIGHTS):
    return np.sum(x * w * w)


def globals_and_modules(x):
    return np.sum(WEIGHTS * x**2) * SCALE


def comprehensions(x):
    squares = [v * v for v in (x[0], x[1], x[2])]
    named = {k: x[k] * k for k in range(1, 4)}
    filtered = [named[k] for k in named if k != 2]
    return sum(squares) + sum(a * b for a, b in zip(squares, filtered, strict=False))


def starred(x):
    first, *rest = x[0], x[1] * x[2], x[3]
    a, (b, *c) = rest[0], (first, *rest)
    return combine(*rest, first, scale=a) + b * c[0]


def combine(*values, scale=1.0, **options):
    total = options.get("start", 0.5)
    for value in values:
        total = total * value + scale
    return total


def matched(x, kind):
    match kind:
        case "square":
            return x * x
        case ("scale", k):
            return x * k * x
        case {"power": n}:
            return x**n
        case _:
            return x


class Spring:
    """A user's class with state that is set in the constructor."""

    def __init__(self, stiffness, rest=1.0):
        self.stiffness = stiffness
        self.rest = rest

    @property
    def softened(self):
        return self.stiffness * 0.5

    def force(self, x):
        stretch = x - self.rest
        return -self.stiffness * stretch if stretch > 0 else -self.softened * stretch

    @staticmethod
    def energy(k, x):
        return 0.5 * k * x * x

    def __call__(self, x):
        return self.energy(self.stiffness, x - self.rest)


OUTSIDE = Spring(2.5)


def method_of_an_object_from_outside(x):
    return OUTSIDE.force(x) * OUTSIDE(x)


def object_made_inside(k, x):
    spring = Spring(k, rest=0.5)
    v = 0.0
    for _ in range(10):
        v = v + 0.1 * spring.force(x)
        x = x + 0.1 * v
    return x * x + spring(x)


def attribute_overwritten(x):
    spring = Spring(x)
    before = spring.stiffness
    spring.stiffness = spring.stiffness * spring.stiffness
    spring.rest += x
    return spring.force(0.25) * before


@numba.njit
def compiled_by_numba(x, n):
    total = 0.0
    for i in range(n):
        if x[i] > 1.0:
            total += x[i] ** 2
        else:
            total *= x[i]
    return total


def calls_numba(x):
    return compiled_by_numba(x, 5) * compiled_by_numba(x * x, 3) * x[0]


def recursive_on_statics(x):
    return polynomial(x, (1.0, -2.0, 0.5, 3.0))


def polynomial(x, coefficients):
    if len(coefficients) == 1:
        return coefficients[0]
    return coefficients[0] + x * polynomial(x, coefficients[1:])


def helper_writes_its_argument(x):
    a = x.copy()
    smooth(a, 0.3)
    smooth(a[1:], 0.2)
    return np.sum(a * a)


def smooth(a, c):
    for i in range(1, a.shape[0]):
        a[i] += c * a[i - 1] * a[i]


def helper_returns_its_argument(x):
    a = x.copy()
    b = passed_through(a)
    b[0] = a[1] * a[2]
    return np.sum(a * a)


def passed_through(a):
    a[4] *= 2.0
    return a


def lambda_with_a_branch(x):
    relu = lambda t: t if t > 0 else 0.1 * t  # noqa: E731
    return relu(x) * relu(-x) + relu(x - 1.0)


def result_not_used(x):
    a = x.copy()
    np.sum(a * a)
    passed_through(a)
    return a[4] * a[0]


def argument_not_used(x, y):
    z = y * y
    z = x * 2.0
    return z * x


CASES: list[Case] = [
    *(right(f, (1.3,), (-0.4,)) for f in (
        captures_a_traced_value, captured_variable_changes, closures_made_in_a_loop,
        function_returning_a_function, mutable_default, method_of_an_object_from_outside,
        recursive_on_statics, lambda_with_a_branch, attribute_overwritten,
    )),
    *(right(f, (X,)) for f in (
        twice_with_other_statics, twice_with_other_shapes, globals_and_modules,
        comprehensions, starred, helper_writes_its_argument, helper_returns_its_argument, result_not_used,
    )),
    right(captured_array_written, (X,), loops=1),
    right(calls_numba, (X,), loops=2),
    right(static_argument, (1.3, "square", 2), (1.3, "other", 3), (1.3, "square", 0), loops=1),
    right(default_array, (X,)),
    right(default_array, (X, X * X)),
    right(matched, (1.3, "square"), (1.3, {"power": 3}), (1.3, "other")),
    right(matched, (1.3, ("scale", 2.0))),
    right(object_made_inside, (1.5, 0.7), (0.8, -0.2), loops=1),
    right(argument_not_used, (1.3, 0.4)),
]  # fmt: skip
PENDING: list[Case] = []
