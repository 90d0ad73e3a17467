"""Graphs with loops and branches, each with arguments to differentiate at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from gradir.ir.graph import Graph, Loc, walk
from gradir.ir.parser import parse
from gradir.ops import OPS

from .branch_programs import BRANCH, LOOP_IN_BRANCH, ONE_BRANCH
from .for_programs import (
    CHANGING_INDICES,
    CHECKED,
    DATA_DEPENDENT,
    GAUSS_SEIDEL,
    NEGATIVE_STEP,
    NEWTON,
    ODD_CARRIES,
    PREFIX,
    PURE_SWAP,
    ROWS,
    SWAP,
    TRIANGULAR,
    WHOLE_ARRAYS,
)
from .while_programs import FOR_IN_WHILE, WHILE, WHILE_IN_FOR, WHILE_IN_WHILE


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
