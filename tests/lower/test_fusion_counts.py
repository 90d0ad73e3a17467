"""How many passes over memory listed programs and their gradients take, counted in the printed kernels.

A pass is a nest outside of bands, or a band: what all of its nests read is read once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import gradir as gr
import numpy as np
import pytest
from gradir.lower.kernels import KernelProgram, Memory

from .fusion_programs import PROGRAMS, gathered, gathered_rows, several_results

_LARGE = 10_000  # elements: passes over less cost nothing here


def _arguments(shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=s) for s in shapes]


def _passes(text: str) -> list[str]:
    """The first lines of all nests and bands, outermost, over large arrays."""
    found = []
    for line in text.splitlines():
        if line.startswith(("  nest [", "  band ")):
            size = np.prod([int(n) for n in re.findall(r"\d+", line)])
            rows = line.startswith("  band ")
            if rows or size >= _LARGE:
                found.append(line.strip())
    return found


def _arrays(kernels: KernelProgram) -> list[int]:
    """The sizes of the large arrays that are neither given nor returned; parts of sums are not counted."""
    between = {b for b in kernels.buffers if b.memory in (Memory.ARENA, Memory.LOCAL)}
    return [b.count for b in between - set(kernels.scratch.values()) if b.count >= _LARGE]


# Passes and large arrays of the program, and of its value and gradient.
COUNTS = {
    "softmax": ((1, 0), (1, 0)),
    "log_sum_exp": ((1, 0), (1, 0)),
    "layer_norm": ((1, 0), (1, 0)),
    "variance": ((1, 0), (1, 0)),
    "variance_of_columns": ((2, 0), (4, 0)),  # sums over all rows come before what is read of any
    "rosenbrock": ((1, 0), (1, 0)),
    "padded": ((1, 0), (1, 0)),
    "joined": ((1, 0), (1, 0)),
    "stacked": ((1, 0), (1, 0)),
    "rows_joined": ((1, 0), (1, 0)),
    "padded_convolution": ((1, 0), (1, 0)),
    "padded_laplacian": ((1, 0), (2, 1)),  # the gradient at an element has residuals of its neighbours
    "tiled": ((1, 0), (1, 0)),
    "tiled_twice": ((1, 0), (1, 0)),
    "repeated": ((1, 0), (1, 0)),
    "upsampled": ((1, 0), (1, 0)),
    "alternating": ((1, 0), (1, 0)),
    "computed_parts": ((1, 0), (1, 0)),
    "computed_columns": ((1, 0), (1, 0)),
    "interleaved": ((1, 0), (1, 0)),
    "filled": ((1, 0), (2, 1)),  # what is in one column, the gradients by two arguments need
    "haar": ((1, 0), (1, 0)),
    "red_black": ((1, 0), (1, 0)),
    "framed": ((1, 0), (1, 0)),
    "inner": ((1, 0), (2, 1)),
    "extended_rows_and_columns": ((1, 0), (1, 0)),
    "extended_laplacian": ((1, 0), (2, 1)),
    "extended": ((1, 0), (1, 0)),
    "reflected": ((1, 0), (2, 1)),  # rows are added to one another, then columns
    "periodic_laplacian": ((1, 0), (2, 1)),
    "differences": ((1, 0), (2, 1)),
    "roughness": ((2, 0), (1, 0)),
    "rolled": ((1, 0), (1, 0)),
    "sum_with_a_transpose": ((1, 0), (2, 0)),
    "sum_with_transposes": ((1, 0), (2, 0)),
    "least_squares": ((1, 0), (1, 0)),
    "mixture": ((1, 0), (1, 0)),
    "clusters": ((1, 0), (1, 0)),
}


@pytest.mark.parametrize("program", [p for p in PROGRAMS if p.__name__ in COUNTS], ids=lambda p: p.__name__)
def test_passes(program: Callable[..., Any]) -> None:
    by, shapes, _ = PROGRAMS[program]
    given = _arguments(shapes)
    for transformed, (passes, arrays) in zip(
        (gr.jit(program), gr.value_and_grad(program, by)), COUNTS[program.__name__], strict=True
    ):
        kernels = transformed.inspect(*given).kernels
        text = str(kernels)
        assert len(_passes(text)) == passes, text
        assert len(_arrays(kernels)) == arrays, text
        assert "copy" not in text


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_values_and_gradients(program: Callable[..., Any]) -> None:
    by, shapes, small = PROGRAMS[program]
    given = _arguments(shapes)
    np.testing.assert_allclose(gr.jit(program)(*given), program(*given), rtol=1e-10)
    rest = _arguments(small)

    def of_some(*xs: Any) -> Any:
        given = list(rest)
        for k, x in zip(by, xs, strict=True):
            given[k] = x
        return program(*given)

    gr.testing.check_grads(of_some, tuple(rest[k] for k in by), order=1, rtol=1e-5)


@pytest.mark.parametrize("program", [p for p in PROGRAMS if p.__name__ in COUNTS], ids=lambda p: p.__name__)
def test_gradients_of_large_arrays(program: Callable[..., Any]) -> None:
    """Blocks, tiles and the rests at their ends: along a direction, against central differences."""
    by, shapes, _ = PROGRAMS[program]
    given = _arguments([tuple(n + 1 if n > 1000 else n for n in s) for s in shapes])
    _, slopes = gr.value_and_grad(program, by)(*given)
    rng = np.random.default_rng(1)
    for k, slope in zip(by, slopes, strict=True):
        v, step = rng.normal(size=given[k].shape), 1e-5
        ends = [program(*given[:k], given[k] + t * v, *given[k + 1 :]) for t in (step, -step)]
        np.testing.assert_allclose(np.sum(slope * v), (ends[0] - ends[1]) / (2 * step), rtol=1e-4, atol=1e-4)


def test_several_results_are_one_pass() -> None:
    kernels = gr.jit(several_results).inspect(np.ones(50_000)).kernels
    assert len(_passes(str(kernels))) == 1
    assert _arrays(kernels) == []


@pytest.mark.parametrize(("program", "shape"), [(gathered, (3000,)), (gathered_rows, (20, 3))])
def test_gathering_checks_the_places_in_the_pass_that_reads(
    program: Callable[..., Any], shape: tuple[int, ...]
) -> None:
    text = str(gr.value_and_grad(program).inspect(np.ones(shape)).kernels)
    assert len(_passes(text)) == 1
    assert "copy" not in text
