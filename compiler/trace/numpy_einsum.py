"""einsum: subscripts to diagonals, sums, transposes and matrix products, in the cheapest order."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ShapeError, UnsupportedError
from ..ir.dims import capacity
from ..ir.graph import Value
from .contraction_order import contraction_order
from .dispatch import implements
from .frame import Trace
from .lens import Transpose
from .location import user_location
from .numpy_diagonals import diagonal_view
from .numpy_elementwise import store
from .numpy_products import matrix_product, multiply, total
from .operands import as_array, as_dtype
from .tracer import Array, new_array, wrap

Labels = tuple[str, ...]  # one letter for an axis, "...k" for the k-th last axis of an ellipsis


@dataclass(frozen=True, slots=True)
class Term:
    """A value with a distinct label for each axis."""

    value: Value
    labels: Labels


def _refuse(message: str) -> ShapeError:
    return ShapeError(f"einsum: {message}", loc=user_location())


def _labels(part: str, rank: int | None) -> Labels:
    """Read the subscripts of one operand of `rank`; of the output where it is None."""
    before, dots, after = part.partition("...")
    letters = before + after
    if not all(c.isalpha() for c in letters):
        raise _refuse(f"the subscripts '{part}' are not letters")
    if rank is None:
        return (*before, *(("...",) if dots else ()), *after)
    extra = rank - len(letters)
    if extra < 0 or (extra and not dots):
        raise _refuse(f"the subscripts '{part}' do not fit an operand with {rank} axes")
    return (*before, *(f"...{k}" for k in range(extra, 0, -1) if dots), *after)


def parse(subscripts: str, ranks: list[int]) -> tuple[list[Labels], Labels]:
    """Return the labels of every operand and of the output."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    parts = inputs.split(",")
    if len(parts) != len(ranks):
        raise _refuse(f"'{subscripts}' has subscripts for {len(parts)} operands, not {len(ranks)}")
    operands = [_labels(part, rank) for part, rank in zip(parts, ranks, strict=True)]
    counts = Counter(label for labels in operands for label in labels)
    dots = sorted((x for x in counts if x.startswith("...")), key=lambda x: -int(x[3:]))
    if not arrow:
        return operands, (*dots, *sorted(x for x, n in counts.items() if n == 1 and not x.startswith("...")))
    given = _labels(output, None)
    result = tuple(y for x in given for y in (dots if x == "..." else [x]))
    if len(set(result)) != len(result) or any(x not in counts for x in result):
        raise _refuse(f"the output '{output}' repeats a subscript or has one that no operand has")
    return operands, result


def _diagonal(x: Array, labels: Labels) -> tuple[Array, Labels]:
    """Take diagonals until no label is repeated; they come last."""
    while repeated := [label for label, n in Counter(labels).items() if n > 1]:
        first, second = [k for k, label in enumerate(labels) if label == repeated[0]][:2]
        if x.shape[first] != x.shape[second]:
            raise _refuse(f"the axes '{repeated[0]}' have the sizes {x.shape[first]} and {x.shape[second]}")
        x = diagonal_view(x, 0, first, second, readonly=False)
        labels = (*(v for k, v in enumerate(labels) if k not in (first, second)), repeated[0])
    return x, labels


