"""Whether two contestants computed the same value and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from .program import Gradients

TOLERANCE = 1e-9


class DisagreementError(Exception):
    """A contestant's result is not that of the reference."""


def check_agreement(what: str, result: tuple[Any, Gradients], expected: tuple[Any, Gradients]) -> None:
    """Raise DisagreementError unless value and gradients are equal to TOLERANCE of their largest element."""
    parts = [("value", result[0], expected[0])]
    parts += [(f"gradient {k}", g, e) for k, (g, e) in enumerate(zip(result[1], expected[1], strict=True))]
    for part, found, wanted in parts:
        difference = _difference(_array(found), _array(wanted))
        if not difference <= TOLERANCE:
            raise DisagreementError(f"{what}: {part} is off by {difference:.1e} of its largest element")


def _difference(found: np.ndarray[Any, Any], wanted: np.ndarray[Any, Any]) -> float:
    if found.shape != wanted.shape or found.dtype != wanted.dtype:
        return float("inf")
    return float(np.max(np.abs(found - wanted)) / max(np.max(np.abs(wanted)), 1e-300))


def _array(x: Any) -> np.ndarray[Any, Any]:
    return np.asarray(x.detach() if hasattr(x, "detach") else x)
