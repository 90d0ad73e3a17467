"""The scalar code of reshape finds the right element for any two shapes of one size."""

from __future__ import annotations

import numpy as np
from gradir.ops import OPS
from gradir.ops.factors import matching_axes
from hypothesis import given
from hypothesis import strategies as st

from .execute import run_scalar_code


def _shapes(size: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Tuples of ints with the product `size`."""
    divisors = [d for d in range(1, size + 1) if size % d == 0]
    if size == 1:
        return st.sampled_from([(), (1,), (1, 1)])
    first = st.sampled_from(divisors)
    return first.flatmap(
        lambda d: _shapes(size // d).map(lambda rest: (d, *rest)) if d > 1 else st.just((1, size))
    )


@given(st.sampled_from([1, 6, 8, 12, 30, 36]).flatmap(lambda n: st.tuples(_shapes(n), _shapes(n))))
def test_any_reshape(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    source, target = shapes
    x = np.arange(np.prod(source, dtype=int), dtype=np.float64).reshape(source)
    np.testing.assert_array_equal(run_scalar_code(OPS["reshape"], (x,), {"shape": target}), x.reshape(target))


def test_axes_that_stay_apart_are_matched_one_by_one() -> None:
    assert matching_axes((4, 1, 6, 5), (4, 2, 3, 1, 5)) == [([0], [0]), ([2], [1, 2]), ([3], [4])]
