"""What a user says about saving: a checkpoint policy, or a memory budget."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import GradientError
from .ir.graph import Node
from .passes.policies import CHEAPEST, Policy, policy_of

_UNITS = {"": 1, "B": 1}
for _k, _prefix in enumerate("KMGT", start=1):
    _UNITS |= {f"{_prefix}B": 1000**_k, f"{_prefix}IB": 1024**_k}


@dataclass(frozen=True, slots=True)
class Saving:
    """What a user says about saving.

    Attributes
    ----------
    checkpoint
        A policy's name or function; None for what is fastest.
    budget
        The most bytes of a call, its inputs and constants apart.
    """

    checkpoint: str | Callable[[Node], Any] | None = None
    budget: int | None = None

    @staticmethod
    def of(checkpoint: str | Callable[[Node], Any] | None, memory_budget: int | str | None) -> Saving:
        """Check what was given.

        Raises
        ------
        GradientError
            If the policy is none or the budget no number of bytes, or if both are given.
        """
        if checkpoint is not None:
            policy_of(checkpoint)
        if memory_budget is None:
            return Saving(checkpoint)
        if checkpoint is not None:
            raise GradientError("give a checkpoint policy or a memory_budget, which chooses one")
        return Saving(None, _bytes_in(memory_budget))

    @property
    def policy(self) -> Policy:
        return CHEAPEST if self.checkpoint is None else policy_of(self.checkpoint)


FASTEST = Saving()


def _bytes_in(budget: int | str) -> int:
    """Return the bytes that a budget such as 64_000_000 or "64MB" stands for."""
    if isinstance(budget, (int, np.integer)) and not isinstance(budget, bool) and budget > 0:
        return int(budget)
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", budget) if isinstance(budget, str) else None
    if found is None or found[2].upper() not in _UNITS or float(found[1]) * _UNITS[found[2].upper()] < 1:
        raise GradientError(f'a memory_budget is a number of bytes or a text like "64MB", not {budget!r}')
    return int(float(found[1]) * _UNITS[found[2].upper()])
