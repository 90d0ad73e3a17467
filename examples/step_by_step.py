"""Backpropagation a step at a time: four inputs, three operations, one number out.

    e = a * b          a = 2, b = 3       e = 6
    d = e + c          c = -10            d = -4
    L = d * f          f = 5              L = -20

The way forward computes the values, from the inputs to L. The way back asks at each value: if this changed
a little, how much would L change? It begins at the end, where the answer is 1, and each operation hands on
what it gets, times its own local derivative:

    a product passes to each factor the other factor   (d(u * v)/du = v)
    a sum passes to each term what it got              (d(u + v)/du = 1)

`by_hand` does that in plain Python. gradir derives the same steps as a graph, which `narrate` runs a node
at a time with the reference interpreter.
"""

from collections.abc import Sequence
from typing import Any

import gradir as gr
from gradir.ir.interpreter import Interpreter
from gradir.ir.printer import Printer

INPUTS = {"a": 2.0, "b": 3.0, "c": -10.0, "f": 5.0}


def loss(a, b, c, f):
    e = a * b
    d = e + c
    return d * f


def by_hand(a: float, b: float, c: float, f: float) -> tuple[dict[str, float], dict[str, float]]:
    """Return all values, and the derivative of L with respect to each, in the order they are found."""
    e = a * b
    d = e + c
    L = d * f
    dL = {"L": 1.0}
    dL["d"] = dL["L"] * f  # L = d * f
    dL["f"] = dL["L"] * d
    dL["e"] = dL["d"] * 1  # d = e + c
    dL["c"] = dL["d"] * 1
    dL["a"] = dL["e"] * b  # e = a * b
    dL["b"] = dL["e"] * a
    return {"e": e, "d": d, "L": L}, dL


class Narrator(Interpreter):
    """The reference interpreter, keeping a line for each node that it runs."""

    def __init__(self, graph: gr.Graph) -> None:
        super().__init__(graph)
        self.printer = Printer(graph)
        self.lines: list[str] = []

    def node(self, node: Any, operands: Sequence[Any]) -> Sequence[Any]:
        results = super().node(node, operands)
        way = node.origin.value or "forward"
        self.lines.append(f"{way:9} {self.printer.head(node):40} -> {float(results[0]):g}")
        return results


def narrate(graph: gr.Graph, *args: float) -> list[str]:
    """Run a graph of scalars; return a line for each node, with what it computes."""
    narrator = Narrator(graph)
    narrator.run(args)
    return narrator.lines


gradient = gr.grad(loss, argnums=(0, 1, 2, 3))


def main() -> None:
    values, derivatives = by_hand(**INPUTS)
    print("Forward, by hand:")
    for name, value in values.items():
        print(f"  {name} = {value:g}")
    print("Backward, by hand:")
    for name, value in derivatives.items():
        print(f"  dL/d{name} = {value:g}")

    program = gradient.inspect(**INPUTS)
    print("\nWhat gradir derives, a node at a time:")
    names = ", ".join(f"%{k} is {name}" for k, name in enumerate(INPUTS))
    print(f"  ({names})")
    for line in narrate(program.adjoint, *INPUTS.values()):
        print(f"  {line}")
    print("\nCompiled:", dict(zip(INPUTS, gradient(**INPUTS), strict=True)))


if __name__ == "__main__":
    main()