def _sizes(terms: list[tuple[Array, Labels]]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for x, labels in terms:
        for label, dim in zip(labels, x.shape, strict=True):
            if sizes.setdefault(label, dim) == 1:
                sizes[label] = dim
            elif dim not in (1, sizes[label]):
                shapes = ", ".join(str(t.shape) for t, _ in terms)
                raise _refuse(
                    f"the axis '{label}' has the sizes {sizes[label]} and {dim} (the shapes are {shapes})"
                )
    return sizes


def _without_ones(trace: Trace, term: Term, sizes: dict[str, int]) -> Term:
    """Drop axes of size 1 that another operand has larger: multiplying broadcasts them."""
    kept = [k for k, label in enumerate(term.labels) if term.value.shape[k] == sizes[label]]
    shape = tuple(term.value.shape[k] for k in kept)
    value = term.value if shape == term.value.shape else trace.b.reshape(term.value, shape=shape)
    return Term(value, tuple(term.labels[k] for k in kept))


def _arranged(trace: Trace, term: Term, labels: Labels) -> Value:
    """Return the value with its axes in the order of `labels`."""
    order = tuple(term.labels.index(label) for label in labels)
    return term.value if order == tuple(range(len(order))) else trace.b.transpose(term.value, axes=order)


def _keep(trace: Trace, term: Term, kept: set[str]) -> Term:
    """Sum over the labels that nothing else has."""
    axes = tuple(k for k, label in enumerate(term.labels) if label not in kept)
    return Term(total(trace, term.value, axes), tuple(x for x in term.labels if x in kept))


def _multiply(trace: Trace, a: Term, b: Term, kept: set[str]) -> Term:
    """Multiply two operands and sum over the labels that are not kept."""
    a = _keep(trace, a, kept | set(b.labels))
    b = _keep(trace, b, kept | set(a.labels))
    shared = [x for x in a.labels if x in b.labels]
    batch = tuple(x for x in shared if x in kept)
    summed = tuple(x for x in shared if x not in kept)
    left = tuple(x for x in a.labels if x not in shared)
    right = tuple(x for x in b.labels if x not in shared)
    if not summed or not (left or right):
        return _keep(trace, _outer(trace, a, b, (*batch, *summed, *left, *right)), kept)
    x, y = _arranged(trace, a, (*batch, *left, *summed)), _arranged(trace, b, (*batch, *summed, *right))
    n, k = len(batch), len(left)
    batch_shape, rows = x.shape[:n], x.shape[n : n + k]
    columns = y.shape[n + len(summed) :]
    m, depth, p = (math.prod(s) for s in (rows, x.shape[n + k :], columns))
    x = trace.b.reshape(x, shape=(*batch_shape, m, depth))
    y = trace.b.reshape(y, shape=(*batch_shape, depth, p))
    product = trace.b.reshape(matrix_product(trace, x, y), shape=(*batch_shape, *rows, *columns))
    return Term(product, (*batch, *left, *right))


def _outer(trace: Trace, a: Term, b: Term, labels: Labels) -> Term:
    """Multiply elementwise, every operand broadcast to `labels`."""
    values = []
    for term in (a, b):
        present = tuple(x for x in labels if x in term.labels)
        value = _arranged(trace, term, present)
        dims = dict(zip(present, value.shape, strict=True))
        shape = tuple(dims.get(x, 1) for x in labels)
        values.append(value if shape == value.shape else trace.b.reshape(value, shape=shape))
    return Term(multiply(trace, *values), labels)


@implements(np.einsum)
def einsum(trace: Trace, *operands: Any, out: Any = None, dtype: Any = None, optimize: Any = False) -> Any:
    subscripts, *rest = operands
    if not isinstance(subscripts, str):
        raise UnsupportedError(
            "np.einsum with lists of axes is not supported: use a string", loc=user_location()
        )
    arrays = [as_array(trace, x) for x in rest]
    inputs, output = parse(subscripts, [x.ndim for x in arrays])
    parts = [_diagonal(x, labels) for x, labels in zip(arrays, inputs, strict=True)]
    if len(parts) == 1 and sorted(parts[0][1]) == sorted(output) and out is None and dtype is None and output:
        x, labels = parts[0]
        return x.through(Transpose(tuple(labels.index(label) for label in output)))
    sizes = _sizes(parts)
    common = as_dtype(np.result_type(*(x.dtype for x in arrays)) if dtype is None else dtype)
    terms = [_without_ones(trace, Term(trace.b.cast(x.value, common), labels), sizes) for x, labels in parts]
    lengths = {label: capacity(size) for label, size in sizes.items()}
    for i, j in contraction_order([frozenset(t.labels) for t in terms], frozenset(output), lengths):
        b, a = terms.pop(j), terms.pop(i)
        terms.append(_multiply(trace, a, b, set(output).union(*(t.labels for t in terms))))
    (result,) = terms
    value = _arranged(trace, _keep(trace, result, set(output)), output)
    return store(trace, new_array(trace, value, ordered=False) if output else wrap(trace, value), out)
